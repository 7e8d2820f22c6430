"""What marks ask for: which windows, from which readings, and how they differ from what is stored. Pure.

    mark   [start, end) of a series, its step and longer      --> one Piece for each local day that it touches
    Piece  some series of one day: windows that begin in the day, readings of the whole hours or of the whole day

A day at a time bounds the memory whatever a mark spans, and a window is computed once however many marks touch it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.journal.marks import Mark
from gateway.stores.base import StoredAggregates, StoredReadings
from processors.columns import AggregateBatch
from processors.windows.day import DAY, SECOND, day_bounds
from processors.windows.panes import recompute

__all__ = ["LEVELS", "Piece", "complete", "differing", "pieces_of", "recomputed"]

LEVELS = (10, 60, 900, 3600, DAY)
_HOUR = 3600 * SECOND
_KEY = ("series", "step", "start")
_FIGURES = tuple(name for name in AggregateBatch.DTYPES if name not in (*_KEY, "revision"))
_READINGS_A_PIECE = 500_000
_READINGS_A_PANE = 10


@dataclass(slots=True)
class Piece:
    """Some series of one local day [low, high); readings in [start, end) decide all that their marks ask for."""

    low: int
    high: int
    start: int
    end: int
    marks: dict[int, list[Mark]] = field(default_factory=dict)
    """The marks of each series."""
    weight: float = 0.0
    """About how many readings a nanosecond."""

    @property
    def ids(self) -> set[int]:
        """Ids of the marks that this piece does a part of."""
        return {mark.id for own in self.marks.values() for mark in own}


def pieces_of(marks: Sequence[Mark], pane_of: Callable[[int], int], day_edges: NDArray[np.int64]) -> list[Piece]:
    """Pieces that together do what `marks` ask for, each with readings enough for a moderate memory, in order of time.

    `pane_of` gives the finest step of a series in seconds.
    """
    of_series: dict[tuple[int, int], Piece] = {}
    for mark in marks:
        # the hour around a late reading may have begun the day before
        at, last = _floor(mark.start, _HOUR), mark.end - 1
        while at <= last:
            low, high = _day(at, day_edges)
            piece = of_series.setdefault((low, mark.series), Piece(low, high, high, low, {mark.series: []}))
            piece.marks[mark.series].append(mark)
            closed = high <= mark.watermark
            # an hour may lie across midnight, and its part belongs to the day in which it begins
            piece.start = min(piece.start, _floor(low if closed else max(mark.start, low), _HOUR))
            piece.end = max(piece.end, -_floor(-(high if closed else min(mark.end, high)), _HOUR))
            at = high
    out: list[Piece] = []
    for (low, series), piece in sorted(of_series.items(), key=lambda each: (each[0][0], each[1].start, each[1].end)):
        piece.weight = _READINGS_A_PANE / (pane_of(series) * SECOND)
        group = out[-1] if out else None
        if group is not None and group.low == low and piece.start < group.end:
            weight, end = group.weight + piece.weight, max(group.end, piece.end)
            if weight * (end - group.start) <= _READINGS_A_PIECE:
                group.weight, group.end = weight, end
                group.marks |= piece.marks
                continue
        out.append(piece)
    return out


def recomputed(
    piece: Piece, readings: StoredReadings, panes: NDArray[np.int32], day_edges: NDArray[np.int64]
) -> AggregateBatch:
    """The windows that a piece asks for, computed from `readings` as an in-order run would.

    The k-th series of `piece.marks` is series k of `readings`; `panes` are their finest steps in seconds.
    """
    batch = readings.batch
    until = np.fromiter((max(mark.watermark for mark in own) for own in piece.marks.values()), np.int64, len(panes))
    windows = recompute(batch.series, batch.ts, batch.value, batch.flag, panes, day_edges, until)
    ends = _ends(windows, day_edges)
    wanted = np.zeros(len(windows), np.bool_)
    order = np.argsort(windows.series, kind="stable")
    bounds = np.searchsorted(windows.series[order], np.arange(len(panes) + 1))
    for own, first, after in zip(piece.marks.values(), bounds[:-1], bounds[1:], strict=True):
        rows = order[first:after]
        step, start, end = windows.step[rows], windows.start[rows], ends[rows]
        for mark in own:
            wanted[rows] |= (step >= mark.step) & (start < mark.end) & (end > mark.start)
    return windows.take(wanted & (windows.start >= piece.low) & (windows.start < piece.high))


def complete(windows: AggregateBatch, day_edges: NDArray[np.int64], lost: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `windows` touch none of the `lost` hours (counted from 1970-01-01, in order)."""
    first = np.searchsorted(lost, windows.start // _HOUR)
    after = np.searchsorted(lost, (_ends(windows, day_edges) - 1) // _HOUR, "right")
    whole: NDArray[np.bool_] = first == after
    return whole


def differing(windows: AggregateBatch, stored: StoredAggregates) -> AggregateBatch:
    """Those of `windows` that are stored otherwise or not at all, under the revision that comes next.

    Both have each (series, step, start) once.
    """
    held = stored.batch
    place = _places(held, windows)
    there = place >= 0
    same = there.copy()
    known = held.take(place[there])
    for name in _FIGURES:
        new, old = getattr(windows, name)[there], getattr(known, name)
        same[there] &= (new == old) | (np.isnan(new) & np.isnan(old))
    revision = np.zeros(len(windows), np.int32)
    revision[there] = known.revision + 1
    return AggregateBatch(**{**windows.arrays(), "revision": revision}).take(~same)


def _places(held: AggregateBatch, windows: AggregateBatch) -> NDArray[np.intp]:
    """Row of `held` with the key of each of `windows`; -1: none."""
    keys = [np.concatenate([getattr(held, name), getattr(windows, name)]) for name in reversed(_KEY)]
    order = np.lexsort(keys)  # stable: what is held comes first
    equal = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in keys:
        equal &= key[order[1:]] == key[order[:-1]]
    place = np.full(len(windows), -1, np.intp)
    place[order[1:][equal] - len(held)] = order[:-1][equal]
    return place


def _floor(ts: int, length: int) -> int:
    return ts - ts % length


def _day(ts: int, day_edges: NDArray[np.int64]) -> tuple[int, int]:
    low, high = day_bounds(np.array([ts], np.int64), day_edges)
    return int(low[0]), int(high[0])


def _ends(windows: AggregateBatch, day_edges: NDArray[np.int64]) -> NDArray[np.int64]:
    ends: NDArray[np.int64] = windows.start + windows.step.astype(np.int64) * SECOND
    day = windows.step == DAY
    ends[day] = day_bounds(windows.start[day], day_edges)[1]
    return ends
