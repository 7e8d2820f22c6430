"""
edges   2026-03-28 00:00   03-29 00:00    03-30 00:00 Berlin
UTC           27 23:00        28 23:00       29 22:00
              [---- 24 h -----[---- 23 h ----[
"""

import numpy as np

from processors.windows.day import DAY, SECOND, day_bounds, local_hours, window_bounds
from tests.processors.windows.support import S, midnights, utc

HOUR = 3600 * S


def _hours(zone: str, first: str, days: int) -> list[int]:
    edges = midnights(zone, first, days)
    start, end = day_bounds(edges[:-1], edges)
    assert start.tolist() == edges[:-1].tolist()
    return [int(hours) for hours in (end - start) // HOUR]


def test_days_have_23_and_25_hours_where_clocks_change() -> None:
    assert _hours("Europe/Berlin", "2026-03-28", 3) == [24, 23, 24]
    assert _hours("Europe/Berlin", "2026-10-24", 3) == [24, 25, 24]
    assert _hours("Asia/Shanghai", "2026-03-28", 3) == [24, 24, 24]


def test_a_day_begins_with_its_midnight_and_ends_before_the_next() -> None:
    edges = midnights("Asia/Shanghai", "2026-05-01", 2)
    ts = np.array([edges[0], edges[1] - 1, edges[1]])

    start, end = day_bounds(ts, edges)

    assert start.tolist() == [edges[0], edges[0], edges[1]]
    assert end.tolist() == [edges[1], edges[1], edges[2]]
    assert edges[0] == utc("2026-04-30T16:00")


def test_outside_the_edges_days_last_24_hours_from_the_nearest() -> None:
    edges = midnights("Asia/Shanghai", "2026-05-01", 1)
    ts = np.array([edges[0] - 1, edges[0] - 30 * HOUR, edges[1], edges[1] + 25 * HOUR])

    start, end = day_bounds(ts, edges)

    assert ((start - edges[0]) // HOUR).tolist() == [-24, -48, 24, 48]
    assert (end - start).tolist() == [24 * HOUR] * 4


def test_without_edges_days_are_utc_days() -> None:
    start, end = day_bounds(np.array([utc("2026-05-01T13:00")]), np.empty(0, np.int64))

    assert (start.tolist(), end.tolist()) == ([utc("2026-05-01T00:00")], [utc("2026-05-02T00:00")])


def test_shorter_windows_are_multiples_since_the_epoch() -> None:
    ts = np.array([utc("2026-05-01T13:29:59"), utc("2026-05-01T13:30:00")])

    for step, starts in ((900, ["13:15", "13:30"]), (3600, ["13:00", "13:00"])):
        start, end = window_bounds(ts, step, np.empty(0, np.int64))
        assert start.tolist() == [utc(f"2026-05-01T{text}") for text in starts]
        assert (end - start).tolist() == [step * SECOND] * 2
    assert window_bounds(ts, DAY, np.empty(0, np.int64))[0].tolist() == [utc("2026-05-01T00:00")] * 2


def _shown(zone: str, day: str, hours: list[float]) -> list[int]:
    """Hours on the wall so many hours after the midnight of a day."""
    edges = midnights(zone, day, 2)
    shown: list[int] = local_hours(np.array([edges[0] + int(hour * HOUR) for hour in hours]), edges).tolist()
    return shown


def test_an_ordinary_day_shows_the_hours_since_midnight() -> None:
    for zone in ("Asia/Shanghai", "Europe/Berlin"):
        assert _shown(zone, "2026-05-01", [k + 0.5 for k in range(24)]) == list(range(24))
        assert _shown(zone, "2026-05-01", [float(k) for k in range(24)]) == list(range(24))


def test_an_evening_is_an_evening_on_days_on_which_clocks_change() -> None:
    assert _shown("Europe/Berlin", "2026-03-29", [0, 1, 3, 6, 22, 22.9]) == [0, 1, 4, 7, 23, 23]
    assert _shown("Europe/Berlin", "2026-10-25", [0, 1, 2, 3, 4, 24, 24.9]) == [0, 1, 2, 2, 3, 23, 23]


def test_hours_before_between_and_after_all_edges_are_those_of_whole_days() -> None:
    edges = midnights("Asia/Shanghai", "2026-05-01", 2)

    hours = local_hours(np.array([edges[0] - 2 * HOUR, edges[-1] + 5 * HOUR, edges[0] - 30 * HOUR]), edges)

    assert hours.tolist() == [22, 5, 18]
    assert local_hours(np.array([26 * HOUR]), np.empty(0, np.int64)).tolist() == [2]
