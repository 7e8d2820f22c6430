"""
minute 10:00                                   10:01
[  10 s |  10 s |  10 s |  10 s |  10 s |  10 s )[
panes of 10 s close one by one; their readings stay on until the minute has closed
"""

import numpy as np
import pytest

from processors.columns import AggregateBatch, DirtyPanes
from processors.windows.watermark import NEVER
from processors.windows.window_set import WindowSet
from tests.processors.windows.support import DAY, S, midnights, utc

T = utc("2026-05-01T10:00")
EDGES = midnights("Asia/Shanghai", "2026-04-28", 8)
NAN = float("nan")


def _set(*series: tuple[int, int]) -> WindowSet:
    """Series as (finest pane, lane)."""
    made = WindowSet(EDGES)
    pane, lane = zip(*series, strict=True)
    made.add_series(np.array(pane, np.int32), np.array(lane, np.int32))
    return made


def _keys(
    *at: tuple[int, float],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return np.array([one for one, _ in at], np.int32), np.array([T + round(sec * S) for _, sec in at], np.int64)


def _add(windows: WindowSet, *readings: tuple[int, float, float, int]) -> None:
    windows.add(
        *_keys(*[(one, sec) for one, sec, _, _ in readings]),
        np.array([value for _, _, value, _ in readings], np.float64),
        np.array([flag for _, _, _, flag in readings], np.uint8),
    )


def _close(windows: WindowSet, *secs: float) -> tuple[AggregateBatch, DirtyPanes]:
    return windows.close(np.array([T + round(sec * S) for sec in secs], np.int64))


def _listed(batch: AggregateBatch) -> list[tuple[int, int, int, int]]:
    """(step, series, start in s, count) in the order of the batch."""
    start = ((batch.start - T) // S).tolist()
    return list(zip(batch.step.tolist(), batch.series.tolist(), start, batch.count.tolist(), strict=True))


def _marks(dirty: DirtyPanes) -> list[tuple[int, int, int, int, int]]:
    """(series, step, start, end, watermark) in s."""
    secs = [(column - T) // S for column in (dirty.start, dirty.end, dirty.watermark)]
    return list(zip(dirty.series.tolist(), dirty.step.tolist(), *[column.tolist() for column in secs], strict=True))


def test_panes_and_the_minute_close_as_the_watermark_passes() -> None:
    windows = _set((10, 0))
    _add(windows, (0, 1, 1.0, 1), (0, 12, 2.0, 1), (0, 55, 3.0, 1), (0, 61, 4.0, 1))

    assert _listed(_close(windows, 9.9)[0]) == []
    assert _listed(_close(windows, 20)[0]) == [(10, 0, 0, 1), (10, 0, 10, 1)]
    assert windows.open_readings == 4
    assert _listed(_close(windows, 60)[0]) == [(10, 0, 50, 1), (60, 0, 0, 3)]
    assert windows.open_readings == 1


def test_everything_up_to_the_day_closes_in_one_call_in_a_fixed_order() -> None:
    windows = _set((60, 0), (10, 0), (3600, 0), (900, 0))
    _add(windows, *[(one, 5, 1.0, 1) for one in range(4)], (0, 70, 2.0, 1))
    end = (EDGES[EDGES > T][0] - T) / S

    batch, dirty = _close(windows, end)

    assert end == 6 * 3600
    day = -18 * 3600
    assert _listed(batch) == [
        (10, 1, 0, 1),
        (60, 0, 0, 1), (60, 1, 0, 1),
        (60, 0, 60, 1),
        (900, 0, 0, 2), (900, 1, 0, 1), (900, 3, 0, 1),
        (3600, 0, 0, 2), (3600, 1, 0, 1), (3600, 2, 0, 1), (3600, 3, 0, 1),
        (DAY, 0, day, 2), (DAY, 1, day, 1), (DAY, 2, day, 1), (DAY, 3, day, 1),
    ]  # fmt: skip
    assert not batch.revision.any()
    assert len(dirty) == windows.open_readings == 0


def test_lanes_close_by_themselves_and_never_go_back() -> None:
    windows = _set((10, 0), (10, 1))
    _add(windows, (0, 1, 1.0, 1), (1, 1, 2.0, 1))

    assert _listed(_close(windows, 10, 9)[0]) == [(10, 0, 0, 1)]
    assert _listed(_close(windows, -50, 10)[0]) == [(10, 1, 0, 1)]
    assert windows.closed_watermark.tolist() == [T + 10 * S] * 2


def test_lanes_and_watermarks_grow_on_demand() -> None:
    windows = _set((10, 2))
    assert windows.closed_watermark.tolist() == [NEVER] * 3

    _close(windows, 1, 2, 3, 4)
    windows.add_series(np.array([60], np.int32), np.array([3], np.int32))

    assert windows.closed.tolist() == [T + 3 * S, T + 4 * S]


def test_late_is_what_belongs_to_a_finest_pane_that_has_closed() -> None:
    windows = _set((10, 0), (60, 0), (10, 1))
    _close(windows, 35)

    late = windows.is_late(*_keys((0, 29.9), (0, 30), (0, 36), (1, 0), (1, -0.1), (2, -1e6)))

    assert late.tolist() == [True, False, False, False, True, False]


def test_lookup_sees_open_panes_only() -> None:
    windows = _set((10, 0), (60, 0))
    _add(windows, (0, 1, 1.0, 1), (0, 11, 2.0, 1), (1, 1, NAN, 9))
    _close(windows, 10)

    found, value = windows.lookup(*_keys((0, 1), (0, 11), (1, 1), (1, 2)))

    assert found.tolist() == [False, True, True, False]
    np.testing.assert_array_equal(value, [NAN, 2.0, NAN, NAN])
    assert windows.lookup(*_keys())[0].tolist() == []


def test_a_flag_rewrite_counts_while_the_pane_is_open() -> None:
    windows = _set((10, 0))
    _add(windows, (0, 1, 1.0, 1), (0, 2, 50.0, 1), (0, 11, 2.0, 1))

    found = windows.reflag(*_keys((0, 2), (0, 3)), np.array([4, 4], np.uint8))
    batch, _ = _close(windows, 10)

    assert found.tolist() == [True, False]
    assert (batch.count.tolist(), batch.max.tolist(), batch.good.tolist()) == ([1], [1.0], [0.5])
    assert windows.reflag(*_keys((0, 1)), np.array([4], np.uint8)).tolist() == [False]


def test_what_add_was_given_stays_untouched() -> None:
    windows = _set((10, 0))
    flag = np.ones(1, np.uint8)
    windows.add(*_keys((0, 1)), np.array([1.0]), flag)

    windows.reflag(*_keys((0, 1)), np.array([4], np.uint8))

    assert flag.tolist() == [1]


def test_a_late_reading_taints_the_open_windows_above_and_they_come_out_dirty_as_they_close() -> None:
    """
    watermark at 35 s; a reading of second 5 arrives
    10 s   [closed]          marked by whoever calls
    60 s   [ x    |     )    tainted: dirty at 60
    900 s  [ x    |          )    and so on
    """
    windows = _set((10, 0))
    _add(windows, (0, 1, 1.0, 1))
    _close(windows, 35)
    windows.taint(*_keys((0, 5), (0, 7)))

    batch, dirty = _close(windows, 60)
    assert _listed(batch) == [(60, 0, 0, 1)]
    assert _marks(dirty) == [(0, 60, 0, 60, 60)]
    assert _marks(_close(windows, 899)[1]) == []
    batch, dirty = _close(windows, 6 * 3600)
    assert [row[0] for row in _listed(batch)] == [900, 3600, DAY]
    day = (0, DAY, -18 * 3600, 6 * 3600, 6 * 3600)
    assert _marks(dirty) == [(0, 900, 0, 900, 21600), (0, 3600, 0, 3600, 21600), day]
    assert len(_close(windows, 7 * 3600)[1]) == 0


def test_a_tainted_window_without_readings_is_reported_too() -> None:
    windows = _set((60, 0))
    _close(windows, 120)
    windows.taint(*_keys((0, 5)))

    batch, dirty = _close(windows, 900)

    assert len(batch) == 0
    assert _marks(dirty) == [(0, 900, 0, 900, 900)]


def test_windows_that_have_closed_are_not_tainted() -> None:
    windows = _set((60, 0))
    _close(windows, 900)

    windows.taint(*_keys((0, 5)))

    assert [mark[1] for mark in _marks(_close(windows, 20 * 3600)[1])] == [3600, DAY]


def test_a_series_that_moves_to_a_lane_behind_is_not_emitted_twice() -> None:
    windows = _set((10, 0), (10, 1))
    _add(windows, (0, 1, 1.0, 1))
    _close(windows, 30, 0)

    windows.set_lane(np.array([0], np.int32), np.array([1], np.int32))

    assert windows.is_late(*_keys((0, 2))).tolist() == [True]
    _add(windows, (0, 31, 2.0, 1))
    assert _listed(_close(windows, 100, 20)[0]) == []
    assert windows.is_late(*_keys((0, 25))).tolist() == [True]
    assert _listed(_close(windows, 100, 40)[0]) == [(10, 0, 30, 1)]


def test_a_series_that_moves_to_a_lane_ahead_closes_with_it() -> None:
    windows = _set((10, 0), (10, 1))
    _add(windows, (0, 1, 1.0, 1))
    _close(windows, 0, 40)

    windows.set_lane(np.array([0], np.int32), np.array([5], np.int32))
    assert _listed(_close(windows, 0, 40)[0]) == []
    windows.set_lane(np.array([0], np.int32), np.array([1], np.int32))

    assert _listed(_close(windows, 0, 40)[0]) == [(10, 0, 0, 1)]


def test_an_unknown_pane_is_refused() -> None:
    with pytest.raises(ValueError, match="finest pane"):
        _set((30, 0))


def test_a_set_without_series_closes_nothing() -> None:
    windows = WindowSet(np.empty(0, np.int64))

    batch, dirty = windows.close(np.empty(0, np.int64))

    assert len(batch) == len(dirty) == windows.open_readings == 0


def test_a_restored_set_is_the_same_set() -> None:
    windows = _set((10, 0), (60, 1))
    _add(windows, (0, 1, 1.0, 1), (0, 21, 2.0, 1), (1, 1, 3.0, 4), (1, 61, 9.0, 1))
    _close(windows, 10, 60)
    windows.taint(*_keys((0, 5)))

    state = windows.snapshot()
    again = WindowSet.restore(state)

    assert all(column.dtype.kind in "iuf" for column in state.values())
    assert again.open_readings == windows.open_readings
    assert again.closed_watermark.tolist() == windows.closed_watermark.tolist()
    for each in (windows, again):
        _add(each, (0, 22, 7.0, 1))
    (one, marks), (other, other_marks) = (_close(each, 900, 900) for each in (windows, again))
    assert _listed(one) == _listed(other)
    assert one.mean.tolist() == other.mean.tolist()
    assert _marks(marks) == _marks(other_marks) != []


def test_a_snapshot_is_a_copy() -> None:
    windows = _set((10, 0))
    _add(windows, (0, 1, 1.0, 1))
    state = windows.snapshot()

    windows.reflag(*_keys((0, 1)), np.array([4], np.uint8))
    _close(windows, 10)

    assert state["open_10_flag"].tolist() == [1]
    assert state["closed_watermark"].tolist() == [NEVER]


def test_longer_windows_take_at_most_1200_bytes_a_series() -> None:
    windows = WindowSet(EDGES)
    windows.add_series(np.full(20_000, 10, np.int32), np.zeros(20_000, np.int32))

    assert windows.nbytes / 20_000 < 1200
