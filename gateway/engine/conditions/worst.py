"""Several series feed one alarm (the phases of a meter, the detectors of a segment): the worst one counts.

    series   a  ----2-------------0---------      each stands where its newest judgement put it, until the next one:
             b  -------0-----1----------0---      one that says nothing more is unknown, not well
    alarm       ----2--2-----2----1-----0---

Judgements of a series in order of time count as they come. One that is older than another of its series (out of order,
though not late) may raise the level, as of the newest time, and never lowers it: a reading of dangerous gas counts in
whatever order it came.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.conditions.base import moved
from processors.columns import F64, I32, I64, U8
from processors.conditions.pipeline.arrivals import Rows, first_of_group, group, newest_so_far
from processors.conditions.signals import Signals
from processors.windows.series_table import SeriesTable

__all__ = ["Worst"]

_NEVER = -(2**63)
_TOP = 255
_NOBODY: Rows = np.empty(0, np.intp)
_COLUMNS = {"newest": ("int64", 0), "level": ("uint8", 0), "held": ("uint8", 0), "value": ("float64", 0)}


@dataclass(frozen=True, slots=True)
class _Layout:
    """By source: its alarm's key, the dense number (row) of that alarm, the source's place (slot) there, its device."""

    key: I32
    row: I32
    slot: I32
    device: I32
    peers: I32
    """(rows, slots): the sources of each alarm; -1: no more."""
    place: I32
    """Room to find out whether a source is there once."""
    newest: I64
    """By row: newest time of the alarm's sources. Kept where alarms have several."""
    ill: NDArray[np.bool_]
    """By row: whether any source stands above 0, or would hold above 0. Kept where alarms have several."""


