"""Rollups: longer windows put together from closed shorter ones, one open window a series, folded as its parts close.

    parts     |60 s|60 s|60 s|      |60 s|60 s|        of many series, in time order
    open      [----- 900 s ------------------------)   one row a series: moments and a packed sketch
    closed    handed on once the watermark passes its end; it is a part of the next longer windows then

A window takes its parts one after the other in time order, whether they come in one call or in many, and its sketch
does not depend on order at all: so the result is the same to the bit. That leave is used: entries of sketches wait in a
short list, for unpacking and packing a sketch costs the same for one entry as for several.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I64
from processors.windows.aggregate import Windows, append, blank
from processors.windows.day import window_bounds
from processors.windows.packing import HEADER, Packed, pack, unpack
from processors.windows.series_table import SeriesTable
from processors.windows.sketch import Rows, Sketches, merge
from processors.windows.sketch_room import SketchRoom

__all__ = ["Rollup"]

_MOMENTS = {
    name: ("uint32" if name in ("total", "good", "count") else dtype, 0)
    for name, dtype in Windows.DTYPES.items()
    if name not in ("series", "p50", "p95")
}
_NO_END = int(np.iinfo(np.int64).max)
_WAITING_A_SERIES = 2
_WAITING_DTYPES = {"series": "int32", "level": "uint8", "key": "int16", "count": "uint32"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """The windows that a call touches, in order of (series, time)."""

    windows: Windows
    resumed: NDArray[np.bool_]
    """Row -> it was open before."""
    head: Rows
    """Row -> its first part."""
    size: I64
    """Row -> number of its parts; 0 for a window that only closes."""
    row: Rows
    """Part -> its row."""


class Rollup:
    """The open windows of one step, for all series; a row is in use where `total` is not 0."""

    def __init__(self, step: int) -> None:
        self.step = step
        self._table = SeriesTable({**_MOMENTS, **HEADER})
        self._room = SketchRoom()
        self._next_end = _NO_END
        self._waiting: list[dict[str, NDArray[Any]]] = []
        """Entries that belong into the sketches of open windows."""

    @property
    def nbytes(self) -> int:
        """Bytes set aside."""
        return (
            self._table.nbytes
            + self._room.nbytes
            + sum(column.nbytes for part in self._waiting for column in part.values())
        )

    def grow(self, series: int) -> None:
        """Make room for `series` series in all."""
        self._table.grow(series)
        self._room.grow(series)

    def fold(self, parts: Windows, sketches: Sketches, closed: I64, day_edges: I64) -> tuple[Windows, Sketches]:
        """Fold closed shorter windows in; returns the windows that end at or before `closed` (a watermark per series).

        Rows of a series in `parts` lie together, in time order, and end at or before its watermark.
        """
        expiring = int(closed.max(initial=-_NO_END)) >= self._next_end
        if not len(parts) and not expiring:
            return Windows.empty(), Sketches.empty()
        plan = self._plan(parts, closed, day_edges, expiring)
        windows = plan.windows
        self._load_moments(windows, np.flatnonzero(plan.resumed))
        for rank in range(int(plan.size.max(initial=0))):
            at = np.flatnonzero(plan.size > rank)
            append(windows, at, parts, plan.head[at] + rank)
        done = windows.end <= closed[windows.series]
        if not done.any():
            self._write_moments(windows)
            self._wait(windows, plan.row, sketches)
            return Windows.empty(), Sketches.empty()
        self._settle()
        leaves = done[plan.row]
        resumed = windows.series[plan.resumed & done]
        place = np.cumsum(done) - 1
        merged = merge(
            int(done.sum()),
            [
                (self._load_sketches(resumed), place[plan.resumed & done]),
                (sketches.take(leaves), place[plan.row[leaves]]),
            ],
        )
        for name in ("total", "used"):
            self._table.columns[name][resumed] = 0
        self._room.release(resumed)
        self._write_moments(windows.take(~done))
        self._wait(windows, plan.row[~leaves], sketches.take(~leaves))
        ready = windows.take(done)
        ready.p50[:], ready.p95[:] = merged.quantiles(ready.count, (0.5, 0.95))
        return ready, merged

    def _plan(self, parts: Windows, closed: I64, day_edges: I64, expiring: bool) -> _Plan:
        held = self._table.columns
        of = parts.series
        start, end = window_bounds(parts.start, self.step, day_edges)
        # an open window keeps its bounds, also where the edges of days have changed under it
        within = (held["total"][of] > 0) & (parts.start < held["end"][of])
        start, end = np.where(within, held["start"][of], start), np.where(within, held["end"][of], end)
        first = np.ones(len(of), np.bool_)
        first[1:] = (of[1:] != of[:-1]) | (start[1:] != start[:-1])
        head = np.flatnonzero(first)
        size = np.diff(head, append=len(of))
        series, start, end, resumed = of[head], start[head], end[head], within[head]
        row = np.repeat(np.arange(len(head)), size)
        if expiring:
            ends = (held["total"] > 0) & (held["end"] <= closed)
            ends[series[resumed]] = False
            only = np.flatnonzero(ends).astype(np.int32)
            series = np.concatenate([only, series])
            order = np.argsort(series, kind="stable")  # what only closes lies before what came later
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            row = place[row + len(only)]
            series = series[order]
            start = np.concatenate([held["start"][only], start])[order]
            end = np.concatenate([held["end"][only], end])[order]
            resumed = np.concatenate([np.ones(len(only), np.bool_), resumed])[order]
            head = np.concatenate([np.zeros(len(only), np.intp), head])[order]
            size = np.concatenate([np.zeros(len(only), np.int64), size])[order]
        return _Plan(blank(series, start, end), resumed, head, size, row)

    def _load_moments(self, windows: Windows, rows: Rows) -> None:
        series = windows.series[rows]
        for name in _MOMENTS:
            getattr(windows, name)[rows] = self._table.columns[name][series]

    def _write_moments(self, windows: Windows) -> None:
        held = self._table.columns
        for name in _MOMENTS:
            held[name][windows.series] = getattr(windows, name)
        self._next_end = int(np.min(held["end"], where=held["total"] > 0, initial=_NO_END))

    def _wait(self, windows: Windows, row: Rows, sketches: Sketches) -> None:
        """Keep entries for the sketches of open windows; `row` says to which of `windows` each sketch belongs."""
        if not len(sketches.key):
            return
        series = windows.series[row[sketches.row]]
        level = sketches.level[sketches.row].astype(np.uint8)
        entries = (series, level, sketches.key.astype(np.int16), sketches.count.astype(np.uint32))
        self._waiting.append(dict(zip(_WAITING_DTYPES, entries, strict=True)))
        if sum(len(part["key"]) for part in self._waiting) > _WAITING_A_SERIES * len(self._table):
            self._settle()

    def _settle(self) -> None:
        """Bring all waiting entries into their sketches."""
        if not self._waiting:
            return
        entry = {name: np.concatenate([part[name] for part in self._waiting]) for name in _WAITING_DTYPES}
        self._waiting = []
        concerned = np.zeros(len(self._table), np.bool_)
        concerned[entry["series"]] = True
        series = np.flatnonzero(concerned)
        each = np.arange(len(entry["key"]))
        single = Sketches(
            entry["level"].astype(np.int32), each, entry["key"].astype(np.int32), entry["count"].astype(np.int64)
        )
        into = (np.cumsum(concerned) - 1)[entry["series"]]
        merged = merge(len(series), [(self._load_sketches(series), np.arange(len(series))), (single, into)])
        self._write_sketches(series, pack(merged))

    def _load_sketches(self, series: NDArray[Any]) -> Sketches:
        held = self._table.columns
        used = held["used"][series]
        return unpack(held["base"][series], used, held["level"][series], *self._room.read(series, used))

    def _write_sketches(self, series: NDArray[Any], packed: Packed) -> None:
        held = self._table.columns
        for name in HEADER:
            held[name][series] = packed[name]
        self._room.write(series, packed["used"], packed["gap"], packed["digit"])

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The open windows, without the rows and slots that are not in use."""
        self._settle()
        held = self._table.columns
        series = np.flatnonzero(held["total"])
        state = {name: held[name][series] for name in (*_MOMENTS, *HEADER)}
        state["gap"], state["digit"] = self._room.read(series, state["used"])
        return {"series": series, **state}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave; the table has grown to its series already and is blank."""
        held = self._table.columns
        for name in _MOMENTS:
            held[name][state["series"]] = state[name]
        self._next_end = int(state["end"].min(initial=_NO_END))
        self._write_sketches(state["series"], state)
