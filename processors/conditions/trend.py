"""Trend: where a series is heading, and how long until it reaches a threshold if it goes on so. O(1) state a series.

    means of windows -> points of some windows each, at most 16, over the span    .  .
    slope   median of the slopes between all pairs of points (Theil-Sen)            .   .     each half of the span,
    level   median of the last three points, moved along the slope to now     older half .  . by itself, must fall too
                                                                                  newer half  .--.__ threshold
A median of slopes stays what it is while less than 29 % of the points are wild. A step, or one turn of a day, is no
trend: it moves one half of the span only. A point that is missing is left out; where too many are, nothing is known.

Source: Theil 1950, Sen, J. Am. Stat. Assoc. 63, 1968 (memory); the standard error is that of a least-squares slope
with the robust spread of the residuals in place of their deviation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8
from processors.conditions.pipeline.arrivals import Rows, group, turns
from processors.conditions.pipeline.robust import median, median_and_spread
from processors.conditions.pipeline.table import Table

__all__ = ["LEAST_POINTS", "Ahead", "Heading", "Trends", "nearing"]

LEAST_POINTS = 8
"""A span has at least so many windows."""
_MOST_POINTS = 16
_LAST = 3
"""Points that say where the series is now."""
_HOUR = 3.6e12
_NO_BLOCK = -(1 << 62)
_AT_ONCE = 1024
"""Series of which slopes are sorted together: 1 MB of pairs."""


@dataclass(frozen=True, slots=True)
class Heading:
    """(n,) each; NaN: not known."""

    level: F64
    """Where the trend puts the series now."""
    slope: F64
    """Of its unit an hour."""
    errors: F64
    """Standard errors that the slope is away from none."""
    steady: F64
    """Slope of the flatter half of the span, as a share of the whole slope; negative: that half goes the other way."""

    def take(self, rows: Rows) -> "Heading":
        """Some of them."""
        return Heading(self.level[rows], self.slope[rows], self.errors[rows], self.steady[rows])


class Trends:
    """Series are numbered from 0; each one's windows come in order of time, those of all in any split into calls."""

    def __init__(self, window_ns: int, span_ns: int) -> None:
        """Windows of so long; the trend is that of a span of at least LEAST_POINTS of them, rounded up to points."""
        windows = -(-span_ns // window_ns)
        each = -(-windows // _MOST_POINTS)
        self.points = -(-windows // each)
        self._window, self._block, self._least_of_block = window_ns, window_ns * each, (each + 1) // 2
        every, half = np.array(np.triu_indices(self.points, 1)), self.points - self.points // 2
        self._pairs = every, every[:, every[0] >= half], every[:, every[1] < half]
        """Of the span, of its newer and of its older half."""
        ring = (self.points,)
        self._table = Table({
            "block": ("int64", (), _NO_BLOCK), "count": ("int32", (), 0), "sum": ("float64", (), 0.0),
            "after": ("int64", (), 0), "ts": ("int64", ring, 0), "value": ("float64", ring, np.nan),
            "slope": ("float64", (), np.nan), "errors": ("float64", (), np.nan), "steady": ("float64", (), np.nan),
            "base": ("float64", (), np.nan), "base_ts": ("int64", (), 0),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` series."""
        self._table.grow(n)

    def step(self, series: I32, ts: I64, value: F64) -> Heading:
        """Take finite means of windows that end at `ts`; where each series is heading as of its row."""
        n = len(series)
        out = Heading(*(np.full(n, np.nan) for _ in range(4)))
        order = group(series)
        for turn in turns(series[order]):
            rows = order[turn]
            which, at = series[rows], ts[rows]
            self._gather(which, at, value[rows])
            t = self._table
            gone = (at - t["base_ts"][which]) / _HOUR
            out.level[rows] = t["base"][which] + t["slope"][which] * gone
            out.slope[rows], out.errors[rows] = t["slope"][which], t["errors"][which]
            out.steady[rows] = t["steady"][which]
        return out

    def _gather(self, which: I32, ts: I64, value: F64) -> None:
        """A window of each: it belongs to the point that is being made, or the next one begins with it."""
        t = self._table
        middle = ts - self._window // 2
        block = middle // self._block
        new = block != t["block"][which]
        if new.any():
            self._close(which[new], block[new])
        t["count"][which] += 1
        t["sum"][which] += value
        t["after"][which] += middle - block * self._block

    def _close(self, which: I32, block: I64) -> None:
        """The point that was being made of each is over; blocks without enough windows give none."""
        t = self._table
        count = t["count"][which]
        made = which[count >= self._least_of_block]
        t["ts"][made, :-1], t["value"][made, :-1] = t["ts"][made, 1:], t["value"][made, 1:]
        t["ts"][made, -1] = t["block"][made] * self._block + t["after"][made] // t["count"][made]
        t["value"][made, -1] = t["sum"][made] / t["count"][made]
        t["block"][which], t["count"][which], t["sum"][which], t["after"][which] = block, 0, 0.0, 0
        for begin in range(0, len(which), _AT_ONCE):
            self._fit(which[begin : begin + _AT_ONCE], block[begin : begin + _AT_ONCE])

    def _fit(self, which: I32, block: I64) -> None:
        """Slope and all that goes with it, from the points of the span before `block`."""
        t, half = self._table, self.points // 2
        ts, value = self._by_age(which, block)
        known = np.isfinite(value)
        n = known.sum(axis=1)
        newer = known[:, -half:].sum(axis=1)
        few = (n * 3 < self.points * 2) | (newer * 2 < half) | ((n - newer) * 2 < half)
        newest = t["ts"][which, -1]
        hours = np.where(known, ts - newest[:, None], 0) / _HOUR
        slope, *halves = (_middle_slope(hours, value, known, pairs) for pairs in self._pairs)
        line = value - slope[:, None] * hours
        _, scatter = median_and_spread(line, n)
        last = np.where(known & (known[:, ::-1].cumsum(axis=1)[:, ::-1] <= _LAST), line, np.nan)
        base = median(last, np.minimum(n, _LAST))
        spread = np.where(known, hours - (hours.sum(axis=1) / np.maximum(n, 1))[:, None], 0.0)
        error = scatter / np.sqrt(np.maximum((spread**2).sum(axis=1), 1e-12))
        flat = slope == 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = np.where(flat, 0.0, np.abs(slope) / error)
            steady = np.where(flat, 0.0, np.minimum(halves[0] / slope, halves[1] / slope))
        for name, column in {"slope": slope, "errors": errors, "steady": steady, "base": base}.items():
            t[name][which] = np.where(few, np.nan, column)
        t["base_ts"][which] = newest

    def _by_age(self, which: I32, block: I64) -> tuple[I64, F64]:
        """Times and values of the points, the column of each by its age; NaN where one is missing."""
        ts, value = self._table["ts"][which], self._table["value"][which]
        column = self.points - (block[:, None] - ts // self._block)
        row, at = np.nonzero((column >= 0) & np.isfinite(value))
        placed, values = np.zeros_like(ts), np.full_like(value, np.nan)
        placed[row, column[row, at]], values[row, column[row, at]] = ts[row, at], value[row, at]
        return placed, values

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)


def _middle_slope(hours: F64, value: F64, known: NDArray[np.bool_], pairs: Rows) -> F64:
    """Median of the slopes between pairs (2, k) of columns."""
    a, b = pairs
    both = known[:, a] & known[:, b]
    slopes = (value[:, b] - value[:, a]) / np.where(both, hours[:, b] - hours[:, a], 1.0)
    return median(slopes, both.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Ahead:
    """When a trend is told of. What stands already stands on under easier terms: half the errors and half the share."""

    hours: float
    """Told when the threshold is so near or nearer ..."""
    hold: float = 1.5
    """... and until it is so many times as far."""
    errors: float = 6.0
    """Standard errors that a slope is away from none."""
    steady: float = 0.5
    """Share of the whole slope that each half of the span shows by itself."""
    deadband: float = 0.0
    """A value nearer to the threshold than this is not told of, though what stands already stands on."""


def nearing(heading: Heading, value: F64, high: F64, low: F64, ahead: Ahead) -> tuple[U8, U8, F64]:
    """Whether a threshold will be reached.

    Parameters
    ----------
    heading : of each series; value : its newest mean, by which a threshold is crossed or not.
    high, low : reached from below, from above; NaN: no such threshold.

    Returns
    -------
    level, held : 1 or 0, see signals.py. A crossed threshold is 0: it isn't ahead any more.
    hours : until the nearer threshold, 0 where the trend is beyond it already; NaN: none is ahead, or not known.

    Examples
    --------
    >>> falls = Heading(np.array([3.5]), np.array([-0.01]), np.array([20.0]), np.array([0.9]))
    >>> level, held, hours = nearing(falls, np.array([3.5]), np.array([np.nan]), np.array([3.3]), Ahead(24.0))
    >>> level.tolist(), held.tolist(), hours.round(6).tolist()
    ([1], [1], [20.0])
    """
    up = heading.slope > 0
    limit = np.where(up, high, low)
    sign = np.where(up, 1.0, -1.0)
    apart = sign * (limit - value)
    moving = heading.slope != 0
    left = np.maximum(sign * (limit - heading.level), 0.0) / np.where(moving, np.abs(heading.slope), 1.0)
    hours: F64 = np.where(moving & (apart > 0), left, np.nan)
    told = (hours <= ahead.hours) & (heading.errors >= ahead.errors) & (heading.steady >= ahead.steady)
    still = (hours <= ahead.hours * ahead.hold) & (heading.errors >= ahead.errors / 2)
    still &= heading.steady >= ahead.steady / 2
    return (told & (apart > ahead.deadband)).astype(np.uint8), still.astype(np.uint8), hours
