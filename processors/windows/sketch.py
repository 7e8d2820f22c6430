"""Quantile sketches: how often each log bucket of values occurs in a window, for many windows at once.

    value      ... -1.02   -0.98 ...  |v| <= 1e-9  ...   0.98    1.02 ...
    key    ...  -519    -518     ...      0        ...    518     519 ...      level 0: a bucket is 4.1 % wide

A bucket's middle is within 2 % of every value in it (DDSketch: Masson et al., VLDB 2019). A window has room for a
limited number of buckets; when more arise, all pairs of neighbours are joined and its `level` goes up by one, which
about doubles the error everywhere alike (UDDSketch: Epicoco et al., IEEE Access 2020). The level is the lowest at which
the readings fit, so a sketch is a function of the set of readings: neither order nor grouping of merges matters.

How much fits is decided by the packed form (see packing.py); this file holds sketches as flat entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64

__all__ = ["ALPHA", "SLOTS", "Sketches", "collapse", "keys_of", "merge", "slots_needed"]

ALPHA = 0.02
"""Relative error at level 0."""
TINY = 1e-9
"""Smaller magnitudes share bucket 0."""
SLOTS = 126
"""Room of one window, in slots of two bytes."""
_WIDTH = float(np.log((1 + ALPHA) / (1 - ALPHA)))
_LOG_TINY = float(np.log(TINY))
_KEY_BITS = 17
_KEY_ZERO = 1 << (_KEY_BITS - 1)
_GAP = 255

Rows = NDArray[np.intp]


@dataclass(slots=True)
class Sketches:
    """n sketches as flat entries, sorted by (row, key); `row` says which sketch an entry belongs to."""

    level: I32
    row: Rows
    key: I32
    count: I64

    @classmethod
    def empty(cls, n: int = 0) -> Self:
        """n sketches of nothing."""
        return cls(np.zeros(n, np.int32), np.empty(0, np.intp), np.empty(0, np.int32), np.empty(0, np.int64))

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """The sketches of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        shift = np.cumsum([0] + [len(part.level) for part in parts])
        return cls(
            np.concatenate([part.level for part in parts] or [np.zeros(0, np.int32)]),
            np.concatenate(
                [part.row + by for part, by in zip(parts, shift[:-1], strict=True)] or [np.empty(0, np.intp)]
            ),
            np.concatenate([part.key for part in parts] or [np.empty(0, np.int32)]),
            np.concatenate([part.count for part in parts] or [np.empty(0, np.int64)]),
        )

    def take(self, mask: NDArray[np.bool_]) -> "Sketches":
        """The sketches that `mask` (n,) chooses, numbered anew."""
        if mask.all():
            return self
        keep = mask[self.row]
        renumber = np.cumsum(mask) - 1
        return Sketches(self.level[mask], renumber[self.row[keep]], self.key[keep], self.count[keep])

    def quantiles(self, count: I64, shares: Sequence[float]) -> list[F64]:
        """Quantiles of the sketches, one array (n,) a share; NaN where a sketch is empty.

        `count` (n,) is how many values each sketch holds. As numpy's `linear` does: between the two values around
        rank share * (count - 1), each taken from its bucket's middle.
        """
        out = [np.full(len(count), np.nan) for _ in shares]
        live = np.flatnonzero(count > 0)
        if not len(live):
            return out
        upto = np.cumsum(self.count)
        before = np.cumsum(count[live]) - count[live]
        for result, share in zip(out, shares, strict=True):
            rank = share * (count[live] - 1)
            low = np.floor(rank).astype(np.int64)
            high = np.minimum(low + 1, count[live] - 1)
            a, b = (self._middle(np.searchsorted(upto, before + at, side="right")) for at in (low, high))
            result[live] = a + (b - a) * (rank - low)
        return out

    def _middle(self, entry: Rows) -> F64:
        """The value with the same relative distance to both ends of an entry's bucket."""
        key = self.key[entry]
        magnitude = np.abs(key)
        width = np.ldexp(_WIDTH, self.level[self.row[entry]])
        low_end = np.exp(_LOG_TINY + (magnitude - 1) * width)
        middle: F64 = np.where(magnitude > 0, np.sign(key) * low_end * (2 / (1 + np.exp(-width))), 0.0)
        return middle


def keys_of(value: F64) -> I32:
    """Bucket of each value at level 0; grows with the value."""
    magnitude = np.abs(value)
    key = np.ceil((np.log(np.maximum(magnitude, TINY)) - _LOG_TINY) / _WIDTH)
    np.maximum(key, 1.0, out=key)
    key[magnitude <= TINY] = 0.0
    return np.copysign(key, value).astype(np.int32)


def collapse(key: I32, by: I32 | int) -> I32:
    """Keys `by` levels higher: magnitudes are halved and rounded up."""
    up: I32 = np.where(key > 0, -((-key) >> by), key >> by)
    return up


def merge(rows: int, parts: Sequence[tuple[Sketches, Rows]]) -> Sketches:
    """Merge sketches into `rows` new ones: sketch k of a part goes into row `into[k]` of the result."""
    level = np.zeros(rows, np.int32)
    for sketches, into in parts:
        if sketches.level.any():
            np.maximum.at(level, into, sketches.level)
    codes, counts = [], []
    for sketches, into in parts:
        row, key = into[sketches.row], sketches.key
        if level.any():
            key = collapse(key, level[row] - sketches.level[sketches.row])
        codes.append((row << _KEY_BITS) | (key + _KEY_ZERO).astype(np.int64))
        counts.append(sketches.count)
    code = np.concatenate(codes)
    order = np.argsort(code, kind="stable")  # a few sorted runs: merging them is nearly linear
    made = _summed(code[order], np.concatenate(counts)[order], level)
    while True:
        over = slots_needed(made)[1] > SLOTS
        if not over.any():
            return made
        made.level[over] += 1
        key = np.where(over[made.row], collapse(made.key, 1), made.key)
        made = _summed((made.row << _KEY_BITS) | (key + _KEY_ZERO).astype(np.int64), made.count, made.level)


def _summed(code: I64, count: I64, level: I32) -> Sketches:
    """Entries with equal keys joined; `code` is sorted."""
    head = np.empty(len(code), np.bool_)
    head[:1] = True
    np.not_equal(code[1:], code[:-1], out=head[1:])
    if not head.all():
        begin = np.flatnonzero(head)
        code, count = code[begin], np.add.reduceat(count, begin)
    key = (code & ((1 << _KEY_BITS) - 1)) - _KEY_ZERO
    return Sketches(level, (code >> _KEY_BITS).astype(np.intp), key.astype(np.int32), count)


def slots_needed(sketches: Sketches) -> tuple[I64, I64]:
    """Slots of each entry and of each sketch (see packing.py); more readings never need fewer."""
    row, key, count = sketches.row, sketches.key, sketches.count
    slots = np.ones(len(row), np.int64)
    if len(row):
        gap = np.diff(key, prepend=key[0])
        gap[1:][row[1:] != row[:-1]] = 1
        gap[0] = 1
        slots += (gap - 1) // _GAP
        for digit in range(1, 8):
            more = count >= 1 << (8 * digit)
            if not more.any():
                break
            slots += more
    return slots, np.bincount(row, weights=slots, minlength=len(sketches.level)).astype(np.int64)
