"""Values on hours as clocks show them, and windows on a grid."""

import numpy as np

from gateway.reports.period import HOUR, day_of, week_of
from gateway.reports.reckoning.grids import hour_means, hours_of, known, on_grid
from tests.support.reports import DAY, MINUTE, windows


def test_a_value_counts_in_its_hour_from_the_first_instant_on() -> None:
    hours = hours_of(DAY)
    times = [DAY.start, DAY.start + HOUR - 1, DAY.start + HOUR, DAY.end, DAY.start - 1]

    found = hour_means(times, [2.0, 4.0, 7.0, 99.0, 99.0], hours)

    assert found[:3] == [3.0, 7.0, None]
    assert found[3:] == [None] * 21


def test_the_hour_that_comes_twice_is_there_twice() -> None:
    hours = hours_of(day_of("2026-10-25", "Europe/Berlin"))

    assert hours.labels[:5] == ("00", "01", "02", "02", "03")
    assert len(hours.labels) == 25
    assert hours_of(day_of("2026-03-29", "Europe/Berlin")).labels[:4] == ("00", "01", "03", "04")
    assert hours_of(week_of("2026-W10", "Asia/Shanghai")).labels[24] == "03-03 00"


def test_windows_lie_where_they_begin_and_what_is_missing_is_not_known() -> None:
    starts = DAY.start + 15 * MINUTE * np.arange(4)
    found = on_grid(windows("m", "flow", DAY.start + 15 * MINUTE, 15 * MINUTE, [5.0, np.nan, 7.0, 8.0]), starts)

    assert known(found) == [None, 5.0, None, 7.0]
    assert on_grid(windows("m", "flow", DAY.start, MINUTE, [1.0]), starts[:0]).tolist() == []
