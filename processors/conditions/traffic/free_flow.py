"""Free-flow speed of road segments, learned from their window means.

    speed ->  | . : | : . . | : : # # : |      weights of 1-km/h bins, halved once a half-life
                            below ^ at         `at` holds the rank sought; it moves a bin or two as rows come
    too few samples: the prior (speed limit)

Sources: FHWA Urban Congestion Report, documentation: "the 85th percentile of off-peak speeds". Alternative: the README
of didi/TrafficIndex: the mean of the samples of the fastest cumulative 4 hours of a month. A histogram that fades
stands for "a month": it remembers about two half-lives, so take 15 days for one.

Weights are integers and rows of a segment are taken one after the other: neither batches nor snapshots show.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64
from processors.conditions.traffic.rounds import rounds
from processors.windows.series_table import SeriesTable

__all__ = ["FreeFlow"]

_UNIT = 16
"""Weight of a new sample, so that halving does not drop it at once."""
_STEPS = 4
"""Bins that `at` is moved one by one before it is sought anew."""

_COLUMNS = {
    "period": ("int64", 0),
    "total": ("int64", 0),
    "below": ("int64", 0),  # weight of the bins under `at`
    "above": ("int64", 0),  # sum of weight * bin over `at`
    "at": ("int16", 0),
}

Index = NDArray[np.integer[Any]]


class FreeFlow:
    """Speed histograms of many segments, and the speed in each that counts as free flow.

    Parameters
    ----------
    half_life : ns; at multiples of it (UTC) all weights of a segment are halved.
    least : samples (faded ones count less) from which on the segment is believed rather than the prior.
    share : the quantile that is free flow, in (0, 1]; None where `fastest` is given.
    fastest : free flow is the mean of so many fastest samples: 4 h / length of the window. Below that number, of all.
    width, bins : km/h of a bin and number of bins; what is faster counts in the last bin.

    Raises
    ------
    ValueError
        Both or none of `share` and `fastest`, or one out of its range.

    Notes
    -----
    A quantile is within `width` of the sample at its rank. 4 bytes a bin and a segment, and 34 more.
    """

    def __init__(
        self,
        *,
        half_life: int,
        least: int,
        share: float | None = 0.85,
        fastest: int | None = None,
        width: float = 1.0,
        bins: int = 128,
    ) -> None:
        if (share is None) == (fastest is None):
            raise ValueError("free flow is a quantile (share) or the mean of the fastest samples, not both")
        if share is not None and not 0 < share <= 1:
            raise ValueError(f"share {share} is not in (0, 1]")
        if fastest is not None and fastest < 1:
            raise ValueError(f"fastest {fastest} is below 1")
        self._half_life, self._least, self._share, self._fastest = half_life, least, share, fastest
        self._width, self._bins = width, bins
        self._table = SeriesTable({"weight": ("uint32", bins), **_COLUMNS})

    def __len__(self) -> int:
        return len(self._table)

    @property
    def nbytes(self) -> int:
        """Bytes set aside."""
        return self._table.nbytes

    def grow(self, n: int) -> None:
        """Have `n` segments; new ones know nothing."""
        self._table.grow(n)

    def learn(self, segment: Index, start: I64, speed: F64, prior: F64) -> F64:
        """Take in windows, and give the free-flow speed after each of them.

        Parameters
        ----------
        segment : (n,) index below `len(self)`; rows of one segment in time order.
        start : (n,) ns, begin of the window. A window of an earlier half-life counts as one of the present.
        speed : (n,) km/h, mean of the window; NaN (missing) and negative are not learned. Pass NaN for what is not
            off-peak to learn as FHWA does.
        prior : (n,) km/h, NaN where none is configured.

        Returns
        -------
        (n,) km/h; `prior` until `least` samples have come.

        Examples
        --------
        >>> model = FreeFlow(half_life=15 * 86_400 * 10**9, least=2)
        >>> model.grow(1)
        >>> model.learn(np.array([0, 0]), np.array([0, 1]), np.array([40.0, 50.0]), np.array([60.0, 60.0])).round(1)
        array([60. , 50.7])
        """
        free = np.empty(len(segment))
        for rows in rounds(segment):
            of = segment[rows].astype(np.int64)
            known = speed[rows] >= 0
            if known.all():
                self._add(of, start[rows], speed[rows])
            else:
                self._add(of[known], start[rows[known]], speed[rows[known]])
            free[rows] = self.estimate(of, prior[rows])
        return free

    def estimate(self, segment: Index, prior: F64) -> F64:
        """Free-flow speed, km/h, of segments as it stands; their `prior` where too little is known."""
        held = self._table.columns
        total, below, at = held["total"][segment], held["below"][segment], held["at"][segment].astype(np.int64)
        weight = held["weight"].reshape(-1)[segment * self._bins + at].astype(np.int64)
        target = self._target(total)
        with np.errstate(divide="ignore", invalid="ignore"):  # segments without a sample, which take the prior
            if self._fastest is None:
                bins = at + (target - below) / weight
            else:
                bins = (held["above"][segment] + (below + weight - target) * at) / (total - target) + 0.5
        learned = (total >= self._least * _UNIT) & (total > 0)
        free: F64 = np.where(learned, bins * self._width, prior)
        return free

    def _target(self, total: I64) -> F64:
        """Weight below the rank sought."""
        if self._share is not None:
            rank: F64 = (self._share * total).astype(np.float64)
            return rank
        assert self._fastest is not None
        left: F64 = (total - np.minimum(total, self._fastest * _UNIT)).astype(np.float64)
        return left

    def _add(self, segment: I64, start: I64, speed: F64) -> None:
        """One sample more of each of `segment`, all different."""
        held = self._table.columns
        which = np.minimum(speed / self._width, self._bins - 1).astype(np.int64)
        self._fade(segment, start // self._half_life)
        new = held["total"][segment] == 0
        if new.any():
            held["at"][segment[new]] = which[new]
        held["weight"].reshape(-1)[segment * self._bins + which] += np.uint32(_UNIT)
        held["total"][segment] += _UNIT
        at = held["at"][segment]
        held["below"][segment] += _UNIT * (which < at)
        held["above"][segment] += _UNIT * which * (which > at)
        self._settle(segment)

    def _fade(self, segment: I64, period: I64) -> None:
        held = self._table.columns
        ages = np.where(held["total"][segment] > 0, np.clip(period - held["period"][segment], 0, 31), 0)
        old = np.flatnonzero(ages)
        held["period"][segment] = np.where(
            held["total"][segment] > 0, np.maximum(held["period"][segment], period), period
        )
        if len(old):
            rows = segment[old]
            weight = held["weight"][rows] >> ages[old, None].astype(np.uint32)
            held["weight"][rows] = weight
            held["total"][rows] = weight.sum(axis=1, dtype=np.int64)
            self._seek(rows)

    def _settle(self, segment: I64) -> None:
        """Move `at` to the first bin that reaches the rank sought."""
        held = self._table.columns
        flat = held["weight"].reshape(-1)
        for _ in range(_STEPS):
            at, below = held["at"][segment].astype(np.int64), held["below"][segment]
            target = self._target(held["total"][segment])
            here = flat[segment * self._bins + at].astype(np.int64)
            down, up = (below >= target) & (at > 0), below + here < target
            moves = down | up
            if not moves.any():
                return
            segment, at, below, here, up = (column[moves] for column in (segment, at, below, here, up))
            to = np.where(up, at + 1, at - 1)
            there = flat[segment * self._bins + to].astype(np.int64)
            held["at"][segment] = to
            held["below"][segment] = np.where(up, below + here, below - there)
            held["above"][segment] += np.where(up, -there * to, here * at)
        self._seek(segment)

    def _seek(self, segment: I64) -> None:
        """Find `at` from the whole histogram."""
        held = self._table.columns
        weight = held["weight"][segment].astype(np.int64)
        upto = np.cumsum(weight, axis=1)
        target = self._target(held["total"][segment])
        at = (upto < target[:, None]).sum(axis=1)
        row, bins = np.arange(len(segment)), np.arange(self._bins)
        held["at"][segment] = at
        held["below"][segment] = upto[row, at] - weight[row, at]
        held["above"][segment] = np.where(bins > at[:, None], weight * bins, 0).sum(axis=1)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of what was learned: the histograms; the rest follows from them."""
        return {name: self._table.columns[name].copy() for name in ("weight", "period")}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave, of a model with the same arguments, in place of what is held.

        Raises
        ------
        ValueError
            The histograms have another number of bins.
        """
        weight = state["weight"]
        if weight.shape[1] != self._bins:
            raise ValueError(f"histograms of {weight.shape[1]} bins do not fit a model of {self._bins}")
        self._table = SeriesTable({"weight": ("uint32", self._bins), **_COLUMNS})
        self.grow(len(weight))
        held = self._table.columns
        held["weight"][:], held["period"][:] = weight, state["period"]
        held["total"][:] = weight.sum(axis=1, dtype=np.int64)
        self._seek(np.arange(len(weight)))
