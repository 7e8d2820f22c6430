"""Trend: means of windows of which a slow change will cross a threshold, told so many hours ahead.

    means --Trends--> slope, level --nearing--> level 1: the threshold is reached within `ahead_hours`
                                                      0: it is not, or it is crossed already: another condition speaks
                                                nothing: too little is known of the span; an alarm stays as it was

The alarm is the device's, and the nearest threshold of its quantities counts; its value, and the figure `hours_left`
while it stands, are the hours until then.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.places import Thresholds
from gateway.config.conditions.trend import TrendCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.conditions.worst import Worst
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, U8, AggregateBatch
from processors.conditions.signals import Signals
from processors.conditions.trend import Ahead, Trends, nearing

__all__ = ["TrendRule"]

_SECOND = 1_000_000_000


class TrendRule(Rule):
    """See Condition. Sources are series, alarms are devices'."""

    def __init__(self, spec: TrendCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._means = WindowMeans(spec.window_secs)
        self._trends = Trends(spec.window_secs * _SECOND, round(spec.hours * 3600) * _SECOND)
        self._ahead = Ahead(spec.ahead_hours, spec.hold, spec.errors, deadband=spec.deadband)
        self._thresholds = Thresholds(spec.where)
        self._source = Places()
        self._worst = Worst()
        self._of: list[tuple[str, str]] = []
        """Device and zone of each source."""
        self._limits: list[tuple[float, float]] = []
        """high, low of each source; NaN: none."""
        self._standing: set[int] = set()
        """Sources of which a threshold is ahead."""
        self._told: dict[tuple[int, str], Figure] = {}

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        bound = []
        for met in context.met(series, spec.profile, spec.quantities):
            record = met.record
            own = self._thresholds.at(record.zone, record.asset, record.id)
            high, low = own.get("high", spec.high), own.get("low", spec.low)
            key = context.alarms.define(definition_of(spec, record.id, record.zone, met.lane))
            self._source.put(met.series, self._worst.add(met.series, context.registry.by_id(record.id), key))
            self._limits.append((np.nan if high is None else high, np.nan if low is None else low))
            self._of.append((record.id, record.zone))
            self._means.add(met.series, met.lane)
            bound.append(met.series)
        self._trends.grow(len(self._worst))
        return bound

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
        series, end, mean = self._means.take(batch.take(mine), watermarks)
        if not len(series):
            return NOTHING
        source = self._source.of(series)
        heading = self._trends.step(source, end, mean)
        high, low = np.array(self._limits)[source].T
        level, held, hours = nearing(heading, mean, high, low, self._ahead)
        crossed = (mean >= high) | (mean <= low)
        judged = np.flatnonzero(np.isfinite(heading.slope) | crossed)
        source, end, level, held, hours = source[judged], end[judged], level[judged], held[judged], hours[judged]
        self._tell(source, end, level, held, hours)
        return self._worst.take(source, end, level, held, hours)

    def _tell(self, source: I32, end: I64, level: U8, held: U8, hours: F64) -> None:
        """Hours left of what stands, by the same hysteresis as the alarm's; of a device's quantities the least."""
        might = np.flatnonzero(np.isin(source, [*self._standing, *source[level > 0].tolist()]))
        rows = zip(source[might].tolist(), end[might].tolist(), strict=True)
        for k, (number, ts) in zip(might.tolist(), rows, strict=True):
            if not held[k]:
                self._standing.discard(number)
            elif level[k] or number in self._standing:
                self._standing.add(number)
                device, zone = self._of[number]
                before = self._told.get((ts, device))
                left = float(hours[k]) if before is None else min(float(hours[k]), before.value)
                self._told[ts, device] = Figure(self.name, device, zone, "hours_left", "h", ts, left)

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = list(self._told.values()), {}
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "worst": self._worst.snapshot(), "means": self._means.snapshot(), "trends": self._trends.snapshot(),
            "standing": sorted(self._worst.series[number] for number in self._standing),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["worst"]["series"], self._worst.series)
        learned = self._trends.snapshot()
        for name, column in learned.items():
            column[new] = state["trends"][name][old]
        self._trends.restore(learned)
        self._worst.restore(state["worst"])
        self._means.restore(state["means"])
        number = {series: source for source, series in enumerate(self._worst.series)}
        self._standing = {number[series] for series in state["standing"] if series in number}
