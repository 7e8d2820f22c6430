"""What the parts of a detector have in common: a row of small columns a series, that grows, is copied and put back."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.windows.series_table import SeriesTable

__all__ = ["Rows", "SeriesState"]

Rows = NDArray[np.intp]
"""Which series each reading belongs to; no series twice."""


class SeriesState:
    """State in columns (`SPEC`: dtype and width, width 0 is one value a series), zero for a series that is new."""

    SPEC: ClassVar[Mapping[str, tuple[str, int]]] = {}

    def __init__(self) -> None:
        self._table = SeriesTable(self.SPEC)

    def __len__(self) -> int:
        return len(self._table)

    def grow(self, n: int) -> None:
        """Have room for `n` series; never less than before."""
        self._table.grow(max(n, len(self._table)))

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """The columns, copied."""
        return {name: column.copy() for name, column in self._table.columns.items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `snapshot` gave.

        Raises:
            ValueError: it is the state of something else.
        """
        if state.keys() != self.SPEC.keys():
            raise ValueError(f"state of {sorted(state)}, not of {sorted(self.SPEC)}")
        table = SeriesTable(self.SPEC)
        table.grow(len(next(iter(state.values()))))
        for name, column in table.columns.items():
            column[:] = state[name]
        self._table = table

    @classmethod
    def bytes_per_series(cls) -> int:
        """Bytes of state of one series."""
        return sum(np.dtype(dtype).itemsize * max(width, 1) for dtype, width in cls.SPEC.values())
