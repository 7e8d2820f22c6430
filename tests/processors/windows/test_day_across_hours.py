"""Days that begin between whole hours, of series whose finest pane is the hour.

hours    [22:00   [23:00   [00:00      UTC
days     ------------|---- 23:30       an hour belongs to the day it begins in, so the day waits for it
"""

import numpy as np

from processors.flags import Flag
from processors.windows.day import DAY, SECOND
from processors.windows.window_set import WindowSet

HOUR = 3600 * SECOND
EDGES = np.array([-HOUR // 2, 47 * HOUR // 2, 95 * HOUR // 2], np.int64)


def _hourly(step_secs: int) -> tuple[WindowSet, list[tuple[int, int]]]:
    """Days (start, count) of two days with a reading an hour, as the watermark goes on by `step_secs`."""
    windows = WindowSet(EDGES)
    windows.add_series(np.array([3600], np.int32), np.array([0], np.int32))
    ts = np.arange(0, 48) * HOUR + HOUR // 4
    windows.add(np.zeros(48, np.int32), ts, np.arange(48.0), np.full(48, Flag.GOOD, np.uint8))
    days: list[tuple[int, int]] = []
    for watermark in range(0, 50 * HOUR, step_secs * SECOND):
        closed = windows.close(np.array([watermark], np.int64))[0]
        day = closed.take(closed.step == DAY)
        days += zip(day.start.tolist(), day.count.tolist(), strict=True)
    return windows, days


def test_a_day_is_given_once_with_its_last_hour() -> None:
    expected = [(int(EDGES[0]), 24), (int(EDGES[1]), 24)]
    assert _hourly(60)[1] == expected
    assert _hourly(7 * 3600)[1] == expected


def test_a_late_reading_taints_the_day_until_its_last_hour_has_closed() -> None:
    windows = WindowSet(EDGES)
    windows.add_series(np.array([3600], np.int32), np.array([0], np.int32))
    windows.close(np.array([EDGES[1] + 60 * SECOND], np.int64))
    windows.taint(np.zeros(1, np.int32), np.array([20 * HOUR], np.int64))
    assert not len(windows.close(np.array([EDGES[1] + 600 * SECOND], np.int64))[1])
    dirty = windows.close(np.array([24 * HOUR], np.int64))[1]
    assert (dirty.step.tolist(), dirty.start.tolist()) == ([DAY], [int(EDGES[0])])
