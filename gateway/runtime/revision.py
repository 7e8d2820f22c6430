"""What a mark asks for: which windows, from which readings, and how they differ from what is stored. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.journal.marks import Mark
from gateway.stores.base import StoredAggregates, StoredReadings
from processors.columns import AggregateBatch
from processors.windows.panes import recompute

__all__ = ["DAY_SECS", "LEVELS", "Span", "differing", "recomputed", "span_of"]

LEVELS = (10, 60, 900, 3600, 86400)
DAY_SECS = 86400
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Whole windows around a mark: readings in [start, end) decide all that it asks for."""

    start: int
    end: int
    coarsest: int
    """The longest step with a closed window in it; 0: nothing has closed."""


def span_of(mark: Mark, day_edges: NDArray[np.int64]) -> Span:
    """The span of the longest windows that touch the mark and had closed by its watermark.

    Longer ones that were still open then come with a mark of their own when they close.
    """
    start, end, coarsest = mark.start, mark.end, 0
    for step in LEVELS:
        if step < mark.step:
            continue
        first, last = _around(mark.start, mark.end, step, day_edges)
        if _ends_by(first, step, mark.watermark, day_edges):
            start, end, coarsest = min(start, first), max(end, last), step
    return Span(start, end, coarsest)


def recomputed(
    marks: Sequence[Mark], readings: StoredReadings, panes: NDArray[np.int32], day_edges: NDArray[np.int64]
) -> AggregateBatch:
    """The windows that `marks` ask for, computed from `readings` as an in-order run would.

    `marks[k]` belongs to series k of `readings`; `panes` are the finest steps of those series in seconds.
    """
    batch = readings.batch
    until = np.fromiter((mark.watermark for mark in marks), np.int64, len(marks))
    windows = recompute(batch.series, batch.ts, batch.value, batch.flag, panes, day_edges, until)
    of = windows.series
    start = np.fromiter((mark.start for mark in marks), np.int64, len(marks))[of]
    end = np.fromiter((mark.end for mark in marks), np.int64, len(marks))[of]
    step = np.fromiter((mark.step for mark in marks), np.int32, len(marks))[of]
    wanted = (windows.step >= step) & (windows.start < end) & (_ends(windows, day_edges) > start)
    return windows.take(wanted)


def differing(windows: AggregateBatch, stored: StoredAggregates) -> AggregateBatch:
    """Those of `windows` that are stored otherwise or not at all, under the revision that comes next."""
    held = stored.batch
    place = {
        key: k for k, key in enumerate(zip(held.series.tolist(), held.step.tolist(), held.start.tolist(), strict=True))
    }
    keep: list[int] = []
    revision = np.zeros(len(windows), np.int32)
    columns = [name for name in AggregateBatch.DTYPES if name not in ("series", "step", "start", "revision")]
    for k, key in enumerate(zip(windows.series.tolist(), windows.step.tolist(), windows.start.tolist(), strict=True)):
        there = place.get(key)
        if there is None:
            keep.append(k)
        elif any(not _same(getattr(windows, name)[k], getattr(held, name)[there]) for name in columns):
            keep.append(k)
            revision[k] = held.revision[there] + 1
    chosen = windows.take(np.array(keep, np.intp))
    return AggregateBatch(**{**chosen.arrays(), "revision": revision[np.array(keep, np.intp)]})


def _same(a: float, b: float) -> bool:
    return bool(a == b or (np.isnan(a) and np.isnan(b)))


def _around(start: int, end: int, step: int, day_edges: NDArray[np.int64]) -> tuple[int, int]:
    if step == DAY_SECS:
        first = int(day_edges[np.searchsorted(day_edges, start, "right") - 1])
        return first, int(day_edges[np.searchsorted(day_edges, end, "left")])
    length = step * _SECOND
    return start - start % length, -(-end // length) * length


def _ends_by(first: int, step: int, watermark: int, day_edges: NDArray[np.int64]) -> bool:
    if step == DAY_SECS:
        return int(day_edges[np.searchsorted(day_edges, first, "right")]) <= watermark
    return first + step * _SECOND <= watermark


def _ends(windows: AggregateBatch, day_edges: NDArray[np.int64]) -> NDArray[np.int64]:
    ends: NDArray[np.int64] = windows.start + windows.step.astype(np.int64) * _SECOND
    day = windows.step == DAY_SECS
    if day.any():
        ends[day] = day_edges[np.searchsorted(day_edges, windows.start[day], "right")]
    return ends
