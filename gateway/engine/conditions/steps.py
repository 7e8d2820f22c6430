"""Steps: readings, or means of windows, against ascending or descending thresholds.

Gas is judged on every reading; voltage, pressure and the like on means. Where a device has several quantities of one
condition (three phases) the worst one counts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from gateway.config.conditions.places import Thresholds
from gateway.config.conditions.steps import StepsCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of
from gateway.engine.conditions.means import Means, WindowMeans
from gateway.engine.conditions.worst import Worst
from gateway.engine.results import DeviceRecord, SeriesName
from processors.columns import F64, I64, AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals, step_levels
from processors.flags import Flag

__all__ = ["StepsRule", "padded"]

_Steps = tuple[tuple[float, ...], tuple[float, ...]]
"""high, low"""


class StepsRule(Rule):
    """See Condition. Sources are series, alarms are devices'."""

    def __init__(self, spec: StepsCondition) -> None:
        self.name = spec.name
        self.by_window = spec.window_secs is not None
        self._spec = spec
        self._means = None if spec.window_secs is None else WindowMeans(spec.window_secs)
        self._source = Places()
        self._worst = Worst()
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
            record = met.record
            key = context.alarms.define(definition_of(spec, record.id, record.zone, met.lane))
            self._source.put(met.series, self._worst.add(met.series, context.registry.by_id(record.id), key))
            self._which.append(self._steps.setdefault(self._steps_at(record), len(self._steps)))
            if self._means is not None:
                self._means.add(met.series, met.lane)
            bound.append(met.series)
        if bound:
            self._tables = None
        return bound

    def _steps_at(self, record: DeviceRecord) -> _Steps:
        """The narrowest place that has steps of its own, for each side."""
        own = self._thresholds.at(record.zone, record.asset, record.id)
        return own.get("high", self._spec.high), own.get("low", self._spec.low)

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
        return self._worst.take(source, ts, level, held, value)

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"worst": self._worst.snapshot(), "means": {} if self._means is None else self._means.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._worst.restore(state["worst"])
        if self._means is not None:
            self._means.restore(state["means"])


def padded(steps: Sequence[tuple[float, ...]]) -> F64:
    """A row each, filled up with NaN: no such step."""
    columns = list(zip_longest(*steps, fillvalue=np.nan))
    return np.array(columns, np.float64).T if columns else np.empty((len(steps), 0))
