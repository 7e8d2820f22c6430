"""Minimum night flow (MNF): the least that flows into a district metered area (DMA) while nearly everybody sleeps.

    local time   00:00    02:00 [ . . . . . . . . . . . . ] 05:00        12 flows of 15 min on most days, 8 or 16 of
                                  |_____|                                a day on which clocks change within the window
                                    |_____|      mean of 4 flows in a row, each night's least = MNF
    leakage = MNF - legitimate night use

Source: least moving mean of 4 consecutive 15-min flows, with a least share of points (i2O: 92 of 96 over a day; the
caller sets it). Window 02-04 h (IWA text) or 02-05 h (Bentley). Legitimate use: 10-30 % of MNF if nothing is known
(Bentley); about 6 % of people are active, homes take 1.3-2.5 and others 3.3-7.1 L/user/h (Unife 2025).

Nothing here knows a time zone: windows come in as UTC ns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import Rows, fresh_rows
from processors.conditions.pipeline.history import History
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["NightFlow", "NightFlows", "legitimate_use", "night_leakage"]


@dataclass(frozen=True, slots=True)
class NightFlows:
    """A row a (DMA, night that is over), by DMA and time.

    `flow` is the MNF, NaN where too little of the night is known; `points` how many flows had a value, `coverage` their
    share of those that the window holds.
    """

    dma: I32
    start: I64
    end: I64
    flow: F64
    points: I32
    coverage: F64


class NightFlow:
    """The night under way of many DMAs. A DMA counts from its first row on; 80 bytes each.

    Every night after that comes out once, a night without any flow with coverage 0 and NaN.
    """

    def __init__(self, step: int, width: int = 4) -> None:
        """`step` (ns): length of a flow's window; `width`: how many make a mean."""
        self._step = step
        self._width = width
        self._recent = History(width - 1)
        self._table = Table({
            "last": ("int64", (), NEVER),  # start of the newest flow
            "done": ("int64", (), NEVER),  # start of the newest night that came out, or of the last before the DMA
            "points": ("int32", (), 0),
            "least": ("float64", (), np.nan),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` DMAs."""
        self._table.grow(n)
        self._recent.grow(n)

    def update(
        self, dma: I32, start: I64, flow: F64, window_start: I64, window_end: I64, least_coverage: float | F64
    ) -> NightFlows:
        """Take flows in order of time; the nights that are over by them.

        Parameters
        ----------
        dma, start, flow : (n,) mean flow (m3/h) of [start, start + step), NaN where missing. Rows no newer than the
            DMA's last are passed over: days are corrected from stored flows, not here.
        window_start, window_end : (nights,) UTC ns of the night windows, ascending; they may touch, not overlap.
            They may move on from call to call, but must hold every night that is not out yet.
        least_coverage : least share of the window's flows; float or (DMAs,).

        Returns
        -------
        Nights that end by the start of a DMA's newest row. Call `close` for those of silent DMAs.
        """
        rows = fresh_rows(dma, start, self._table["last"])
        of, at, value = dma[rows], start[rows], flow[rows]
        new = np.unique(of[self._table["done"][of] == NEVER])
        if len(new):
            first = at[np.searchsorted(of, new)]
            self._table["done"][new] = _start_of(_over_by(window_end, first), window_start)
        night = np.searchsorted(window_start, at, side="right") - 1
        inside = (night >= 0) & np.isfinite(value)
        if len(window_end):
            inside &= at + self._step <= window_end[night]
        else:
            inside[:] = False
        active = np.unique(of)
        upto = _over_by(window_end, self._table["last"][active])
        return self._take(
            active, upto, of[inside], at[inside], value[inside], night[inside], window_start, window_end, least_coverage
        )

    def close(self, until: int, window_start: I64, window_end: I64, least_coverage: float | F64) -> NightFlows:
        """Nights that end by `until` and did not come out yet: flows that come now are too late for them."""
        known = np.flatnonzero(self._table["done"] != NEVER).astype(np.int32)
        upto = _over_by(window_end, np.full(len(known), until))
        over = upto >= 0
        last = self._table["last"]
        last[known[over]] = np.maximum(last[known[over]], window_end[upto[over]] - self._step)
        nothing = np.empty(0, np.int64)
        return self._take(
            known, upto, nothing.astype(np.int32), nothing, np.empty(0), nothing, window_start, window_end,
            least_coverage,
        )  # fmt: skip

    def _take(
        self, active: I32, upto: Rows, of: I32, at: I64, value: F64, night: Rows, window_start: I64, window_end: I64,
        least_coverage: float | F64,
    ) -> NightFlows:  # fmt: skip
        """Add flows inside windows, give out the nights of `active` up to number `upto`, and keep the rest."""
        after = np.searchsorted(window_start, self._table["done"][active], side="right")  # first night not out yet
        row = np.searchsorted(active, of)
        open_ = (night >= after[row]) & (night <= upto[row] + 1)  # all, unless windows have been moved
        of, at, value, night, row = of[open_], at[open_], value[open_], night[open_], row[open_]
        mean, mean_of = self._means(of, at, value, window_start, night)
        size = np.maximum(upto + 1 - after, 0)
        # a table of nights from the first open one on: those to give out, and one under way
        width = size + 1
        begin = np.cumsum(width) - width
        points, least = np.zeros(int(width.sum()), np.int64), np.full(int(width.sum()), np.nan)
        points[begin], least[begin] = self._table["points"][active], self._table["least"][active]
        slot = begin[row] + night - after[row]
        points += np.bincount(slot, minlength=len(points))
        np.fmin.at(least, slot[mean_of], mean)
        under_way = begin + size
        self._table["points"][active], self._table["least"][active] = points[under_way], least[under_way]
        gives = size > 0
        self._table["done"][active[gives]] = window_start[upto[gives]]
        out = np.ones(len(points), np.bool_)
        out[under_way] = False
        owner = np.repeat(np.arange(len(active)), size)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size) + after[owner]
        due = np.maximum((window_end[number] - window_start[number]) // self._step, 1)
        coverage = points[out] / due
        wanted = np.broadcast_to(least_coverage, len(self._table))[active[owner]]
        result = np.where(coverage >= wanted, least[out], np.nan)
        return NightFlows(
            active[owner], window_start[number], window_end[number], result, points[out].astype(np.int32), coverage
        )

    def _means(self, of: I32, at: I64, value: F64, window_start: I64, night: Rows) -> tuple[F64, Rows]:
        """Means of `width` flows in a row within one night, and the row at which each is complete."""
        joined = self._recent.join(of, at, value)
        total, whole = value.copy(), np.ones(len(value), np.bool_)
        for lag in range(1, self._width):
            before, there = joined.lagged(lag)
            total += joined.value[before]
            whole &= there & (at - joined.ts[before] == lag * self._step)
        if len(of):
            self._recent.keep(joined.subject, joined.ts, joined.value)
            whole &= at - (self._width - 1) * self._step >= window_start[night]
        return total[whole] / self._width, np.flatnonzero(whole)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return {**self._table.snapshot(), **self._recent.snapshot()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
        self._recent.restore(state)


def _over_by(window_end: I64, ts: I64) -> Rows:
    """Number of the newest night that is over at each time, -1 before the first."""
    return np.searchsorted(window_end, ts, side="right") - 1


def _start_of(number: Rows, window_start: I64) -> I64:
    """Start of nights by number; a time before all for -1."""
    before_all = np.where(number < 0, NEVER + 1, 0)
    if not len(window_start):
        return before_all
    start: I64 = np.where(number < 0, before_all, window_start[number])
    return start


def legitimate_use(users: F64, per_user: float | F64, others: F64, per_other: float | F64) -> F64:
    """Legitimate night use (m3/h) of homes and others: how many users there are of each, and L/user/h.

    Examples
    --------
    >>> legitimate_use(np.array([2000.0]), 2.0, np.array([100.0]), 5.0).tolist()
    [4.5]
    """
    use: F64 = (users * per_user + others * per_other) / 1000
    return use


def night_leakage(flow: F64, legitimate: float | F64) -> F64:
    """Leakage at night (m3/h): MNF less legitimate use; 0 where the use is set too high, NaN where either is missing.

    Examples
    --------
    >>> night_leakage(np.array([12.0, np.nan]), 4.5).tolist()
    [7.5, nan]
    """
    leakage: F64 = np.maximum(flow - legitimate, 0.0)
    return leakage
