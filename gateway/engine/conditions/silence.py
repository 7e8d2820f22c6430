"""Silent devices: nothing has come for several of their intervals, while the source is live.

    heard -----|                                 silent since `heard` (or since we listen) + limit
    live  --|__|---------------------|
               `- outage of ours: counts for nobody, and ends nobody's silence

How long a device may be silent: what its newest message promised (SenML `ut`); else some of its own usual intervals,
which are learned from when it tells of a later time while we listen, no finer than the ten seconds of judging: a copy
of a message is a sign of life, but the end of no interval. Until five are known, some of its profile's.

A device whose death was told (Sparkplug) is silent at once, since then, until it is born again.

A device that was never heard is not silent, it is absent: it was never there to fall silent. What a device sends may be
late or wrong; being heard is about receipt. Judged at most every ten seconds of `now`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.device import SilenceCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule, definition_of
from gateway.engine.results import SeriesName
from processors.columns import I64
from processors.conditions.signals import Signals
from processors.quality.data_reception import Reception

__all__ = ["SilenceRule"]

_EVERY = 10_000_000_000
_NOT_TOLD = -1


class SilenceRule(Rule):
    """See Condition. Subjects are devices, in the registry's order."""

    by_window = False

    def __init__(self, spec: SilenceCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._context: Context | None = None
        self._key = np.empty(0, np.int32)
        self._interval = np.empty(0)
        """Of each device's profile, in seconds."""
        self._reception = Reception()
        # when a device last told something new, as of the last judging: what lies between is an interval of its
        self._seen = np.empty(0, np.int64)
        # what a device was last heard at when it was told silent
        self._told = np.empty(0, np.int64)
        self._judged_at = 0
        self._live_since = -1
        self._begins = True

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition: meets devices, listed ones before they are heard."""
        self._context = context
        registry, spec = context.registry, self._spec
        keys, intervals = [], []
        for record in registry.records[len(self._key) :]:
            judged = context.is_judged(record)
            keys.append(context.alarms.define(definition_of(spec, record.id, record.zone, -1)) if judged else -1)
            intervals.append(context.intervals.get(record.profile, 0) / 1e9)
        self._key = np.concatenate([self._key, np.array(keys, np.int32)])
        self._interval = np.concatenate([self._interval, np.array(intervals, np.float64)])
        self._seen = np.concatenate([self._seen, np.zeros(len(keys), np.int64)])
        self._reception.grow(len(self._key))
        self._told = np.concatenate([self._told, np.full(len(keys), _NOT_TOLD, np.int64)])
        return ()

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return [key for key in self._key.tolist() if key >= 0]

    def tick(self, now: int, live: bool) -> Signals:
        """See Condition. Delays of its alarms run by what is said: with one, every device is told where it stands."""
        self._live_since = (self._live_since if self._live_since >= 0 else now) if live else -1
        if not live or now - self._judged_at < _EVERY or self._context is None:
            return NOTHING
        before, self._judged_at = self._judged_at, now
        heard = self._context.registry.heard[: len(self._key)]
        self._learn(self._context.registry.fresh[: len(self._key)])
        judged = (heard > 0) & (self._key >= 0)
        since = np.maximum(heard, self._live_since)
        already = self._told == heard
        # the others have not been silent for as long as any may
        some = np.flatnonzero(judged & (now - since >= round(self._spec.least_secs * 1e9)))
        limit = self._limits(some)
        silent = judged & already
        silent[some] |= now - since[some] >= limit
        # a death says it outright
        dead = np.flatnonzero(judged & (self._context.registry.offline[: len(self._key)] > 0))
        silent[dead] = True
        ended = judged & ~silent & (self._told != _NOT_TOLD)
        self._told = np.where(silent, heard, _NOT_TOLD)
        # at first every device, for an alarm of before may stand that nobody has ended
        everybody = self._begins or self._spec.on_delay_secs or self._spec.off_delay_secs
        self._begins = False
        told = judged if everybody else silent | ended
        if not told.any():
            return NOTHING
        # it begins when the next message was due at last, and ends with the message that broke it
        ts = np.where(ended, np.maximum(heard, before), now)
        begins = (silent & ~already)[some]
        ts[some[begins]] = (since[some] + limit)[begins]
        fell = dead[~already[dead]]
        ts[fell] = np.clip(self._context.registry.offline[fell], heard[fell], now)
        level = silent[told].astype(np.uint8)
        return Signals(self._key[told], ts[told], level, level, ((now - heard) / 1e9)[told])

    def _learn(self, fresh: I64) -> None:
        """Take the intervals that have ended while we listened."""
        came = np.flatnonzero((fresh > self._seen) & (self._seen >= self._live_since))
        self._reception.learn(came, (fresh[came] - self._seen[came]) / 1e9)
        self._seen = fresh.copy()

    def _limits(self, device: NDArray[np.intp]) -> I64:
        """How long these devices may be silent, ns."""
        assert self._context is not None
        within = self._context.registry.within[device]
        usual = self._reception.usual()[device] if self._spec.own_interval else np.full(len(within), np.nan)
        some = self._spec.intervals * np.where(np.isnan(usual), self._interval[device], usual)
        secs = np.maximum(np.where(np.isnan(within), some, within), self._spec.least_secs)
        limits: I64 = np.rint(secs * 1e9).astype(np.int64)
        return limits

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "judged_at": self._judged_at, "live_since": self._live_since, "begins": self._begins,
            "told": self._told.copy(),
            "seen": self._seen.copy(), "reception": self._reception.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._judged_at, self._live_since = state["judged_at"], state["live_since"]
        self._begins = state["begins"]
        told = state["told"]
        self._seen[: len(told)] = state["seen"]
        self._reception.restore(state["reception"])
        self._reception.grow(len(self._key))
        self._told[: len(told)] = np.where(self._key[: len(told)] >= 0, told, _NOT_TOLD)
