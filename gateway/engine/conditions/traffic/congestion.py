"""Congestion: speed of a road segment against the free flow that it has shown, as delay time proportion.

Free flow is learned from the segment's own readings (85th percentile); until there are enough its limit stands for it.
Each device of a segment learns for itself (a lane is no carriageway); the worst one counts. Of figures that several of
them give at one time the last one stands.
Source: GB/T 33171-2016; see processors/conditions/traffic.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.traffic import CongestionCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of
from gateway.engine.conditions.means import Means, WindowMeans
from gateway.engine.conditions.traffic.learned import LearnedFreeFlow
from gateway.engine.conditions.traffic.told import Told
from gateway.engine.conditions.worst import Worst
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import I64, AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals, step_levels
from processors.conditions.traffic.delay import delay_time_proportion
from processors.flags import Flag

__all__ = ["CongestionRule"]

_NS = 1_000_000_000


class CongestionRule(Rule):
    """See Condition. Sources are devices that measure a segment's speed, alarms are segments'."""

    def __init__(self, spec: CongestionCondition) -> None:
        self.name = spec.name
        self.by_window = spec.window_secs is not None
        self._spec = spec
        self._means = None if spec.window_secs is None else WindowMeans(spec.window_secs)
        self._source = Places()
        self._worst = Worst()
        self._free = LearnedFreeFlow(spec.half_life_days, spec.least)
        self._told: Told | None = None

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec, bound = self._spec, []
        if self._told is None:
            interval = context.intervals.get(spec.profile, 0) if spec.window_secs is None else spec.window_secs * _NS
            self._told = Told(spec.name, spec.event_start, spec.event_end, interval)
        for met in context.met(series, spec.profile, (spec.quantity,)):
            record = met.record
            place = record.asset or record.id
            key = context.alarms.define(definition_of(self._spec, place, record.zone, met.lane))
            self._source.put(met.series, self._worst.add(met.series, context.registry.by_id(record.id), key))
            facts = context.assets.get(record.asset)
            self._free.add(met.series, facts)
            self._told.add(met.series, place, record.zone, facts)
            if self._means is not None:
                self._means.add(met.series, met.lane)
            bound.append(met.series)
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._worst.keys()

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        source = self._source.of(batch.series)
        which = np.flatnonzero((source >= 0) & (batch.flag < Flag.FAIL))
        if not len(which):
            return NOTHING
        return self._judged((source[which], batch.ts[which], batch.value[which]))

    def steps(self) -> Collection[int]:
        """See Condition."""
        return () if self._means is None else self._means.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return () if self._means is None else self._means.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        assert self._means is not None
        mine = self._source.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        return self._judged((self._source.of(series), end, mean)) if len(series) else NOTHING

    def _judged(self, of: Means) -> Signals:
        source, ts, speed = of
        assert self._told is not None
        delay = delay_time_proportion(speed, self._free.learn(source, ts, speed))
        self._told.take(source, ts, delay)
        known = np.isfinite(delay)
        if not known.any():
            return NOTHING
        delay = delay[known]
        level, held = step_levels(delay, np.array(self._spec.delay), self._spec.deadband)
        return self._worst.take(source[known], ts[known], level, held, delay)

    def figures(self) -> Sequence[Figure]:
        """See Condition: `dtp`, `tpi`, `level` of each judgement; events at their ends, see told.py."""
        return () if self._told is None else self._told.figures()

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "worst": self._worst.snapshot(), "free": self._free.snapshot(),
            "told": {} if self._told is None else self._told.snapshot(),
            "means": {} if self._means is None else self._means.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._free.restore(state["free"])
        if self._told is not None and state["told"]:
            self._told.restore(state["told"])
        self._worst.restore(state["worst"])
        if self._means is not None:
            self._means.restore(state["means"])
