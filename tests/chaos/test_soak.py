"""A long run under load with a fault every minute: nothing lost, nothing twice, memory and file descriptors flat.

`pytest tests/chaos/test_soak.py --chaos -n 0 -s --soak-minutes 60`
"""

import asyncio
from time import monotonic

import pytest

from device_sims.testbed.options import CityOptions
from tests.chaos.faults import KILLING, SOAK
from tests.chaos.places import mosquitto
from tests.chaos.soak import Load, Sample, judged, sampled, table
from tests.chaos.trial import Chaos, Plan, Trial
from tests.support.proxy import Proxy

_DEVICES = 467
"""All that the built-in city lists: of others no zone is known, and some kinds are refused."""
_TAIL_SECS = 15.0
_EVERY_SECS = 60.0
_MOST_AWAY_SECS = 300.0


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.timeout(0)
async def test_an_hour_of_load_with_a_fault_every_minute_loses_nothing_and_leaks_nothing(
    chaos: Chaos, request: pytest.FixtureRequest
) -> None:
    secs = 60.0 * request.config.getoption("--soak-minutes")
    rate, speed = request.config.getoption("--soak-rate"), request.config.getoption("--soak-speed")
    plan = Plan(
        f"soak: {secs / 60:g} min at {rate:g} messages/s, speed {speed:g}",
        CityOptions(devices=_DEVICES, speed=speed, for_secs=secs),
        broker=mosquitto, link=Proxy, settings={"stores": {"duckdb": {"memory_mb": 128}}}, alone=False,
        errors=("sent away by broker",),  # as in test_broker.py: three cuts in a row
    )  # fmt: skip
    async with chaos(plan) as trial:
        await trial.until(0.0)
        load = Load(trial, rate, secs - _TAIL_SECS)
        async with load.running() as sending, sampled(trial) as samples:
            faults = await _faults(trial, secs - _TAIL_SECS)
            assert await asyncio.wait_for(sending, _MOST_AWAY_SECS) == 0, "the broker did not acknowledge all of it"
            trial.others = load.messages
            await trial.normal()
        _note(trial, faults, samples)


async def _faults(trial: Trial, secs: float) -> dict[str, int]:
    """One a minute; such as end the process in the first half only, so that the second shows one process growing."""
    began, done = monotonic(), dict[str, int]()
    while (left := began + secs - monotonic()) > _EVERY_SECS / 2:
        await asyncio.sleep(trial.dice.uniform(0.1, 0.5) * min(_EVERY_SECS, left))
        choice = SOAK | KILLING if left > secs / 2 else SOAK
        name = trial.dice.choice(sorted(choice))
        trial.say(f"{name}, {left / 60:.1f} min to go")
        async with trial.fault(secs=_MOST_AWAY_SECS):
            await choice[name](trial)
        done[name] = done.get(name, 0) + 1
        passed = (monotonic() - began) % _EVERY_SECS
        await asyncio.sleep(max(0.0, min(_EVERY_SECS - passed, began + secs - monotonic())))
    return done


def _note(trial: Trial, faults: dict[str, int], samples: list[Sample]) -> None:
    figures, wrong = judged(samples)
    trial.row.figures |= {"faults": faults, **figures, "samples": table(samples)}
    trial.wrong += wrong
