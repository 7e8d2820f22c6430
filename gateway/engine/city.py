"""CityEngine: figures across zones. Sees aggregates, never readings; pure like ZoneEngine.

For each lane (zone, profile) the newest closed minute (or the profile's own pane where that is longer): how many series
reported, how many readings that was and what share of them was good; and the sums over the city.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from processors.columns import AggregateBatch

__all__ = ["CityEngine", "LaneFigures"]

_MINUTE = 60


class LaneFigures(msgspec.Struct, frozen=True):
    """One lane's newest closed window."""

    zone: str
    profile: str
    start: int
    """UTC ns of the window's start."""
    step: int
    series: int
    readings: int
    good: float
    """Share of the window's readings that were good, weighted by series; NaN where nothing was used."""


class CityEngine:
    """Never called concurrently."""

    def __init__(self) -> None:
        self.start = np.empty(0, np.int64)
        self.step_secs = np.empty(0, np.int32)
        self.series = np.empty(0, np.int64)
        self.readings = np.empty(0, np.int64)
        self.good = np.empty(0, np.float64)

    def step(self, aggregates: AggregateBatch, lane: NDArray[np.int32], pane_secs: NDArray[np.int32]) -> None:
        """Take the aggregates of a call; `lane` and `pane_secs` are per series index."""
        if not len(aggregates):
            return
        which = aggregates.step == np.maximum(pane_secs[aggregates.series], _MINUTE)
        if not which.any():
            return
        windows = aggregates.take(which)
        lanes = lane[windows.series]
        self._grow(int(lanes.max()) + 1)
        newest = self.start.copy()
        np.maximum.at(newest, lanes, windows.start)
        moved = newest > self.start
        for column in (self.series, self.readings, self.good):
            column[moved] = 0
        self.start = newest
        now = windows.start == newest[lanes]
        mine, used = lanes[now], windows.take(now)
        self.step_secs[mine] = used.step
        self.series += np.bincount(mine, minlength=len(newest))
        self.readings += np.bincount(mine, weights=used.count, minlength=len(newest)).astype(np.int64)
        self.good += np.bincount(mine, weights=used.good, minlength=len(newest))

    def figures(self, lanes: list[tuple[str, str]]) -> list[LaneFigures]:
        """Newest figures of each lane that has closed a window."""
        out = []
        for k in np.flatnonzero(self.series).tolist():
            good = float(self.good[k] / self.series[k])
            count, readings = int(self.series[k]), int(self.readings[k])
            out.append(LaneFigures(*lanes[k], int(self.start[k]), int(self.step_secs[k]), count, readings, good))
        return out

    def totals(self, lanes: list[tuple[str, str]]) -> dict[str, dict[str, int]]:
        """Over the whole city, by profile: zones that report, series and readings in their newest closed windows."""
        out: dict[str, dict[str, int]] = {}
        for figure in self.figures(lanes):
            sums = out.setdefault(figure.profile, {"zones": 0, "series": 0, "readings": 0})
            sums["zones"] += 1
            sums["series"] += figure.series
            sums["readings"] += figure.readings
        return dict(sorted(out.items()))

    def _grow(self, lanes: int) -> None:
        more = lanes - len(self.start)
        if more > 0:
            self.start = np.concatenate([self.start, np.full(more, np.iinfo(np.int64).min)])
            self.step_secs = np.concatenate([self.step_secs, np.zeros(more, np.int32)])
            self.series = np.concatenate([self.series, np.zeros(more, np.int64)])
            self.readings = np.concatenate([self.readings, np.zeros(more, np.int64)])
            self.good = np.concatenate([self.good, np.zeros(more)])

    def snapshot(self) -> dict[str, Any]:
        """Everything, as arrays."""
        return {
            "start": self.start.copy(), "step_secs": self.step_secs.copy(), "series": self.series.copy(),
            "readings": self.readings.copy(), "good": self.good.copy(),
        }  # fmt: skip

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "CityEngine":
        """The engine that gave `state`."""
        made = cls()
        for name, column in state.items():
            setattr(made, name, column.copy())
        return made
