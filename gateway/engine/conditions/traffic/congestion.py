"""Congestion: speed of a road segment against the free flow that it has shown, as delay time proportion.

Free flow is learned from the segment's own readings (85th percentile); until there are enough its limit stands for it.
Each device of a segment learns for itself (a lane is no carriageway); the worst one counts. Of figures that several of
them give at one time the last one stands.
Source: GB/T 33171-2016; see processors/conditions/traffic.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.traffic import CongestionCondition
from gateway.engine.conditions.base import NOTHING, Context
from gateway.engine.conditions.each_series import EachSeries
from gateway.engine.conditions.means import Means
from gateway.engine.conditions.traffic.learned import LearnedFreeFlow
from gateway.engine.conditions.traffic.told import Told
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import I64
from processors.conditions.signals import Signals, step_levels
from processors.conditions.traffic.delay import delay_time_proportion

__all__ = ["CongestionRule"]

_NS = 1_000_000_000


class CongestionRule(EachSeries):
    """See Condition. Sources are devices that measure a segment's speed, alarms are segments'."""

    def __init__(self, spec: CongestionCondition) -> None:
        super().__init__(spec)
        self._spec = spec
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
            bound.append(self.judge(met, place, context))
            facts = context.assets.get(record.asset)
            self._free.add(met.series, facts)
            self._told.add(met.series, place, record.zone, facts)
        return bound

    def judged(self, of: Means, message: I64 | None = None) -> Signals:
        """See EachSeries."""
        source, ts, speed = of
        assert self._told is not None
        delay = delay_time_proportion(speed, self._free.learn(source, ts, speed))
        self._told.take(source, ts, delay)
        known = np.isfinite(delay)
        if not known.any():
            return NOTHING
        delay = delay[known]
        level, held = step_levels(delay, np.array(self._spec.delay), self._spec.deadband)
        whose = None if message is None else message[known]
        return self.worst.take(source[known], ts[known], level, held, delay, whose)

    def figures(self) -> Sequence[Figure]:
        """See Condition: `dtp`, `tpi`, `level` of each judgement; events at their ends, see told.py."""
        return () if self._told is None else self._told.figures()

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        told = {} if self._told is None else self._told.snapshot()
        return super().snapshot() | {"free": self._free.snapshot(), "told": told}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._free.restore(state["free"])
        if self._told is not None and state["told"]:
            self._told.restore(state["told"])
        super().restore(state)
