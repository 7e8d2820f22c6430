"""Quiet hours by the city's clock, also on the days on which it is changed.

23:00          03:00 (put forward)        07:00
  |---- quiet ----|.......................|
"""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from gateway.notify.routes import QuietHours
from tests.gateway.notify.support import CITY, MINUTE, at

NIGHT = QuietHours(CITY, time(22), time(7), 1)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-02 21:59", None), ("2026-03-02 22:00", "2026-03-03 07:00"), ("2026-03-02 23:59", "2026-03-03 07:00"),
        ("2026-03-03 00:00", "2026-03-03 07:00"), ("2026-03-03 06:59", "2026-03-03 07:00"), ("2026-03-03 07:00", None),
        ("2026-12-31 22:30", "2027-01-01 07:00"),
    ],
)  # fmt: skip
def test_from_evening_until_morning_it_waits(now: str, until: str | None) -> None:
    assert NIGHT.release(at(now), 2) == at(until or now)


def test_what_is_urgent_goes_through() -> None:
    night = at("2026-03-02 23:00")
    assert NIGHT.release(night, 1) == night
    assert QuietHours(CITY, time(22), time(7), 0).release(night, 1) > night
    assert QuietHours(CITY, time(22), time(7), 4).release(night, 4) == night


@pytest.mark.parametrize(
    ("now", "until"),
    [("2026-03-02 11:59", None), ("2026-03-02 12:00", "2026-03-02 14:30"), ("2026-03-02 14:30", None)],
)
def test_hours_within_a_day(now: str, until: str | None) -> None:
    assert QuietHours(CITY, time(12), time(14, 30)).release(at(now), 3) == at(until or now)


def test_they_are_those_of_the_city_and_not_of_utc() -> None:
    hours = QuietHours(BERLIN, time(22), time(7))
    noon_in_guangzhou = at("2026-03-02 12:00")  # 05:00 in Berlin
    assert hours.release(noon_in_guangzhou, 2) == at("2026-03-02 07:00", BERLIN)
    assert NIGHT.release(noon_in_guangzhou, 2) == noon_in_guangzhou


@pytest.mark.parametrize(
    ("evening", "morning", "hours"),
    [("2026-03-28 22:00", "2026-03-29 07:00", 8), ("2026-10-24 22:00", "2026-10-25 07:00", 10)],
)
def test_a_night_in_which_the_clock_is_changed_is_an_hour_shorter_or_longer(
    evening: str, morning: str, hours: int
) -> None:
    now = at(evening, BERLIN)
    released = QuietHours(BERLIN, time(22), time(7)).release(now, 2)
    assert released == at(morning, BERLIN)
    assert released - now == hours * 60 * MINUTE


def test_an_end_that_the_clock_skips_is_when_it_is_put_forward() -> None:
    now = at("2026-03-29 01:00", BERLIN)
    released = QuietHours(BERLIN, time(22), time(2, 30)).release(now, 2)
    assert released == at("2026-03-29 03:30", BERLIN)


def test_an_end_that_comes_twice_is_the_first() -> None:
    now = at("2026-10-25 01:00", BERLIN)
    assert QuietHours(BERLIN, time(22), time(2, 30)).release(now, 2) - now == 90 * MINUTE
