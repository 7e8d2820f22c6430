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
from processors.conditions.pipeline.arrivals import Rows, first_of_group, group
from processors.conditions.pipeline.table import Table

__all__ = ["History", "Joined"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Kept and new rows, grouped by subject, in time order; `new` gives each row's number among the new, -1 if kept."""

    subject: I32
    ts: I64
    value: F64
    new: Rows
    begin: Rows
    """Where the group of each row begins."""

    def lagged(self, lag: int) -> tuple[Rows, NDArray[np.bool_]]:
        """The row `lag` before each row, and whether there is one of the same subject (else any row)."""
        at = np.arange(len(self.ts)) - lag
        return np.maximum(at, 0), at >= self.begin


class History:
    """The last `depth` rows of each subject."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._table = Table({"ts": ("int64", (depth,), 0), "value": ("float64", (depth,), 0), "held": ("int32", (), 0)})

    def grow(self, n: int) -> None:
        """Know `n` subjects."""
        self._table.grow(n)

    def join(self, subject: I32, ts: I64, value: F64) -> Joined:
        """Put what is kept of these subjects before the new rows, which are grouped, and ascend in time."""
        active = subject[first_of_group(subject) == np.arange(len(subject))]
        of = np.repeat(active, self._depth)
        used = (np.arange(self._depth) >= self._depth - self._table["held"][active][:, None]).ravel()
        joined = np.concatenate([of[used], subject])
        order = group(joined)
        grouped = joined[order]
        return Joined(
            grouped,
            np.concatenate([self._table["ts"][active].ravel()[used], ts])[order],
            np.concatenate([self._table["value"][active].ravel()[used], value])[order],
            np.concatenate([np.full(int(used.sum()), -1), np.arange(len(subject))])[order],
            first_of_group(grouped),
        )

    def keep(self, subject: I32, ts: I64, value: F64) -> None:
        """Keep the last rows of each of these subjects in place of what was kept; rows as `join` gives them."""
        size = np.bincount(subject, minlength=1)
        rank = np.arange(len(subject)) - first_of_group(subject)
        back = size[subject] - 1 - rank
        late = back < self._depth
        self._table["ts"][subject[late], self._depth - 1 - back[late]] = ts[late]
        self._table["value"][subject[late], self._depth - 1 - back[late]] = value[late]
        self._table["held"][subject] = np.minimum(size[subject], self._depth)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of what is kept."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
