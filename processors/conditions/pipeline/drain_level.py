"""Drains: how full is the pipe, how near is the water to the street, and how fast does it rise?

    ====== street ======  ground   --+ margin
           |     |                 --+-- OVERFLOW_RISK at or above
           |shaft|
    _______|     |_______ crown      --- SURCHARGE above (filling degree over 1)
    pipe    level                    --- HIGH at or above a filling degree
    ------------------------ invert = 0: levels, diameter and ground height are metres above it

Source: filling degree = level / diameter, over 1 is surcharge (usual terms of sewer hydraulics, by geometry). No
numeric standard was found: high degree, margin and rate are set for each site (design choice; 0.8 and 0.5 m, for
example: pipes are laid out for partial filling, 0.55 to 0.75 in GB 50014 (memory)).
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import Rows, fresh_rows
from processors.conditions.pipeline.history import History
from processors.conditions.pipeline.levels import I8, UNKNOWN
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["DrainLevel", "RiseRate", "drain_level", "filling_degree"]

_HOUR = 3600e9


class DrainLevel(IntEnum):
    """How far the water has come."""

    UNKNOWN = UNKNOWN
    FREE = 0
    HIGH = 1
    SURCHARGE = 2
    OVERFLOW_RISK = 3


def filling_degree(level: F64, diameter: float | F64) -> F64:
    """Level over pipe diameter, both m above the invert; NaN where either is missing.

    Examples
    --------
    >>> filling_degree(np.array([0.3, 0.9]), 0.6).tolist()
    [0.5, 1.5]
    """
    degree: F64 = level / np.where(np.asarray(diameter) > 0, diameter, np.nan)
    return degree


def drain_level(
    level: F64, diameter: float | F64, ground: float | F64, margin: float | F64, high: float | F64 = np.inf
) -> I8:
    """Return the state (`DrainLevel`) of each drain.

    Parameters
    ----------
    level : any shape, m above the pipe's invert; NaN where missing.
    diameter : m; the others broadcast to `level`. NaN where there is no pipe (the well of a pump station) or it is not
        known: then only the risk of overflow is judged.
    ground : height of the street above the invert, m; NaN where not known: then only the pipe is judged.
    margin : distance below the street from which on overflow threatens, m.
    high : filling degree from which on a pipe that does not surcharge is high.

    Returns
    -------
    int8. `UNKNOWN` where the level is missing, or nothing is known to compare it with. A drain of which one of the two
    is known is judged by that alone: `FREE` says no more than that it has not come so far.

    Examples
    --------
    >>> drain_level(np.array([0.3, 0.5, 0.7, 2.5, np.nan]), 0.6, 3.0, 0.5, 0.8).tolist()
    [0, 1, 2, 3, -1]
    """
    filling = filling_degree(level, diameter)
    street = np.asarray(ground) - margin
    known = ~np.isnan(filling) | ~np.isnan(level - street)
    state: NDArray[np.int64] = np.where(known, DrainLevel.FREE, DrainLevel.UNKNOWN)
    state = np.where(filling >= high, DrainLevel.HIGH, state)
    state = np.where(filling > 1, DrainLevel.SURCHARGE, state)
    return np.where(level >= street, DrainLevel.OVERFLOW_RISK, state).astype(np.int8)


class RiseRate:
    """How fast a level rises (m/h), over a time that hardly depends on how often readings come.

        . . x | .  . x | . . x |  . . x | . . t      x: the last of its bucket, kept; a bucket is a part of `over`
            |<----------- over --------->|           rate = (level(t) - level(x)) / (t - x),
                                                     with the newest x that is `over` old or older

    12 bytes a drain, and 16 for each of `parts + 2`.
    """

    def __init__(self, over: int, longest: int, parts: int = 4) -> None:
        """`over` (ns): the time, met to two of its `parts`; `longest` (ns): an older level is no base."""
        self._over = over
        self._longest = longest
        self._bucket = max(over // parts, 1)
        self._depth = parts + 1
        self._kept = History(self._depth + 1)  # one more, for the last may be of a bucket that is not over
        self._table = Table({"last": ("int64", (), NEVER)})

    def grow(self, n: int) -> None:
        """Know `n` drains."""
        self._table.grow(n)
        self._kept.grow(n)

    def update(self, drain: I32, ts: I64, level: F64) -> F64:
        """Rate of rise (m/h) at each reading, taken in order of arrival.

        NaN for a missing level, one no newer than the drain's last, and where nothing old enough, or only something too
        old, is known.
        """
        rate = np.full(len(drain), np.nan)
        given = np.flatnonzero(np.isfinite(level))
        rows = given[fresh_rows(drain[given], ts[given], self._table["last"])]
        if not len(rows):
            return rate
        joined = self._kept.join(drain[rows], ts[rows], level[rows])
        bucket = joined.ts // self._bucket
        ends = np.ones(len(bucket), np.bool_)
        ends[:-1] = (bucket[1:] != bucket[:-1]) | (joined.subject[1:] != joined.subject[:-1])
        base = np.flatnonzero(ends)
        before: Rows = np.cumsum(ends) - ends  # bases before each row; all of them in earlier buckets
        first, before = before[joined.begin[joined.at]], before[joined.at]
        now, value = ts[rows], level[rows]
        found = np.full(len(rows), np.nan)
        open_ = np.ones(len(rows), np.bool_)
        for lag in range(1, self._depth + 1):
            at = before - lag
            row = base[np.maximum(at, 0)]
            age = now - joined.ts[row]
            fits = open_ & (at >= first) & (age >= self._over)
            use = fits & (age <= self._longest)
            found[use] = (value - joined.value[row])[use] / (age[use] / _HOUR)
            open_ &= ~fits
        rate[rows] = found
        self._kept.keep(joined.subject[base], joined.ts[base], joined.value[base])
        return rate

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return {**self._table.snapshot(), **self._kept.snapshot()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
        self._kept.restore(state)
