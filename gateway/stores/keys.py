"""Which rows of a block share a key. A block without repeats, the usual one, costs a single sort of 64-bit prints."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["last_of_each", "prints", "repeated"]

_MIX = np.array([0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93], np.uint64)


def prints(number: NDArray[Any], ts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A 64-bit print of each (number, ts). Equal keys have equal prints; different keys hardly ever do."""
    mixed: NDArray[np.uint64] = ts.view(np.uint64) * _MIX[0] + number.astype(np.uint64) * _MIX[1]
    return mixed


def repeated(keys: NDArray[np.uint64]) -> NDArray[np.bool_] | None:
    """The rows whose key occurs more than once, or None where there are none."""
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(keys, twice) if twice.size else None


def last_of_each(number: NDArray[Any], ts: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """The rows to keep so that of each (number, ts) only the last row stays; None where all stay."""
    suspects = repeated(prints(number, ts))
    if suspects is None:
        return None
    rows = np.flatnonzero(suspects)
    order = rows[np.lexsort((rows, ts[rows], number[rows]))]
    followed = (number[order[1:]] == number[order[:-1]]) & (ts[order[1:]] == ts[order[:-1]])
    keep = np.ones(len(ts), np.bool_)
    keep[order[:-1][followed]] = False
    return keep
