"""Transformers: means of loading and temperatures against steps; the worst of them is the alarm.

    kVA / rating -------------------------+
    or A of each phase / rated current ---+--> Worst --> grid.transformer at the transformer
    oil, winding in Cel ------------------+

Its value is that of the worst one: a ratio of the rating, or Cel. One whose rating nobody knows has no loading.
Source: see processors/conditions/grid/transformer.py.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.grid.transformer import TransformerCondition
from gateway.engine.conditions.base import NOTHING, Context, Met, Places, Rule, definition_of
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.conditions.worst import Worst
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.grid.transformer import loading
from processors.conditions.signals import Signals, step_levels

__all__ = ["TransformerRule"]

_LOADING, _OIL, _WINDING = range(3)


class TransformerRule(Rule):
    """See Condition. Sources are series, alarms are transformers'."""

    def __init__(self, spec: TransformerCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._means = WindowMeans(spec.window_secs)
        self._source = Places()
        self._worst = Worst()
        # of each source: what it is, the value at which the transformer is fully loaded, and the device's number
        self._measure: list[int] = []
        self._rated: list[float] = []
        self._owner: list[int] = []
        self._place: dict[str, int] = {}
        self._zone: list[str] = []
        self._told: list[Figure] = []
        self._steps = tuple(np.array(steps) for steps in (spec.loading, spec.oil_high, spec.winding_high))

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        quantities = [name for name in (spec.power, *spec.currents, spec.oil, spec.winding) if name is not None]
        bound = []
        for met in context.met(series, spec.profile, quantities):
            measure = {spec.oil: _OIL, spec.winding: _WINDING}.get(met.quantity, _LOADING)
            rated = self._full_load(met, context) if measure == _LOADING else 1.0
            if np.isnan(rated):
                continue
            record = met.record
            place = record.asset or record.id
            key = context.alarms.define(definition_of(spec, place, record.zone, met.lane))
            number = self._place.setdefault(place, len(self._zone))
            if number == len(self._zone):
                self._zone.append(record.zone)
            self._source.put(met.series, self._worst.add(met.series, context.registry.by_id(record.id), key))
            self._measure.append(measure)
            self._rated.append(rated)
            self._owner.append(number)
            self._means.add(met.series, met.lane)
            bound.append(met.series)
        return bound

    def _full_load(self, met: Met, context: Context) -> float:
        """KVA, or A of a phase, at the rating; NaN: not known."""
        facts = context.assets.get(met.record.asset)
        kva = facts.figures.get("kva", np.nan) if facts is not None else np.nan
        if met.quantity == self._spec.power:
            return kva
        return kva * 1000.0 / (math.sqrt(3.0) * self._spec.nominal)

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._worst.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._means.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._means.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        mine = self._source.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        if not len(series):
            return NOTHING
        source = self._source.of(series)
        measure, rated = np.array(self._measure, np.int8)[source], np.array(self._rated)[source]
        value = loading(mean, rated)  # of a temperature 1
        level, held = np.zeros(len(source), np.uint8), np.zeros(len(source), np.uint8)
        for of, steps in enumerate(self._steps):
            which = measure == of
            deadband = self._spec.loading_deadband if of == _LOADING else self._spec.deadband
            level[which], held[which] = step_levels(value[which], steps, deadband)
        self._tell(source[measure == _LOADING], end[measure == _LOADING], value[measure == _LOADING])
        return self._worst.take(source, end, level, held, value)

    def _tell(self, source: I32, end: I64, value: F64) -> None:
        """Loading of each transformer: that of its most loaded phase."""
        most: dict[tuple[int, int], float] = {}
        for owner, ts, ratio in zip(
            np.array(self._owner, np.int32)[source].tolist(), end.tolist(), value.tolist(), strict=True
        ):
            most[ts, owner] = max(ratio, most.get((ts, owner), ratio))
        names = list(self._place)
        for (ts, owner), ratio in most.items():
            self._told.append(Figure(self.name, names[owner], self._zone[owner], "loading", "ratio", ts, ratio))

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"worst": self._worst.snapshot(), "means": self._means.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._worst.restore(state["worst"])
        self._means.restore(state["means"])
