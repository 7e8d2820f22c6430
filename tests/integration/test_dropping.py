"""A full outbox that drops the oldest readings of the store that is down: nobody stands still, and all is told."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.rows import Row, RowKind
from gateway.runtime.app import Gateway
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.stores.base import SeriesId
from gateway.stores.records import LetterFilter
from gateway.telemetry.process_events import OutboxFull
from gateway.telemetry.store_events import ReadingsDroppedError
from tests.support.command import asked
from tests.support.influx_double import STORED, InfluxDouble, influx_double, said
from tests.support.influxd import Influxd
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of

DEAD_PORT = 9
MINUTE = 60_000
STEPS = {10: "10s", 60: "1m", 900: "15m", 3600: "1h", 86400: "1d"}
DROP = {"quota_bytes": 1 << 20, "on_full": "drop_oldest_raw"}


@pytest.fixture
def double() -> Iterator[InfluxDouble]:
    with influx_double() as made:
        made.on_write = lambda bucket, lines: said(503, "out of order", Retry_After="1")
        yield made


def _settings(folder: Path, url: str, **more: Any) -> Any:
    influxdb = {"enabled": True, "url": url, "token": "t", "timeout_secs": 2} | more.pop("influxdb", {})
    return settings_of(
        folder, DEAD_PORT, outbox=DROP, engine={"gather_messages": 200}, stores={"influxdb": influxdb}, **more
    )


async def _submit(gateway: Gateway, messages: int, first: int) -> None:
    """Messages of three readings each, 5 ms apart, and one that can't be read; as if from the dead letters."""
    now = gateway.clock.now()
    start = now // 1_000_000 // MINUTE * MINUTE - 90 * MINUTE
    dice = random.Random(first)  # numbers that packing can do little with
    bodies = []
    for k in range(first, first + messages):
        speed, flow, share = dice.uniform(0, 90), dice.uniform(0, 900), dice.random()
        body = {"ts": start + 5 * k, "speed": speed, "flow": flow, "occ": share}
        bodies.append((f"made-up-{k % 30}", json.dumps(body).encode()))
    rows = [
        Row(0, RowKind.REPLAY, REPLAY_SOURCE, 0, f"city/tianhe/traffic/loop/{device}/reading",
            msgspec.msgpack.encode((now, body)))
        for device, body in [*bodies, ("made-up-0", b"{")]
    ]  # fmt: skip
    await gateway.intake.submit(rows)
    await eventually(lambda: not gateway.runner.behind, "the engine has them")


async def _send(gateway: Gateway, parts: int) -> None:
    for part in range(parts):
        await _submit(gateway, 2_000, part * 2_000)


async def _until_at_rest(gateway: Gateway, *names: str) -> dict[str, Any]:
    writers = [writer for writer in gateway.writers if writer.name in names]
    await eventually(
        lambda: all(writer.position == gateway.outbox.last_position for writer in writers), f"{names} have everything"
    )
    ledger: dict[str, Any] = await gateway.desk.ledger()
    assert ledger["balanced"], ledger
    return ledger


def _windows(lines: list[str]) -> set[tuple[str, str, int]]:
    """(step, device, start) of every aggregate in lines."""
    out = set()
    for line in lines:
        key, _, ts = line.split(" ")
        measurement, device = key.split(",device=") if ",device=" in key else ("", "")
        step = measurement.rpartition("_")[2]
        if step in STEPS.values():
            out.add((step, device, int(ts)))
    return out


