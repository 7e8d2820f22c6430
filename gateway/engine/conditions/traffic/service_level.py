"""Level of service A to F at detectors, with the density that it follows from.

    flow / speed, else occupancy / length --> density --> expressway: A-F by density
    speed / free flow, learned ------------------------> street: A-F by the share of free flow

Figures `density` and `service` (1 is A, 6 is F) are the detector's; the alarm, if one is asked for, is the segment's.
Source: see processors/conditions/traffic/level_of_service.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.traffic import ServiceCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule, definition_of
from gateway.engine.conditions.traffic.detectors import Detectors
from gateway.engine.conditions.traffic.learned import LearnedFreeFlow
from gateway.engine.conditions.worst import Worst
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import I32, I64, AggregateBatch
from processors.conditions.signals import Signals, step_levels
from processors.conditions.traffic.level_of_service import (
    Service,
    density,
    density_from_occupancy,
    freeway_service,
    urban_service,
)

__all__ = ["ServiceRule"]


class ServiceRule(Rule):
    """See Condition. Sources are detectors."""

    by_window = True

    def __init__(self, spec: ServiceCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._detectors = Detectors(spec.profile, (spec.speed, spec.flow, spec.occupancy), spec.window_secs)
        self._free = LearnedFreeFlow(spec.half_life_days, spec.least)
        self._worst = Worst()
        self._source: I32 = np.empty(0, np.int32)
        """Of a detector, in the order in which they were first heard."""
        self._is_freeway: list[bool] = []
        """Of a source."""
        self._steps = np.array([float(Service[letter]) for letter in spec.worst])
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        known = len(self._detectors)
        bound, fresh = self._detectors.bind(series, context)
        self._source = np.concatenate([self._source, np.full(len(self._detectors) - known, -1, np.int32)])
        for met in fresh:
            number = self._detectors.number(met.record.id)
            facts = context.assets.get(met.record.asset)
            self._source[number] = self._free.add(met.series, facts)
            self._is_freeway.append(facts is not None and facts.labels.get("class") == "expressway")
            if self._spec.worst:
                place = self._detectors.segments[number]
                key = context.alarms.define(definition_of(self._spec, place, met.record.zone, met.lane))
                self._worst.add(met.series, context.registry.by_id(met.record.id), key)
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._worst.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._detectors.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._detectors.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        rows = self._detectors.rows(batch, watermarks)
        if not len(rows):
            return NOTHING
        spec, source = self._spec, self._source[rows.detector]
        speed, flow, occupancy = rows.values.T
        thick = density(flow, speed, spec.flow_lanes)
        thick = np.where(np.isnan(thick), density_from_occupancy(occupancy, spec.effective_length_m), thick)
        free = self._free.learn(source, rows.end, speed)
        service = np.where(
            np.array(self._is_freeway)[source], freeway_service(thick, spec.car_equivalent), urban_service(speed, free)
        )
        for at, detector, dense, letter in zip(
            rows.end.tolist(), rows.detector.tolist(), thick.tolist(), service.tolist(), strict=True
        ):
            name, zone = self._detectors.names[detector], self._detectors.zones[detector]
            if dense == dense:  # noqa: PLR0124 - NaN only differs from itself
                self._told.append(Figure(self.name, name, zone, "density", "veh/km", at, dense))
            if letter:
                self._told.append(Figure(self.name, name, zone, "service", "1", at, float(letter)))
        known = service != Service.UNKNOWN
        if not len(self._steps) or not known.any():
            return NOTHING
        value = service[known].astype(np.float64)
        level, held = step_levels(value, self._steps)
        return self._worst.take(source[known], rows.end[known], level, held, value)

    def figures(self) -> Sequence[Figure]:
        """See Condition: `density` and `service` of each detector and window."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "worst": self._worst.snapshot(), "free": self._free.snapshot(), "detectors": self._detectors.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._worst.restore(state["worst"])
        self._free.restore(state["free"])
        self._detectors.restore(state["detectors"])
