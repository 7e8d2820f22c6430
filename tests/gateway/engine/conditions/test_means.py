"""Means of ten minutes, made of those of single ones."""

import numpy as np

from gateway.engine.conditions.means import WindowMeans
from processors.columns import I64, AggregateBatch

MINUTE = 60_000_000_000


def _batch(rows: list[tuple[int, int, float]], step: int = 60, count: int = 1) -> AggregateBatch:
    """(series, minute, mean)."""
    n = len(rows)
    columns = {name: np.zeros(n, dtype) for name, dtype in AggregateBatch.DTYPES.items()}
    columns["series"] = np.array([row[0] for row in rows], np.int32)
    columns["start"] = np.array([row[1] * MINUTE for row in rows], np.int64)
    columns["mean"] = np.array([row[2] for row in rows], np.float64)
    columns["step"], columns["count"] = np.full(n, step, np.int32), np.full(n, count, np.int64)
    return AggregateBatch(**columns)


def _made(step: int = 600) -> WindowMeans:
    made = WindowMeans(step)
    for series, lane in ((3, 0), (5, 0), (8, 1)):
        made.add(series, lane)
    return made


def _marks(*minutes: int) -> I64:
    return np.array([minute * MINUTE for minute in minutes], np.int64)


def _take(made: WindowMeans, rows: list[tuple[int, int, float]], *minutes: int) -> list[tuple[int, int, float]]:
    series, end, mean = made.take(_batch(rows), _marks(*minutes))
    return list(zip(series.tolist(), (end // MINUTE).tolist(), mean.tolist(), strict=True))


def test_ten_minutes_are_those_of_the_clock_and_come_when_the_lane_has_passed_them() -> None:
    made = _made()

    assert _take(made, [(3, k, float(k)) for k in range(4, 10)], 9, 9) == []
    assert _take(made, [], 10, 9) == [(3, 10, 6.5)]
    assert _take(made, [], 30, 30) == []


def test_each_lane_has_its_own_time() -> None:
    made = _made()
    rows = [(series, k, 1.0) for k in range(10) for series in (3, 5, 8)]

    assert _take(made, rows, 10, 5) == [(3, 10, 1.0), (5, 10, 1.0)]
    assert _take(made, [], 10, 10) == [(8, 10, 1.0)]


def test_several_tens_at_once_come_in_order_of_their_ends() -> None:
    made = _made()
    rows = [(series, k, float(k // 10)) for k in range(30) for series in (3, 5) if (series, k) != (3, 9)]

    assert _take(made, rows, 30, 0) == [
        (3, 10, 0.0), (5, 10, 0.0), (3, 20, 1.0), (5, 20, 1.0), (3, 30, 2.0), (5, 30, 2.0)
    ]  # fmt: skip


def test_within_an_end_they_come_by_series_whichever_went_on_first() -> None:
    made = _made()
    rows = [(series, k, 1.0) for k in range(10) for series in (3, 5)] + [(5, 12, 1.0)]

    assert _take(made, rows, 13, 0) == [(3, 10, 1.0), (5, 10, 1.0)]


def test_a_window_without_a_usable_reading_is_no_zero() -> None:
    made = _made()
    made.take(_batch([(3, k, np.nan) for k in range(5)], count=0), _marks(5, 5))

    assert _take(made, [(3, k, 7.0) for k in range(5, 10)], 10, 0) == [(3, 10, 7.0)]


def test_other_windows_are_taken_as_they_close() -> None:
    series, end, mean = _made(900).take(_batch([(3, 15, 2.5)], step=900), _marks(0, 0))

    assert (series.tolist(), end.tolist(), mean.tolist()) == ([3], [30 * MINUTE], [2.5])


def test_a_restart_goes_on_with_what_was_gathered_of_series_that_are_still_there() -> None:
    made, again = _made(), WindowMeans(600)
    again.add(3, 0)
    _take(made, [(series, k, 4.0) for k in range(6) for series in (3, 8)], 6, 6)

    again.restore(made.snapshot())

    assert _take(again, [(3, k, 9.0) for k in range(6, 10)], 10, 10) == [(3, 10, 6.0)]
