"""Room for packed sketches: each row in the narrowest of five widths that holds it, none for a row without a sketch.

    row    width class, place         pools    8 | 8 | 8 | 8 |      16 | 16 |      126 |     slots: gap u8, digit u8

Most series keep to few buckets (a voltage to five), a few use all: 16 to 252 bytes a row where all would take 252.
A pool that is half empty after rows have left is packed together, so what is set aside follows what is used.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I64, U8
from processors.windows.sketch import SLOTS, Rows

__all__ = ["SketchRoom"]

_WIDTHS = np.array([8, 16, 32, 64, SLOTS])
_LEAST = 64


@dataclass(slots=True)
class _Pool:
    """Places of one width."""

    slots: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((2, 0), np.uint8))
    """(gap | digit, flat slots)"""
    room: int = 0
    """Places that there are."""
    end: int = 0
    """Places ever taken since it was packed together."""
    free: list[NDArray[np.int32]] = field(default_factory=list)
    idle: int = 0
    """Places in `free`."""


class SketchRoom:
    """Rows are numbered from 0; `grow` makes more of them. A row's slots are those of its last `write`."""

    def __init__(self) -> None:
        self._width = np.zeros(0, np.uint8)
        """Of each row, 1 + its class; 0: it has no place."""
        self._place = np.zeros(0, np.int32)
        self._pools = [_Pool() for _ in _WIDTHS]

    @property
    def nbytes(self) -> int:
        """Bytes set aside."""
        return self._width.nbytes + self._place.nbytes + sum(pool.slots.nbytes for pool in self._pools)

    def grow(self, rows: int) -> None:
        """Have `rows` rows."""
        if rows > len(self._width):
            more = max(rows, len(self._width) * 9 // 8, _LEAST) - len(self._width)
            self._width = np.concatenate([self._width, np.zeros(more, np.uint8)])
            self._place = np.concatenate([self._place, np.zeros(more, np.int32)])

    def read(self, rows: NDArray[Any], used: U8) -> tuple[U8, U8]:
        """gap and digit of the `used` slots of each row, flat, row after row."""
        out = np.zeros((2, int(used.sum(dtype=np.int64))), np.uint8)
        for pool, there, held in self._ways(rows, used):
            out[:, there] = pool.slots[:, held]
        return out[0], out[1]

    def write(self, rows: NDArray[Any], used: U8, gap: U8, digit: U8) -> None:
        """Keep the slots of different rows, flat, row after row; a row with none used gives its place back."""
        wanted = np.where(used > 0, 1 + np.searchsorted(_WIDTHS, used), 0).astype(np.uint8)
        moves = wanted != self._width[rows]
        if moves.any():
            self._move(rows[moves], wanted[moves])
        for pool, there, held in self._ways(rows, used):
            pool.slots[0, held], pool.slots[1, held] = gap[there], digit[there]

    def release(self, rows: NDArray[Any]) -> None:
        """Rows that have no sketch any more."""
        self._move(rows, np.zeros(len(rows), np.uint8))

    def _ways(self, rows: NDArray[Any], used: U8) -> list[tuple[_Pool, Rows, Rows]]:
        """For each pool that holds some of `rows`: where their slots are in flat order, and where in the pool."""
        size = used.astype(np.int64)
        begin = np.cumsum(size) - size
        width = np.where(used > 0, self._width[rows], 0)
        found = []
        for kind in np.flatnonzero(np.bincount(width, minlength=1 + len(_WIDTHS))[1:]).tolist():
            mine = np.flatnonzero(width == kind + 1)
            place = self._place[rows[mine]].astype(np.int64) * int(_WIDTHS[kind])
            found.append((self._pools[kind], _runs(begin[mine], size[mine]), _runs(place, size[mine])))
        return found

    def _move(self, rows: NDArray[Any], wanted: U8) -> None:
        """Give rows another width, or none; what they held is gone."""
        before = self._width[rows]
        places = self._place[rows]
        self._width[rows] = wanted
        for kind, pool in enumerate(self._pools):
            leaves = places[before == kind + 1]
            if len(leaves):
                pool.free.append(leaves)
                pool.idle += len(leaves)
        for kind, pool in enumerate(self._pools):
            come = rows[wanted == kind + 1]
            if len(come):
                self._place[come] = self._take(pool, len(come), int(_WIDTHS[kind]))
        for kind, pool in enumerate(self._pools):
            if pool.idle > _LEAST and 2 * pool.idle > pool.end:
                self._pack(kind, pool)

    @staticmethod
    def _take(pool: _Pool, count: int, width: int) -> NDArray[np.int32]:
        """Places for `count` rows more."""
        free = np.concatenate([*pool.free, np.zeros(0, np.int32)])
        again, rest = free[:count], free[count:]
        pool.free, pool.idle = [rest] if len(rest) else [], len(rest)
        new = count - len(again)
        if pool.end + new > pool.room:
            pool.room = max(pool.end + new, pool.room + pool.room // 8, _LEAST)
            slots = np.zeros((2, pool.room * width), np.uint8)
            slots[:, : pool.end * width] = pool.slots[:, : pool.end * width]
            pool.slots = slots
        fresh = np.arange(pool.end, pool.end + new, dtype=np.int32)
        pool.end += new
        return np.concatenate([again, fresh])

    def _pack(self, kind: int, pool: _Pool) -> None:
        """Lay the rows that are left one after the other."""
        rows, width = np.flatnonzero(self._width == kind + 1), int(_WIDTHS[kind])
        held = pool.slots.reshape(2, -1, width)[:, self._place[rows]]
        self._place[rows] = np.arange(len(rows))
        self._pools[kind] = _Pool(np.ascontiguousarray(held.reshape(2, -1)), len(rows), len(rows))


def _runs(begin: I64, size: I64) -> Rows:
    """begin, begin + 1, ... `size` of them, for each."""
    end = np.cumsum(size)
    total = int(end[-1]) if len(end) else 0
    runs: Rows = np.arange(total) + np.repeat(begin - (end - size), size)
    return runs
