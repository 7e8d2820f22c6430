"""All windows of a set of readings at once, as an in-order run over them emits them: what revisions are made of."""

import numpy as np

from processors.columns import F64, I32, I64, U8, AggregateBatch
from processors.windows.window_set import WindowSet

__all__ = ["recompute"]


def recompute(
    series: I32, ts: I64, value: F64, flag: U8, pane_secs: I32, day_edges: I64, until: I64 | int
) -> AggregateBatch:
    """Compute every window of these readings that ends at or before `until`.

    Parameters
    ----------
    series, ts, value, flag : (n,) readings in any order, each (series, ts) once; series are 0..m-1.
    pane_secs : (m,) finest pane of each series in seconds.
    day_edges : sorted UTC ns of local midnights.
    until : UTC ns, one for all or (m,) one a series.

    Returns
    -------
    Aggregates in order of (end, step, series), revision 0; bit-equal to what a `WindowSet` emits that was given the
    same readings in any batches.
    """
    m = len(pane_secs)
    windows = WindowSet(day_edges)
    windows.add_series(pane_secs, np.arange(m, dtype=np.int32))
    windows.add(series, ts, value, flag)
    return windows.close(np.broadcast_to(np.asarray(until, np.int64), (m,)))[0]
