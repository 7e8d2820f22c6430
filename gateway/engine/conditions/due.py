"""When next something that waits for its lane can be over; until a lane has come so far nobody needs to look.

    waiting     12:10  12:10  12:20         the earliest end: 12:10
    watermarks  12:09  12:08                nobody has come so far: nothing is over

Only a bound: something may still wait for its own lane when another one has come so far.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I64

__all__ = ["Due", "runs"]

_FAR = 2**63 - 1


class Due:
    """Not part of a snapshot: it is found again."""

    def __init__(self) -> None:
        self._at: int | None = None
        self._lanes: NDArray[np.integer[Any]] = np.empty(0, np.int64)

    def by(self, lanes: NDArray[np.integer[Any]] | Sequence[int]) -> None:
        """The lanes of what may wait; forgets what waits."""
        self._lanes, self._at = np.unique(np.asarray(lanes, np.int64)), None

    def forget(self) -> None:
        """Other things wait now."""
        self._at = None

    def add(self, end: int) -> None:
        """Something more waits."""
        if self._at is not None:
            self._at = min(self._at, end)

    def come(self, watermarks: I64, ends: Callable[[], I64]) -> bool:
        """Whether anything may be over; `ends` gives the ends of all that waits."""
        if not len(self._lanes):
            return False
        if self._at is None:
            self._at = int(ends().min(initial=_FAR))
        return int(watermarks[self._lanes].max()) >= self._at


def runs(of: NDArray[Any]) -> list[slice]:
    """Rows side by side that are equal.

    >>> runs(np.array([3, 3, 5]))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    if not len(of):
        return []
    cuts = np.flatnonzero(of[1:] != of[:-1]) + 1
    return [slice(begin, end) for begin, end in pairwise([0, *cuts.tolist(), len(of)])]
