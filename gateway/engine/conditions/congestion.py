"""Congestion: speed of a road segment against the free flow that it has shown, as delay time proportion.

Free flow is learned from the segment's own readings (85th percentile); until there are enough its limit stands for it.
Source: GB/T 33171-2016; see processors/conditions/traffic.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions import CongestionCondition
from gateway.engine.conditions.base import Context, Places, definition_of
from gateway.engine.conditions.means import Means, WindowMeans
from gateway.engine.results import SeriesName
from processors.columns import AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals, step_levels
from processors.conditions.traffic.delay import delay_time_proportion
from processors.conditions.traffic.free_flow import FreeFlow
from processors.flags import Flag

__all__ = ["CongestionRule"]

_DAY = 86_400_000_000_000


class CongestionRule:
    """See Condition. Subjects are devices that measure a segment's speed."""

    def __init__(self, spec: CongestionCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._means = None if spec.window_secs is None else WindowMeans(spec.window_secs)
        self._subject = Places()
        self._keys: list[int] = []
        self._prior: list[float] = []
        self._free = FreeFlow(half_life=round(spec.half_life_days * _DAY), least=spec.least)

    def bind(self, series: Sequence[SeriesName], context: Context) -> None:
        """See Condition."""
        registry = context.registry
        for name in series:
            if name.profile != self._spec.profile or name.quantity != self._spec.quantity:
                continue
            device = registry.by_id(name.device)
            record = registry.records[device]
            facts = context.assets.get(record.asset)
            self._subject.put(name.index, len(self._keys))
            place = record.asset or record.id
            lane = int(registry.lane[device])
            self._keys.append(context.alarms.define(definition_of(self._spec, place, record.zone, lane)))
            self._prior.append(facts.figures.get("free_flow_kmh", np.nan) if facts is not None else np.nan)
        self._free.grow(len(self._keys))

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        if self._means is not None:
            return Signals.empty()
        which = np.flatnonzero((self._subject.of(batch.series) >= 0) & (batch.flag < Flag.FAIL))
        if not len(which):
            return Signals.empty()
        order = which[np.argsort(batch.ts[which], kind="stable")]
        return self._judged((batch.series[order], batch.ts[order], batch.value[order]))

    def windows(self, batch: AggregateBatch) -> Signals:
        """See Condition."""
        if self._means is None:
            return Signals.empty()
        mine = self._subject.of(batch.series) >= 0
        return self._judged(self._means.take(batch.take(mine))) if mine.any() else Signals.empty()

    def tick(self, now: int, live: bool, context: Context) -> Signals:
        """See Condition: time alone changes nothing here."""
        return Signals.empty()

    def _judged(self, means: Means) -> Signals:
        series, ts, speed = means
        if not len(series):
            return Signals.empty()
        subject = self._subject.of(series)
        free = self._free.learn(subject, ts, speed, np.array(self._prior)[subject])
        delay = delay_time_proportion(speed, free)
        known = np.isfinite(delay)
        level, held = step_levels(delay[known], np.array(self._spec.delay), self._spec.deadband)
        keys = np.array(self._keys, np.int32)[subject[known]]
        return Signals(keys, ts[known], level, held, delay[known])

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"free": self._free.snapshot(), "means": {} if self._means is None else self._means.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._free.restore(state["free"])
        if self._means is not None:
            self._means.restore(state["means"])
