"""Several connections share a source's filters: everything comes once, whoever dies, joins or leaves meanwhile."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mqtt5
import numpy as np
import pytest

from gateway.config.settings import Settings
from gateway.errors import Halt
from gateway.runtime.app import Gateway
from gateway.telemetry.broker_events import SessionLostError, SubscriptionRefusedError
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.fast_publisher import FastPublisher
from tests.support.fleet import Told, past_messages, truth, wire
from tests.support.mqtt_source import scripted_broker
from tests.support.proxy import Proxy
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
COUNT = 3_000


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with PlainMosquitto.running(tmp_path) as mosquitto:
        yield mosquitto.port


@pytest.fixture(params=["mosquitto", "embedded"])
def any_port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """rumqttd's router ends when a member of a group goes: it is tried while all of them stay."""
    if request.param == "mosquitto":
        with PlainMosquitto.running(tmp_path) as mosquitto:
            yield mosquitto.port
    else:
        with running_embedded() as embedded:
            yield embedded.port


def _settings(folder: Path, port: int, connections: int, **mqtt: Any) -> Settings:
    return settings_of(folder, port, mqtt={"connections": connections, **mqtt})


async def _publish(port: int, messages: list[tuple[str, bytes]]) -> None:
    async with FastPublisher(port) as devices:
        await devices.publish(messages)


async def _stored(gateway: Gateway) -> Told:
    names = await asyncio.to_thread(gateway.outbox.series_names, 0)
    store = gateway.stores[0]
    found = await store.read_readings([(n.device, n.quantity) for n in names], 0, 1 << 62)  # type: ignore[misc]
    batch = found.batch
    return {
        (*found.names[s], ts): None if np.isnan(value) else value
        for s, ts, value in zip(batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True)
    }


async def _holds_exactly(gateway: Gateway, told: Told) -> dict[str, Any]:
    """Wait until every reading is stored; then as many rows as keys, and these are the truth's. Gives the ledger."""

    ledger: dict[str, Any] = {}

    async def rests() -> bool:
        nonlocal ledger
        ledger = await gateway.desk.ledger()
        try:
            stored = await gateway.stores[0].distinct_readings()
        except Halt:  # not open yet
            return False
        return bool(stored >= len(told) and not ledger["messages"]["waiting"])

    await eventually(rests, "everything is stored")
    stored = await _stored(gateway)
    assert stored.keys() == told.keys()
    assert await gateway.stores[0].distinct_readings() == len(told)
    assert [
        key for key, value in told.items() if value is not None and stored[key] != pytest.approx(value, 1e-12)
    ] == []
    ledger = await gateway.desk.ledger()
    assert ledger["balanced"], ledger
    return ledger


async def test_each_connection_takes_a_part_and_nothing_comes_twice(any_port: int, data_folder: Path) -> None:
    messages = past_messages(COUNT)
    async with running_gateway(_settings(data_folder, any_port, 4)) as gateway:
        await _publish(any_port, wire(messages))
        ledger = await _holds_exactly(gateway, truth(messages))
        assert ledger["messages"]["received"] == ledger["messages"]["decoded"] == COUNT
        parts = {name: source["received"] for name, source in ledger["sources"].items()}
        assert sum(parts.values()) == COUNT
        assert parts.keys() == {"main", "main-2", "main-3", "main-4"}
        assert min(parts.values()) > COUNT / 20
        assert gateway.not_ready() == []


async def test_connections_that_are_cut_leave_nothing_behind_and_bring_nothing_twice(
    port: int, data_folder: Path
) -> None:
    messages = past_messages(COUNT)
    telemetry = RecordingTelemetry()
    async with Proxy(port) as proxy:
        settings = _settings(data_folder, proxy.port, 3)
        async with running_gateway(settings, telemetry) as gateway:
            for part in range(6):
                begin, end = part * COUNT // 6, (part + 1) * COUNT // 6
                await _publish(port, wire(messages[begin:end]))
                proxy.cut()
                await eventually(lambda: all(s.subscribed for s in gateway.sources), "they come back")
            await _holds_exactly(gateway, truth(messages))
    assert not telemetry.of(SessionLostError)


async def test_a_connection_that_is_no_longer_wanted_gives_what_it_holds_and_its_place_up(
    port: int, data_folder: Path
) -> None:
    messages = past_messages(COUNT)
    async with running_gateway(_settings(data_folder, port, 3)) as gateway:
        await eventually(lambda: bool(gateway.notes.read().filters.get("main-3")), "what the sessions hold is noted")
        await _publish(port, wire(messages[: COUNT // 3]))
        await _holds_exactly(gateway, truth(messages[: COUNT // 3]))
    await _publish(port, wire(messages[COUNT // 3 : 2 * COUNT // 3]))  # a third of it waits in each session
    async with running_gateway(_settings(data_folder, port, 1)) as gateway:
        assert [source.name for source in gateway.sources] == ["main", "main-2", "main-3"]
        await _holds_exactly(gateway, truth(messages[: 2 * COUNT // 3]))
        await eventually(lambda: not gateway.sources[2].session_filters, "it unsubscribes")
        await _publish(port, wire(messages[2 * COUNT // 3 :]))
        await _holds_exactly(gateway, truth(messages))
        await eventually(lambda: gateway.notes.read().filters["main-3"] == [], "it is noted that they hold nothing")
    async with running_gateway(_settings(data_folder, port, 1)) as gateway:
        assert [source.name for source in gateway.sources] == ["main"]


async def test_a_broker_that_can_not_share_is_said_with_what_to_do(data_folder: Path) -> None:
    def answer(packet: mqtt5.Packet) -> list[mqtt5.Packet]:
        match packet:
            case mqtt5.ConnectPacket():
                return [mqtt5.ConnAckPacket(shared_subscription_available=False)]
            case mqtt5.SubscribePacket():
                assert not any(wanted.pattern.startswith("$share/") for wanted in packet.topic_filters)
                codes = [mqtt5.SubAckReasonCode(int(wanted.max_qos)) for wanted in packet.topic_filters]
                return [mqtt5.SubAckPacket(packet.packet_id, codes)]
            case mqtt5.PingReqPacket():
                return [mqtt5.PingRespPacket()]
            case _:
                return []

    telemetry = RecordingTelemetry()
    async with scripted_broker(answer) as port:
        settings = _settings(data_folder, port, 2, filters=["city/#"], canary="off")
        async with running_gateway(settings, telemetry) as gateway:
            told = telemetry.of(SubscriptionRefusedError)
            [refused] = {event.filter for event in told}
            assert refused.startswith("$share/cityloom.")
            assert refused.endswith("/city/#")
            assert {event.reason for event in told} == {"0x9E shared subscriptions not supported"}
            assert all("mqtt.connections = 1" in event.remedy for event in told)
            assert any(f"{refused} was refused" in reason for reason in gateway.not_ready())
