"""The city's clock."""

import pytest

from device_sims.world.clock import CityClock
from device_sims.world.local_time import HOUR, SECOND

ORIGIN = 1_772_366_400 * SECOND


def test_city_time_runs_at_its_speed_from_the_origin() -> None:
    system = [5 * SECOND]
    clock = CityClock(ORIGIN, 5 * SECOND, 120.0, lambda: system[0])
    assert clock.now() == ORIGIN
    system[0] += 30 * SECOND
    assert clock.now() == ORIGIN + HOUR
    assert clock.seconds_until(ORIGIN + 2 * HOUR) == pytest.approx(30.0)
    assert clock.seconds_until(ORIGIN) == pytest.approx(-30.0)


def test_a_clock_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        CityClock(ORIGIN, 0, 0.0)
