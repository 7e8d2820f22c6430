"""Columns with a row a series, growing together as series are added."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SeriesTable"]

_LEAST = 256


class SeriesTable:
    """`columns[name]` holds `len(self)` rows of zeros until written to. Grows by an eighth, so little lies idle."""

    def __init__(self, spec: Mapping[str, tuple[str, int]]) -> None:
        """`spec`: dtype and width of each column; width 0 is one value a row."""
        self._spec = dict(spec)
        self._room = 0
        self._n = 0
        self._held: dict[str, NDArray[Any]] = {}
        self.columns: dict[str, NDArray[Any]] = {}
        self.grow(0)

    def __len__(self) -> int:
        return self._n

    def grow(self, n: int) -> None:
        """Have `n` rows."""
        if n > self._room or not self._held:
            self._room = max(n, self._room + self._room // 8, _LEAST)
            for name, (dtype, width) in self._spec.items():
                room = np.zeros((self._room, width) if width else self._room, dtype)
                room[: self._n] = self.columns.get(name, room)[: self._n]
                self._held[name] = room
        self._n = n
        self.columns = {name: held[:n] for name, held in self._held.items()}

    @property
    def nbytes(self) -> int:
        """Bytes set aside."""
        return sum(held.nbytes for held in self._held.values())
