"""Congestion events: when a segment was congested, how badly, and for how long.

    level      1  2  3  4  5  4  3  2  1           start_level 4, end_level 2
    event               [-----------)              from the first window at 4 or worse until the first at 2 or better
    told                   S  C     E              STARTED once it has lasted `least`, CHANGED when it gets worse, ENDED

               4  4  ?  ?  4                       unknown windows, and windows that never come, are bridged for
               [-----------------                  `patience`; after that the event has ended where it was last seen

An event shorter than `least` is never told. Source: design choice (hysteresis and least duration); levels come from
delay.py.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.columns import I32, I64, U8, Columns
from processors.conditions.traffic.rounds import rounds
from processors.windows.series_table import SeriesTable

__all__ = ["CongestionEvents", "EventKind", "EventRows"]

_COLUMNS = {
    "worst": ("uint8", 0),  # 0: no event
    "told": ("bool", 0),
    "start": ("int64", 0),
    "last": ("int64", 0),  # end of the newest window that belongs to the event
}

Index = NDArray[np.integer[Any]]


class EventKind(IntEnum):
    """What a row tells of an event."""

    STARTED = 1
    CHANGED = 2
    ENDED = 3


@dataclass(frozen=True, slots=True)
class EventRows(Columns):
    """One row a thing told; rows of one event share (segment, start)."""

    DTYPES: ClassVar[dict[str, str]] = {
        "segment": "int32",
        "kind": "uint8",
        "start": "int64",
        "end": "int64",
        "worst": "uint8",
    }
    segment: I32
    kind: U8
    """`EventKind`."""
    start: I64
    """ns, begin of the first congested window."""
    end: I64
    """ns, end of the newest window that belongs to it; final where ENDED."""
    worst: U8
    """Worst level so far."""

    @property
    def length(self) -> I64:
        """ns, so far."""
        return self.end - self.start


class CongestionEvents:
    """The open events of many segments.

    Parameters
    ----------
    start_level : level from which on a window begins an event.
    end_level : level down to which a window ends it; below `start_level`.
    least : ns that an event must have lasted to be told; 0 tells each at once.
    patience : ns without a known level after which an event has ended.

    Raises
    ------
    ValueError
        `end_level` is not below `start_level`, or not above 0.

    Notes
    -----
    18 bytes a segment.
    """

    def __init__(self, *, start_level: int, end_level: int, least: int, patience: int) -> None:
        if not 0 < end_level < start_level:
            raise ValueError(f"end_level {end_level} must lie above 0 and below start_level {start_level}")
        self._start_level, self._end_level = start_level, end_level
        self._least, self._patience = least, patience
        self._table = SeriesTable(_COLUMNS)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def nbytes(self) -> int:
        """Bytes set aside."""
        return self._table.nbytes

    def grow(self, n: int) -> None:
        """Have `n` segments."""
        self._table.grow(n)

    def step(self, segment: Index, start: I64, end: I64, level: U8) -> EventRows:
        """Take in windows, and tell what they bring.

        Parameters
        ----------
        segment : (n,) index below `len(self)`; rows of one segment in time order.
        start, end : (n,) ns, [start, end). A window that begins before the event's newest one ended is left out.
        level : (n,) 1 (best) and up; 0 is unknown.

        Returns
        -------
        In the order of the windows; a window may end an event that had run out of patience and start another.

        Examples
        --------
        >>> events = CongestionEvents(start_level=4, end_level=2, least=0, patience=300)
        >>> events.grow(1)
        >>> at = 60 * np.arange(5)
        >>> rows = events.step(np.zeros(5, int), at, at + 60, np.array([1, 4, 5, 3, 2], np.uint8))
        >>> rows.kind.tolist(), rows.start.tolist(), rows.end.tolist(), rows.worst.tolist()
        ([1, 2, 3], [60, 60, 60], [120, 180, 240], [4, 5, 5])
        """
        parts: list[EventRows] = []
        places: list[NDArray[np.intp]] = []
        for rows in rounds(segment):
            of = segment[rows].astype(np.int64)
            for told, row in self._round(of, start[rows], end[rows], level[rows]):
                parts.append(told)
                places.append(rows[row])
        if not parts:
            return EventRows.empty()
        made = EventRows.concat(parts)
        order = np.argsort(np.concatenate(places), kind="stable")
        return made.take(order)

    def _round(self, segment: I64, start: I64, end: I64, level: U8) -> list[tuple[EventRows, NDArray[np.intp]]]:
        """One window each of `segment`, all different; each part told with the rows of input that it is from."""
        held = self._table.columns
        told: list[tuple[EventRows, NDArray[np.intp]]] = []
        open_ = held["worst"][segment] > 0
        if open_.any():
            last = held["last"][segment]
            lost = open_ & (start - last > self._patience)
            better = open_ & ~lost & (level > 0) & (level <= self._end_level) & (start >= last)
            over = np.flatnonzero(lost | better)
            if len(over):
                told.append(self._end(segment[over], over))
                open_[over] = False
            goes_on = np.flatnonzero(open_ & (level > self._end_level) & (start >= last))
        else:
            goes_on = np.empty(0, np.intp)
        begins = np.flatnonzero(~open_ & (level >= self._start_level))
        if len(begins):
            new = segment[begins]
            held["worst"][new], held["told"][new] = level[begins], False
            held["start"][new], held["last"][new] = start[begins], end[begins]
        if len(goes_on):
            of = segment[goes_on]
            worse = level[goes_on] > held["worst"][of]
            held["worst"][of] = np.maximum(held["worst"][of], level[goes_on])
            held["last"][of] = end[goes_on]
            changed = goes_on[worse & held["told"][of]]
            if len(changed):
                told.append((self._rows(segment[changed], EventKind.CHANGED), changed))
        touched = np.concatenate([begins, goes_on])
        of = segment[touched]
        ripe = touched[~held["told"][of] & (held["last"][of] - held["start"][of] >= self._least)]
        if len(ripe):
            held["told"][segment[ripe]] = True
            told.append((self._rows(segment[ripe], EventKind.STARTED), ripe))
        return told

    def _end(self, segment: I64, row: NDArray[np.intp]) -> tuple[EventRows, NDArray[np.intp]]:
        held = self._table.columns
        known = held["told"][segment]
        rows = self._rows(segment[known], EventKind.ENDED)
        held["worst"][segment] = 0
        return rows, row[known]

    def _rows(self, segment: I64, kind: EventKind) -> EventRows:
        held = self._table.columns
        return EventRows.of(
            segment=segment,
            kind=np.full(len(segment), kind),
            start=held["start"][segment],
            end=held["last"][segment],
            worst=held["worst"][segment],
        )

    def expire(self, watermark: I64) -> EventRows:
        """End the events of segments that have told nothing for longer than the patience.

        Parameters
        ----------
        watermark : (len(self),) ns; no window that begins before it will come.

        Returns
        -------
        ENDED rows by segment: the same that a later window would have brought.
        """
        held = self._table.columns
        over = np.flatnonzero((held["worst"] > 0) & (watermark - held["last"] > self._patience))
        return self._end(over.astype(np.int64), over)[0]

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies of the state."""
        return {name: column.copy() for name, column in self._table.columns.items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave, in place of what is held."""
        self._table = SeriesTable(_COLUMNS)
        self.grow(len(state["worst"]))
        for name, column in self._table.columns.items():
            column[:] = state[name]
