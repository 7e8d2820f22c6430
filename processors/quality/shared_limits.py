"""Limits of many series, each different row held once: what a profile asks of a quantity is the same for all devices.

    series   0 1 2 3 4 ...      rows   0: nothing asked
    row      1 1 2 0 1 ...             1: rate 2 and 5, ...

A look-up then stays within a few cache lines, however many series there are.
"""

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from processors.columns import I32
from processors.quality.limits import QualityLimits

__all__ = ["SharedLimits"]


class SharedLimits:
    """Never called concurrently. Rows stay once they were asked for: there are as many as configurations had."""

    def __init__(self) -> None:
        self._rows = QualityLimits.none(1)
        self._known = {_prints(self._rows)[0]: 0}
        self._row = np.zeros(0, np.int32)

    def grow(self, n: int) -> None:
        """Have `n` series, or more if there are already; nothing is asked for the new ones."""
        self._row = np.append(self._row, np.zeros(max(n - len(self._row), 0), np.int32))

    def put(self, series: NDArray[np.intp], limits: QualityLimits) -> None:
        """Have the rows of `limits` for `series`."""
        prints = np.array(_prints(limits), object)
        for text in dict.fromkeys(prints.tolist()):
            same = np.flatnonzero(prints == text)
            if text not in self._known:
                self._known[text] = len(self._rows)
                self._rows.grow(len(self._rows) + 1)
                self._rows.put(np.array([len(self._rows) - 1]), limits.take(same[:1]))
            self._row[series[same]] = self._known[text]

    def of(self, series: I32 | NDArray[np.intp]) -> tuple[QualityLimits, I32]:
        """The rows, and which of them each of `series` has."""
        return self._rows, self._row[series]


def _prints(limits: QualityLimits) -> list[bytes]:
    """Each row as bytes: equal where all its settings are."""
    columns = [getattr(limits, field.name).astype(np.float64) for field in fields(limits)]
    return [row.tobytes() for row in np.stack(columns, axis=1)]
