"""Sags, swells and interruptions in the telemetry of meters, three phases as one.

Readings are a second or more apart: the shortest class that they allow is momentary or longer, and an event between two
of them is not seen at all; power-quality monitors send records (event_records.py). They are judged in the order of
their times, once their lane has come past them. Source: see processors/conditions/grid/events.py and classify.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.grid.dips import DipsCondition
from gateway.config.conditions.grid.nominal import nominal_of
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.conditions.grid.event_figures import event_figures, levels_of
from gateway.engine.conditions.grid.in_order import InOrder
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, ReadingBatch
from processors.conditions.grid.classify import Classes, Kind, classify
from processors.conditions.grid.events import EventDetector, VoltageEvents
from processors.conditions.pipeline.arrivals import group, turns
from processors.conditions.signals import Signals

__all__ = ["DipsRule"]

_NEVER = -(2**63)


class DipsRule(Rule):
    """See Condition. Subjects are devices."""

    by_window = False

    def __init__(self, spec: DipsCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._sampling = 1.0
        self._context: Context | None = None
        self._held = InOrder()
        self._device, self._column = Places(), Places()
        self._number: dict[str, int] = {}
        self._zone: list[str] = []
        self._key: list[int] = []
        self._nominal: list[float] = []
        self._volts: F64 = np.empty(0)
        self._place: I32 = np.empty(0, np.int32)
        """Room to find out whether a device is there once."""
        self._newest = np.empty(0, np.int64)
        self._found = EventDetector()
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._context, spec = context, self._spec
        self._sampling = context.intervals.get(spec.profile, 1_000_000_000) / 1e9
        bound = []
        for met in context.met(series, spec.profile, spec.phases):
            record = met.record
            number = self._number.setdefault(record.id, len(self._key))
            if number == len(self._key):
                self._key.append(context.alarms.define(definition_of(spec, record.id, record.zone, met.lane)))
                self._zone.append(record.zone)
                self._nominal.append(nominal_of(spec.where, spec.nominal, record.zone, record.asset, record.id))
            self._device.put(met.series, number)
            self._column.put(met.series, spec.phases.index(met.quantity))
            self._held.add(met.series, met.lane)
            bound.append(met.series)
        self._newest = np.concatenate([self._newest, np.full(len(self._key) - len(self._newest), _NEVER, np.int64)])
        self._volts, self._place = np.array(self._nominal), np.empty(len(self._key), np.int32)
        self._found.grow(len(self._key))
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        self._held.hold(batch)
        return NOTHING

    def tick(self, now: int, live: bool) -> Signals:
        """See Condition: judges what the lanes have come past."""
        if self._context is None:
            return NOTHING
        series, ts, value = self._held.take(self._context.watermarks)
        if not len(series):
            return NOTHING
        meter, at, pu = self._records(series, ts, value)
        beyond = ((pu < self._spec.sag) | (pu > self._spec.swell)).any(axis=1)
        affected = self._found.watched()
        affected[meter[beyond]] = True
        mine = affected[meter]
        if not mine.any():
            self._found.remember(meter, pu)
            return NOTHING
        self._found.remember(meter[~mine], pu[~mine])
        order = np.flatnonzero(mine)[group(meter[mine])]
        meter, at, pu = meter[order], at[order], pu[order]
        # reading by reading, so that what is said does not depend on how they are split
        said = [self._turn(meter[rows], at[rows], pu[rows]) for rows in turns(meter)]
        return Signals.concat(said) if said else NOTHING

    def _records(self, series: I32, ts: I64, value: F64) -> tuple[I32, I64, F64]:
        """Voltages of devices in pu, a row a time, each device's in order; what comes behind is left out."""
        device = self._device.of(series)
        new = _begins(device, ts)
        if not self._once(device[new]):
            order = np.lexsort((ts, device))
            series, device, ts, value = series[order], device[order], ts[order], value[order]
            new = _begins(device, ts)
        column = self._column.of(series)
        row = np.cumsum(new) - 1
        pu = np.full((int(row[-1]) + 1, 3), np.nan)
        pu[row, column] = value / self._volts[device]
        meter, at = device[new], ts[new]
        later = at > self._newest[meter]
        meter, at, pu = meter[later], at[later], pu[later]
        self._newest[meter] = at
        return meter, at, pu

    def _once(self, meter: I32) -> bool:
        """Nearly always: a record a device, its voltages side by side."""
        rows = np.arange(len(meter), dtype=np.int32)
        self._place[meter] = rows
        return bool((self._place[meter] == rows).all())

    def _add(self, meter: I32, ts: I64, pu: F64) -> VoltageEvents:
        s = self._spec
        return self._found.add(
            meter, ts, pu, sag=s.sag, swell=s.swell, hysteresis=s.hysteresis, interruption=s.interruption
        )

    def _turn(self, meter: I32, ts: I64, pu: F64) -> Signals:
        """One reading of each meter."""
        for ended in _rows(self._add(meter, ts, pu)):
            self._tell(ended)
        level, worst = np.zeros(len(self._key), np.uint8), np.full(len(self._key), np.nan)
        now = np.full(len(self._key), _NEVER, np.int64)
        now[meter] = ts
        goes_on = self._found.open_events()
        goes_on = goes_on.take(now[goes_on.meter] != _NEVER)
        stands = levels_of(self._classes(goes_on, (now[goes_on.meter] - goes_on.start) / 1e9))
        for place in np.argsort(stands, kind="stable").tolist():  # a dip and a swell at once: the worse one counts
            level[goes_on.meter[place]] = stands[place]
            worst[goes_on.meter[place]] = goes_on.extreme[place]
        key = np.array(self._key, np.int32)[meter]
        return Signals(key, ts, level[meter], level[meter], worst[meter])

    def _classes(self, events: VoltageEvents, secs: F64) -> Classes:
        s, down = self._spec, events.kind == Kind.INTERRUPTION
        return classify(
            events.extreme,
            secs,
            self._sampling,
            interrupted=down,
            interruption=s.interruption,
            sag=s.sag,
            swell=s.swell,
        )

    def _tell(self, event: VoltageEvents) -> None:
        secs = event.duration_secs()
        device = int(event.meter[0])
        names = list(self._number)
        self._told += event_figures(
            self.name, names[device], self._zone[device], int(event.start[0]), float(event.extreme[0]), float(secs[0]),
            self._classes(event, secs),
        )  # fmt: skip

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "devices": list(self._number), "newest": self._newest.copy(), "held": self._held.snapshot(),
            "found": self._found.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["devices"], list(self._number))
        self._newest[new] = state["newest"][old]
        self._held.restore(state["held"])
        learned = self._found.snapshot()
        for name, column in learned.items():
            # meters are the last axis of what has a row a way, and the first of the voltages
            before = state["found"][name]
            if name == "pu":
                column[new] = before[old]
            else:
                column[..., new] = before[..., old]
        self._found = EventDetector.restore(learned)


def _begins(device: I32, ts: I64) -> NDArray[np.bool_]:
    """Where another record begins."""
    new = np.ones(len(ts), np.bool_)
    new[1:] = (device[1:] != device[:-1]) | (ts[1:] != ts[:-1])
    return new


def _rows(events: VoltageEvents) -> Iterable[VoltageEvents]:
    return (events.take(np.array([row])) for row in range(len(events)))
