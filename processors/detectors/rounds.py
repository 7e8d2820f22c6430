"""Cut a batch into rounds, in none of which a series has two readings, so that a round is one pass over arrays.

    series   4 7 4 4 9        round 0: rows 0 1 4     round 1: row 2      round 2: row 3

A series' readings keep their order. A batch takes as many passes as the busiest series has readings in it, more where
a round is so large that the arrays of its pass wouldn't stay in the processor's cache.
"""

from collections.abc import Iterator

import numpy as np

from processors.columns import I32
from processors.detectors.state import Rows

__all__ = ["rounds"]

_LARGEST = 8192
"""Rows of a round."""


def rounds(series: I32) -> Iterator[Rows]:
    """The rows of each round, round by round.

    >>> [rows.tolist() for rows in rounds(np.array([4, 7, 4, 4, 9], np.int32))]
    [[0, 1, 4], [2], [3]]
    """
    if not len(series):
        return
    order = np.argsort(series, kind="stable")
    head = np.flatnonzero(np.diff(series[order], prepend=series[order[0]] - 1))
    length = np.diff(head, append=len(series))
    if len(head) == len(series):
        yield from _parts(np.arange(len(series)))
        return
    turn = np.empty(len(series), np.intp)
    turn[order] = np.arange(len(series)) - np.repeat(head, length)
    by_turn = np.argsort(turn, kind="stable")
    bounds = np.cumsum(np.bincount(turn))
    for start, end in zip(np.r_[0, bounds[:-1]], bounds, strict=True):
        yield from _parts(by_turn[start:end])


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _LARGEST):
        yield rows[start : start + _LARGEST]
