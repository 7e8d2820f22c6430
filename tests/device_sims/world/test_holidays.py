"""The city rests at weekends and on public holidays, by its own clocks."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from device_sims.world.holidays import is_holiday, rests
from device_sims.world.local_time import HOUR, LocalTime

LOCAL = LocalTime("Asia/Shanghai")


@pytest.mark.parametrize("day", ["2026-01-01", "2026-02-17", "2026-05-05", "2026-10-07", "2031-10-01", "2025-10-08"])
def test_holidays(day: str) -> None:
    assert is_holiday(date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-01-04", "2026-03-04", "2026-10-08", "2031-02-10"])
def test_working_days(day: str) -> None:
    assert not is_holiday(date.fromisoformat(day))


def test_the_local_day_counts() -> None:
    # Friday 2026-03-06 18:00 in Guangzhou, and every three hours until Sunday
    friday = int(datetime(2026, 3, 6, 10, tzinfo=UTC).timestamp()) * 1_000_000_000
    ts = friday + 3 * HOUR * np.arange(20)

    expected = [False, False, *[True] * 16, False, False]
    assert rests(LOCAL, ts).tolist() == expected


def test_a_holiday_in_the_week_is_a_day_of_rest() -> None:
    thursday = int(datetime(2026, 10, 1, 4, tzinfo=UTC).timestamp()) * 1_000_000_000

    assert rests(LOCAL, np.array([thursday])).tolist() == [True]
    assert rests(LOCAL, np.array([thursday + 7 * 24 * HOUR])).tolist() == [False]
