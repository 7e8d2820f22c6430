"""Voltage events that devices tell by themselves: a record each, from a device that measures half cycles.

    record "sag, 0.12 s, 62 %" at 12:00:00.120      level 1 at 12:00:00.000, level 0 at 12:00:00.120
    record "sag", no duration, at 12:00:00          level 1 until a record that ends it, or one that says "none"

The record's own kind counts, not our thresholds. One that comes behind a later one of its device is told in figures
only. One that reaches back into the off-delay of the event before it, and ends after that, is another alarm from the
end of the off-delay on: the lane may have come past that already, or may not.
Source: classes by IEEE 1159, cells by EN 50160; see processors/conditions/grid/classify.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.grid.dips import DipsCondition
from gateway.engine.brought import Brought
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of
from gateway.engine.conditions.grid.event_figures import event_figures, levels_of
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.conditions.grid.classify import Classes, Kind, Lasting, classify
from processors.conditions.signals import Signals
from processors.flags import Flag

__all__ = ["EventRecordsRule"]

_EVENT, _DURATION, _RESIDUAL = range(3)
_KINDS = (Kind.SAG, Kind.SWELL, Kind.INTERRUPTION)
_NEVER = -(2**63)
_Signal = tuple[int, int, int, float]
"""Key, time, level, value."""


class EventRecordsRule(Rule):
    """See Condition. Subjects are devices. Records are rare: a loop over them costs nothing."""

    by_window = False

    def __init__(self, spec: DipsCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._device, self._column = Places(), Places()
        self._number: dict[str, int] = {}
        self._zone: list[str] = []
        self._key: list[int] = []
        self._newest: list[int] = []
        self._over: list[int] = []
        """When the last event of each was over."""
        self._stands: list[bool] = []
        """Whether one goes on."""
        self._off_delay = round(spec.off_delay_secs * 1e9)
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        bound = []
        for met in context.met(series, spec.profile, spec.of_records):
            record = met.record
            number = self._number.setdefault(record.id, len(self._key))
            if number == len(self._key):
                self._key.append(context.alarms.define(definition_of(spec, record.id, record.zone, met.lane)))
                self._zone.append(record.zone)
                self._newest.append(_NEVER)
                self._over.append(_NEVER)
                self._stands.append(False)
            self._device.put(met.series, number)
            self._column.put(met.series, spec.of_records.index(met.quantity))
            bound.append(met.series)
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def readings(self, batch: Brought) -> Signals:
        """See Condition."""
        device = self._device.of(batch.series)
        which = np.flatnonzero(device >= 0)
        usable = np.where(batch.flag < Flag.FAIL, batch.value, np.nan)
        records: dict[tuple[int, int, int], list[float]] = {}
        for number, column, ts, value, message in zip(
            device[which].tolist(), self._column.of(batch.series[which]).tolist(), batch.ts[which].tolist(),
            usable[which].tolist(), batch.message[which].tolist(), strict=True,
        ):  # fmt: skip
            records.setdefault((number, ts, message), [np.nan] * 3)[column] = value
        said = [signal for (number, ts, _), told in records.items() for signal in self._record(number, ts, told)]
        if not said:
            return NOTHING
        key, at, level, value = zip(*said, strict=True)
        return Signals.of(key=key, ts=at, level=level, held=level, value=value)

    def _record(self, number: int, ts: int, told: list[float]) -> Iterable[_Signal]:
        event, secs, residual = told
        key, newest = self._key[number], self._newest[number]
        self._newest[number] = max(ts, newest)
        if event == Kind.NONE:
            if ts >= newest:
                self._is_over(number, ts)
            return [(key, ts, 0, np.nan)]
        if event not in _KINDS:
            return ()
        classes = self._classes(Kind(int(event)), residual, secs)
        level = int(levels_of(classes)[0])
        if np.isnan(secs):
            self._stands[number] |= ts >= newest and level > 0
            return [(key, ts, level, residual)] if ts >= newest else ()
        start = ts - round(secs * 1e9)
        self._told += event_figures(
            self.name, list(self._number)[number], self._zone[number], start, residual, secs, classes
        )
        if ts < newest:
            return ()
        # a record of the hour between start and end would hide the start
        begin = max(start, newest)
        if not self._stands[number] and begin < self._over[number] + self._off_delay <= ts:
            begin = self._over[number] + self._off_delay
        self._stands[number] |= level > 0
        self._is_over(number, ts)
        return [(key, begin, level, residual), (key, ts, 0, np.nan)]

    def _is_over(self, number: int, ts: int) -> None:
        if self._stands[number]:
            self._stands[number], self._over[number] = False, ts

    def _classes(self, kind: Kind, residual: float, secs: float) -> Classes:
        s = self._spec
        by_depth = classify(
            np.array([residual]), np.array([secs]), interrupted=np.array([kind == Kind.INTERRUPTION]),
            interruption=s.interruption, sag=s.sag, swell=s.swell,
        )  # fmt: skip
        if by_depth.lasting[0] == Lasting.SUSTAINED:
            kind = {Kind.SAG: Kind.UNDERVOLTAGE, Kind.SWELL: Kind.OVERVOLTAGE}.get(kind, kind)
        return by_depth._replace(kind=np.array([kind], np.uint8))

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "devices": list(self._number), "newest": list(self._newest), "over": list(self._over),
            "stands": list(self._stands),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        for device, newest, over, stands in zip(
            state["devices"], state["newest"], state["over"], state["stands"], strict=True
        ):
            if device in self._number:
                number = self._number[device]
                self._newest[number], self._over[number], self._stands[number] = int(newest), int(over), bool(stands)
