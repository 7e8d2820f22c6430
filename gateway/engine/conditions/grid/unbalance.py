"""Unbalance of line voltages or phasors: values of ten minutes against steps, and each local day its 95 % value.

Each minute's unbalance is that of its mean voltages (and angles); ten of them make a value by the root of the mean of
their squares.
Source: GB/T 15543-2008; see processors/conditions/grid/unbalance.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.grid.unbalance import UnbalanceCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule, definition_of, moved
from gateway.engine.conditions.due import FAR, Due, runs
from gateway.engine.conditions.grid.days import period_of
from gateway.engine.conditions.grid.ten_minutes import LEAST, TEN, TenMinutes
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I64, AggregateBatch
from processors.conditions.grid.probability import probability_value
from processors.conditions.grid.ten_minutes import ten_minute_value
from processors.conditions.grid.unbalance import from_line_voltages, from_phasors
from processors.conditions.signals import Signals, step_levels

__all__ = ["UnbalanceRule"]

_TENS_A_DAY = 150
"""Of the longest day."""
_LEAST_A_DAY = 72
"""Values of a day without which it has no 95 % value."""
_NONE = -1


class UnbalanceRule(Rule):
    """See Condition. Subjects are devices."""

    def __init__(self, spec: UnbalanceCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._columns = spec.lines or (*spec.phases, *spec.angles)
        self._tens = TenMinutes(len(self._columns))
        self._edges: I64 = np.empty(0, np.int64)
        self._key: list[int] = []
        self._zone: list[str] = []
        # of the day that each device is in
        self._day = np.empty(0, np.int64)
        self._values = np.empty((0, _TENS_A_DAY), np.float64)
        self._due = Due()
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._edges = context.day_edges
        bound = []
        for met in context.met(series, self._spec.profile, self._columns):
            column = self._columns.index(met.quantity)
            if self._tens.add(met.record.id, met.lane, met.series, column) == len(self._key):
                definition = definition_of(self._spec, met.record.id, met.record.zone, met.lane)
                self._key.append(context.alarms.define(definition))
                self._zone.append(met.record.zone)
            bound.append(met.series)
        more = len(self._key) - len(self._day)
        self._day = np.concatenate([self._day, np.full(more, _NONE, np.int64)])
        self._values = np.concatenate([self._values, np.full((more, _TENS_A_DAY), np.nan)])
        self._due.by(self._tens.lanes())
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._tens.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._due.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        who, end, minutes = self._tens.take(batch, watermarks)
        said = self._judged(who, end, minutes) if len(who) else NOTHING
        if self._due.come(watermarks, lambda: np.where(self._day != _NONE, self._waited(), FAR)):
            over = self._waited() <= watermarks[self._tens.lanes()]
            self._finish(np.flatnonzero((self._day != _NONE) & over))
        return said

    def _judged(self, who: Any, end: I64, minutes: F64) -> Signals:
        value = ten_minute_value(self._unbalance(minutes) / 100.0, LEAST)
        known = ~np.isnan(value)
        who, end, value = who[known], end[known], value[known]
        for part in runs(end):
            self._keep(who[part], int(end[part.start]), value[part])
        if not len(who):
            return NOTHING
        level, held = step_levels(value, np.array(self._spec.high), self._spec.deadband)
        return Signals(np.array(self._key, np.int32)[who], end, level, held, value)

    def _unbalance(self, minutes: F64) -> F64:
        """Of each minute, %."""
        if self._spec.lines:
            return from_line_voltages(minutes[:, 0], minutes[:, 1], minutes[:, 2])
        turned = np.exp(1j * np.deg2rad(minutes[:, 3:])).astype(np.complex128)
        phasor = minutes[:, :3].astype(np.complex128) * turned
        return from_phasors(phasor[:, 0], phasor[:, 1], phasor[:, 2])

    def _waited(self) -> I64:
        """When the day of each device is over: those ten minutes that midnight lies in are waited for."""
        ends = self._ends()
        waited: I64 = ends + -ends % TEN
        return waited

    def _ends(self) -> I64:
        """Where the day of each device is over."""
        return self._edges[np.minimum(self._day + 1, len(self._edges) - 1)]

    def _keep(self, who: Any, end: int, value: F64) -> None:
        """Values of one ten minutes."""
        start = np.array([end - TEN], np.int64)
        day = int(period_of(self._edges, start)[0])
        self._finish(who[(self._day[who] != _NONE) & (self._day[who] != day)])
        if (self._day[who] != day).any():
            self._day[who] = day
            self._due.forget()
        slot = (end - TEN - int(self._edges[day])) // TEN
        self._values[who, min(max(slot, 0), _TENS_A_DAY - 1)] = value
        for k, figure in zip(who.tolist(), value.tolist(), strict=True):
            self._tell(k, "unbalance", end, figure)

    def _finish(self, who: Any) -> None:
        """The days of these devices are over."""
        if not len(who):
            return
        usual = probability_value(self._values[who], 0.95, _LEAST_A_DAY)
        ends = self._ends()[who]
        for k, figure, end in zip(who.tolist(), usual.tolist(), ends.tolist(), strict=True):
            if not np.isnan(figure):
                self._tell(k, "unbalance_95", end, figure)
        self._day[who], self._values[who] = _NONE, np.nan
        self._due.forget()

    def _tell(self, device: int, name: str, ts: int, value: float) -> None:
        self._told.append(Figure(self.name, self._tens.devices[device], self._zone[device], name, "ratio", ts, value))

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"tens": self._tens.snapshot(), "day": self._day.copy(), "values": self._values.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._tens.restore(state["tens"])
        old, new = moved(state["tens"]["devices"], self._tens.devices)
        self._day[new], self._values[new] = state["day"][old], state["values"][old]
        self._due.forget()
