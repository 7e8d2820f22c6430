"""Which finest panes late readings change."""

from typing import Any

import numpy as np

from processors.columns import DirtyPanes
from processors.windows.window_set import WindowSet

__all__ = ["late_panes"]

_SECOND = 1_000_000_000


def late_panes(windows: WindowSet, series: Any, ts: Any) -> DirtyPanes:
    """The panes that hold `ts` of `series`, each once, with how far their series are closed."""
    length = windows.pane_secs[series].astype(np.int64) * _SECOND
    keys = np.unique(np.stack([series.astype(np.int64), ts - ts % length]), axis=1)
    which, start = keys[0].astype(np.int32), keys[1]
    step = windows.pane_secs[which]
    end = start + step.astype(np.int64) * _SECOND
    return DirtyPanes.of(series=which, step=step, start=start, end=end, watermark=windows.closed[which])
