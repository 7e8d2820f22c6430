"""Which windows will be computed again: the marks that wait, held against the windows of an answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.journal.marks import Mark
from processors.windows.day import DAY, SECOND

__all__ = ["marks_within", "pending_windows"]

_LONGEST_DAY = 25 * 3600 * SECOND
"""A mark just after a shorter day shows it as pending, too: one hint too many, none too few."""


def marks_within(pending: Sequence[Mark], step: int, start: int, end: int) -> list[Mark]:
    """Those that can touch a window of `step` seconds that begins in [start, end)."""
    return [mark for mark in pending if mark.step <= step and mark.end > start and mark.start < end + _length(step)]


def pending_windows(series: NDArray[np.int32], start: NDArray[np.int64], step: int, pending: Sequence[Mark]) -> Any:
    """For each window whether a mark says that it is to be computed again; `series` as the marks count them.

    A mark touches [start, start + length) where it begins before its end, and ends, as far as windows were emitted,
    after its start. Of the marks that begin before, the one that reaches farthest decides.
    """
    out = np.zeros(len(start), np.bool_)
    for whose in {mark.series for mark in pending}:
        marks = sorted((m.start, min(m.end, m.watermark)) for m in pending if m.series == whose and m.step <= step)
        mine = np.flatnonzero(series == whose)
        if not marks or not len(mine):
            continue
        begins, ends = np.array(marks, np.int64).T
        reach = np.maximum.accumulate(ends)
        before = np.searchsorted(begins, start[mine] + _length(step), side="left")
        out[mine] = (before > 0) & (reach[np.maximum(before, 1) - 1] > start[mine])
    return out


def _length(step: int) -> int:
    return _LONGEST_DAY if step == DAY else step * SECOND
