"""The newest of everything by series, as columns, and which devices have something new to tell.

Many readings of a series become one: numpy finds the newest of a batch, and nothing here is done per reading in Python.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import STATS, AggregateBatch, FlagRewrites, ReadingBatch
from processors.flags import Why

__all__ = ["Changed", "LatestReadings", "LatestWindows"]

_NEVER = np.iinfo(np.int64).min
_CLEAN = np.iinfo(np.int64).max


class LatestReadings:
    """The newest reading of each series; of two with one time the later write."""

    def __init__(self) -> None:
        self.ts = np.empty(0, np.int64)
        self.value = np.empty(0, np.float64)
        self.flag = np.empty(0, np.uint8)
        self.why = np.empty(0, np.uint32)

    def take(self, readings: ReadingBatch) -> NDArray[np.int32]:
        """Readings in order of arrival; gives the series whose newest one they changed. Historical ones change none."""
        kept = (readings.why & np.uint32(Why.HISTORICAL)) != 0
        if kept.any():
            readings = readings.take(~kept)
        if not len(readings):
            return np.empty(0, np.int32)
        rows = _last_of_each(readings.series, readings.ts)
        self._grow(int(readings.series.max()) + 1)
        rows = rows[readings.ts[rows] >= self.ts[readings.series[rows]]]
        series = readings.series[rows]
        self.ts[series], self.value[series] = readings.ts[rows], readings.value[rows]
        self.flag[series], self.why[series] = readings.flag[rows], readings.why[rows]
        return series

    def rewrite(self, rewrites: FlagRewrites) -> NDArray[np.int32]:
        """New verdicts; gives the series whose newest reading they are about."""
        known = rewrites.take(rewrites.series < len(self.ts))
        mine = known.take(known.ts == self.ts[known.series])
        self.flag[mine.series], self.why[mine.series] = mine.flag, mine.why
        return mine.series

    def known(self, series: int) -> bool:
        """Whether there is a reading of it."""
        return series < len(self.ts) and self.ts[series] != _NEVER

    def _grow(self, size: int) -> None:
        more = max(256, size, 2 * len(self.ts)) - len(self.ts) if size > len(self.ts) else 0
        if more:
            self.ts = np.concatenate([self.ts, np.full(more, _NEVER)])
            self.value = np.concatenate([self.value, np.full(more, np.nan)])
            self.flag = np.concatenate([self.flag, np.zeros(more, np.uint8)])
            self.why = np.concatenate([self.why, np.zeros(more, np.uint32)])


class LatestWindows:
    """The newest window of one step of each series, in its newest revision; older windows change nothing."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.start = np.empty(0, np.int64)
        self.revision = np.empty(0, np.int32)
        self.stats = np.empty((0, len(STATS)), np.float64)

    def take(self, windows: AggregateBatch) -> NDArray[np.int32]:
        """Windows in order; gives the series that they changed."""
        windows = windows.take(windows.step == self.step)
        if not len(windows):
            return np.empty(0, np.int32)
        self._grow(int(windows.series.max()) + 1)
        rows = _last_of_each(windows.series, windows.start)
        series = windows.series[rows]
        newer = (windows.start[rows] > self.start[series]) | (
            (windows.start[rows] == self.start[series]) & (windows.revision[rows] >= self.revision[series])
        )
        rows, series = rows[newer], series[newer]
        self.start[series], self.revision[series] = windows.start[rows], windows.revision[rows]
        for place, name in enumerate(STATS):
            self.stats[series, place] = getattr(windows, name)[rows]
        changed: NDArray[np.int32] = series
        return changed

    def known(self, series: int) -> bool:
        """Whether there is a window of it."""
        return series < len(self.start) and self.start[series] != _NEVER

    def _grow(self, size: int) -> None:
        more = max(256, size, 2 * len(self.start)) - len(self.start) if size > len(self.start) else 0
        if more:
            self.start = np.concatenate([self.start, np.full(more, _NEVER)])
            self.revision = np.concatenate([self.revision, np.zeros(more, np.int32)])
            self.stats = np.concatenate([self.stats, np.full((more, len(STATS)), np.nan)])


class Changed:
    """Which things have something new: each once, however often it changed, and whose turn it is.

    Half of the room is for those that changed after the longest quiet: who speaks seldom is told soon, however many
    speak all the time. The other half is for those that wait longest, so everybody's turn comes.
    """

    def __init__(self) -> None:
        self._since = np.empty(0, np.int64)
        self._marked = np.empty(0, np.int64)
        """Turn at which each changed last."""
        self._quiet = np.empty(0, np.int64)
        """For how many turns it had not before."""
        self._turn = 0

    def mark(self, things: NDArray[Any]) -> None:
        """These changed."""
        if not len(things):
            return
        size = int(things.max()) + 1
        if size > len(self._since):
            more = max(256, size, 2 * len(self._since)) - len(self._since)
            self._since = np.concatenate([self._since, np.full(more, _CLEAN)])
            self._marked = np.concatenate([self._marked, np.zeros(more, np.int64)])
            self._quiet = np.concatenate([self._quiet, np.zeros(more, np.int64)])
        self._turn += 1
        fresh = things[self._since[things] == _CLEAN]
        self._since[fresh] = self._turn
        self._quiet[things] = np.where(self._marked[things] < self._turn, self._turn - self._marked[things], 0)
        self._marked[things] = self._turn

    def take(self, most: int) -> list[int]:
        """At most so many; they count as told."""
        waiting = np.flatnonzero(self._since != _CLEAN)
        if len(waiting) > most:
            # quietest first, of equally quiet ones who waits longest; turns are far below 2^31
            seldom = _first(self._since[waiting] - (self._quiet[waiting] << 31), most // 2)
            first = np.zeros(len(waiting), np.bool_)
            first[seldom] = True
            rest = np.flatnonzero(~first)
            longest = rest[_first(self._since[waiting[rest]], most - len(seldom))]
            waiting = waiting[np.concatenate([seldom, longest])]
        self._since[waiting] = _CLEAN
        return [int(thing) for thing in waiting]

    def __len__(self) -> int:
        return int(np.count_nonzero(self._since != _CLEAN))


def _first(keys: NDArray[np.int64], count: int) -> NDArray[np.intp]:
    """Places of the `count` smallest, in their order; sorts only these, for hundreds of thousands may wait."""
    if count >= len(keys):
        return np.argsort(keys, kind="stable")
    found = np.sort(np.argpartition(keys, count)[:count])
    return found[np.argsort(keys[found], kind="stable")]


def _last_of_each(series: NDArray[np.int32], when: NDArray[np.int64]) -> NDArray[np.intp]:
    """Row of the newest of each series, of equally new ones the last: in order of time, the last write stays."""
    order = np.argsort(when, kind="stable")
    ordered, place = series[order], np.arange(len(order))
    last = np.empty(int(series.max()) + 1, np.intp)
    last[ordered] = place
    rows: NDArray[np.intp] = order[last[ordered] == place]
    return rows
