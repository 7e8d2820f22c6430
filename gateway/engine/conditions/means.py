"""Means of windows that conditions ask for: those that close as they are, ten minutes made of ten single ones.

The standards of the power grid judge values of ten minutes (GB/T 12325, EN 50160), which no pane of ours is. A mean of
ten minutes (of the clock, as EN 50160 has them) is given once the lane of its series has passed their end, so the
series of one device come together whichever minutes they lack; of ten minutes with fewer than `_LEAST` there is none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.conditions.due import FAR, Due, runs
from processors.columns import F64, I32, I64, AggregateBatch
from processors.windows.series_table import SeriesTable

__all__ = ["TEN_MINUTES", "Means", "WindowMeans"]

TEN_MINUTES = 600
_TEN = 600_000_000_000
_LEAST = 5
_COLUMNS: dict[str, tuple[str, int]] = {"start": ("int64", 0), "count": ("int16", 0), "sum": ("float64", 0)}

Means = tuple[I32, I64, F64]
"""Series, end of the window, mean."""
_NOTHING: Means = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))


class WindowMeans:
    """Series are the engine's; their windows come in time order. Each that `add` names has a row of the table."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._table = SeriesTable(_COLUMNS)
        self._row = np.full(64, -1, np.int32)
        self._series: list[int] = []
        self._lanes: list[int] = []
        self._rows: tuple[I32, I32] | None = None
        """Series and lane of each row."""
        self._due = Due()

    def add(self, series: int, lane: int) -> None:
        """Meet a series of a lane."""
        if self._step != TEN_MINUTES:
            return
        if series >= len(self._row):
            more = max(series + 1, len(self._row) + len(self._row) // 8) - len(self._row)
            self._row = np.concatenate([self._row, np.full(more, -1, np.int32)])
        self._row[series] = len(self._series)
        self._series.append(series)
        self._lanes.append(lane)
        self._rows = None

    @property
    def steps(self) -> Sequence[int]:
        """Lengths of the windows that it makes of."""
        return (60 if self._step == TEN_MINUTES else self._step,)

    @property
    def lanes(self) -> Sequence[int]:
        """Those whose watermark alone can bring a mean."""
        return self._lanes

    def take(self, batch: AggregateBatch, watermarks: I64) -> Means:
        """Means that are complete, by their windows' ends and series; windows without a usable reading give none."""
        own = 60 if self._step == TEN_MINUTES else self._step
        which = np.flatnonzero((batch.step == own) & (batch.count > 0)) if len(batch) else ()
        if not len(which):
            return self._tens(*_NOTHING, watermarks) if self._step == TEN_MINUTES else _NOTHING
        series, start, mean = batch.series[which], batch.start[which], batch.mean[which]
        if self._step != TEN_MINUTES:
            return series, start + own * 1_000_000_000, mean
        return self._tens(series, start, mean, watermarks)

    def _known(self) -> tuple[I32, I32]:
        if self._rows is None:
            self._table.grow(len(self._series))
            self._rows = np.array(self._series, np.int32), np.array(self._lanes, np.int32)
            self._due.by(self._lanes)
        return self._rows

    def _tens(self, series: I32, start: I64, mean: F64, watermarks: I64) -> Means:
        _, lane = self._known()
        held = self._table.columns
        out: list[Means] = []
        # minute by minute, so that a series is there once
        for part in runs(start):
            at, value = self._row[series[part]], mean[part]
            first = int(start[part.start])
            begin = first - first % _TEN
            before = at[(held["count"][at] > 0) & (held["start"][at] != begin)]
            if len(before):
                out.append(self._give(before))
            self._due.add(begin + _TEN, at)
            held["start"][at] = begin
            held["count"][at] += 1
            held["sum"][at] += value
        if self._due.come(watermarks, self._ends):
            over = (held["count"] > 0) & (held["start"] + _TEN <= watermarks[lane])
            out.append(self._give(np.flatnonzero(over)))
        if not out:
            return _NOTHING
        which, end, given = (np.concatenate(column) for column in zip(*out, strict=True))
        order = np.lexsort((which, end))
        return which[order], end[order], given[order]

    def _ends(self) -> I64:
        held = self._table.columns
        return np.where(held["count"] > 0, held["start"] + _TEN, FAR)

    def _give(self, row: NDArray[np.integer[Any]]) -> Means:
        held = self._table.columns
        enough = row[held["count"][row] >= _LEAST]
        given = self._known()[0][enough], held["start"][enough] + _TEN, held["sum"][enough] / held["count"][enough]
        held["count"][row], held["sum"][row] = 0, 0.0
        self._due.forget()
        return given

    def snapshot(self) -> dict[str, Any]:
        """What has been gathered of windows that are not over."""
        series, _ = self._known()
        gathered = {name: column[: len(series)].copy() for name, column in self._table.columns.items()}
        return {"series": series.copy(), **gathered}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, of the series that are still here."""
        self._known()
        there = state["series"] < len(self._row)
        row = self._row[state["series"][there]]
        for name, column in self._table.columns.items():
            column[row[row >= 0]] = state[name][there][row >= 0]
        self._due.forget()
