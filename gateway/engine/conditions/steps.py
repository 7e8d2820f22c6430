"""Steps: readings, or means of windows, against ascending or descending thresholds.

Gas is judged on every reading; voltage, pressure and the like on means. Where a device has several quantities of one
condition (three phases) the worst one counts.
"""

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from gateway.config.conditions.places import Thresholds
from gateway.config.conditions.steps import StepsCondition
from gateway.engine.conditions.base import Context
from gateway.engine.conditions.each_series import EachSeries
from gateway.engine.conditions.means import Means
from gateway.engine.results import DeviceRecord, SeriesName
from processors.columns import F64, I64
from processors.conditions.signals import Signals, step_levels

__all__ = ["StepsRule", "padded"]

_Steps = tuple[tuple[float, ...], tuple[float, ...]]
"""high, low"""


class StepsRule(EachSeries):
    """See Condition. Sources are series, alarms are devices'."""

    def __init__(self, spec: StepsCondition) -> None:
        super().__init__(spec)
        self._spec = spec
        self._which: list[int] = []
        """For each source its row of the tables of steps."""
        self._steps: dict[_Steps, int] = {}
        self._tables: tuple[F64, F64] | None = None
        self._least: tuple[F64, F64] | None = None
        """Of each source: what is below (above) is at none of its steps, deadband included."""
        self._thresholds = Thresholds(spec.where)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        bound = []
        for met in context.met(series, spec.profile, spec.quantities):
            bound.append(self.judge(met, met.record.id, context))
            self._which.append(self._steps.setdefault(self._steps_at(met.record), len(self._steps)))
        if bound:
            self._tables = None
        return bound

    def _steps_at(self, record: DeviceRecord) -> _Steps:
        """The narrowest place that has steps of its own, for each side."""
        own = self._thresholds.at(record.zone, record.asset, record.id)
        return own.get("high", self._spec.high), own.get("low", self._spec.low)

    def judged(self, of: Means, message: I64 | None = None) -> Signals:
        """See EachSeries."""
        source, ts, value = of
        if self._tables is None:
            which = np.array(self._which, np.int32)
            high, low = (padded([steps[side] for steps in self._steps]) for side in (0, 1))
            self._tables = high[which], low[which]
            self._least = (
                np.fmin.reduce(self._tables[0] - self._spec.deadband, axis=1, initial=np.inf),
                np.fmax.reduce(self._tables[1] + self._spec.deadband, axis=1, initial=-np.inf),
            )
        assert self._least is not None
        level, held = np.zeros(len(source), np.uint8), np.zeros(len(source), np.uint8)
        for steps, least, falling in zip(self._tables, self._least, (False, True), strict=True):
            if steps.shape[1]:
                at = least[source]
                some = np.flatnonzero(value <= at if falling else value >= at)
                if not len(some):  # nearly always
                    continue
                now, still = step_levels(value[some], steps[source[some]], self._spec.deadband, falling=falling)
                level[some], held[some] = np.maximum(level[some], now), np.maximum(held[some], still)
        return self.worst.take(source, ts, level, held, value, message)


def padded(steps: Sequence[tuple[float, ...]]) -> F64:
    """A row each, filled up with NaN: no such step."""
    columns = list(zip_longest(*steps, fillvalue=np.nan))
    return np.array(columns, np.float64).T if columns else np.empty((len(steps), 0))
