"""Mean and spread of stretches of readings (an hour, a part of a window), as they come.

    stretch    0: open since an earlier batch | 1 | 2      of one series, then those of the next
    readings      a a a                         b   c c    each added to its stretch, one after the other

Sums are taken from the stretch's first value, so that little is lost where a signal moves little around a large value
("shifted data" of Chan, Golub, LeVeque 1983, from memory), and added in order of arrival, so that how readings fall
into batches does not show in one bit.
"""

from dataclasses import dataclass

import numpy as np

from processors.columns import F64, I32, I64
from processors.quality.previous import Mask, Rows
from processors.quality.state import State

__all__ = ["Moments", "Stretches", "add_in_place"]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches of the series of a batch (k,): of each series the one that was open, then those that begin in it."""

    of: Rows
    """The stretch that each reading (n,) belongs to."""
    first: Rows
    """The first stretch of each series (g,): open before the batch."""
    last: Rows
    """The last stretch of each series (g,): open after it, and the same as `first` if none began."""
    begun: Rows
    """The readings (n,) that begin a stretch."""
    count: int
    """k"""

    @classmethod
    def where(cls, new: Mask, head: Mask) -> "Stretches":
        """From the readings (n,), series after series, that begin a stretch (`new`) and those that begin a series."""
        group = np.cumsum(head) - 1
        of = np.cumsum(new) + group
        begin = np.flatnonzero(head)
        last = of[np.append(begin[1:], len(head))[: len(begin)] - 1]
        before = of[begin] - new[begin]
        return cls(of, before, last, np.flatnonzero(new), int(of[-1]) + 1 if len(of) else 0)


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of each stretch (k,): `total` and `square` of the values less `origin`."""

    count: I64
    origin: F64
    total: F64
    square: F64

    @classmethod
    def empty(cls, k: int) -> "Moments":
        """Of k stretches without a value."""
        return cls(np.zeros(k, np.int64), np.zeros(k), np.zeros(k), np.zeros(k))

    def add(self, stretch: Rows, value: F64) -> None:
        """Add finite values (m,), each to its stretch, in order."""
        bare = self.count[stretch] == 0
        self.origin[stretch[bare][::-1]] = value[bare][::-1]  # the first one of a stretch is written last
        with np.errstate(over="ignore", invalid="ignore"):
            distance = value - self.origin[stretch]
            np.add.at(self.count, stretch, 1)
            np.add.at(self.total, stretch, distance)
            np.add.at(self.square, stretch, distance * distance)

    def mean(self) -> F64:
        """Mean of each stretch; NaN where it is empty."""
        with np.errstate(invalid="ignore", over="ignore"):
            mean: F64 = self.origin + self.total / np.where(self.count, self.count, np.nan)
        return mean

    def squares(self) -> F64:
        """Sum of the squared distances from the mean; 0 where a stretch is empty."""
        with np.errstate(invalid="ignore", over="ignore"):
            left: F64 = np.maximum(self.square - self.total * self.total / np.maximum(self.count, 1), 0.0)
        return left


def add_in_place(state: State, prefix: str, row: I32, value: F64) -> None:
    """Add finite values to the sums that `state` holds under a prefix, one a row: the same bits as Moments.add."""
    count = state[f"{prefix}count"][row]
    origin = np.where(count == 0, value, state[f"{prefix}origin"][row])
    with np.errstate(over="ignore", invalid="ignore"):
        distance = value - origin
        state[f"{prefix}count"][row] = count + 1
        state[f"{prefix}origin"][row] = origin
        state[f"{prefix}total"][row] += distance
        state[f"{prefix}square"][row] += distance * distance
