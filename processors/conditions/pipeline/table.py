"""State that has a row a subject: columns that grow together, and can be copied out and put back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "Table"]

NEVER = -(1 << 62)
"""A time (ns) before any other; now - NEVER still fits int64."""


class Table:
    """`table[name]` is an array of `len(table)` rows, filled with the column's initial value until written to.

    Columns differ from those of `windows.series_table` in that they may have any shape a row and any initial value.
    """

    def __init__(self, spec: Mapping[str, tuple[str, tuple[int, ...], float]]) -> None:
        """`spec`: dtype, shape of a row, initial value of each column."""
        self._spec = dict(spec)
        self._n = 0
        self._held: dict[str, NDArray[Any]] = {}
        self._room(0)

    def _room(self, rows: int) -> None:
        for name, (dtype, shape, initial) in self._spec.items():
            room = np.full((rows, *shape), initial, dtype)
            if name in self._held:
                room[: self._n] = self._held[name][: self._n]
            self._held[name] = room

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._held[name][: self._n]

    def grow(self, n: int) -> None:
        """Have at least `n` rows. Sets an eighth more aside, so that growing one by one does not copy each time."""
        have = len(next(iter(self._held.values())))
        if n > have:
            self._room(max(n, have + have // 8))
        self._n = max(self._n, n)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all columns."""
        return {name: self[name].copy() for name in self._spec}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take the rows of a snapshot in place of all that is held.

        Raises
        ------
        ValueError : the columns are not those of this table, in name, dtype or shape.
        """
        rows = {len(state[name]) for name in self._spec if name in state}
        for name, (dtype, shape, _) in self._spec.items():
            if name not in state or state[name].dtype != dtype or state[name].shape[1:] != shape or len(rows) != 1:
                raise ValueError(f"the snapshot's column {name} does not fit: it was made with other settings")
        self._n = rows.pop()
        self._held = {name: state[name].copy() for name in self._spec}
