"""Steps: readings, or means of windows, against ascending or descending thresholds.

Gas is judged on every reading; voltage, pressure and the like on means. Where a device has several quantities of one
condition (three phases) each is an alarm input of its own name at the same asset: the worst one counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions import StepsCondition, Where
from gateway.engine.conditions.base import Context, Places, definition_of
from gateway.engine.conditions.means import Means, WindowMeans
from gateway.engine.results import SeriesName
from processors.columns import AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals, step_levels
from processors.flags import Flag

__all__ = ["StepsRule"]


class StepsRule:
    """See Condition. Keys are one a device."""

    def __init__(self, spec: StepsCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._means = None if spec.window_secs is None else WindowMeans(spec.window_secs)
        self._key = Places()
        self._table = Places()
        self._steps: list[tuple[tuple[float, ...], tuple[float, ...]]] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> None:
        """See Condition."""
        spec, registry = self._spec, context.registry
        for name in series:
            if name.profile != spec.profile or name.quantity not in spec.quantities:
                continue
            device = registry.by_id(name.device)
            record = registry.records[device]
            lane = int(registry.lane[device])
            key = context.alarms.define(definition_of(spec, record.id, record.zone, lane))
            self._key.put(name.index, key)
            self._table.put(name.index, self._steps_at(record.zone, record.asset, record.id))

    def _steps_at(self, zone: str, asset: str, device: str) -> int:
        """The narrowest place that has steps of its own."""
        spec = self._spec
        high, low = spec.high, spec.low
        for kind, value in (("zone", zone), ("asset", asset), ("device", device)):
            for where in spec.where:
                if _names(where, kind) == value and value:
                    high = high if where.high is None else where.high
                    low = low if where.low is None else where.low
        steps = (high, low)
        if steps not in self._steps:
            self._steps.append(steps)
        return self._steps.index(steps)

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        if self._means is not None:
            return Signals.empty()
        key = self._key.of(batch.series)
        which = np.flatnonzero((key >= 0) & (batch.flag < Flag.FAIL))
        if not len(which):
            return Signals.empty()
        return self._judged((batch.series[which], batch.ts[which], batch.value[which]))

    def windows(self, batch: AggregateBatch) -> Signals:
        """See Condition."""
        if self._means is None:
            return Signals.empty()
        mine = self._key.of(batch.series) >= 0
        if not mine.any():
            return Signals.empty()
        return self._judged(self._means.take(batch if mine.all() else batch.take(mine)))

    def tick(self, now: int, live: bool, context: Context) -> Signals:
        """See Condition: time alone changes nothing here."""
        return Signals.empty()

    def _judged(self, means: Means) -> Signals:
        series, ts, value = means
        if not len(series):
            return Signals.empty()
        level, held = np.zeros(len(series), np.uint8), np.zeros(len(series), np.uint8)
        table = self._table.of(series)
        for number, (high, low) in enumerate(self._steps):
            rows = np.flatnonzero(table == number)
            for steps, falling in ((high, False), (low, True)):
                if not steps or not len(rows):
                    continue
                now, still = step_levels(value[rows], np.array(steps), self._spec.deadband, falling=falling)
                level[rows], held[rows] = np.maximum(level[rows], now), np.maximum(held[rows], still)
        signals = Signals(self._key.of(series), ts, level, held, value)
        return signals if len(self._spec.quantities) == 1 else _worst(signals)

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {} if self._means is None else self._means.snapshot()

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        if self._means is not None and state:
            self._means.restore(state)


def _names(where: Where, kind: str) -> str | None:
    return {"zone": where.zone, "asset": where.asset, "device": where.device}[kind]


def _worst(signals: Signals) -> Signals:
    """One row a (key, time): the highest level, then the highest held one."""
    order = np.lexsort((signals.held, signals.level, signals.key, signals.ts))
    s = signals.take(order)
    last = np.ones(len(s), np.bool_)
    last[:-1] = (s.key[1:] != s.key[:-1]) | (s.ts[1:] != s.ts[:-1])
    return s.take(last)
