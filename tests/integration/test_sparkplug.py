"""Sparkplug edge nodes with real brokers: a lost message is asked for once, births mend, aliases outlive kill -9.

edge node (device_sims, an encoder of its own; QoS 0) -> broker -> gateway -> NCMD -> broker -> edge node
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_sims.clients.publisher import Endpoint
from device_sims.edge.books import EdgeBooks, EdgeSummary
from device_sims.edge.link import EdgeLink, Habits
from device_sims.edge.node import EdgeNode, Packet
from device_sims.encoders.sparkplug_b import asks_for_birth
from device_sims.world.clock import CityClock
from gateway.engine.registry import Registry
from gateway.runtime.app import Gateway
from gateway.telemetry.edge_events import EdgeNodeDied, RebirthFailed, RebirthRequested
from processors.columns import ReadingBatch
from processors.flags import Why
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.gateway_process import GatewayProcess
from tests.support.mqtt_peer import MqttPeer
from tests.support.proxy import Proxy
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of, settled

CLOCK = CityClock(0, 0, 1.0)
FAST: dict[str, Any] = {"engine": {"sparkplug_reorder_secs": 0.3, "tick_secs": 0.1, "gather_ms": 5}}


@pytest.fixture(params=["embedded", "mosquitto"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    if request.param == "embedded":
        with running_embedded() as broker:
            yield broker.port
        return
    mosquitto = PlainMosquitto(tmp_path)
    mosquitto.start()
    yield mosquitto.port
    mosquitto.kill()


def _plain(packets: Iterable[Packet]) -> list[tuple[str, bytes]]:
    return [(packet.topic, packet.payload) for packet in packets]


def _data(node: EdgeNode) -> list[Packet]:
    return [node.data(which, time.time_ns()) for which in range(len(node.devices))]


def _known(gateway: Gateway, key: str) -> bool:
    return gateway.engines.zone.registry.find("sparkplug-pump", key) >= 0


async def test_one_lost_message_is_asked_for_once_and_what_could_not_be_named_is_named_later(
    port: int, data_folder: Path
) -> None:
    node = EdgeNode("Water", "PS-1", ["Pump-1", "Pump-2"])
    node.will()
    async with running_gateway(settings_of(data_folder, port, **FAST)) as gateway:
        with MqttPeer(port, "ps-1") as peer:
            await asyncio.to_thread(peer.subscribe, node.commands)
            # the gateway joins late: it has seen no birth
            early = node.births(time.time_ns())
            await asyncio.to_thread(peer.publish_many, _plain(_data(node)))
            await asyncio.to_thread(peer.wait_for, 1)
            assert asks_for_birth(peer.received[0][1])
            assert len(early) == 3
            await asyncio.to_thread(peer.publish_many, _plain(node.births(time.time_ns())))
            ledger = await settled(gateway, 5)
            assert ledger["reasons"]["message.rejected"] == {"birth_missing": 2}

            # then one of its messages is lost; as if the last request were long ago, for one so soon would be a storm
            for each in gateway.engines.zone.edge_nodes.nodes.values():
                each.asked_at = 0
            first, second = _data(node)
            await asyncio.to_thread(peer.publish_many, _plain([second]))
            await asyncio.to_thread(peer.wait_for, 2)
            await asyncio.to_thread(peer.publish_many, _plain(node.births(time.time_ns())))
            await asyncio.to_thread(peer.publish_many, _plain(_data(node)))
            ledger = await settled(gateway, 11)
            assert ledger["beside"]["missing"] == 1
            assert ledger["beside"]["rebirths_asked"] == 2
            assert ledger["balanced"]
            assert first.topic.endswith("Pump-1")

            assert gateway.rebirth_parts.publisher.asked == len(peer.received) == 2
            # the births have named what came before them
            answer = await gateway.desk.replay_dead_letters(reason="birth_missing")
            ledger = await settled(gateway, 13)
            assert answer["replayed"] == 2
            assert ledger["messages"]["rejected"] == 2
            # twice births that were asked for, data before and after; not the lost one and the births that nobody heard
            assert ledger["readings"]["accepted"] == 6 * (2 + 2 + 2 + 1 + 2)


class _Books(EdgeBooks):
    """Remembers what was sent."""

    def __init__(self, summary: EdgeSummary) -> None:
        super().__init__(summary)
        self.packets: list[Packet] = []

    def sent(self, node: str, packet: Packet, due: int, sent_at: int, acked_at: int | None) -> None:
        """See EdgeBooks."""
        super().sent(node, packet, due, sent_at, acked_at)
        self.packets.append(packet)


async def test_an_edge_node_with_an_outage_is_stored_whole_and_its_death_is_told(port: int, data_folder: Path) -> None:
    node = EdgeNode("Water", "PS-2", ["Pump-1"])
    telemetry = RecordingTelemetry()
    batches: list[ReadingBatch] = []
    async with Proxy(port) as proxy, running_gateway(settings_of(data_folder, port, **FAST), telemetry) as gateway:
        hub = gateway.live_parts.hub
        before = hub.committed

        def heard(result: Any) -> None:
            before(result)
            batches.append(result.readings)

        hub.committed = heard  # type: ignore[method-assign]
        books = _Books(EdgeSummary(1, 1))
        link = EdgeLink(node, Endpoint("127.0.0.1", proxy.port), CLOCK, books, Habits(interval_secs=0.1))
        running = asyncio.get_running_loop().create_task(link.run())
        try:
            await eventually(lambda: _known(gateway, "Water/PS-2/Pump-1"), "born")
            proxy.cut()
            await eventually(lambda: link.connections >= 2, "it is back")
            await eventually(lambda: _kept(batches), "what it kept came")
            await eventually(lambda: bool(telemetry.of(EdgeNodeDied)), "its will came")
        finally:
            link.stop()
            await running
        registry = gateway.engines.zone.registry
        pump = registry.find("sparkplug-pump", "Water/PS-2/Pump-1")
        await eventually(lambda: bool(registry.offline[pump] > 0), "its own death came")
        told = {
            (packet.device, reading.quantity, reading.ts): (reading.value, packet.historical)
            for packet in books.packets for reading in packet.readings
        }  # fmt: skip
        kept = {key for key, (_, historical) in told.items() if historical}
        # on a busy machine the node keeps some from before it was born: then neither the first that is kept nor the
        # first death is the last
        await eventually(lambda: kept <= _stored(registry, batches).keys(), "all that it kept is stored")
        stored = _stored(registry, batches)
        assert {key: pytest.approx(told[key]) for key in stored} == stored
        assert not telemetry.of(RebirthFailed)
        assert telemetry.of(RebirthRequested) == [] or books.summary.asked


def _stored(registry: Registry, batches: list[ReadingBatch]) -> dict[tuple[str, str, int], tuple[float, bool]]:
    """(device, quantity, ns): value, and whether it was kept."""
    return {
        (registry.series[series].device, registry.series[series].quantity, ts): (value, bool(why & Why.HISTORICAL))
        for batch in batches
        for series, ts, value, why in zip(
            batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), batch.why.tolist(), strict=True
        )
    }


def _kept(batches: list[ReadingBatch]) -> bool:
    return any(bool((batch.why & np.uint32(Why.HISTORICAL)).any()) for batch in batches)


async def test_aliases_outlive_a_kill(tmp_path: Path) -> None:
    with running_embedded() as broker:
        config = tmp_path / "cityloom.toml"
        data = tmp_path / "data"
        config.write_text(
            f'data_dir = "{data}"\n[mqtt]\nwatch_sys = "off"\nport = {broker.port}\n[http]\nport = 0\n'
            '[snapshots]\ninterval_secs = 1\n[engine]\ntick_secs = 0.2\n[log]\nformat = "json"\n',
            encoding="utf-8",
        )
        node = EdgeNode("Water", "PS-3", ["Pump-1"])
        node.will()
        gateway = GatewayProcess(config, data, tmp_path / "log")
        await gateway.start()
        assert await gateway.subscribed()
        with MqttPeer(broker.port, "ps-3") as peer:
            await asyncio.to_thread(peer.publish_many, _plain(node.births(time.time_ns())))
            await asyncio.to_thread(peer.publish_many, _plain(_data(node)))
            await _processed(gateway, 3)
            gateway.kill()
            await gateway.ended(20)
            await gateway.start()
            assert await gateway.subscribed()
            await asyncio.to_thread(peer.publish_many, _plain(_data(node)))
            status = await _processed(gateway, 4)
        assert status["ledger"]["messages"]["rejected"] == 0
        assert status["ledger"]["readings"]["accepted"] == 3 * 6
        assert status["sparkplug"] == {"edge_nodes": 1, "born": 1, "asked": 0, "failed": 0}
        assert await gateway.stop() == 0


async def _processed(gateway: GatewayProcess, messages: int) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        status = await gateway.ask("status")
        if (
            status is not None
            and sum(status["ledger"]["messages"][term] for term in ("decoded", "ignored", "rejected")) >= messages
        ):
            return status
        assert time.monotonic() < deadline, f"{status}\n{gateway.tail()}"
        await asyncio.sleep(0.05)


async def test_data_written_with_its_birth_does_not_overtake_it(port: int, data_folder: Path) -> None:
    nodes = [EdgeNode("Water", f"PS-{k}", ["Pump-1", "Pump-2"]) for k in range(4)]
    async with running_gateway(settings_of(data_folder, port, **FAST)) as gateway:
        with MqttPeer(port, "ps-all") as peer:
            packets = []
            for node in nodes:
                node.will()
                packets += [*node.births(time.time_ns()), *(packet for _ in range(15) for packet in _data(node))]
            await asyncio.to_thread(peer.publish_many, _plain(packets))
            ledger = await settled(gateway, len(packets))
    assert ledger["messages"]["rejected"] == 0
    assert "missing" not in {term for term, number in ledger["beside"].items() if number}
