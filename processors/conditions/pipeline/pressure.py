"""Water pressure: has it jumped?

    transient   |                    b          b - a of at least an amplitude, and (b - a)/t of at least a rate,
                |        a___________|          between two readings no further apart than a short time
                      |<---- t ----->|          (here a and b; direction by the sign)

Sources: no standard; limits belong to the zone's operator. Amplitude and rate together are a design choice: amplitude
alone finds slow drifts, rate alone finds noise.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import fresh_rows
from processors.conditions.pipeline.history import History
from processors.conditions.pipeline.levels import I8, UNKNOWN
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["PressureTransients", "Transients"]

Limit = float | F64


class Transients(NamedTuple):
    """A row a reading: `level` 1 transient, 0 none, -1 not judged; the greatest `change` (kPa, signed) within the time
    and the steepest `rate` (kPa/s, signed) among changes of the amplitude; NaN where there is none."""

    level: I8
    change: F64
    rate: F64


class PressureTransients:
    """Sudden changes of pressure, judged on readings (1 s to some seconds apart), not on means.

    Looks back at no more than `depth` readings: `within` should hold no more than that. 12 bytes a series, and 16 for
    each reading of `depth`.
    """

    def __init__(self, within: int, depth: int) -> None:
        """`within` (ns): how far apart the two readings of a change may be. `depth`: how many are kept."""
        self._within = within
        self._depth = depth
        self._recent = History(depth)
        self._table = Table({"last": ("int64", (), NEVER)})

    def grow(self, n: int) -> None:
        """Know `n` series."""
        self._table.grow(n)
        self._recent.grow(n)

    def update(self, series: I32, ts: I64, pressure: F64, amplitude: Limit, rate: Limit) -> Transients:
        """Judge readings in order of arrival.

        Parameters
        ----------
        series, ts, pressure : (n,); kPa.
        amplitude : least change, kPa; float or (n,).
        rate : least change over time, kPa/s; float or (n,).

        Returns
        -------
        Not judged: a NaN, a reading no newer than the series' last, one without another in the time before it.
        """
        n = len(series)
        level = np.full(n, UNKNOWN, np.int8)
        change, steepest = np.full(n, np.nan), np.full(n, np.nan)
        given = np.flatnonzero(np.isfinite(pressure))
        rows = given[fresh_rows(series[given], ts[given], self._table["last"])]
        if not len(rows):
            return Transients(level, change, steepest)
        joined = self._recent.join(series[rows], ts[rows], pressure[rows])
        now, value = ts[rows], pressure[rows]
        least, least_rate = (np.broadcast_to(limit, n)[rows] for limit in (amplitude, rate))
        best, best_rate = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        most = np.full(len(rows), -1.0)  # size of the best
        for lag in range(1, self._depth + 1):
            before, there = joined.lagged(lag)
            age = now - joined.ts[before]
            near = there & (age <= self._within)
            if not near.any():  # the further back, the older
                break
            moved = np.where(near, value - joined.value[before], np.nan)
            size = np.abs(moved)
            best, most = np.where(size > most, moved, best), np.fmax(size, most)
            large = size >= least
            if not large.any():  # mostly
                continue
            per_second = moved / (np.maximum(age, 1) / 1e9)
            steeper = large & (np.abs(per_second) > np.fmax(np.abs(best_rate), -1))
            best_rate = np.where(steeper, per_second, best_rate)
        level[rows] = np.where(np.isnan(best), UNKNOWN, np.abs(best_rate) >= least_rate)
        change[rows], steepest[rows] = best, best_rate
        self._recent.keep(joined.subject, joined.ts, joined.value)
        return Transients(level, change, steepest)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return {**self._table.snapshot(), **self._recent.snapshot()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
        self._recent.restore(state)
