"""The last few rows of each subject, put before its new ones, so that a rule can look back without looking twice.

    kept   A: a1 a2 a3     new   A: a4 a5      joined   a1 a2 a3 a4 a5        kept afterwards (depth 3)   a3 a4 a5

16 bytes a row kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import Rows, first_of_group
from processors.conditions.pipeline.table import Table
from processors.windows.order import sizes

__all__ = ["History", "Joined"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Kept and new rows, grouped by subject, in time order."""

    subject: I32
    ts: I64
    value: F64
    begin: Rows
    """Where the group of each row begins."""
    at: Rows
    """Where each of the new rows is."""

    def lagged(self, lag: int) -> tuple[Rows, NDArray[np.bool_]]:
        """For each new row, the row `lag` before it, and whether there is one of the same subject (else any row)."""
        before = self.at - lag
        return np.maximum(before, 0), before >= self.begin[self.at]


class History:
    """The last `depth` rows of each subject."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._place = np.arange(depth)
        self._table = Table({"ts": ("int64", (depth,), 0), "value": ("float64", (depth,), 0), "held": ("int32", (), 0)})

    def grow(self, n: int) -> None:
        """Know `n` subjects."""
        self._table.grow(n)

    def join(self, subject: I32, ts: I64, value: F64) -> Joined:
        """Put what is kept of these subjects before the new rows, which are grouped, and ascend in time."""
        head, size = _groups(subject)
        active = subject[head]
        held = self._table["held"][active]
        used = self._place >= self._depth - held[:, None]
        whole = held + size
        begin = np.cumsum(whole) - whole
        at = np.arange(len(subject)) + np.repeat(np.cumsum(held), size)
        kept = np.ones(int(whole.sum()), np.bool_)
        kept[at] = False
        joined_ts, joined_value = np.empty(len(kept), np.int64), np.empty(len(kept))
        joined_ts[at], joined_value[at] = ts, value
        joined_ts[kept], joined_value[kept] = self._table["ts"][active][used], self._table["value"][active][used]
        return Joined(np.repeat(active, whole), joined_ts, joined_value, np.repeat(begin, whole), at)

    def keep(self, subject: I32, ts: I64, value: F64) -> None:
        """Keep the last rows of each of these subjects in place of what was kept; rows ordered as `join` gives them."""
        head, size = _groups(subject)
        active = subject[head]
        row = (head + size - self._depth)[:, None] + self._place
        there = row >= head[:, None]
        row = np.maximum(row, 0)
        self._table["ts"][active] = np.where(there, ts[row], 0)
        self._table["value"][active] = np.where(there, value[row], 0)
        self._table["held"][active] = np.minimum(size, self._depth)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of what is kept."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)


def _groups(subject: I32) -> tuple[Rows, Rows]:
    """Begin and size of each group of equal subjects."""
    head: Rows = np.flatnonzero(first_of_group(subject) == np.arange(len(subject)))
    return head, sizes(head, len(subject))