class Worst:
    """Sources are numbered in order of `add`."""

    def __init__(self) -> None:
        self.series = array("i")
        """Series of each source."""
        self._key = array("i")
        self._device = array("i")
        self._table = SeriesTable(_COLUMNS)
        self._layout: _Layout | None = None

    def __len__(self) -> int:
        return len(self.series)

    def add(self, series: int, device: int, key: int) -> int:
        """A series of a device that feeds the alarm `key`; gives its source number."""
        source = len(self.series)
        self.series.append(series)
        self._key.append(key)
        self._device.append(device)
        self._table.grow(source + 1)
        self._table.columns["newest"][source] = _NEVER
        self._table.columns["value"][source] = np.nan
        self._layout = None
        return source

    def keys(self) -> Sequence[int]:
        """The alarms that are fed."""
        return list(dict.fromkeys(self._key))

    def take(self, source: I32, ts: I64, level: U8, held: U8, value: F64, message: I64 | None = None) -> Signals:
        """Judgements of sources in order of arrival; what they make of their alarms, in the same order a key.

        Those of one device and time are judged together where they are of one `message`. None: always, as a device's
        windows, which close in one call, and signs of one reading are.
        """
        layout = self._laid_out()
        if self._simple(source, ts, layout):
            self._keep(source, ts, level, held, value)
            return Signals(layout.key[source], ts, level, held, value)
        row, several = layout.row[source], layout.peers.shape[1] > 1
        if (row[1:] < row[:-1]).any():
            order = group(row)
            row, source, ts = row[order], source[order], ts[order]
            level, held, value = level[order], held[order], value[order]
            message = message if message is None else message[order]
        ahead = self._ahead(source, ts, layout)
        newest = self._newest(row, source, ts, layout)
        stands = level, held, value
        which = self._ill(row, ahead, stands, layout) if several else _NOBODY
        if len(which):
            # where all are well the judgement is its own source's
            own = level[which], held[which], value[which]
            made = self._combined(row[which], layout.slot[source[which]], ahead[which], layout.peers, own)
            stands = level.copy(), held.copy(), value.copy()
            stands[0][which], stands[1][which], stands[2][which] = made
        if ahead.all():
            self._keep(source, ts, level, held, value)
        else:
            self._keep(source[ahead], ts[ahead], level[ahead], held[ahead], value[ahead])
        if several:
            layout.newest[row] = newest  # ascends within a row
            self._note(row[which], layout)
        told = ahead | (level > 0)
        if not ahead.all():
            raised = np.maximum(level, stands[0])
            stands = (
                np.where(ahead, stands[0], raised), np.where(ahead, stands[1], np.uint8(_TOP)),
                np.where(ahead, stands[2], value),
            )  # fmt: skip
        if several and len(row) > 1:
            # quantities of one message are judged together: only the last of them speaks
            device = layout.device[source]
            together = ahead[1:] & ahead[:-1] & (device[1:] == device[:-1]) & (ts[1:] == ts[:-1])
            if message is not None:
                together &= message[1:] == message[:-1]
            told[:-1] &= ~together
        said = Signals(layout.key[source], newest, *stands)
        return said if told.all() else said.take(told)

    def _simple(self, source: I32, ts: I64, layout: _Layout) -> bool:
        """Nearly always: an alarm a source, each there once, none out of order."""
        if layout.peers.shape[1] > 1 or not (ts >= self._table.columns["newest"][source]).all():
            return False
        return _once(source, layout)

    def _newest(self, row: I32, source: I32, ts: I64, layout: _Layout) -> I64:
        """Newest time of each row's alarm up to and including the row."""
        before = layout.newest[row] if layout.peers.shape[1] > 1 else self._table.columns["newest"][source]
        if ((ts[1:] < ts[:-1]) & (row[1:] == row[:-1])).any():
            ts = ts[newest_so_far(row, ts)]
        newest: I64 = np.maximum(before, ts)
        return newest

    @staticmethod
    def _ill(row: I32, ahead: NDArray[np.bool_], own: tuple[U8, U8, F64], layout: _Layout) -> Rows:
        """Rows of the alarms of which some source is not well, before or now, or was out of order."""
        begins = (own[0] > 0) | (own[1] > 0) | ~ahead
        if not begins.any():
            return np.flatnonzero(layout.ill[row])
        ill = layout.ill.copy()
        ill[row[begins]] = True
        return np.flatnonzero(ill[row])

    def _note(self, row: I32, layout: _Layout) -> None:
        """Take note of whether these alarms' sources are well."""
        t, peers = self._table.columns, layout.peers[row]
        layout.ill[row] = ((peers >= 0) & ((t["level"][peers] > 0) | (t["held"][peers] > 0))).any(axis=1)

    def _keep(self, source: I32, ts: I64, level: U8, held: U8, value: F64) -> None:
        """Rows of a source ascend in time: the last of equal indices stays."""
        t = self._table.columns
        t["newest"][source], t["level"][source], t["held"][source], t["value"][source] = ts, level, held, value

    def _ahead(self, source: I32, ts: I64, layout: _Layout) -> NDArray[np.bool_]:
        """Which rows are not older than one before them of their source."""
        if _once(source, layout):
            newer: NDArray[np.bool_] = ts >= self._table.columns["newest"][source]
            return newer
        order = group(source)
        of, at = source[order], ts[order]
        ahead = np.empty(len(source), np.bool_)
        ahead[order] = (at >= at[newest_so_far(of, at)]) & (at >= self._table.columns["newest"][of])
        return ahead

    def _combined(
        self, row: I32, slot: I32, ahead: NDArray[np.bool_], peers: I32, own: tuple[U8, U8, F64]
    ) -> tuple[U8, U8, F64]:
        """Where each row's alarm stands after it: the worst of all its sources' newest judgements."""
        t = self._table.columns
        level, held, value = own
        begin = first_of_group(row)
        n = len(row)
        most, most_held, figure = np.zeros(n, np.uint8), np.zeros(n, np.uint8), value.copy()
        best = np.full(n, -1, np.int32)
        for number in range(peers.shape[1]):
            at = np.maximum.accumulate(np.where((slot == number) & ahead, np.arange(n), -1))
            here = at >= begin
            peer = peers[row, number]
            there = ~here & (peer >= 0)
            one = np.where(here, level[at], np.where(there, t["level"][peer], 0)).astype(np.uint8)
            two = np.where(here, held[at], np.where(there, t["held"][peer], 0)).astype(np.uint8)
            score = one.astype(np.int32) * 256 + two
            better = (here | there) & ((score > best) | ((score == best) & (slot == number)))
            figure = np.where(better, np.where(here, value[at], t["value"][peer]), figure)
            best = np.where(better, score, best)
            most, most_held = np.maximum(most, one), np.maximum(most_held, two)
        return most, most_held, figure

    def _laid_out(self) -> _Layout:
        if self._layout is None:
            key = np.array(self._key, np.int32)
            _, rows, size = np.unique(key, return_inverse=True, return_counts=True)
            order = np.argsort(rows, kind="stable")  # sources of an alarm in their own order
            slot = np.empty(len(key), np.int32)
            slot[order] = np.arange(len(key)) - np.repeat(np.cumsum(size) - size, size)
            peers = np.full((len(size), size.max()), -1, np.int32)
            peers[rows, slot] = np.arange(len(key))
            newest = np.where(peers >= 0, self._table.columns["newest"][peers], _NEVER).max(axis=1)
            self._layout = _Layout(
                key, rows.astype(np.int32), slot, np.array(self._device, np.int32), peers, np.empty_like(key), newest,
                np.zeros(len(peers), np.bool_),
            )  # fmt: skip
            self._note(np.arange(len(peers), dtype=np.int32), self._layout)
        return self._layout

    def snapshot(self) -> dict[str, Any]:
        """Where every source stands."""
        return {"series": np.array(self.series, np.int32)} | {
            name: column.copy() for name, column in self._table.columns.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, for the series that are still here."""
        old, new = moved(state["series"], self.series)
        for name, column in self._table.columns.items():
            column[new] = state[name][old]
        self._layout = None


def _once(source: I32, layout: _Layout) -> bool:
    """Whether each source is there once."""
    rows = np.arange(len(source), dtype=np.int32)
    layout.place[source] = rows
    return bool((layout.place[source] == rows).all())
