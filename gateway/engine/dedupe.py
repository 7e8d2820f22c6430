"""Duplicates: the same series at the same nanosecond.

A reading newer than its series' high-water mark is new: one vectorised compare. Only the rest is looked up, within the
batch and in the open panes. While a pane is open the first reading is kept; an equal one is a duplicate, another value
a conflict. For a pane that has closed the last write wins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.windows.window_set import WindowSet

__all__ = ["Dedupe", "Sorted"]

_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Sorted:
    """Masks over the batch; each reading is in exactly one of them."""

    fresh: NDArray[np.bool_]
    """New, and its finest pane is open."""
    late: NDArray[np.bool_]
    """Accepted after its finest pane closed."""
    duplicate: NDArray[np.bool_]
    conflict: NDArray[np.bool_]


class Dedupe:
    """Holds the high-water mark (newest accepted event time) of every series."""

    def __init__(self) -> None:
        self.newest = np.empty(0, np.int64)
        self._place = np.empty(0, np.int32)

    def grow(self, series: int) -> None:
        """Make room for `series` series in all."""
        if series > len(self.newest):
            more = max(series - len(self.newest), len(self.newest), 256)
            self.newest = np.concatenate([self.newest, np.full(more, _NEVER)])
            self._place = np.zeros(len(self.newest), np.int32)

    def sort(
        self, windows: WindowSet, series: NDArray[np.int32], ts: NDArray[np.int64], value: NDArray[np.float64]
    ) -> Sorted:
        """Sort a batch (in order of arrival) and move the marks of what is accepted."""
        n = len(series)
        late = windows.is_late(series, ts)
        duplicate, conflict = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        order = np.arange(n, dtype=np.int32)
        self._place[series] = order
        last = self._place[series] == order
        if not last.all():
            again = np.zeros(len(self.newest), np.bool_)
            again[series[~last]] = True
            _within(np.flatnonzero(again[series]), series, ts, value, late, duplicate, conflict)
        settled = late | duplicate | conflict
        # newer than all accepted before this batch, and unique within it: can't be in an open pane
        fresh = (ts > self.newest[series]) & ~settled
        check = np.flatnonzero(~fresh & ~settled)
        if len(check):
            found, held = windows.lookup(series[check], ts[check])
            same = found & _equal(held, value[check])
            duplicate[check[same]] = True
            conflict[check[found & ~same]] = True
            fresh[check[~found]] = True
        late &= ~(duplicate | conflict)
        accepted = fresh | late
        np.maximum.at(self.newest, series[accepted], ts[accepted])
        return Sorted(fresh, late, duplicate, conflict)


def _within(
    rows: NDArray[np.intp],
    series: NDArray[np.int32],
    ts: NDArray[np.int64],
    value: NDArray[np.float64],
    late: NDArray[np.bool_],
    duplicate: NDArray[np.bool_],
    conflict: NDArray[np.bool_],
) -> None:
    """Settle equal keys among `rows` of one batch: the first stays, or the last where the pane has closed."""
    rows = rows[np.lexsort((ts[rows], series[rows]))]  # stable: equal keys keep their order of arrival
    head = np.ones(len(rows), np.bool_)
    head[1:] = (series[rows][1:] != series[rows][:-1]) | (ts[rows][1:] != ts[rows][:-1])
    if head.all():
        return
    group = np.cumsum(head) - 1
    starts = np.flatnonzero(head)
    ends = np.append(starts[1:], len(rows)) - 1
    keeper = rows[np.where(late[rows], ends[group], starts[group])]
    other = keeper != rows
    same = _equal(value[rows], value[keeper])
    duplicate[rows[other & same]] = True
    conflict[rows[other & ~same]] = True


def _equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (a == b) | (np.isnan(a) & np.isnan(b))
    return equal
