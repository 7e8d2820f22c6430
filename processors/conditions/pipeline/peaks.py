"""The greatest value of each subject in each bucket of time: few figures of many readings.

    readings   . : .    |  .   :.   |   .          : the greatest; a bucket is told once a reading of a later one comes
    told                            ^ first bucket ^ second ...

Source: none, it is a maximum. 24 bytes a subject.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64
from processors.conditions.pipeline.arrivals import fresh_rows
from processors.conditions.pipeline.table import NEVER, Table

__all__ = ["Peak", "Peaks"]


class Peak(NamedTuple):
    """One row a bucket that is over: its end (ns) and the greatest value in it. Ordered by subject, then time."""

    subject: I32
    end: I64
    value: F64


class Peaks:
    """What each subject's bucket under way has so far."""

    def __init__(self, bucket: int) -> None:
        """`bucket`: ns; buckets are counted from the epoch."""
        self._bucket = bucket
        self._table = Table({
            "last": ("int64", (), NEVER), "bucket": ("int64", (), NEVER), "greatest": ("float64", (), np.nan),
        })  # fmt: skip

    def grow(self, n: int) -> None:
        """Know `n` subjects."""
        self._table.grow(n)

    def update(self, subject: I32, ts: I64, value: F64) -> Peak:
        """Take rows in order of arrival; gives the buckets that they end.

        Missing values and rows no newer than their subject's last count for nothing.
        """
        given = np.flatnonzero(np.isfinite(value))
        rows = given[fresh_rows(subject[given], ts[given], self._table["last"])]
        of, bucket, values = subject[rows], ts[rows] // self._bucket, value[rows]
        first = np.ones(len(rows), np.bool_)
        first[1:] = of[1:] != of[:-1]
        head = first.copy()
        head[1:] |= bucket[1:] != bucket[:-1]
        begin = np.flatnonzero(head)
        if not len(begin):
            return Peak(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))
        of, bucket, first = of[begin], bucket[begin], first[begin]
        greatest = np.maximum.reduceat(values, begin)
        held, most = self._table["bucket"], self._table["greatest"]
        goes_on = first & (held[of] == bucket)
        greatest = np.where(goes_on, np.fmax(greatest, most[of]), greatest)
        ended = first & ~goes_on & (held[of] != NEVER)
        before = Peak(of[ended], held[of[ended]], most[of[ended]])
        last = np.ones(len(of), np.bool_)
        last[:-1] = of[1:] != of[:-1]
        held[of[last]], most[of[last]] = bucket[last], greatest[last]
        subject = np.concatenate([before.subject, of[~last]])
        end = (np.concatenate([before.end, bucket[~last]]) + 1) * self._bucket
        value = np.concatenate([before.value, greatest[~last]])
        order = np.lexsort((end, subject))
        return Peak(subject[order], end[order], value[order])

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of all state."""
        return self._table.snapshot()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        self._table.restore(state)
