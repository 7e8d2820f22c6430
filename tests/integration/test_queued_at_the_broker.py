"""What devices publish while the gateway is away or the broker dies is there afterwards, or is told as missing."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from device_sims.city.devices import load_city
from device_sims.fleet.fleet import Fleet, Message
from gateway.clock import SystemClock
from gateway.runtime.app import Gateway
from gateway.telemetry.broker_events import BrokerConnected, SessionLostError
from tests.support.brokers import PlainMosquitto
from tests.support.fast_publisher import FastPublisher
from tests.support.fleet import Told, past_messages, truth, wire
from tests.support.mosquitto import Mosquitto
from tests.support.proxy import Proxy
from tests.support.running import (
    RecordingTelemetry,
    ShiftableClock,
    eventually,
    running_gateway,
    settings_of,
    settled,
)  # fmt: skip

SECOND = 1_000_000_000
USERS = {"gateway": "g-secret", "devices": "d-secret"}
LOGIN = {"username": "gateway", "password": "g-secret", "watch_sys": "on"}


@pytest.fixture
def broker(tmp_path: Path) -> Mosquitto:
    """mosquitto with the deploy files, and one user that speaks for all devices; not started."""
    made = Mosquitto(tmp_path, USERS)
    access = made.config / "access.acl"
    access.write_text(access.read_text() + "\nuser devices\ntopic write #\n")
    return made


async def _publish(port: int, messages: Sequence[tuple[str, bytes]]) -> None:
    async with FastPublisher(port, user="devices", password="d-secret") as devices:
        await devices.publish(messages)


async def _stored(gateway: Gateway) -> Told:
    store = gateway.stores[0]
    names = await asyncio.to_thread(gateway.outbox.series_names, 0)
    found = await store.read_readings([(n.device, n.quantity) for n in names], 0, 1 << 62)  # type: ignore[misc]
    batch = found.batch
    return {
        (*found.names[s], ts): None if np.isnan(value) else value
        for s, ts, value in zip(batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True)
    }


async def test_fifty_thousand_messages_that_came_while_the_gateway_was_stopped_are_all_stored(
    broker: Mosquitto, data_folder: Path
) -> None:
    #  gateway  ==|             |======
    #  devices     50,000 msgs
    messages = past_messages(50_000)
    broker.start()
    try:
        settings = settings_of(data_folder, broker.ports[1883], mqtt=LOGIN)
        async with running_gateway(settings):
            pass
        await _publish(broker.ports[1883], wire(messages))
        telemetry = RecordingTelemetry()
        async with running_gateway(settings, telemetry) as gateway:
            ledger = await settled(gateway, 50_000)
            assert ledger["messages"] == {
                "received": 50_000, "redelivered": 0, "shed": 0, "decoded": 50_000, "ignored": 0, "rejected": 0,
                "lost": 0, "waiting": 0,
            }  # fmt: skip
            told = truth(messages)
            assert ledger["stores"]["duckdb"]["stored"] == ledger["readings"]["accepted"] == len(told)
            stored = await _stored(gateway)
        assert stored.keys() == told.keys()
        off = [key for key, value in told.items() if (value is None) != (stored[key] is None)]
        off += [key for key, value in told.items() if value is not None and stored[key] != pytest.approx(value, 1e-12)]
        assert not off
        [connected] = telemetry.of(BrokerConnected)
        assert connected.session_present
        assert not telemetry.of(SessionLostError)
    finally:
        broker.kill()


async def test_ten_minutes_of_messages_behind_a_cut_make_no_pane_late(broker: Mosquitto, data_folder: Path) -> None:
    #  city time     -2 min      0                       +10 min
    #  connection    ============|        cut            |======
    #  event times   . . . . . . . . . . . . . . . . . . . . .
    clock = ShiftableClock()
    start = clock.now() - 120 * SECOND
    fleet = Fleet(load_city(), 7, start)
    before: list[Message] = []
    behind: list[Message] = []
    for message in fleet.messages():
        if message.due >= start + 720 * SECOND:
            break
        (before if message.due < start + 120 * SECOND else behind).append(message)
    broker.start()
    try:
        async with Proxy(broker.ports[1883]) as proxy:
            # a short idle timeout: what happens a second after the cut is what would happen after half a minute
            settings = settings_of(data_folder, proxy.port, mqtt=LOGIN, engine={"idle_timeout_secs": 1})
            async with running_gateway(settings, clock=clock) as gateway:
                await _publish(broker.ports[1883], wire(before))
                await settled(gateway, len(before))
                await eventually(lambda: gateway.live, "the gateway is live")
                proxy.refuse()
                proxy.cut()
                await eventually(lambda: not gateway.sources[0].subscribed, "the cut is seen")
                clock.ahead = 600 * SECOND
                await eventually(lambda: not gateway.live, "the gateway is no longer live")
                await _publish(broker.ports[1883], wire(behind))
                steps = gateway.runner.steps
                await eventually(lambda: gateway.runner.steps > steps + 3, "timers ran in the cut")
                proxy.refuse(False)
                ledger = await settled(gateway, len(before) + len(behind))
                assert ledger["messages"]["decoded"] == len(before) + len(behind)
                assert ledger["readings"]["accepted"] == len(truth(before + behind))
                assert ledger["beside"].get("late", 0) == 0
                assert gateway.outbox.mark_count == 0
                assert gateway.view.aggregates_written > 1000
    finally:
        broker.kill()


# ---- the broker dies ----


class _Meters:
    """Water flow meters that number their messages, and remember which of them the broker took."""

    def __init__(self, count: int, start: int) -> None:
        self.taken: dict[str, set[int]] = defaultdict(set)
        self._names = [f"flow-{k:04d}" for k in range(900, 900 + count)]
        self._start = start
        self._next = 0

    async def speak(self, port: int, rounds: int) -> None:
        """Each meter says `rounds` things; all of them are taken by the broker when this returns."""
        numbers = range(self._next, self._next + rounds)
        self._next += rounds
        messages = []
        for number in numbers:
            second = np.datetime64(self._start + number * SECOND, "ns")
            body = {"ts": f"{second}Z", "seq": (65_500 + number) % 65_536, "flow": 1.5, "total": float(number)}
            payload = json.dumps(body).encode()
            messages += [(f"city/tianhe/water/flow/{name}/reading", payload) for name in self._names]
        await _publish(port, messages)
        for name in self._names:
            self.taken[name] |= set(numbers)


async def test_what_a_killed_broker_lost_is_missing_no_more_and_no_less(broker: Mosquitto, data_folder: Path) -> None:
    #  gateway   ====|                                     |======      acknowledged: rounds 0-49
    #  meters     50 .   30      save   40      kill   20  .             lost: the 40 after the save
    meters = _Meters(20, SystemClock().now() - 600 * SECOND)
    port = broker.ports[1883]
    settings = settings_of(data_folder, port, mqtt=LOGIN)
    broker.start()
    try:
        async with running_gateway(settings) as gateway:
            await meters.speak(port, 50)
            await settled(gateway, 50 * 20)
        await meters.speak(port, 30)
        broker.save()
        await meters.speak(port, 40)
        broker.kill()
        broker.start()
        telemetry = RecordingTelemetry()
        async with running_gateway(settings, telemetry) as gateway:
            await meters.speak(port, 20)
            ledger = await settled(gateway, (50 + 30 + 20) * 20)
            got = ledger["readings"]["accepted"] // 2  # flow and volume
            taken = sum(len(numbers) for numbers in meters.taken.values())
            assert ledger["beside"]["missing"] == taken - got == 40 * 20
            one = await gateway.desk.device_ledger("flow-0900")
            assert one["counts"]["missing"] == 40
        assert not telemetry.of(SessionLostError)
    finally:
        broker.kill()


async def test_a_broker_killed_under_load_takes_nothing_back_that_the_gateway_acknowledged(
    broker: Mosquitto, data_folder: Path
) -> None:
    # the broker falls back to a state in which it had not yet our acknowledgements, and sends those messages again
    meters = _Meters(20, SystemClock().now() - 600 * SECOND)
    port = broker.ports[1883]
    settings = settings_of(data_folder, port, mqtt=LOGIN)
    broker.start()
    try:
        async with running_gateway(settings):
            pass
        await meters.speak(port, 30)
        broker.save()
        telemetry = RecordingTelemetry()
        async with running_gateway(settings, telemetry) as gateway:
            await settled(gateway, 30 * 20)
            await meters.speak(port, 10)
            await settled(gateway, 40 * 20)
            broker.kill()
            await eventually(lambda: not gateway.sources[0].subscribed, "the broker is gone")
            broker.start()
            await eventually(lambda: gateway.sources[0].subscribed, "the broker is back")
            await meters.speak(port, 10)
            # thirty rounds come twice
            ledger = await settled(gateway, (40 + 30 + 10) * 20)
            # what comes twice is told from its equals while their pane is open, and writes the same again afterwards
            late = ledger["beside"].get("late", 0)
            again = ledger["messages"]["redelivered"] * 2 + ledger["readings"]["duplicate"] + late
            assert again == 30 * 20 * 2
            assert ledger["readings"]["accepted"] - late == await gateway.stores[0].distinct_readings() == 50 * 20 * 2
            assert ledger["beside"].get("missing", 0) == 0
        assert not telemetry.of(SessionLostError)
    finally:
        broker.kill()


async def test_a_broker_that_forgot_the_session_is_told_as_an_error(tmp_path: Path, data_folder: Path) -> None:
    with PlainMosquitto.running(tmp_path) as forgetful:
        settings = settings_of(data_folder, forgetful.port)
        telemetry = RecordingTelemetry()
        async with running_gateway(settings, telemetry) as gateway:
            assert not telemetry.of(SessionLostError)
            forgetful.kill()
            await eventually(lambda: not gateway.sources[0].subscribed, "the broker is gone")
            forgetful.start()
            await eventually(lambda: gateway.sources[0].subscribed, "the broker is back")
            [lost] = telemetry.of(SessionLostError)
            assert 0 < lost.seconds < 30
