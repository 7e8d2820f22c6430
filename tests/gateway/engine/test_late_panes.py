"""Late readings dirty the finest pane that each is of, once."""

import numpy as np

from gateway.engine.late_panes import late_panes
from processors.windows.window_set import WindowSet

SECOND = 1_000_000_000


def test_readings_of_one_pane_dirty_it_once_and_of_two_series_each_its_own() -> None:
    windows = WindowSet(np.empty(0, np.int64))
    windows.add_series(np.array([10, 60], np.int32), np.array([0, 0], np.int32))
    series = np.array([0, 0, 1, 0], np.int32)
    ts = np.array([61, 69, 61, 70], np.int64) * SECOND
    found = late_panes(windows, series, ts)
    panes = zip(found.series.tolist(), (found.start // SECOND).tolist(), (found.end // SECOND).tolist(), strict=True)
    assert list(panes) == [(0, 60, 70), (0, 70, 80), (1, 60, 120)]
