"""Reloads while 5,000 messages a second come: nothing lost, nothing twice, one session, every window right."""

import asyncio
import time
from collections import defaultdict
from pathlib import Path

import pytest

from gateway.stores.base import SeriesId
from gateway.telemetry.broker_events import BrokerConnected, BrokerConnectionLost, SessionLostError
from gateway.telemetry.process_events import ConfigurationReloaded
from tests.support.brokers import PlainMosquitto, running_embedded
from tests.support.fast_publisher import FastPublisher
from tests.support.reloadable import Files, body
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_DEVICES, _ROUNDS, _RATE = 250, 100, 5_000
_SECOND = 1_000_000_000
_SAMPLE = 25
_FILTERS: tuple[list[str], ...] = (["plant/+/+"], ["plant/tank/+", "plant/well/+"], ["plant/#"], [])


def _level(device: int, number: int) -> float:
    return (device * 7 + number * 13) % 89 + 1.0


def _changed(files: Files, turn: int) -> None:
    """Another configuration each turn: thresholds, a profile, subscriptions."""
    other: dict[str, tuple[str, float]] = {"water.low": ("tank", 500)} if turn % 2 else {}
    files.conditions({"water.high": ("tank", 95 + turn)} | other)
    files.profile("tank", most=1000 + turn)
    files.profile("well", interval=1 + turn % 3)
    files.settings(mqtt={"filters": _FILTERS[turn % len(_FILTERS)]})


@pytest.mark.parametrize("kind", ["mosquitto", "embedded"])
async def test_reloads_under_load_lose_no_message_window_or_session(data_folder: Path, kind: str) -> None:
    running = PlainMosquitto.running(data_folder) if kind == "mosquitto" else running_embedded()
    with running as broker:
        files = Files(data_folder, broker.port)
        files.settings(engine={"clock_bound_secs": 290})
        telemetry = RecordingTelemetry()
        begin = (time.time_ns() // _SECOND - 200) // 60 * 60 * _SECOND
        async with running_gateway(files.load(), telemetry, origin=files.origin) as gateway:
            sending = asyncio.create_task(_send(broker.port, begin))
            turn = 0
            while not sending.done() or turn < 3:
                _changed(files, turn)
                answer = await gateway.desk.reload()
                assert (answer["applied"], answer["problems"], answer["warnings"]) == (True, [], [])
                turn += 1
            await sending
            ledger = await settled(gateway, _DEVICES * _ROUNDS)
            readings, messages = ledger["readings"], ledger["messages"]
            assert (readings["invalid"], readings["conflict"]) == (0, 0)
            assert (messages["rejected"], messages["redelivered"]) == (0, 0)
            # while an old filter and the new one overlap, brokers send twice: told by time, and stored once (what comes
            # again after its window has closed counts as accepted, and is written over itself)
            assert messages["received"] == readings["accepted"] + readings["duplicate"] >= _DEVICES * _ROUNDS
            assert (await gateway.desk.verify())["agrees"]
            await gateway.close_windows(begin + 400 * _SECOND)
            await eventually(lambda: not gateway.runner.behind, "the windows are closed")
            await settled(gateway, _DEVICES * _ROUNDS)
            await _windows_are_right(gateway.stores[0], begin)
            assert [source.reconnects for source in gateway.sources] == [0]
        assert len(telemetry.of(BrokerConnected)) == 1
        assert not telemetry.of(SessionLostError)
        assert not telemetry.of(BrokerConnectionLost)
        assert len(telemetry.of(ConfigurationReloaded)) == turn


async def _send(port: int, begin: int) -> None:
    async with FastPublisher(port) as publisher:
        due = time.monotonic()
        for number in range(_ROUNDS):
            await publisher.publish([
                (f"plant/tank/t-{device}", body(begin + number * _SECOND, _level(device, number)))
                for device in range(_DEVICES)
            ])  # fmt: skip
            due += _DEVICES / _RATE
            await asyncio.sleep(max(due - time.monotonic(), 0))


async def _windows_are_right(store: object, begin: int) -> None:
    sums: dict[tuple[int, int], list[float]] = defaultdict(list)
    for device in range(0, _DEVICES, _DEVICES // _SAMPLE):
        for number in range(_ROUNDS):
            sums[device, number // 10].append(_level(device, number))
    for device in sorted({device for device, _ in sums}):
        series = [SeriesId(f"t-{device}", "level")]
        every = (await store.read_readings(series, begin, begin + 400 * _SECOND)).batch  # type: ignore[attr-defined]
        assert every.value.tolist() == [_level(device, number) for number in range(_ROUNDS)]
        assert set(every.flag.tolist()) == {1}
        found = (
            await store.read_aggregates(  # type: ignore[attr-defined]
                series, 10, begin, begin + 400 * _SECOND
            )
        ).batch
        held = {
            (start - begin) // (10 * _SECOND): (count, mean)
            for start, count, mean in zip(
                found.start.tolist(), found.count.tolist(), found.mean.tolist(), strict=True
            )
        }  # fmt: skip
        wanted = {bucket: (len(v), pytest.approx(sum(v) / len(v))) for (d, bucket), v in sums.items() if d == device}
        assert held == wanted, device


async def test_sources_come_and_go_while_their_topics_are_published(data_folder: Path) -> None:
    """A topic moves from one connection to a new one and back: it is heard all the time."""
    with PlainMosquitto.running(data_folder) as broker:
        files = Files(data_folder, broker.port)
        files.settings(sources={"tables": [{"name": "one", "filters": ["plant/tank/+"]}]})
        telemetry = RecordingTelemetry()
        begin = (time.time_ns() // _SECOND - 200) * _SECOND
        async with running_gateway(files.load(), telemetry, origin=files.origin) as gateway:
            sending = asyncio.create_task(_send(broker.port, begin))
            two = {"name": "two", "filters": ["plant/tank/+"]}
            for tables in (
                [{"name": "one", "filters": ["plant/well/+"]}, two], [{"name": "one", "filters": ["plant/tank/+"]}],
            ):  # fmt: skip
                files.settings(sources={"tables": tables})
                answer = await gateway.desk.reload()
                assert (answer["applied"], answer["warnings"]) == (True, []), answer
                assert [source.name for source in gateway.sources] == [table["name"] for table in tables]
            await sending
            await eventually(lambda: not gateway.runner.behind, "all is worked on")
            ledger = await settled(gateway, _DEVICES * _ROUNDS)
            readings = ledger["readings"]
            assert readings["accepted"] + readings["duplicate"] == ledger["messages"]["received"]
            assert readings["accepted"] >= _DEVICES * _ROUNDS
            assert ledger["messages"]["rejected"] == 0
            assert not telemetry.of(SessionLostError)
            # nothing of the one that left holds the inbox up
            await eventually(lambda: not gateway.inbox.unconfirmed(1, 10), "its messages are confirmed")
