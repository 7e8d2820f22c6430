"""Rates that operators look at."""

import pytest

from gateway.runtime.live import Growth


def test_growth_is_of_the_last_minutes_and_not_of_a_life() -> None:
    growth = Growth(span=300.0)
    assert growth.per_second(0.0, 0.0) is None
    for minute in range(1, 61):  # an hour of rest
        growth.per_second(minute * 60.0, 0.0)
    for second in range(0, 600, 10):  # then a rush
        rate = growth.per_second(3600.0 + second, second * 1000.0)

    assert rate == pytest.approx(1000.0)


def test_growth_is_told_between_two_samples() -> None:
    growth = Growth(step=2.0)
    growth.per_second(0.0, 0.0)

    assert growth.per_second(1.0, 50.0) == 50.0
    assert growth.per_second(1.5, 60.0) == 40.0