async def test_the_store_that_is_down_loses_its_oldest_readings_and_nothing_else(
    double: InfluxDouble, data_folder: Path
) -> None:
    telemetry = RecordingTelemetry()
    async with running_gateway(_settings(data_folder, double.url), telemetry, connected=False) as gateway:
        await _send(gateway, 24)
        assert gateway.outbox.bytes_used <= 1 << 20
        ledger = await _until_at_rest(gateway, "duckdb")
        accepted = ledger["readings"]["accepted"]
        assert ledger["stores"]["duckdb"] == {"stored": accepted, "refused": 0, "dropped": 0, "waiting": 0}
        lagging = ledger["stores"]["influxdb"]
        assert lagging["stored"] == 0
        assert lagging["dropped"] > accepted / 10
        assert "the outbox is full: readings of influxdb are dropped" in gateway.not_ready()
        await eventually(lambda: not gateway.runner.stalled, "it has room")
        status = (await gateway.desk.status())["stores"]["influxdb"]
        assert status["dropped"] == status["lost"]["readings"] == lagging["dropped"]
        [span] = status["lost"]["spans"]
        shown = (await asyncio.to_thread(asked, "status", "--data-dir", data_folder)).out
        assert f"{lagging['dropped']:,} dropped" in shown
        assert "lost before it was stored" in shown

        double.on_write = lambda bucket, lines: STORED
        ledger = await _until_at_rest(gateway, "duckdb", "influxdb")
        assert ledger["stores"]["influxdb"]["stored"] + lagging["dropped"] == accepted
        assert await gateway.records.count(LetterFilter()) == 24
        devices = {f"made-up-{k}" for k in range(30)}
        ids = [SeriesId(device, quantity) for device in devices for quantity in ("speed", "flow", "occupancy")]
        store = gateway.stores[0]
        times = np.sort((await store.read_readings(ids, 0, 1 << 62)).batch.ts)
        assert times[0] <= span["from"] <= span["to"] < times[-1]
        windows = set()
        for step, text in STEPS.items():
            found = await store.read_aggregates(ids, step, 0, 1 << 62)
            windows |= {
                (text, found.names[series].device, start)
                for series, start in zip(found.batch.series.tolist(), found.batch.start.tolist(), strict=True)
            }
        assert windows == _windows(double.stored)
        assert len(windows) >= 90
    told = telemetry.of(ReadingsDroppedError)
    assert {event.store for event in told} == {"influxdb"}
    assert sum(event.readings for event in told) == lagging["dropped"]
    assert all(event.first < event.last and event.remedy for event in told)
    assert not telemetry.of(OutboxFull)


async def test_where_nothing_more_can_go_it_waits_as_if_told_to_block(
    double: InfluxDouble, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.journal.outbox_drops.OutboxDrops.drop_readings", lambda *_: {})
    telemetry = RecordingTelemetry()
    async with running_gateway(_settings(data_folder, double.url), telemetry, connected=False) as gateway:
        sending = asyncio.create_task(_send(gateway, 30))
        await eventually(lambda: bool(telemetry.of(OutboxFull)), "it is full", 60)
        assert gateway.runner.stalled
        assert not telemetry.of(ReadingsDroppedError)
        double.on_write = lambda bucket, lines: STORED
        await sending
        ledger = await _until_at_rest(gateway, "duckdb", "influxdb")
        assert ledger["stores"]["influxdb"]["dropped"] == 0


async def test_a_real_influxdb_that_comes_back_agrees_with_the_books(tmp_path: Path, data_folder: Path) -> None:
    server = Influxd(tmp_path)
    server.start()
    try:
        settings = _settings(
            data_folder, server.url, influxdb={"org": server.org, "token": server.token}, reviser={"quiet_secs": 0.5}
        )
        async with running_gateway(settings, connected=False) as gateway:
            await _submit(gateway, 2_000, 0)
            await _until_at_rest(gateway, "duckdb", "influxdb")
            server.kill()
            await _send(gateway, 20)
            await asyncio.to_thread(server.start)
            ledger = await _until_at_rest(gateway, "duckdb", "influxdb")
            terms = ledger["stores"]["influxdb"]
            assert terms["dropped"] > 0
            assert terms["stored"] + terms["dropped"] == ledger["readings"]["accepted"]
            verdict = await gateway.desk.verify()
            assert verdict["agrees"], verdict
            assert verdict["stores"]["influxdb"]["distinct"] == terms["stored"]
    finally:
        server.stop()
