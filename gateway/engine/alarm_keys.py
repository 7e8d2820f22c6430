"""What alarms know of every key, open or not, as columns; and the sieve that leaves only signals that matter.

    newest   event time of the newest signal: an older one changes nothing
    level    where the condition stands, deadband included; `value` is the figure that brought it there
    turned   when the level turned to what the alarm doesn't say yet: to wrong (on-delay) or to normal (off-delay)
    due      when it will say so: `turned` and the delay

A signal changes nothing, and only tells the time, when the key's level lies within its [level, held] and nothing is due
by then: true of nearly all, so one look at three columns is all that they cost. 33 bytes a key.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import I64
from processors.conditions.signals import Signals

__all__ = ["NEVER", "AlarmKeys", "Judgement"]

NEVER = 2**63 - 1
_NONE = -(2**63)
_SAVED = ("newest", "level", "value", "turned")

Judgement = tuple[int, int, int, int, float]
"""(key, ts, level, held, value)."""


class AlarmKeys:
    """Columns by key; room grows as keys are added."""

    def __init__(self) -> None:
        self.size = 0
        self.waiting: set[int] = set()
        """Keys with a delay that runs."""
        self.newest = np.empty(0, np.int64)
        self.level = np.empty(0, np.uint8)
        self.value = np.empty(0, np.float64)
        self.turned = np.empty(0, np.int64)
        self.due = np.empty(0, np.int64)
        self._lane = np.empty(0, np.int32)
        self._touched = np.empty(0, np.bool_)

    def grow(self, size: int) -> None:
        """Make room for keys below `size`."""
        more = max(64, size, 2 * len(self.level)) - len(self.level) if size > len(self.level) else 0
        self.size = max(self.size, size)
        if more:
            self.newest = np.concatenate([self.newest, np.full(more, _NONE)])
            self.level = np.concatenate([self.level, np.zeros(more, np.uint8)])
            self.value = np.concatenate([self.value, np.full(more, np.nan)])
            self.turned = np.concatenate([self.turned, np.full(more, _NONE)])
            self.due = np.concatenate([self.due, np.full(more, NEVER)])
            self._lane = np.concatenate([self._lane, np.full(more, -1, np.int32)])
            self._touched = np.concatenate([self._touched, np.zeros(more, np.bool_)])

    def set_lane(self, key: int, lane: int) -> None:
        """The lane whose watermark ends a key's delays; below 0: none."""
        self._lane[key] = lane

    def turn(self, key: int, at: int, delay: int) -> None:
        """The level turned at `at`: due after `delay`."""
        self.turned[key], self.due[key] = at, at + delay
        self.waiting.add(key)

    def unturn(self, key: int) -> None:
        """Nothing is waited for."""
        self.turned[key], self.due[key] = _NONE, NEVER
        self.waiting.discard(key)

    def close(self, key: int) -> None:
        """No signal changes this key any more: all are older than `newest`."""
        self.unturn(key)
        self.newest[key], self.level[key], self.value[key] = NEVER, 0, np.nan

    def reopen(self, key: int) -> None:
        """Signals count again, as for a new key."""
        self.newest[key] = _NONE

    def due_by(self, watermarks: Sequence[int] | I64) -> list[tuple[int, int]]:
        """(key, watermark of its lane) of the keys whose delay ends by it, by key."""
        marks = np.asarray(watermarks, np.int64)
        if not self.waiting or not len(marks):
            return []
        keys = np.sort(np.fromiter(self.waiting, np.int64, len(self.waiting)))
        lane = self._lane[keys]
        reached = np.where((lane >= 0) & (lane < len(marks)), marks[lane.clip(0, len(marks) - 1)], _NONE)
        ripe = reached >= self.due[keys]
        return list(zip(keys[ripe].tolist(), reached[ripe].tolist(), strict=True))

    def sift(self, signals: Signals) -> list[Judgement]:
        """The signals of the keys that something happens to, key by key in their order; the others only tell time."""
        key, ts = signals.key, signals.ts
        stands = self.level[key]
        told = (signals.level > stands) | (signals.held < stands) | (ts >= self.due[key])
        if not told.any():
            np.maximum.at(self.newest, key, ts)
            return []
        some = key[told]
        self._touched[some] = True
        touched = self._touched[key]
        self._touched[some] = False
        quiet = ~touched
        np.maximum.at(self.newest, key[quiet], ts[quiet])
        return self._in_order(signals.take(touched))

    def _in_order(self, signals: Signals) -> list[Judgement]:
        """Without late ones; of a run that says the same only the first and the last, which tells time."""
        s = signals.take(np.argsort(signals.key, kind="stable"))
        s = s.take(s.ts >= self.newest[s.key])
        s = s.take(_ahead(s.key, s.ts))
        same = (s.key[1:] == s.key[:-1]) & (s.level[1:] == s.level[:-1]) & (s.held[1:] == s.held[:-1])
        keep = np.ones(len(s), np.bool_)
        keep[1:-1] = ~(same[:-1] & same[1:])
        s = s.take(keep)
        return list(
            zip(s.key.tolist(), s.ts.tolist(), s.level.tolist(), s.held.tolist(), s.value.tolist(), strict=True)
        )

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Copies. Lanes and delays are the definitions'."""
        return {name: getattr(self, name)[: self.size].copy() for name in _SAVED}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `snapshot` gave, into keys that are there; then `turn` what waits."""
        for name in _SAVED:
            getattr(self, name)[: self.size] = state[name]

    def turned_keys(self) -> list[int]:
        """Keys whose level has turned."""
        return np.flatnonzero(self.turned[: self.size] != _NONE).tolist()


def _ahead(key: NDArray[np.int32], ts: I64) -> NDArray[np.bool_]:
    """Which of signals sorted by key are not older than one before them of the same key."""
    another = np.ones(len(key), np.bool_)
    another[1:] = key[1:] != key[:-1]
    if not (~another[1:] & (ts[1:] < ts[:-1])).any():
        return np.ones(len(key), np.bool_)
    # a running maximum that starts afresh with each key: keys weigh more than any rank of a time
    rank = np.unique(ts, return_inverse=True)[1] + np.cumsum(another) * len(ts)
    ahead: NDArray[np.bool_] = rank == np.maximum.accumulate(rank)
    return ahead
