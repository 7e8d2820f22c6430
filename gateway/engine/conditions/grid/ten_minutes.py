"""The single minutes of each ten minutes of devices, for values that are made of several quantities at once.

    minutes   |u_ab u_bc u_ca| 12:00 ... 12:09   --lane passes 12:10-->   (device, 12:10, values (quantities, 10))

Ten minutes are of the clock, as EN 50160 has them; a minute that is missing stays NaN, and whoever takes the ten says
how many must be there (processors/conditions/grid/ten_minutes.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.engine.conditions.base import Places, moved
from gateway.engine.conditions.due import FAR, Due, runs
from processors.columns import F64, I32, I64, AggregateBatch

__all__ = ["LEAST", "TEN", "TenMinutes", "Tens"]

TEN = 600_000_000_000
LEAST = 5
"""Minutes without which ten have no value."""
_MINUTE = 60_000_000_000
_NONE = -1

Tens = tuple[I32, I64, F64]
"""Device, end, values (n, quantities, 10)."""


class TenMinutes:
    """Devices are numbered in order of `add`; their quantities are the columns 0 to `width` - 1."""

    def __init__(self, width: int) -> None:
        self._width = width
        self.devices: list[str] = []
        self._number: dict[str, int] = {}
        self._device, self._column = Places(), Places()
        self._lane: list[int] = []
        self._lanes = np.empty(0, np.int32)
        self._start = np.empty(0, np.int64)
        self._held = np.empty((0, width, 10))
        self._due = Due()
        self._nothing: Tens = np.empty(0, np.int32), np.empty(0, np.int64), np.empty((0, width, 10))

    def __len__(self) -> int:
        return len(self.devices)

    def add(self, device: str, lane: int, series: int, column: int) -> int:
        """Meet a series of a device, -1: one that is no column; gives the device's number."""
        number = self._number.setdefault(device, len(self.devices))
        if number == len(self.devices):
            self.devices.append(device)
            self._lane.append(lane)
        if column >= 0:
            self._device.put(series, number)
            self._column.put(series, column)
        return number

    def _grow(self) -> None:
        more = len(self.devices) - len(self._start)
        if more:
            self._lanes = np.array(self._lane, np.int32)
            self._due.by(self._lanes)
            self._start = np.concatenate([self._start, np.full(more, _NONE, np.int64)])
            self._held = np.concatenate([self._held, np.full((more, self._width, 10), np.nan)])

    def take(self, batch: AggregateBatch, watermarks: I64) -> Tens:
        """Ten minutes that are complete, by their ends and devices."""
        self._grow()
        out = self._gathered(batch) if len(batch) else []
        if self._due.come(watermarks, self._ends):
            over = (self._start != _NONE) & (self._start + TEN <= watermarks[self._lanes])
            out.append(self._give(np.flatnonzero(over).astype(np.int32)))
        if not out:
            return self._nothing
        who, end, values = (np.concatenate(parts) for parts in zip(*out, strict=True))
        order = np.lexsort((who, end))
        return who[order], end[order], values[order]

    def _gathered(self, batch: AggregateBatch) -> list[Tens]:
        """Put minutes to their ten; gives those of devices whose next ten have begun."""
        device = self._device.of(batch.series)
        which = np.flatnonzero((batch.step == 60) & (batch.count > 0) & (device >= 0))
        out: list[Tens] = []
        device, start, mean = device[which], batch.start[which], batch.mean[which]
        column = self._column.of(batch.series[which])
        # minute by minute, so that a device's ten are given before its next ones begin
        for part in runs(start):
            at, first = device[part], int(start[part.start])
            begin = first - first % TEN
            before = at[(self._start[at] != _NONE) & (self._start[at] != begin)]
            if len(before):
                out.append(self._give(np.unique(before)))
            self._due.add(begin + TEN, at)
            self._start[at] = begin
            self._held[at, column[part], (first - begin) // _MINUTE] = mean[part]
        return out

    def _ends(self) -> I64:
        return np.where(self._start != _NONE, self._start + TEN, FAR)

    def _give(self, device: I32) -> Tens:
        given = device, self._start[device] + TEN, self._held[device]
        self._start[device], self._held[device] = _NONE, np.nan
        self._due.forget()
        return given

    @property
    def steps(self) -> Sequence[int]:
        """Lengths of the windows that it makes of."""
        return (60,)

    def lanes(self) -> I32:
        """Lane of each device."""
        self._grow()
        return self._lanes

    def snapshot(self) -> dict[str, Any]:
        """What has been gathered of ten minutes that are not over."""
        self._grow()
        return {"devices": list(self.devices), "start": self._start.copy(), "held": self._held.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `snapshot` gave, for the devices that are still here."""
        self._grow()
        old, new = moved(state["devices"], self.devices)
        self._start[new], self._held[new] = state["start"][old], state["held"][old]
        self._due.forget()
