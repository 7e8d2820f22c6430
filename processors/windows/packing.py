"""Sketches of open windows packed into at most 256 bytes each.

    header   base i16 | used u8 | level u8          first key - 1, slots in use, level
    slots    126 x (gap u8, digit u8)               key = sum of gaps so far, count = base-256 digits, lowest first

    gap 1..255, digit d    next key, count d        gap 255, digit 0    a step on the way over a gap wider than 255
    gap 0, digit d         next higher digit of the count before it

Why this form. At 256 bytes, by the error that windows of real and simulated days end up with (%):

    bytes a bucket               42 x 6    84 x 3    126 dense x 2    126 x 2 (this)
    road speed, a day of 10 s    4         2         2                2
    road speed, a day of 1 s     4         2         2                4
    household power, 1 min       8         2         2                2
    0.01-10 kW, log-uniform      16        8         4                4
    flow, +-0.02 noise at night  31        16        31               8

A day of 10-s readings has few buckets with more than 255, so most counts need one byte; dense arrays break down where
values change sign, for all of the buckets between -0.001 and 0.001 lie in the middle.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.columns import U8
from processors.windows.sketch import Rows, Sketches, slots_needed

__all__ = ["HEADER", "Packed", "pack", "unpack"]

_GAP: Final = 255
_BYTE: Final = 255

HEADER: dict[str, tuple[str, int]] = {"base": ("int16", 0), "used": ("uint8", 0), "level": ("uint8", 0)}
"""Columns of packed sketches beside their slots: dtype and width, as a SeriesTable wants them."""

Packed = dict[str, NDArray[Any]]


def pack(sketches: Sketches) -> Packed:
    """Pack n sketches that fit (`merge` sees to that). `gap` and `digit` come flat: the used slots, row after row."""
    row, key, count = sketches.row, sketches.key, sketches.count
    slots, used = slots_needed(sketches)
    at = np.cumsum(slots) - slots
    first = np.ones(len(row), np.bool_)
    np.not_equal(row[1:], row[:-1], out=first[1:])
    gaps = np.ones(len(row), np.int64)
    gaps[1:] = np.where(first[1:], 1, np.diff(key))
    base = np.zeros(len(used), np.int16)
    base[row[first]] = key[first] - 1
    size = int(used.sum())
    gap, digit = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    steps = (gaps - 1) // _GAP
    for step in range(int(steps.max(initial=0))):
        gap[at[steps > step] + step] = _GAP
    head = at + steps
    gap[head] = gaps - _GAP * steps
    for place in range(int((slots - steps).max(initial=0))):
        more = slots - steps > place
        digit[head[more] + place] = (count[more] >> (8 * place)) & _BYTE
    return {
        "base": base,
        "used": used.astype(np.uint8),
        "level": sketches.level.astype(np.uint8),
        "gap": gap,
        "digit": digit,
    }


def unpack(base: NDArray[np.int16], used: U8, level: U8, gap: U8, digit: U8) -> Sketches:
    """The sketches that `pack` packed; `gap` and `digit` flat as it gave them."""
    n = len(base)
    if not len(gap):
        return Sketches(level.astype(np.int32), *(getattr(Sketches.empty(), name) for name in ("row", "key", "count")))
    row: Rows = np.repeat(np.arange(n), used)
    head = np.flatnonzero(gap)
    place = np.arange(len(gap)) - np.repeat(head, np.diff(head, append=len(gap)))
    count = np.add.reduceat(digit.astype(np.int64) << (8 * place), head)
    row = row[head]
    key = np.cumsum(gap[head].astype(np.int64))
    begin = np.flatnonzero(np.diff(row, prepend=-1))
    offset = base[row[begin]] - (key[begin] - gap[head[begin]])
    key += np.repeat(offset, np.diff(begin, append=len(row)))
    real = count > 0
    return Sketches(level.astype(np.int32), row[real], key[real].astype(np.int32), count[real])
