"""Unusual: readings, or means of windows, that depart from what their own series has shown, by the general detector.

    reading --GeneralDetector--> raised: level 1 at its time, and level 0 just after it: an anomaly is an instant
                                 not raised: level 0         too little known, or no newer than the last: nothing

So the alarm, one a device, is over `off_delay_secs` after the last anomaly, whether or not anything more comes. Its
value is the score: the strongest evidence in robust sigmas. Meant for series that no other condition judges.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.device import UnusualCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.conditions.means import Means, WindowMeans
from gateway.engine.conditions.worst import Worst
from gateway.engine.results import SeriesName
from processors.columns import I64, AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals
from processors.detectors.general import GeneralDetector, GeneralSettings
from processors.detectors.wall_clock import wall_clock_offset
from processors.flags import Flag

__all__ = ["UnusualRule"]


class UnusualRule(Rule):
    """See Condition. Sources are series, alarms are devices'."""

    def __init__(self, spec: UnusualCondition) -> None:
        self.name = spec.name
        self.by_window = spec.window_secs is not None
        self._spec = spec
        self._means = None if spec.window_secs is None else WindowMeans(spec.window_secs)
        self._source = Places()
        self._worst = Worst()
        self._detector = GeneralDetector(
            GeneralSettings(threshold=spec.threshold, warm=spec.warm_days, quiet=spec.quiet_hours / 24)
        )
        self._day_edges: I64 = np.empty(0, np.int64)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._day_edges = context.day_edges
        bound = []
        for met in context.met(series, self._spec.profile, self._spec.quantities):
            key = context.alarms.define(definition_of(self._spec, met.record.id, met.record.zone, met.lane))
            device = context.registry.by_id(met.record.id)
            self._source.put(met.series, self._worst.add(met.series, device, key))
            if self._means is not None:
                self._means.add(met.series, met.lane)
            bound.append(met.series)
        self._detector.grow(len(self._worst.series))
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
        source, ts, value = of
        score, raised = self._detector.step(source, ts, value, wall_clock_offset(ts, self._day_edges))
        known = np.flatnonzero(np.isfinite(score))
        if not len(known):
            return NOTHING
        row = np.repeat(known, 1 + raised[known])
        after = np.zeros(len(row), np.bool_)
        after[1:] = row[1:] == row[:-1]
        level = (raised[row] & ~after).astype(np.uint8)
        return self._worst.take(source[row], ts[row] + after, level, level, score[row])

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "worst": self._worst.snapshot(), "detector": self._detector.snapshot(),
            "means": {} if self._means is None else self._means.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["worst"]["series"], self._worst.series)
        learned = self._detector.snapshot()
        for name, column in learned.items():
            column[new] = state["detector"][name][old]
        self._detector.restore(learned)
        self._worst.restore(state["worst"])
        if self._means is not None:
            self._means.restore(state["means"])
