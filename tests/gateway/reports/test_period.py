"""Days and weeks of a city's calendar, also those in which clocks change."""

from zoneinfo import ZoneInfo

import pytest

from gateway.errors import CommandError
from gateway.reports.period import HOUR, day_of, local, week_of, yesterday

MIDNIGHT = 1_772_380_800_000_000_000  # 2026-03-02 00:00 in Guangzhou


def test_a_day_is_from_midnight_to_midnight_of_the_city() -> None:
    day = day_of("2026-03-02", "Asia/Shanghai")

    assert (day.start, day.end, day.hours) == (MIDNIGHT, MIDNIGHT + 24 * HOUR, 24)
    assert [label for _, label in day.ticks()] == [
        "00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "24:00",
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "hours", "marks"), [("2026-03-29", 23, 9), ("2026-10-25", 25, 9)])
def test_days_on_which_clocks_change_are_shorter_or_longer_and_keep_their_marks(
    day: str, hours: int, marks: int
) -> None:
    period = day_of(day, "Europe/Berlin")

    assert period.hours == hours
    ticks = list(period.ticks())
    assert len(ticks) == marks
    assert all(f"{local(at, ZoneInfo('Europe/Berlin')):%H:%M}" == label for at, label in ticks[:-1])


def test_a_week_is_from_monday_on() -> None:
    week = week_of("2026-W10", "Asia/Shanghai")

    assert (week.start, week.end) == (MIDNIGHT, MIDNIGHT + 7 * 24 * HOUR)
    assert len(week.days) == 7
    assert [label for _, label in week.ticks()][:2] == ["03-02", "03-03"]
    assert week_of("2026-W44", "Europe/Berlin").hours == 168
    assert week_of("2026-W43", "Europe/Berlin").hours == 169
    assert week_of("2026-W53", "UTC").end > 0


def test_yesterday_is_that_of_the_citys_clocks() -> None:
    # 2026-03-02 16:30 UTC is half past midnight of the third in Guangzhou
    now = MIDNIGHT + 24 * HOUR + HOUR // 2

    assert yesterday(now, "Asia/Shanghai").name == "2026-03-02"
    assert yesterday(now, "UTC").name == "2026-03-01"


@pytest.mark.parametrize("text", ["", "2026-3-2", "2026-02-30", "yesterday", "1800-01-01", "2400-01-01", "2026-W10"])
def test_what_is_no_day_is_said_with_a_remedy(text: str) -> None:
    with pytest.raises(CommandError) as raised:
        day_of(text, "Asia/Shanghai")
    assert raised.value.exit_code == 2
    assert raised.value.remedy


@pytest.mark.parametrize("text", ["", "2026-W54", "2025-W53", "2026-10", "W10"])
def test_what_is_no_week_is_said_with_a_remedy(text: str) -> None:
    with pytest.raises(CommandError):
        week_of(text, "Asia/Shanghai")
