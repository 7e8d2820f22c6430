"""Unusual: readings, or means of windows, that depart from what their own series has shown, by the general detector.

    reading --GeneralDetector--> raised: level 1 at its time, and level 0 just after it: an anomaly is an instant
                                 not raised: level 0         too little known, or no newer than the last: nothing

So the alarm, one a device, is over `off_delay_secs` after the last anomaly, whether or not anything more comes. Its
value is the score: the strongest evidence in robust sigmas. Meant for series that no other condition judges.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.device import UnusualCondition
from gateway.engine.conditions.base import NOTHING, Context, moved
from gateway.engine.conditions.each_series import EachSeries
from gateway.engine.conditions.means import Means
from gateway.engine.results import SeriesName
from gateway.engine.usual import Usual
from processors.columns import I64
from processors.conditions.signals import Signals
from processors.detectors.general import GeneralDetector, GeneralSettings
from processors.detectors.wall_clock import wall_clock_offset

__all__ = ["UnusualRule"]


class UnusualRule(EachSeries):
    """See Condition. Sources are series, alarms are devices'."""

    def __init__(self, spec: UnusualCondition) -> None:
        super().__init__(spec)
        self._spec = spec
        self._detector = GeneralDetector(
            GeneralSettings(threshold=spec.threshold, warm=spec.warm_days, quiet=spec.quiet_hours / 24)
        )
        self._day_edges: I64 = np.empty(0, np.int64)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._day_edges = context.day_edges
        met = context.met(series, self._spec.profile, self._spec.quantities)
        bound = [self.judge(each, each.record.id, context) for each in met]
        self._detector.grow(len(self.worst.series))
        return bound

    def judged(self, of: Means, message: I64 | None = None) -> Signals:
        """See EachSeries."""
        source, ts, value = of
        score, raised = self._detector.step(source, ts, value, wall_clock_offset(ts, self._day_edges))
        known = np.flatnonzero(np.isfinite(score))
        if not len(known):
            return NOTHING
        row = np.repeat(known, 1 + raised[known])
        after = np.zeros(len(row), np.bool_)
        after[1:] = row[1:] == row[:-1]
        level = (raised[row] & ~after).astype(np.uint8)
        whose = None if message is None else message[row]
        return self.worst.take(source[row], ts[row] + after, level, level, score[row], whose)

    def usual(self, series: int, ts: I64) -> Usual | None:
        """See Condition: the band is that of a single reading; small differences that last are told within it."""
        source = self._source.at(series)
        found = None if source < 0 else self._detector.usual(source, ts, wall_clock_offset(ts, self._day_edges))
        if found is None:
            return None
        middle, sigma = found
        reach = self._spec.threshold * sigma
        return Usual(self.name, middle - reach, middle, middle + reach)

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return super().snapshot() | {"detector": self._detector.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["worst"]["series"], self.worst.series)
        learned = self._detector.snapshot()
        for name, column in learned.items():
            column[new] = state["detector"][name][old]
        self._detector.restore(learned)
        super().restore(state)
