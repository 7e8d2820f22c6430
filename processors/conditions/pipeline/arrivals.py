"""Rows of many subjects in order of arrival: which are newer than all before them, and the k-th of each at a time.

arrived    A1 B1 A2 A1' B2        grouped   A1 A2 A1' | B1 B2
                                  fresh     x  x  -     x  x      A1' is not newer than A2: late, no part of the order
                                  turns     {A1 B1} {A2 B2}       each subject at most once a turn
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from processors.columns import I32, I64
from processors.windows.order import pair_keys

__all__ = ["Rows", "first_of_group", "fresh_rows", "group", "newest_so_far", "turns"]

Rows = NDArray[np.intp]

_HALF = 16


def group(subject: I32) -> Rows:
    """The order that puts the rows of a subject side by side, each subject's in order of arrival."""
    if not len(subject):
        return np.empty(0, np.intp)
    low = subject - subject.min()
    # numpy sorts 16-bit integers by radix, in a fifth of the time of a 32-bit sort
    order: Rows = np.argsort((low & ((1 << _HALF) - 1)).astype(np.uint16), kind="stable")
    if int(low.max()) >> _HALF:
        order = order[np.argsort((low[order] >> _HALF).astype(np.uint16), kind="stable")]
    return order


def first_of_group(subject: I32) -> Rows:
    """Where the group of each row begins; `subject` is grouped."""
    head = np.empty(len(subject), np.bool_)
    head[:1] = True
    np.not_equal(subject[1:], subject[:-1], out=head[1:])
    begin: Rows = np.maximum.accumulate(np.where(head, np.arange(len(subject)), 0))
    return begin


def newest_so_far(subject: I32, ts: I64) -> Rows:
    """The row of the newest time of each subject up to and including each row; the first of equals. Grouped rows."""
    if not len(ts):
        return np.empty(0, np.intp)
    key: I64 = pair_keys(subject, ts)  # keys of a later group are larger, so the running maximum starts afresh with it
    record = np.empty(len(key), np.bool_)
    record[0] = True
    np.greater(key[1:], np.maximum.accumulate(key)[:-1], out=record[1:])
    newest: Rows = np.maximum.accumulate(np.where(record, np.arange(len(key)), 0))
    return newest


def fresh_rows(subject: I32, ts: I64, last: I64) -> Rows:
    """The rows that are newer than all earlier ones of their subject, grouped by subject.

    Parameters
    ----------
    subject, ts : (n,) rows in order of arrival.
    last : (subjects,) newest time of each subject before these rows. Brought up to date in place.
    """
    order = group(subject)
    of, at = subject[order], ts[order]
    fresh = (newest_so_far(of, at) == np.arange(len(of))) & (at > last[of])
    rows: Rows = order[fresh]
    last[subject[rows]] = ts[rows]  # ascending within a subject: the last of equal indices stays
    return rows


def turns(subject: I32) -> Iterator[Rows]:
    """Positions of the first row of every subject, then of the second ...; `subject` is grouped.

    As many turns as the busiest subject has rows: few in live data, where a subject has one row a step.
    """
    if not len(subject):
        return
    rank = np.arange(len(subject)) - first_of_group(subject)
    if not rank.any():
        yield np.arange(len(subject))
        return
    order = np.argsort(rank, kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(rank))[:-1])
