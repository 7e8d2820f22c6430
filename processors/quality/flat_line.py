"""Flat line: has a series stayed within a tolerance for too long?

    value  |        . . . . . . . . .        } tolerance
           |  .  .' |<--- lasted --->|
           +-----------------------------    a run begins with the first reading that its range can't hold

A run begins with the reading that would have made the range (max - min) of the run before wider than the tolerance; a
gap longer than `longest_gap` begins one too, for nobody knows what was in between. With tolerance 0 a run is exactly
the readings equal to the last one. With more, it never says flat where a window of that length is not, and may begin
after that window does: it forgets readings that fit with this one but not with those before them.

Source: QARTOD flat line test (IOOS Manual for Real-Time Quality Control, test 8; number from memory); range and times
as in ioos_qc `flat_line_test` (commit 9c1853a), where a tolerance of 0 never flags and times become counts by the
median interval.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64, U8, U32
from processors.flags import Why
from processors.quality.previous import NEVER, Ordered, Rows
from processors.quality.state import State
from processors.quality.verdict import Limit, is_set, verdict

__all__ = ["FlatLine", "flat_line"]

_SECOND = 1e9
_MOST = 65_535

Mask = NDArray[np.bool_]


def flat_line(
    lasted: F64, count: I64, missing: Mask, suspect: Limit, fail: Limit, least: int | I64 | F64
) -> tuple[U8, U32]:
    """Flag each reading whose run has lasted long enough.

    Parameters
    ----------
    lasted : (n,), seconds from the first reading of the run to this one (see `FlatLine`).
    count : (n,), values in the run so far.
    missing : (n,), where the reading has no value.
    suspect, fail : how long a run may not last, in seconds; NaN where there is none. They broadcast.
    least : values that make a run: two equal ones far apart are no flat line.

    Returns
    -------
    flag, why : (n,). UNKNOWN where there is no threshold.

    Examples
    --------
    >>> lasted, count = np.array([0.0, 60.0, 120.0]), np.array([1, 2, 3])
    >>> flag, why = flat_line(lasted, count, np.zeros(3, bool), suspect=120.0, fail=600.0, least=3)
    >>> flag.tolist(), why.tolist()
    ([1, 1, 3], [0, 0, 256])
    """
    known = np.broadcast_to(is_set(suspect, fail), lasted.shape)
    enough = count >= least
    return verdict(known, enough & (lasted >= suspect), enough & (lasted >= fail), missing, Why.FLAT_LINE)


class FlatLine:
    """The current run of each series: 26 bytes."""

    def __init__(self) -> None:
        self._state = State(
            {
                "start": ("int64", 0, NEVER),
                "low": ("float64", 0, np.nan),
                "high": ("float64", 0, np.nan),
                "count": ("uint16", 0, 0),
            }
        )

    def grow(self, n: int) -> None:
        """Have `n` series."""
        self._state.grow(n)

    def update(self, ordered: Ordered, tolerance: Limit, longest_gap: Limit) -> tuple[F64, I64]:
        """Follow the runs through the readings: how many seconds each run has lasted then, and how many values it has.

        `tolerance` (unit of the value) and `longest_gap` (s, NaN where none) broadcast to the readings (n,). Missing
        values neither end a run nor count.
        """
        n = len(ordered)
        if not n:
            return np.empty(0), np.empty(0, np.int64)
        if ordered.head.all():
            return self._one_each(ordered, tolerance, longest_gap)
        state, value, begin = self._state, ordered.value, ordered.begin
        first = ordered.series[begin]
        tolerance = np.broadcast_to(np.asarray(tolerance, np.float64), n)
        forced = (ordered.since > longest_gap) | np.isnan(ordered.since)
        # what the run that came in from earlier batches has seen, as if the series' first reading had
        low, high = value.copy(), value.copy()
        low[begin] = np.fmin(value[begin], state["low"][first])
        high[begin] = np.fmax(value[begin], state["high"][first])
        goes_on = np.zeros(n, np.bool_)
        with np.errstate(invalid="ignore", over="ignore"):
            goes_on[begin] = (
                ~(high[begin] - low[begin] > tolerance[begin]) & ~forced[begin] & (state["count"][first] > 0)
            )
            fresh = begin[~goes_on[begin]]
            low[fresh] = high[fresh] = value[fresh]
            segment = forced | ordered.head
            starts = segment & ~goes_on
            if n > len(begin):
                starts |= _starts(value, low, high, segment, tolerance)
        # the run that a reading belongs to; one that came in has the series' first reading for a start here
        root = starts | ordered.head
        at = np.flatnonzero(root)
        run = np.cumsum(root) - 1
        valid = ~np.isnan(value)
        upto = np.cumsum(valid)
        begun = ordered.ts[at]
        held = upto[at] - valid[at]
        came_in = at[goes_on[at]]
        of = ordered.series[came_in]
        begun[run[came_in]] = state["start"][of]
        held[run[came_in]] -= state["count"][of]
        empty = np.flatnonzero(~valid[at] & ~goes_on[at])
        if len(empty):  # such a run begins with its first value
            begun[empty] = ordered.ts[np.minimum(np.searchsorted(upto, upto[at[empty]] + 1), n - 1)]
        count = upto - held[run]
        lasted = (ordered.ts - begun[run]) / _SECOND

        end = ordered.end
        last = run[end]
        state["low"][first] = np.fmin.reduceat(low, at)[last]
        state["high"][first] = np.fmax.reduceat(high, at)[last]
        state["start"][first] = np.where(count[end] > 0, begun[last], NEVER)
        state["count"][first] = np.minimum(count[end], _MOST)
        return lasted, count

    def _one_each(self, ordered: Ordered, tolerance: Limit, longest_gap: Limit) -> tuple[F64, I64]:
        """The same where no series has two readings, as mostly: no run begins or ends between them."""
        state, series, value = self._state, ordered.series, ordered.value
        held = state["count"][series].astype(np.int64)
        low, high = np.fmin(value, state["low"][series]), np.fmax(value, state["high"][series])
        with np.errstate(invalid="ignore", over="ignore"):
            goes_on = ~(high - low > tolerance) & ~(ordered.since > longest_gap) & ~np.isnan(ordered.since) & (held > 0)
        ended = ~goes_on
        low[ended] = high[ended] = value[ended]
        held[ended] = 0
        count = held + ~np.isnan(value)
        start = np.where(held > 0, state["start"][series], ordered.ts)
        state["low"][series], state["high"][series] = low, high
        state["start"][series] = np.where(count > 0, start, NEVER)
        state["count"][series] = np.minimum(count, _MOST)
        return (ordered.ts - start) / _SECOND, count

    def forget(self, series: Rows) -> None:
        """End the runs of `series`: they are no longer followed."""
        self._state.reset(series)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state's columns."""
        return self._state.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the one that gave `state`."""
        self._state.restore(state)


def _starts(value: F64, low: F64, high: F64, segment: Mask, tolerance: F64) -> Mask:
    """Where runs begin within segments (series, or parts of one between gaps), without a loop over readings.

    `low`, `high` are `value` but where a run comes in. From each reading, doubling steps lead to the first one that no
    longer fits into a run begun there; the runs that there are follow from the segments' first readings by doubling.
    """
    n = len(value)
    index = np.arange(n)
    head = np.flatnonzero(segment)
    size = np.diff(head, append=n)
    stop = np.repeat(head + size, size)
    # lows[k][i]: the lowest of the 2**k values from i on
    lows, highs = [value], [value]
    while 2 << (len(lows) - 1) < int(size.max()):
        step = 1 << (len(lows) - 1)
        below, above = lows[-1].copy(), highs[-1].copy()
        np.fmin(below[:-step], lows[-1][step:], out=below[:-step])
        np.fmax(above[:-step], highs[-1][step:], out=above[:-step])
        lows.append(below)
        highs.append(above)
    low, high = low.copy(), high.copy()
    upto: Rows = index + 1
    for k in reversed(range(len(lows))):
        at = np.minimum(upto, n - 1)
        lower, higher = np.fmin(low, lows[k][at]), np.fmax(high, highs[k][at])
        fits = (upto + (1 << k) <= stop) & ~(higher - lower > tolerance)
        low, high = np.where(fits, lower, low), np.where(fits, higher, high)
        upto = np.where(fits, upto + (1 << k), upto)
    leads = np.append(np.where(upto < stop, upto, n), n)
    starts = np.append(segment, False)
    while True:
        starts[leads[:-1][starts[:-1]]] = True
        starts[n] = False
        if (leads == n).all():
            break
        leads = leads[leads]
    begins: Mask = starts[:-1] & ~segment
    return begins
