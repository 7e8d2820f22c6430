"""Rounds: a batch of rows cut so that no subject comes twice in one piece.

    rows      a0 b0 c0 a1 b1 a2          (subject and its how-manieth row, in order of input)
    rounds    [a0 b0 c0] [a1 b1] [a2]

A stateful part steps once a round, over all its rows at once, and so ends up the same however the rows were batched.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["rounds"]


def rounds(subject: NDArray[Any]) -> Iterator[NDArray[np.intp]]:
    """Indices of the first row of each subject, then of the second, and so on; each in ascending order.

    Parameters
    ----------
    subject : (n,) integers. Rows of one subject are taken in the order in which they stand.

    Examples
    --------
    >>> [rows.tolist() for rows in rounds(np.array([7, 3, 7]))]
    [[0, 1], [2]]
    """
    n = len(subject)
    if not n:
        return
    if (subject[1:] > subject[:-1]).all():  # one row each, as a closing window gives them: nothing to sort
        yield np.arange(n)
        return
    order = np.argsort(subject, kind="stable")
    of = subject[order]
    place = np.arange(n)
    first = np.ones(n, np.bool_)
    first[1:] = of[1:] != of[:-1]
    rank = np.empty(n, np.int64)
    rank[order] = place - np.maximum.accumulate(np.where(first, place, 0))
    by_rank = np.argsort(rank, kind="stable")
    yield from np.split(by_rank, np.cumsum(np.bincount(rank))[:-1])
