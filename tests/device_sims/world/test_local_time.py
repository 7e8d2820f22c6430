"""Local time of arrays, also across a change of clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from device_sims.world.local_time import HOUR, SECOND, LocalTime


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Paris", "Asia/Kathmandu"])
def test_local_hours_and_weekdays_equal_those_of_the_standard_library(zone: str, rng: np.random.Generator) -> None:
    spring = 1_774_746_000  # 2026-03-29T01:00:00Z, when Paris changes
    seconds = np.concatenate([spring + rng.integers(-7200, 7200, 50), rng.integers(1_600_000_000, 1_900_000_000, 50)])
    local = LocalTime(zone)
    expected = [datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone)) for second in seconds.tolist()]
    assert local.hour(seconds * SECOND) == pytest.approx([t.hour + t.minute / 60 + t.second / 3600 for t in expected])
    assert local.weekday(seconds * SECOND).tolist() == [t.weekday() for t in expected]


def test_midnight_in_guangzhou_is_sixteen_hours_utc() -> None:
    assert LocalTime("Asia/Shanghai").hour(np.array([16 * HOUR])).tolist() == [0.0]
