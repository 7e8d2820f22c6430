"""The broker dies, forgets us or falls silent; the way to it is half-open, slow, or says things twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from tests.chaos.trial import HOUR, MINUTES, Chaos, Plan, Trial
from tests.support.brokers import PlainMosquitto
from tests.support.mqtt_proxy import MqttProxy
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos")]

LATE = {"clock_bound_secs": 300, "idle_timeout_secs": 900}
"""Seconds of a fault are minutes of the city: no device's clock is wrong for it."""
QUICK = {"mqtt": {"canary_secs": 1, "canary_timeout_secs": 2, "keep_alive_secs": 6}, "engine": LATE}
"""What is noticed after half a minute by default is so in seconds: the city's hour is a minute."""
KEEP_ALIVE_SECS, BUSY_SECS = 6, 20


@contextmanager
def plain(folder: Path) -> Iterator[PlainMosquitto]:
    """mosquitto that saves nothing: it forgets us when it dies, and is not slow with a backlog."""
    with PlainMosquitto.running(folder) as broker:
        yield broker


@contextmanager
def saving(folder: Path) -> Iterator[PlainMosquitto]:
    """mosquitto that saves each change: killed, it knows its sessions and what they hold."""
    extra = f"persistence true\npersistence_location {folder}/\nautosave_on_changes true\nautosave_interval 1"
    with PlainMosquitto.running(folder, extra) as broker:
        yield broker


async def _arrived(trial: Trial) -> None:
    """Wait until nothing is under way: the devices are held, and two looks see the same with nothing in flight."""
    before: tuple[int, int] | None = None
    async with asyncio.timeout(30.0):
        while True:
            status = await trial.gateway.ask("status")
            if status is not None:
                flying = sum(source["in_flight"] for source in status["sources"]) + status["inbox"]["waiting"]
                now = status["ledger"]["messages"]["received"], flying
                if now == before and not flying:
                    return
                before = now
            await asyncio.sleep(0.1)


async def _not_ready_because(trial: Trial, reason: str, secs: float = 40.0) -> float:
    """Wait until /health/ready names the reason; how long that took."""
    began = monotonic()
    while reason not in (said := await trial.not_ready() or ""):
        assert monotonic() - began < secs, f"{reason!r} is not said: {said!r}\n{trial.gateway.tail()}"
        await asyncio.sleep(0.1)
    return monotonic() - began


async def test_a_broker_that_answers_and_passes_nothing_on_is_noticed_said_and_left(chaos: Chaos) -> None:
    plan = Plan(
        "broker connected but silent", MINUTES, broker=plain, link=MqttProxy, settings=QUICK, errors=("broker silent",)
    )
    async with chaos(plan) as trial:
        await trial.moment()
        async with trial.fault():
            trial.link.silent = True
            trial.row.figures["noticed after s"] = round(await _not_ready_because(trial, "has not come back"), 1)
            trial.link.silent = False
            trial.link.cut()  # the broker has what was withheld under way: it sends it again on a new connection
    assert len(trial.gateway.events("error")) >= 1


@pytest.mark.chaos
async def test_a_half_open_connection_is_found_within_a_keep_alive(chaos: Chaos) -> None:
    async with chaos(Plan("network cut half-open", link=MqttProxy, settings=QUICK, broker=plain)) as trial:
        await trial.moment()
        async with trial.fault():
            trial.link.half_open = True
            took = await _not_ready_because(trial, "no PINGRESP")
            trial.row.figures["noticed after s"] = round(took, 1)
            assert took < KEEP_ALIVE_SECS + BUSY_SECS
            trial.link.half_open = False
            trial.link.cut()  # what a network would send again by itself is lost in this one


@pytest.mark.chaos
async def test_five_seconds_of_latency_change_nothing_and_blame_nobody(chaos: Chaos) -> None:
    settings = {"mqtt": {"canary_secs": 1, "canary_timeout_secs": 2}, "engine": LATE}
    # five seconds are a hundred of the city then: less than it takes a device to be called silent
    slower = replace(HOUR, speed=20.0)
    async with chaos(Plan("5 s of latency, either way", slower, plain, MqttProxy, settings)) as trial:
        await trial.moment(0.2, 0.3)
        async with trial.fault():
            trial.link.delay_secs = 5.0
            await trial.until(trial.progress + 0.4)
            trial.link.delay_secs = 0.0
        assert trial.link.connections == 1


@pytest.mark.chaos
async def test_messages_that_come_again_after_their_acknowledgement_are_stored_once(chaos: Chaos) -> None:
    async with chaos(Plan("a fifth delivered twice, with and without DUP", link=MqttProxy, broker=plain)) as trial:
        async with trial.fault():
            trial.link.spared = (b"/senml/",)  # their times count from receipt: such a reading is stored once a message
            trial.link.repeat = 0.2
            await trial.until(0.9)
            trial.link.repeat = 0.0
        trial.row.figures["delivered twice"] = trial.copies = trial.link.repeated
        assert trial.link.repeated > 1000


@pytest.mark.chaos
async def test_a_receive_maximum_of_one_is_enough(chaos: Chaos) -> None:
    settings = {"mqtt": {"receive_maximum": 1, "canary_secs": 1, "canary_timeout_secs": 2}}
    # one message a commit: at 190 a second a busy machine would fall behind, and tell what is wrong too late
    slow = replace(MINUTES, speed=30.0)
    async with chaos(Plan("receive maximum 1", slow, settings=settings, broker=plain)) as trial, trial.fault():
        await trial.until(0.9)
        assert await trial.not_ready() is None


@pytest.mark.chaos
async def test_a_killed_broker_that_kept_its_sessions_costs_nothing(chaos: Chaos) -> None:
    # saving each change it is slow on a busy machine, by minutes of the city
    async with chaos(Plan("broker killed", broker=saving, same_alarms=False, errors=("clock suspect",))) as trial:
        await trial.moment()
        async with trial.fault():
            trial.broker.kill()
            await _not_ready_because(trial, "source main is waiting")
            trial.broker.start()


@pytest.mark.chaos
async def test_a_broker_that_forgot_us_is_told_with_the_time_span(chaos: Chaos) -> None:
    """It has nothing of ours under way when it dies, so nothing is lost but what it would have queued."""
    plan = Plan("broker restarted without its session", broker=plain, same_alarms=False, errors=("session lost",))
    async with chaos(plan) as trial:
        await trial.moment()
        async with trial.fault():
            trial.devices.pause(True)
            await _arrived(trial)
            trial.broker.kill()
            trial.broker.start()
            began = monotonic()
            while not (lost := [e for e in trial.gateway.events("error") if e.get("event") == "session lost"]):
                assert monotonic() - began < 40, trial.gateway.tail()
                await asyncio.sleep(0.1)
            trial.devices.pause(False)
        assert 0 < lost[0]["seconds"] < 40


@pytest.mark.chaos
async def test_connections_that_share_and_are_cut_in_turn_bring_everything_once(chaos: Chaos) -> None:
    settings = {"mqtt": {"connections": 3}}
    plan = Plan(
        "3 shared connections, cut 5 times", link=Proxy, settings=settings, broker=plain, same_alarms=False,
        errors=("sent away by broker",),  # three cuts in a row may look like another client of our id
    )  # fmt: skip
    async with chaos(plan) as trial:
        for part in range(5):
            await trial.moment(0.1 + part * 0.15, 0.15 + part * 0.15)
            async with trial.fault():
                trial.link.cut()
