"""Where windows begin and end: UTC multiples of a step, except the local day, whose edges come in as an array.

         edges[k]                     edges[k+1]            edges[k+2]
    ----[ day of 24 h                [ day of 23 or 25 h   [ ...          start inclusive, end exclusive

Nothing here knows a time zone: whoever calls has turned local midnights into sorted UTC nanoseconds.
"""

import numpy as np

from processors.columns import I32, I64

__all__ = ["DAY", "SECOND", "day_bounds", "local_hours", "window_bounds"]

SECOND = 1_000_000_000
"""Nanoseconds."""
DAY = 86_400
"""The step (s) that means the local day; it may last 23 or 25 hours."""


def day_bounds(ts: I64, edges: I64) -> tuple[I64, I64]:
    """Start and end of the local day that holds each of `ts`.

    Parameters
    ----------
    ts : (n,) UTC ns.
    edges : sorted UTC ns of local midnights. Before the first and after the last of them a day is 24 h long, counted
        from that edge; without any edge, days are UTC days.
    """
    length = DAY * SECOND
    if not len(edges):
        start = ts - ts % length
        return start, start + length
    at = np.searchsorted(edges, ts, side="right") - 1
    within = (at >= 0) & (at < len(edges) - 1)
    near = np.clip(at, 0, max(len(edges) - 2, 0))
    anchor = np.where(at < 0, edges[0], edges[-1])
    outside = ts - (ts - anchor) % length
    start = np.where(within, edges[near], outside)
    end = np.where(within, edges[np.minimum(near + 1, len(edges) - 1)], outside + length)
    return start, end


def local_hours(ts: I64, edges: I64) -> I32:
    """Hour of the local day, 0 to 23, that a clock on the wall shows at each of `ts`.

    Edges say that a day has 23 or 25 hours, not when its clock changes. From 3 h after midnight on hours are counted
    back from the next midnight, so that its morning and evening are right whenever at night that is.

    Parameters
    ----------
    ts, edges : as in `day_bounds`.

    Examples
    --------
    >>> local_hours(np.array([0, 13 * 3600]) * SECOND, np.array([0, 23 * 3600, 47 * 3600]) * SECOND).tolist()
    [0, 14]
    """
    start, end = day_bounds(ts, edges)
    hour = 3600 * SECOND
    since, left = ts - start, end - ts
    shown = np.where(since < 3 * hour, since // hour, 23 - (left - 1) // hour)
    return np.clip(shown, 0, 23).astype(np.int32)


def window_bounds(ts: I64, step: int, edges: I64) -> tuple[I64, I64]:
    """Start and end of the window of `step` seconds that holds each of `ts`."""
    if step == DAY:
        return day_bounds(ts, edges)
    length = step * SECOND
    start = ts - ts % length
    return start, start + length
