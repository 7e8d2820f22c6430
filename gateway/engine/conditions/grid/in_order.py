"""Readings in the order of their times: held back until their lane has come past them.

    arrived   12:00:05  12:00:03  12:00:04 | watermark 12:00:04 |   given   12:00:03  12:00:04
                                                                    held    12:00:05

What comes after that is too late for rules that go by order, and is left out by them; so any order within what the lane
allows gives the same.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.conditions.due import FAR
from processors.columns import F64, I32, I64, ReadingBatch
from processors.flags import Flag

__all__ = ["Held", "InOrder"]

Held = tuple[I32, I64, F64]
"""Series, time, value."""
_NOTHING: Held = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))


class InOrder:
    """Series are the engine's."""

    def __init__(self) -> None:
        self._held = _NOTHING
        self._lane = np.empty(0, np.int32)
        self._first: I64 = np.empty(0, np.int64)
        """Earliest time that is held back of each lane."""

    def add(self, series: int, lane: int) -> None:
        """Meet a series of a lane."""
        if series >= len(self._lane):
            more = max(series + 1, len(self._lane) + len(self._lane) // 8) - len(self._lane)
            self._lane = np.concatenate([self._lane, np.full(more, -1, np.int32)])
        self._lane[series] = lane

    def _known(self, series: I32) -> NDArray[np.bool_]:
        """Which of the series it has met."""
        if not len(self._lane):
            return np.zeros(len(series), np.bool_)
        known: NDArray[np.bool_] = series < len(self._lane)
        return known & (self._lane[np.minimum(series, len(self._lane) - 1)] >= 0)

    def hold(self, batch: ReadingBatch) -> None:
        """Take readings of these series; what failed or is missing tells nothing."""
        known = np.flatnonzero(self._known(batch.series) & (batch.flag < Flag.FAIL))
        if not len(known):
            return
        self._wait(batch.series[known], batch.ts[known])
        series, ts, value = self._held
        if not len(series):
            self._held = batch.series[known], batch.ts[known], batch.value[known]
            return
        self._held = (
            np.concatenate([series, batch.series[known]]), np.concatenate([ts, batch.ts[known]]),
            np.concatenate([value, batch.value[known]]),
        )  # fmt: skip

    def _wait(self, series: I32, ts: I64) -> None:
        lane = self._lane[series]
        more = int(lane.max()) + 1 - len(self._first)
        if more > 0:
            self._first = np.concatenate([self._first, np.full(more, FAR)])
        np.minimum.at(self._first, lane, ts)

    def take(self, watermarks: I64) -> Held:
        """What the lanes have come past; whoever takes it puts it in order."""
        series, ts, value = self._held
        first = self._first
        if not len(series) or not (watermarks[: len(first)] >= first).any():
            return _NOTHING
        due = ts <= watermarks[self._lane[series]]
        if due.all():
            self._held = _NOTHING
            self._first = np.empty(0, np.int64)
            return series, ts, value
        self._held = series[~due], ts[~due], value[~due]
        self._first = np.empty(0, np.int64)
        self._wait(series[~due], ts[~due])
        return series[due], ts[due], value[due]

    def snapshot(self) -> dict[str, Any]:
        """What is held back."""
        series, ts, value = self._held
        return {"series": series.copy(), "ts": ts.copy(), "value": value.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, for the series that are still judged."""
        series = state["series"]
        there = self._known(series)
        self._held = series[there].copy(), state["ts"][there].copy(), state["value"][there].copy()
        self._first = np.empty(0, np.int64)
        if there.any():
            self._wait(*self._held[:2])
