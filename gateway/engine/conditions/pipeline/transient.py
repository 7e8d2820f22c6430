"""Pressure transients: readings of one logger that differ by much within a short time.

Judged on readings, not on means, in order of arrival. The alarm is the device's, its value the change in kPa, below 0
for a fall. A reading with none before it in the time is not judged: it neither raises nor ends an alarm.
Source: see processors/conditions/pipeline/pressure.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.water import TransientCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.conditions.pipeline.learned import carry
from gateway.engine.results import SeriesName
from processors.columns import ReadingBatch
from processors.conditions.pipeline.pressure import PressureTransients
from processors.conditions.signals import Signals
from processors.flags import Flag

__all__ = ["TransientRule"]

_MOST = 256
"""Readings of a series that are kept, at most."""


class TransientRule(Rule):
    """See Condition. Subjects are series; alarms are devices'."""

    by_window = False

    def __init__(self, spec: TransientCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._series: list[int] = []
        self._key: list[int] = []
        self._keys = np.empty(0, np.int32)
        self._number = Places()
        self._within = round(spec.within_secs * 1e9)
        self._transients = PressureTransients(self._within, 1)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        if not self._series and spec.profile in context.intervals:
            # twice what comes at its interval: some loggers are quicker than their profile says
            depth = 2 * -(-self._within // context.intervals[spec.profile])
            self._transients = PressureTransients(self._within, min(depth, _MOST))
        bound = []
        for met in context.met(series, spec.profile, (spec.quantity,)):
            record = met.record
            self._number.put(met.series, len(self._series))
            self._series.append(met.series)
            self._key.append(context.alarms.define(definition_of(spec, record.id, record.zone, met.lane)))
            bound.append(met.series)
        if bound:
            self._keys = np.array(self._key, np.int32)
            self._transients.grow(len(self._series))
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        number = self._number.of(batch.series)
        which = np.flatnonzero((number >= 0) & (batch.flag < Flag.FAIL))
        if not len(which):
            return NOTHING
        of, ts = number[which], batch.ts[which]
        found = self._transients.update(of, ts, batch.value[which], self._spec.amplitude, self._spec.rate)
        judged = np.flatnonzero(found.level >= 0)
        level = found.level[judged].astype(np.uint8)
        return Signals(self._keys[of[judged]], ts[judged], level, level, found.change[judged])

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"series": list(self._series), "transients": self._transients.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        carry(self._transients, state["transients"], *moved(state["series"], self._series))
