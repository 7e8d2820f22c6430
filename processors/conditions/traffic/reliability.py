"""How reliable a road's travel time is: travel-time, planning-time and buffer index.

    travel time   |------ free flow ------|--- mean ---|------- 95th percentile -------|
    TTI = mean / free flow      PTI = P95 / free flow      BI = (P95 - mean) / mean

Sources: FHWA Urban Congestion Report, documentation (TTI, PTI; there over peak periods: pass those only); buffer index:
ARC-IT performance measure 18. Percentiles run linearly between samples, as numpy's default.
"""

from dataclasses import dataclass

import numpy as np

from processors.columns import F64, I64

__all__ = ["Reliability", "reliability"]


@dataclass(frozen=True, slots=True)
class Reliability:
    """One row a segment; ratios, NaN where not known."""

    travel_time_index: F64
    planning_time_index: F64
    buffer_index: F64
    count: I64
    """Travel times used."""


def reliability(travel_time: F64, free_flow_time: float | F64, share: float = 0.95, least: int = 1) -> Reliability:
    """Indices of many segments from their travel times.

    Parameters
    ----------
    travel_time : (segments, samples), any unit of time; NaN (missing), infinite and not above 0 is left out.
    free_flow_time : (segments,) or one, same unit: length / free-flow speed. Not above 0 or NaN: not known, and so are
        the first two indices; the buffer index does without.
    share : the near-worst case, as a quantile.
    least : samples below which a segment gets NaN.

    Examples
    --------
    >>> made = reliability(np.array([[10.0, 10.0, 20.0, np.nan]]), 8.0, share=1.0)
    >>> made.travel_time_index.round(3), made.planning_time_index, made.buffer_index.round(3), made.count
    (array([1.667]), array([2.5]), array([0.5]), array([3]))
    """
    segments = len(travel_time)
    used = (travel_time > 0) & (travel_time < np.inf)
    count: I64 = used.sum(axis=1, dtype=np.int64)
    enough = count >= max(least, 1)
    none = np.full(segments, np.nan)
    mean = np.divide(np.where(used, travel_time, 0.0).sum(axis=1), count, out=none.copy(), where=enough)
    late = none.copy()
    if enough.any():
        ordered = np.sort(np.where(used, travel_time, np.inf), axis=1)
        rows = np.flatnonzero(enough)
        rank = share * (count[rows] - 1)
        low = np.floor(rank).astype(np.int64)
        a, b = ordered[rows, low], ordered[rows, np.minimum(low + 1, count[rows] - 1)]
        late[rows] = a + (b - a) * (rank - low)
    free = np.broadcast_to(np.asarray(free_flow_time, np.float64), segments)
    by_free = enough & (free > 0)
    return Reliability(
        np.divide(mean, free, out=none.copy(), where=by_free),
        np.divide(late, free, out=none.copy(), where=by_free),
        np.divide(late - mean, mean, out=none, where=enough),
        count,
    )
