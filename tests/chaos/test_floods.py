"""Floods while the city plays: what is too much is shed, refused or held by the broker, and the city is as without it.

The broker is one that keeps all in memory and has no caps: one that saves each message to disk would be the limit. A
flood is a `fault`: where broker, strangers and gateway share a machine that is busy, all are late while it lasts.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest

from device_sims.testbed.options import CityOptions
from tests.chaos.flooding import load, memory_watched, published
from tests.chaos.judging import STRANGER
from tests.chaos.trial import HOUR, MINUTES, Chaos, Plan, Trial
from tests.support.brokers import PlainMosquitto

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.xdist_group("chaos")]

_BY_THE_CITY = {"engine": {"device_messages_per_sec": 1.2, "device_burst_messages": 100}}
"""The city's seconds are shorter than ours: 1.2 of its are about a hundred a second of ours."""
_MOST_MB = 250


async def _counts(trial: Trial, term: str) -> dict[str, int]:
    status = await trial.gateway.ask("status")
    assert status is not None
    found: dict[str, int] = status["ledger"]["reasons"].get(f"message.{term}", {})
    return found


def _mad(trial: Trial, count: int) -> Iterator[tuple[str, bytes]]:
    """Of one device, whose clock is right."""
    for k in range(count):
        body = b'{"ts":%d,"speed":%d,"flow":3,"occ":0.1}' % (trial.now // 1_000_000, k % 100)
        yield f"city/zz/traffic/loop/{STRANGER}mad/reading", body


def _mad_plan(fault: str, city: CityOptions) -> Plan:
    # its readings within a millisecond contradict each other: dead letters, of which a sample is kept
    errors = ("device flooding", "letters not kept")
    return Plan(fault, city, PlainMosquitto.running, settings=_BY_THE_CITY, errors=errors)


async def _mad_device(chaos: Chaos, plan: Plan, messages: int) -> None:
    async with chaos(plan) as trial:
        await trial.moment(0.2, 0.3)
        async with memory_watched(trial) as memory, trial.fault():
            rate = await published(trial, _mad(trial, messages), 10_000)
        shed = (await _counts(trial, "shed")).get("device_rate", 0)
        status = await trial.gateway.ask("status")
        assert status is not None
        latency = status["latency_ms"]
        trial.row.figures |= {"msg/s": round(rate), "shed": shed, "ack p99 ms": latency["ack_p99"],
                              "stored p99 ms": latency["stored_p99"]}  # fmt: skip
        assert shed > 0.8 * messages
        assert memory.grown < _MOST_MB


async def test_one_device_gone_mad_is_shed_and_the_city_keeps_everything(chaos: Chaos) -> None:
    await _mad_device(chaos, _mad_plan("a device at 10,000 msg/s", MINUTES), 20_000)


@pytest.mark.chaos
async def test_one_device_gone_mad_for_ten_seconds(chaos: Chaos) -> None:
    await _mad_device(chaos, _mad_plan("a device at 10,000 msg/s, 10 s", HOUR), 100_000)


@pytest.mark.chaos
async def test_a_kill_amid_a_flood_decides_the_same_again(chaos: Chaos) -> None:
    async with chaos(_mad_plan("kill -9 amid a mad device", MINUTES)) as trial:
        await trial.moment(0.2, 0.3)
        async with trial.fault(), asyncio.TaskGroup() as group:
            flood = group.create_task(published(trial, _mad(trial, 10_000)))
            while trial.strangers < 3_000:
                assert not flood.done()
                await asyncio.sleep(0.02)
            trial.gateway.kill()
            await trial.gateway.ended(10)
            await trial.restart()
            await flood
        assert (await _counts(trial, "shed"))["device_rate"] > 5_000  # the stop has paid for some


@pytest.mark.chaos
async def test_a_flood_of_honest_devices_is_held_by_the_broker_and_nothing_is_lost(chaos: Chaos) -> None:
    """Very many times what the city sends, as fast as the broker takes it; the report says how soon all is normal."""
    async with chaos(Plan("200,000 messages at once", HOUR, PlainMosquitto.running)) as trial:
        await trial.moment(0.2, 0.3)
        async with memory_watched(trial) as memory, trial.fault():
            rate = await load(trial, "load", messages=200_000, devices=5_000)
        trial.row.figures |= {"msg/s": round(rate)}
        assert not await _counts(trial, "shed")
        assert not await _counts(trial, "rejected")
        assert memory.grown < _MOST_MB + 250  # five thousand devices more, and what a store keeps at hand


def _strange(count: int) -> Iterator[tuple[str, bytes]]:
    """Of topics that no profile has, and of devices that nobody listed: each once."""
    reading = json.dumps({"ts": 1_772_366_400_000, "speed": 50, "flow": 3, "occ": 0.1}).encode()
    for k in range(count // 2):
        yield f"{STRANGER}town/{k}/x", b'{"v": 1}'
        yield f"city/zz/traffic/loop/{STRANGER}{k}/reading", reading


async def _until_counted(trial: Trial, unknown: int) -> None:
    """What waits for the next call is normal, and not counted yet."""
    began = monotonic()
    while (counted := (await _counts(trial, "rejected")).get("topic_unknown", 0)) < unknown:
        assert monotonic() - began < 30, counted
        await asyncio.sleep(0.1)


async def _unknown(chaos: Chaos, plan: Plan, messages: int, rate: float = 0.0) -> None:
    async with chaos(plan) as trial:
        await trial.moment(0.2, 0.3)
        async with memory_watched(trial) as memory, trial.fault():
            await published(trial, _strange(messages), rate)
        await _until_counted(trial, messages // 2)
        rejected = await _counts(trial, "rejected")
        assert rejected["topic_unknown"] == messages // 2
        assert rejected["device_quota"] >= messages // 2 - 500
        status = await trial.gateway.ask("status")
        assert status is not None
        trial.row.figures |= {"letters": status["dead_letters"]["held"]}
        assert 500 <= status["dead_letters"]["held"] < 20_000
        assert memory.grown < _MOST_MB


_WIDE = {
    "mqtt": {"filters": ["#"], "canary": "off"},
    "engine": {"max_met_devices": 500, "dead_letters_per_sec": 0.6, "dead_letters_burst": 500},
}
_REFUSED = ("devices refused", "letters not kept")


async def test_unknown_topics_and_ids_without_end_cost_no_memory(chaos: Chaos) -> None:
    plan = Plan("20,000 unknown topics and ids", MINUTES, PlainMosquitto.running, settings=_WIDE, errors=_REFUSED)
    await _unknown(chaos, plan, 20_000)


@pytest.mark.chaos
async def test_unknown_topics_and_ids_for_half_the_city_cost_no_memory(chaos: Chaos) -> None:
    plan = Plan("60,000 unknown topics and ids, 2,000/s", HOUR, PlainMosquitto.running, settings=_WIDE, errors=_REFUSED)
    await _unknown(chaos, plan, 60_000, 2_000)


@pytest.mark.chaos
@pytest.mark.timeout(1_200)
async def test_a_million_unknown_topics_and_ids_cost_no_memory(chaos: Chaos) -> None:
    city = replace(HOUR, speed=12.0)  # five minutes, of which the flood takes most of three
    plan = Plan("1,000,000 unknown topics and ids", city, PlainMosquitto.running, settings=_WIDE, errors=_REFUSED)
    await _unknown(chaos, plan, 1_000_000, 6_000)
