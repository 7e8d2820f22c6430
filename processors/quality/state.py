"""State of checks: a row a series, or a row only for the series that asked.

State          series 0 1 2 3 4 ...                         every series has its row
AskedState     slot  -1 0 -1 1 2 ...   -> row 0 1 2 ...     dear state is held for those alone that use it
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I32
from processors.windows.series_table import SeriesTable

__all__ = ["AskedState", "Spec", "State"]

Spec = Mapping[str, tuple[str, int, float | int]]
"""Of each column: dtype, width (0 is one value a row), and what a new row holds."""


class State:
    """Columns with a row a series, each row as `spec` says until it is written to."""

    def __init__(self, spec: Spec) -> None:
        self._spec = dict(spec)
        self._table = SeriesTable({name: (dtype, width) for name, (dtype, width, _) in spec.items()})

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The column, to be read and written in place until the next `grow`."""
        return self._table.columns[name]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return sum(np.dtype(dtype).itemsize * max(width, 1) for dtype, width, _ in self._spec.values())

    def grow(self, n: int) -> None:
        """Have `n` rows, or more if there are already."""
        before = len(self._table)
        if n <= before:
            return
        self._table.grow(n)
        for name, (_, _, fill) in self._spec.items():
            self[name][before:] = fill

    def reset(self, rows: NDArray[np.integer[Any]]) -> None:
        """Have `rows` as new ones are."""
        for name, (_, _, fill) in self._spec.items():
            self[name][rows] = fill

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the columns."""
        return {name: self[name].copy() for name in self._spec}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the state that gave `state`."""
        self._table = SeriesTable({name: (dtype, width) for name, (dtype, width, _) in self._spec.items()})
        self._table.grow(len(state[next(iter(self._spec))]))
        for name in self._spec:
            self[name][:] = state[name]


class AskedState:
    """State with a row for those series only that asked for one."""

    def __init__(self, spec: Spec) -> None:
        self.rows = State(spec)
        self._slots = State({"slot": ("int32", 0, -1)})

    def grow(self, n: int) -> None:
        """Know `n` series."""
        self._slots.grow(n)

    def ask(self, series: NDArray[np.intp]) -> None:
        """Give a row to each of `series` (distinct) that has none."""
        slot = self._slots["slot"]
        new = series[slot[series] < 0]
        slot[new] = len(self.rows) + np.arange(len(new), dtype=np.int32)
        self.rows.grow(len(self.rows) + len(new))

    def slot(self, series: I32) -> I32:
        """The row of each of `series`; -1 where it never asked."""
        slot: I32 = self._slots["slot"][series]
        return slot

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the columns."""
        return self.rows.snapshot() | self._slots.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Be as the state that gave `state`."""
        self.rows.restore(state)
        self._slots.restore(state)
