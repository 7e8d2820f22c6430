"""A database that is down, hangs or says no delays nobody: the rest goes on, then its backlog drains."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config.settings import Settings
from gateway.runtime.app import Gateway
from gateway.runtime.broker import EmbeddedBroker
from gateway.telemetry.store_events import StoreHaltedError, StoreRecovered, StoreRetrying
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.fast_publisher import FastPublisher
from tests.support.fleet import past_messages, truth, wire
from tests.support.influx_double import HANG, RESET, STORED, Answer, InfluxDouble, influx_double, said
from tests.support.influxd import Influxd
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of, settled

BOTH = ("duckdb", "influxdb")


@pytest.fixture
def broker() -> Iterator[EmbeddedBroker]:
    with running_embedded() as made:
        yield made


@pytest.fixture
def double() -> Iterator[InfluxDouble]:
    with influx_double() as made:
        yield made


def _settings(folder: Path, port: int, url: str, org: str = "city", token: str = "t") -> Settings:
    influxdb = {"enabled": True, "url": url, "org": org, "token": token, "timeout_secs": 1}
    return settings_of(folder, port, stores={"influxdb": influxdb})


async def _status(gateway: Gateway, store: str = "influxdb") -> dict[str, Any]:
    found: dict[str, Any] = (await gateway.desk.status())["stores"][store]
    return found


async def test_influxdb_killed_and_frozen_under_load_loses_nothing_and_holds_nobody_up(
    broker: EmbeddedBroker, tmp_path: Path, data_folder: Path
) -> None:
    #  devices   ==========================================
    #  influxd   ======X  kill   |======  frozen  ========
    server = Influxd(tmp_path)
    server.start()
    messages = past_messages(16_000)
    parts = [messages[at : at + 4_000] for at in range(0, len(messages), 4_000)]
    telemetry = RecordingTelemetry()
    settings = _settings(data_folder, broker.port, server.url, server.org, server.token)
    try:
        async with running_gateway(settings, telemetry) as gateway, FastPublisher(broker.port) as devices:
            await devices.publish(wire(parts[0]))
            await settled(gateway, 4_000, BOTH)
            server.kill()
            await devices.publish(wire(parts[1]))
            # acknowledged and stored beside, with the server away
            await settled(gateway, 8_000, ("duckdb",))
            await eventually(lambda: _is(gateway, "retrying"), "the status says that it is tried again")
            down = await _status(gateway)
            assert down["problem"]
            assert down["waiting"] > 0
            assert not gateway.not_ready()
            await asyncio.to_thread(server.start)
            await settled(gateway, 8_000, BOTH)
            server.freeze()
            await devices.publish(wire(parts[2]))
            await settled(gateway, 12_000, ("duckdb",))
            await eventually(lambda: _is(gateway, "retrying"), "a server that doesn't answer is noticed")
            server.freeze(frozen=False)
            await devices.publish(wire(parts[3]))
            ledger = await settled(gateway, 16_000, BOTH)
            told = len(truth(messages))
            for name in BOTH:
                assert ledger["stores"][name] == {"stored": told, "refused": 0, "dropped": 0, "waiting": 0}
            verdict = await gateway.desk.verify()
            assert verdict["agrees"], verdict
            await eventually(lambda: _is(gateway, "writing"), "the status says so")
        assert len(telemetry.of(StoreRecovered)) >= 2
    finally:
        server.stop()


async def _is(gateway: Gateway, state: str) -> bool:
    return bool((await _status(gateway))["state"] == state)


def _readings(lines: list[str]) -> set[tuple[str, str]]:
    """(measurement and device, time) and quantity of every reading in raw lines."""
    out = set()
    for line in lines:
        key, fields, ts = line.split(" ")
        for field in fields.split(","):
            name = field.partition("=")[0]
            if name != "flag" and not name.endswith(("_flag", "_why")):
                out.add((f"{key} {ts}", name))
    return out


async def test_every_kind_of_trouble_passes_and_nothing_is_lost(
    broker: EmbeddedBroker, double: InfluxDouble, data_folder: Path
) -> None:
    troubles = itertools.chain([
        said(500, "sorry"), said(429, "slow down", Retry_After="1"), RESET, HANG, said(503, "starting"), RESET,
    ])  # fmt: skip
    told: list[Answer] = []

    def answer(bucket: str, lines: list[str]) -> Answer:
        # every other write finds trouble, until there is no more of it
        trouble = next(troubles, STORED) if len(double.requests) % 2 else STORED
        told.append(trouble)
        return trouble

    double.on_write = answer
    telemetry = RecordingTelemetry()
    messages = past_messages(6_000)
    async with running_gateway(_settings(data_folder, broker.port, double.url), telemetry) as gateway:
        async with FastPublisher(broker.port) as devices:
            for at in range(0, len(messages), 500):
                await devices.publish(wire(messages[at : at + 500]))
                await settled(gateway, at + 500, ("duckdb",))
        ledger = await settled(gateway, len(messages), BOTH)
    assert {trouble.status for trouble in told} == {204, 500, 429, 503, HANG.status, RESET.status}
    assert len(telemetry.of(StoreRetrying)) == 6
    assert [event.retry_in for event in telemetry.of(StoreRetrying) if "slow down" in event.problem] == [1.0]
    stored = len(truth(messages))
    assert ledger["stores"]["influxdb"] == {"stored": stored, "refused": 0, "dropped": 0, "waiting": 0}
    raw = [line for line in double.stored if line.split(",")[0] in ledger["profiles"]]
    valued = sum(value is not None for value in truth(messages).values())
    assert len(_readings(raw)) == valued


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "token"), (403, "read and write access"), (404, "Create bucket 'cityloom_raw'")]
)
async def test_a_store_that_needs_an_operator_stops_alone_and_says_what_to_do(
    status: int, remedy: str, broker: EmbeddedBroker, double: InfluxDouble, data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("gateway.runtime.writer._HALT_RETRY_SECS", 0.3)
    double.on_write = lambda bucket, lines: said(status, "not you")
    telemetry = RecordingTelemetry()
    messages = wire(past_messages(1_500))
    async with running_gateway(_settings(data_folder, broker.port, double.url), telemetry) as gateway:
        async with FastPublisher(broker.port) as devices:
            await devices.publish(messages[:500])
            await eventually(lambda: _is(gateway, "halted"), "the store is halted")
            halted = await _status(gateway)
            assert "not you" in halted["problem"]
            assert remedy in halted["remedy"]
            await devices.publish(messages[500:])
            ledger = await settled(gateway, 1_500, ("duckdb",))
            assert ledger["stores"]["influxdb"]["stored"] == 0
            assert ledger["stores"]["influxdb"]["waiting"] == ledger["stores"]["duckdb"]["stored"]
        # what an operator must know is said once, not at every try
        tries = len(double.requests)
        await eventually(lambda: len(double.requests) >= tries + 3, "it is tried again")
        assert len(telemetry.of(StoreHaltedError)) == 1
        double.on_write = lambda bucket, lines: STORED
        ledger = await settled(gateway, 1_500, BOTH)
        assert ledger["stores"]["influxdb"]["stored"] == ledger["stores"]["duckdb"]["stored"]
        await eventually(lambda: _is(gateway, "writing"), "the status says so")
        assert (await _status(gateway))["problem"] == ""


async def test_a_database_that_is_away_at_the_very_first_start_gets_everything_once_it_comes(
    double: InfluxDouble, data_folder: Path, tmp_path: Path
) -> None:
    messages = past_messages(1_000)
    with PlainMosquitto.running(tmp_path) as broker:
        away = _settings(data_folder, broker.port, "http://127.0.0.1:1")
        async with running_gateway(away) as gateway, FastPublisher(broker.port) as devices:
            await devices.publish(wire(messages[:500]))
            await settled(gateway, 500, ("duckdb",))
            # duckdb needs them no longer
            await gateway.housekeeping.trim()
        async with running_gateway(_settings(data_folder, broker.port, double.url)) as gateway:
            async with FastPublisher(broker.port) as devices:
                await devices.publish(wire(messages[500:]))
            ledger = await settled(gateway, 1_000, BOTH)
        stored = len(truth(messages))
        assert ledger["stores"]["influxdb"] == {"stored": stored, "refused": 0, "dropped": 0, "waiting": 0}


async def test_a_gateway_that_starts_while_its_database_is_away_works_and_tells_of_it(
    double: InfluxDouble, data_folder: Path, tmp_path: Path
) -> None:
    messages = wire(past_messages(1_000))
    with PlainMosquitto.running(tmp_path) as broker:
        settings = _settings(data_folder, broker.port, double.url)
        async with running_gateway(settings) as gateway, FastPublisher(broker.port) as devices:
            await devices.publish(messages[:500])
            await settled(gateway, 500, BOTH)
            await gateway.housekeeping.trim()
        away = _settings(data_folder, broker.port, "http://127.0.0.1:1")
        async with running_gateway(away) as gateway, FastPublisher(broker.port) as devices:
            await devices.publish(messages[500:])
            ledger = await settled(gateway, 1_000, ("duckdb",))
            assert ledger["stores"]["influxdb"]["waiting"] > 0
            status = await _status(gateway)
            assert status["state"] == "retrying"
            assert status["waiting"] == ledger["stores"]["influxdb"]["waiting"]
