"""What is the same of conditions that judge each series by itself, by readings or by means of windows.

    readings that are no failures ----+
                                      +--> source, time, value --> `judged` of the rule --> the worst of an alarm
    windows --means of `window_secs`--+

A rule names the alarm of each series by `judge`, and says in `judged` where its values stand.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from gateway.engine.brought import Brought
from gateway.engine.conditions.base import NOTHING, Context, Met, Places, Rule, definition_of
from gateway.engine.conditions.means import Means, WindowMeans
from gateway.engine.conditions.worst import Worst
from processors.columns import I64, AggregateBatch
from processors.conditions.signals import Signals
from processors.flags import Flag

__all__ = ["EachSeries"]


class EachSeries(Rule, ABC):
    """See Condition. Sources are series, numbered in the order in which they were met."""

    def __init__(self, spec: Any) -> None:
        """`spec`: a model of gateway.config.conditions that has `window_secs`."""
        self.name = spec.name
        self.by_window = spec.window_secs is not None
        self.worst = Worst()
        self._alarm_of = spec
        self._means = None if spec.window_secs is None else WindowMeans(spec.window_secs)
        self._source = Places()

    def judge(self, met: Met, place: str, context: Context) -> int:
        """Take in a series that feeds the alarm at `place`; gives the series."""
        record = met.record
        key = context.alarms.define(definition_of(self._alarm_of, place, record.zone, met.lane))
        self._source.put(met.series, self.worst.add(met.series, context.registry.by_id(record.id), key))
        if self._means is not None:
            self._means.add(met.series, met.lane)
        return met.series

    @abstractmethod
    def judged(self, of: Means, message: I64 | None = None) -> Signals:
        """What values of sources say, in their order; `message` is for `Worst.take`."""

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self.worst.keys()

    def readings(self, batch: Brought) -> Signals:
        """See Condition."""
        source = self._source.of(batch.series)
        which = np.flatnonzero((source >= 0) & (batch.flag < Flag.FAIL))
        if not len(which):
            return NOTHING
        return self.judged((source[which], batch.ts[which], batch.value[which]), batch.message[which])

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
        return self.judged((self._source.of(series), end, mean)) if len(series) else NOTHING

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"worst": self.worst.snapshot(), "means": {} if self._means is None else self._means.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self.worst.restore(state["worst"])
        if self._means is not None:
            self._means.restore(state["means"])
