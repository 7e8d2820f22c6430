"""A day that is higher at noon, a week that is lower on two days: usual after a while, and unusual at another hour."""

import numpy as np
import pytest

from processors.columns import F64
from processors.detectors.level import Level
from processors.detectors.profile import SeasonalProfile
from tests.processors.detectors.support import HOUR, ROW, feed

STEP = HOUR // 4
PER_DAY = 96


def _z(value: F64, offset: int = 0) -> F64:
    level, profile = Level(4.0, 7.0), SeasonalProfile(4.0, 14.0, 8.0)
    profile.grow(1)
    return np.array(feed(level, value, lambda ts, met: profile.meet(ROW, ts + offset, met), STEP))


def _noon(days: int) -> F64:
    hour = np.arange(days * PER_DAY) % PER_DAY / 4
    return np.asarray(20 + 30 * np.exp(-0.5 * ((hour - 12) / 2) ** 2))


def test_what_comes_back_each_day_becomes_usual(rng: np.random.Generator) -> None:
    z = np.abs(_z(_noon(20) + rng.normal(0, 1.0, 20 * PER_DAY)))
    assert z[-PER_DAY:].max() < 4.5


def test_the_height_of_noon_is_unusual_at_midnight(rng: np.random.Generator) -> None:
    value = np.append(_noon(20) + rng.normal(0, 1.0, 20 * PER_DAY), 50.0)
    assert _z(value)[-1] > 6


def test_days_of_the_week_become_usual(rng: np.random.Generator) -> None:
    days = np.arange(42 * PER_DAY) // PER_DAY
    value = _noon(42) * np.where(days % 7 >= 5, 0.4, 1.0) + rng.normal(0, 1.0, 42 * PER_DAY)
    z = np.abs(_z(value))
    assert z[7 * PER_DAY :][days[7 * PER_DAY :] >= 35].max() < 6
    noon_as_on_weekdays = np.append(value[: 40 * PER_DAY], _noon(1))
    assert _z(noon_as_on_weekdays)[-PER_DAY:].max() > 6


def test_an_hour_is_one_of_local_time(rng: np.random.Generator) -> None:
    value = _noon(10) + rng.normal(0, 1.0, 10 * PER_DAY)
    assert not np.array_equal(_z(value), _z(value, HOUR // 2))
    assert np.array_equal(_z(value), _z(value, 7 * 24 * HOUR))


@pytest.mark.parametrize("unit", [1e-6, 1e7])
def test_large_and_small_units_are_alike(unit: float, rng: np.random.Generator) -> None:
    value = _noon(20) + rng.normal(0, 1.0, 20 * PER_DAY)
    assert np.allclose(_z(value * unit), _z(value), atol=0.02)


def test_a_week_memory_that_no_byte_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="week_memory"):
        SeasonalProfile(4.0, 14.0, 16.0)
