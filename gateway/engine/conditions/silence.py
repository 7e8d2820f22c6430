"""Silent devices: nothing has come for several of their intervals, while the source is live.

A device that was never heard is not silent, it is absent: it was never there to fall silent. What a device sends may be
late or wrong; being heard is about receipt. Judged at most every ten seconds of `now`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions import SilenceCondition
from gateway.engine.conditions.base import Context, definition_of
from gateway.engine.results import SeriesName
from processors.columns import AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals

__all__ = ["SilenceRule"]

_EVERY = 10_000_000_000


class SilenceRule:
    """See Condition. `intervals`: nominal interval (ns) of each profile."""

    def __init__(self, spec: SilenceCondition, intervals: Mapping[str, int]) -> None:
        self.name = spec.name
        self._spec = spec
        self._intervals = intervals
        self._keys: list[int] = []
        self._limit = np.empty(0, np.int64)
        self._judged_at = 0
        self._live_since = -1
        self._told = np.empty(0, np.bool_)

    def bind(self, series: Sequence[SeriesName], context: Context) -> None:
        """See Condition: devices count here, and are met when they are heard."""

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        return Signals.empty()

    def windows(self, batch: AggregateBatch) -> Signals:
        """See Condition."""
        return Signals.empty()

    def tick(self, now: int, live: bool, context: Context) -> Signals:
        """See Condition. Time begins to count when the source becomes live: an outage of ours makes nobody silent."""
        self._live_since = (self._live_since if self._live_since >= 0 else now) if live else -1
        if not live or now - self._judged_at < _EVERY:
            return Signals.empty()
        self._judged_at = now
        self._meet(context)
        registry = context.registry
        n = len(self._keys)
        heard = registry.heard[:n]
        since = np.maximum(heard, self._live_since)
        quiet = now - since
        silent = (heard > 0) & (quiet >= self._limit)
        changed = np.flatnonzero((silent | self._told) & (heard > 0))
        self._told = silent
        level = silent[changed].astype(np.uint8)
        # the condition begins when the next message was due; it ends with the message that broke the silence
        ts = np.where(silent[changed], since[changed] + self._limit[changed], heard[changed])
        ts = np.where(silent[changed], np.maximum(ts, 0), np.maximum(ts, self._judged_at))
        keys = np.array(self._keys, np.int32)[changed]
        return Signals(keys, ts, level, level, quiet[changed] / 1e9)

    def _meet(self, context: Context) -> None:
        """Devices that came since."""
        registry, spec = context.registry, self._spec
        first = len(self._keys)
        if first == len(registry):
            return
        limits = []
        for index in range(first, len(registry)):
            record = registry.records[index]
            self._keys.append(context.alarms.define(definition_of(spec, record.id, record.zone, -1)))
            interval = self._intervals.get(record.profile, 0)
            limits.append(max(round(spec.intervals * interval), round(spec.least_secs * 1e9)))
        self._limit = np.concatenate([self._limit, np.array(limits, np.int64)])
        told = np.zeros(len(self._keys), np.bool_)
        told[: len(self._told)] = self._told
        self._told = told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {"judged_at": self._judged_at, "live_since": self._live_since, "told": self._told.copy()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._judged_at, self._live_since = state["judged_at"], state["live_since"]
        self._told = state["told"].copy()
