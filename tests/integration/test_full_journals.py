"""Full means backpressure: the broker holds, nothing acknowledged is lost, and once there is room all of it drains."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from device_sims.city.devices import load_city
from device_sims.fleet.fleet import Message
from gateway.errors import CommandError
from gateway.rows import Row, RowKind
from gateway.runtime.app import Gateway
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.telemetry.process_events import InboxFull, OutboxFull
from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.fleet import past_messages, truth, wire
from tests.support.influx_double import STORED, InfluxDouble, influx_double, said
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of, settled

SMALLEST = {"quota_bytes": 1 << 20}
TWO_SOURCES = [
    {"name": "water", "filters": ["city/+/water/#"], "qos": 0},
    {"name": "rest", "filters": ["city/+/grid/#", "city/+/traffic/#", "city/+/gas/#"]},
]


@pytest.fixture
def influxdb() -> Iterator[InfluxDouble]:
    with influx_double() as double:
        double.on_write = lambda bucket, lines: said(503, "out of order", Retry_After="1")
        yield double


@pytest.fixture(autouse=True)
def _trimmed_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small an inbox makes room many times; a real one need not wait for the next trim so often."""
    monkeypatch.setattr("gateway.runtime.housekeeping._TRIM_SECS", 0.2)
    # packed, blocks would take a sixth of the room, and many times as many messages to fill it
    monkeypatch.setattr("gateway.journal.outbox_drops.OutboxDrops.pack_blocks", lambda *_: None)


def _settings(folder: Path, port: int, influxdb: InfluxDouble, **more: Any) -> Any:
    return settings_of(
        folder, port, inbox=SMALLEST, outbox=SMALLEST, bounds={"max_payload_bytes": 1 << 16},
        engine={"gather_messages": 500},
        stores={"influxdb": {"enabled": True, "url": influxdb.url, "token": "t", "timeout_secs": 2}}, **more,
    )  # fmt: skip


async def _fill(gateway: Gateway, port: int, messages: Sequence[Message]) -> int:
    """Publish until nothing more is acknowledged; gives how many of the messages were received by then."""
    async with FastPublisher(port) as devices:
        await devices.publish(wire(messages))
    await eventually(lambda: gateway.intake.full, "the inbox is full")
    # mosquitto goes a little beyond the receive maximum, and is then held by not being read from
    source = gateway.sources[-1]
    await eventually(lambda: source.in_flight >= source.options.receive_maximum, "backpressure")
    return source.received


async def test_a_stopped_store_fills_outbox_and_inbox_until_the_broker_holds_and_then_all_of_it_drains(
    influxdb: InfluxDouble, tmp_path: Path, data_folder: Path
) -> None:
    telemetry = RecordingTelemetry()
    with PlainMosquitto.running(tmp_path) as broker:
        settings = _settings(data_folder, broker.port, influxdb, sources=TWO_SOURCES)
        async with running_gateway(settings, telemetry) as gateway:
            messages = [m for m in past_messages(18_000) if "/grid/" in m.topic or "/traffic/" in m.topic]
            assert await _fill(gateway, broker.port, messages) < len(messages)
            await eventually(lambda: bool(telemetry.of(OutboxFull)), "the outbox is full too")

            async def stands() -> bool:
                store = (await gateway.desk.status())["stores"]["influxdb"]
                return store["state"] == "retrying" and "out of order" in store["problem"]

            await eventually(stands, "the database refuses")
            async with asyncio.timeout(3):  # the door answers while everything stands
                status = await gateway.desk.status()
            assert status["inbox"]["full"]
            assert status["ledger"]["balanced"]
            assert "the inbox is full" in gateway.not_ready()
            assert gateway.outbox.bytes_used <= 1 << 20
            assert gateway.inbox.bytes_used <= 1 << 20
            assert telemetry.of(InboxFull)

            water = wire(m for m in past_messages(4_000) if "/water/" in m.topic)
            async with FastPublisher(broker.port) as devices:
                await devices.publish(water, qos=0)
                await eventually(lambda: gateway.sources[0].received == len(water), "QoS 0 came")
            shed = gateway.sources[0].shed
            assert shed > 0  # what came in the first read waits: only then its source was told that there is no room

            influxdb.on_write = lambda bucket, lines: STORED
            ledger = await settled(gateway, len(messages) + len(water), ("duckdb", "influxdb"))
            assert ledger["sources"]["water"] == {
                "received": len(water),
                "redelivered": 0,
                "shed": shed,
                "lost_at_broker": 0,
            }
            assert ledger["messages"]["decoded"] == len(messages) + len(water) - shed
            assert ledger["sources"]["rest"] == {
                "received": len(messages),
                "redelivered": 0,
                "shed": 0,
                "lost_at_broker": 0,
            }
            kind_of = {device.id: device.profile for device in load_city().devices}
            roads_and_grid = sum(
                ledger["profiles"][kind]["accepted"] for kind in {kind_of[message.device] for message in messages}
            )
            assert roads_and_grid == len(truth(messages))
            assert not gateway.intake.full
            assert not any(source.shed_qos0 for source in gateway.sources)
            assert not gateway.not_ready()


async def test_a_full_gateway_stops_when_told_and_the_next_one_goes_on(
    influxdb: InfluxDouble, tmp_path: Path, data_folder: Path
) -> None:
    with PlainMosquitto.running(tmp_path) as broker:
        settings = _settings(data_folder, broker.port, influxdb)
        async with running_gateway(settings) as gateway:
            messages = past_messages(13_000)
            await _fill(gateway, broker.port, messages)
            with pytest.raises(CommandError, match="full"):  # an operator is told, and not kept waiting
                await gateway.office.submit([Row(0, RowKind.REPLAY, REPLAY_SOURCE, 0, "city/a", b"")])
        # the broker may send more than can be taken before it answers our subscription
        async with running_gateway(settings, connected=False) as gateway:
            # a store that was never reached since the start is told of like any other
            status = await gateway.desk.status()
            assert status["stores"]["influxdb"]["waiting"] > 0
            influxdb.on_write = lambda bucket, lines: STORED
            ledger = await settled(gateway, len(messages), ("duckdb", "influxdb"))
            assert ledger["messages"]["decoded"] == len(messages)
            assert ledger["readings"]["accepted"] == len(truth(messages))
