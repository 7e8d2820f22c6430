"""Rate of rise: how fast the water in a drain comes up. Every reading is judged against one of some time before it.

Source: see processors/conditions/pipeline/drain_level.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.drainage import LONGEST_RISE, RiseCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule
from gateway.engine.conditions.pipeline.drains import Drains, carried
from gateway.engine.conditions.steps import padded
from gateway.engine.results import SeriesName
from processors.columns import F64, ReadingBatch
from processors.conditions.pipeline.drain_level import RiseRate
from processors.conditions.signals import Signals, step_levels

__all__ = ["RiseRule"]


class RiseRule(Rule):
    """See Condition. Alarms are drains', or devices' that stand on none."""

    by_window = False

    def __init__(self, spec: RiseCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._drains = Drains(spec)
        over = round(spec.over_secs * 1e9)
        self._rate = RiseRate(over, LONGEST_RISE * over)
        self._rises: list[tuple[float, ...]] = []
        self._steps: F64 | None = None

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        met = self._drains.meet(series, context)
        self._rises += [self._drains.threshold(each, "rise") for each in met]
        if met:
            self._rate.grow(len(self._drains))
            self._steps = None
        return [each.series for each in met]

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._drains.worst.keys()

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        sensor, ts, value = self._drains.levels(batch)
        if not len(sensor):
            return NOTHING
        rate = self._rate.update(sensor, ts, value)
        known = np.flatnonzero(np.isfinite(rate))
        if not len(known):
            return NOTHING
        sensor, ts, rate = sensor[known], ts[known], rate[known]
        if self._steps is None:
            self._steps = padded(self._rises)
        level, held = step_levels(rate, self._steps[sensor], self._spec.deadband)
        return self._drains.worst.take(sensor, ts, level, held, rate)

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"worst": self._drains.worst.snapshot(), "rate": self._rate.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        carried(self._rate, state["rate"], state["worst"]["series"], self._drains.series)
        self._drains.worst.restore(state["worst"])
