"""What a rule has learned of its subjects, carried over row by row where it is about the same subject still."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Part", "blank_rows", "carry"]

Rows = NDArray[np.intp]


class Part(Protocol):
    """Arithmetic with a row of state a subject."""

    def grow(self, n: int) -> None:
        """Know so many subjects."""
        ...

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Columns of equal length."""
        ...

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take them back."""
        ...


def carry(part: Part, state: Mapping[str, NDArray[Any]], old: Rows, new: Rows) -> None:
    """Rows `old` of a snapshot become rows `new`; none does where the snapshot was made with other settings."""
    columns = part.snapshot()
    if any(state[name].shape[1:] != column.shape[1:] for name, column in columns.items()):
        return
    for name, column in columns.items():
        column[new] = state[name][old]
    part.restore(columns)


def blank_rows(part: Part, rows: Rows, fresh: Part) -> None:
    """Forget what was learned of some subjects. `fresh`: the same part with as many rows, which has learned nothing."""
    columns, blank = part.snapshot(), fresh.snapshot()
    for name, column in columns.items():
        column[rows] = blank[name][rows]
    part.restore(columns)
