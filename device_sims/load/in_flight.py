"""What one connection has sent and has no answer to, as arrays by packet id."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["IDS", "InFlight"]

I64 = NDArray[np.int64]

IDS = 65_536
"""Packet ids are 1 to 65,535."""


class InFlight:
    """Ids are given in rows, so that a batch is a slice; a row ends where an answer is still missing."""

    def __init__(self) -> None:
        self.count = 0
        self._flying = np.zeros(IDS, bool)
        self._messages = np.zeros((IDS, 3), np.int64)
        self._written = np.zeros(IDS, np.int64)
        self._next = 1

    def free_ids(self, count: int) -> slice:
        """The next ids in a row that nothing flies under, at most `count`."""
        taken = self._flying[self._next : self._next + max(count, 0)]
        free = int(taken.argmax()) if taken.any() else len(taken)
        return slice(self._next, self._next + free)

    def put(self, ids: slice, messages: I64, now: int) -> None:
        """messages, shape (n, 3): number, due, stamp of each, written at `now` under the next free ids."""
        self._messages[ids] = messages
        self._written[ids] = now
        self._flying[ids] = True
        self.count += len(messages)
        self._next = ids.stop if ids.stop < IDS else 1

    def answered(self, ids: I64, reasons: I64) -> tuple[I64, I64, I64, int]:
        """Take out what is answered.

        Returns due and written times and reasons of those that flew, each of shape (n,), and how many answers were to
        nothing that flies.
        """
        which: slice | I64
        first, last = int(ids[0]), int(ids[-1])
        in_a_row = last - first + 1 == ids.size and (ids.size == 1 or bool((np.diff(ids) == 1).all()))
        strays = 0
        if in_a_row and bool(self._flying[first : last + 1].all()):
            which = slice(first, last + 1)
        else:
            fresh, index = np.unique(ids, return_index=True)
            flies = self._flying[fresh]
            strays = ids.size - int(flies.sum())
            which, reasons = fresh[flies], reasons[index][flies]
        self._flying[which] = False
        self.count -= len(reasons)
        return self._messages[which, 1], self._written[which], reasons, strays

    def recall(self) -> I64:
        """Take everything out: number, due, stamp of each, shape (n, 3), in no order."""
        messages = self._messages[self._flying]
        self._flying[:] = False
        self.count = 0
        return messages
