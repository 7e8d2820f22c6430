"""When next something that waits for its lane can be over; until a lane has come so far nobody needs to look.

waiting     lane a: 12:10  12:20   lane b: 12:10        the earliest end of each: a 12:10, b 12:10
watermarks  lane a: 12:09          lane b: 12:04        nobody has come so far: nothing is over
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I64

__all__ = ["FAR", "Due", "Waiting", "runs"]

FAR = 2**63 - 1
"""The end of what doesn't wait."""
_NOBODY = -1


class Due:
    """Subjects wait for one lane each. Not part of a snapshot: it is found again."""

    def __init__(self) -> None:
        self._at: I64 | None = None
        """Earliest end of each lane."""
        self._lanes: NDArray[np.integer[Any]] = np.empty(0, np.int64)
        self._place: NDArray[np.intp] = np.empty(0, np.intp)

    def by(self, lanes: NDArray[np.integer[Any]] | Sequence[int]) -> None:
        """The lane of each subject; forgets what waits."""
        self._lanes, self._place = np.unique(np.asarray(lanes, np.int64), return_inverse=True)
        self._at = None

    @property
    def lanes(self) -> list[int]:
        """The lanes of all subjects."""
        return [int(lane) for lane in self._lanes]

    def forget(self) -> None:
        """Other things wait now."""
        self._at = None

    def add(self, end: int, subject: NDArray[np.integer[Any]]) -> None:
        """Some subjects wait for something more."""
        if self._at is not None:
            place = self._place[subject]
            self._at[place] = np.minimum(self._at[place], end)

    def come(self, watermarks: I64, ends: Callable[[], I64]) -> bool:
        """Whether anything is over; `ends` gives the earliest end of every subject."""
        if not len(self._lanes):
            return False
        if self._at is None:
            self._at = np.full(len(self._lanes), FAR)
            np.minimum.at(self._at, self._place, ends())
        return bool((watermarks[self._lanes] >= self._at).any())


class Waiting:
    """Subjects wait for several lanes each: for the one that lags. Not part of a snapshot: it is put again."""

    def __init__(self) -> None:
        self._first: I64 = np.empty(0, np.int64)
        self._lanes: I64 = np.empty((0, 1), np.int64)

    def by(self, lanes: Sequence[Iterable[int]]) -> None:
        """The lanes of each subject, those known already first; none: nothing of it is ever over by time."""
        every = [list(each) for each in lanes]
        self._lanes = np.full((len(every), max([1, *map(len, every)])), _NOBODY, np.int64)
        for subject, each in enumerate(every):
            if each:
                self._lanes[subject] = each + each[:1] * (self._lanes.shape[1] - len(each))
        more = len(every) - len(self._first)
        self._first = np.concatenate([self._first, np.full(more, FAR)])

    @property
    def lanes(self) -> list[int]:
        """The lanes of all subjects."""
        return [int(lane) for lane in np.unique(self._lanes) if lane != _NOBODY]

    def put(self, subject: int, end: int) -> None:
        """The earliest end that a subject waits for; FAR: it doesn't."""
        self._first[subject] = end

    def put_all(self, ends: I64) -> None:
        """The earliest end that every subject waits for."""
        self._first = ends

    def over(self, watermarks: I64) -> list[tuple[int, int]]:
        """The subjects of which all lanes have come to what they wait for, and how far the last of their lanes is."""
        ready: list[tuple[int, int]] = []
        some = np.flatnonzero(self._first != FAR)
        if len(some):
            reached = self._reached(watermarks, self._lanes[some])
            which = np.flatnonzero(reached >= self._first[some])
            ready = list(zip(some[which].tolist(), reached[which].tolist(), strict=True))
        return ready

    def reached(self, watermarks: I64) -> I64:
        """How far the last lane of every subject is; -FAR or less: a lane was never heard, or there is none."""
        return self._reached(watermarks, self._lanes)

    @staticmethod
    def _reached(watermarks: I64, lanes: I64) -> I64:
        reached: I64 = np.where(lanes == _NOBODY, -FAR, watermarks[lanes]).min(axis=1)
        return reached


def runs(of: NDArray[Any]) -> list[slice]:
    """Rows side by side that are equal.

    >>> runs(np.array([3, 3, 5]))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    if not len(of):
        return []
    cuts = np.flatnonzero(of[1:] != of[:-1]) + 1
    return [slice(begin, end) for begin, end in pairwise([0, *cuts.tolist(), len(of)])]
