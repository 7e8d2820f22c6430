"""Days of the city in minutes: what a gateway learns, packs and forgets by day leaves its memory as it was.

`pytest tests/chaos/test_days.py --chaos -n 0 -s --days 6`
"""

import pytest

from device_sims.testbed.options import CityOptions
from tests.chaos.places import mosquitto
from tests.chaos.soak import judged_by_days, sampled, table
from tests.chaos.trial import Chaos, Plan

_SPEED = 300.0
_DAY = 86_400 / _SPEED
_MIDNIGHT = "2026-03-04T00:00:00+08:00"


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.timeout(0)
async def test_day_after_day_takes_the_same_memory(chaos: Chaos, request: pytest.FixtureRequest) -> None:
    days = request.config.getoption("--days")
    plan = Plan(
        f"{days:g} days of the city", CityOptions(devices=467, speed=_SPEED, for_secs=days * _DAY, origin=_MIDNIGHT),
        broker=mosquitto, alone=False, recorded=False, drain_secs=900.0,
        settings={"engine": {"idle_timeout_secs": 3600}, "stores": {"duckdb": {"memory_mb": 128}}},
    )  # fmt: skip
    async with chaos(plan) as trial:
        await trial.until(0.0)
        async with sampled(trial) as samples:
            for day in range(1, int(days) + 1):
                await trial.until(min(1.0, day / days))
                trial.say(f"day {day} is over: {samples[-1].rss_mb:.0f} MB")
        figures, wrong = judged_by_days(samples, 0.0, _DAY)
        trial.row.figures |= {**figures, "samples": table(samples)}
        trial.wrong += wrong
