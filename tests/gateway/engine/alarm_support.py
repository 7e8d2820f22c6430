"""Short words for tests of alarms: one or a few keys, times in seconds, transitions as tuples."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.engine.alarm_model import AlarmDefinition, Transition
from gateway.engine.alarms import Alarms
from processors.conditions.signals import Signals

S = 1_000_000_000


def definition(asset: str = "a", *, on: float = 0, off: float = 0, lane: int = 0, **more: Any) -> AlarmDefinition:
    """An alarm on an asset; delays in seconds."""
    return AlarmDefinition(
        "gas.lel", asset, "old-town", "gas", more.pop("priorities", (3, 2, 1)), round(on * S), round(off * S),
        lane=lane, **more,
    )  # fmt: skip


def signals(*rows: Sequence[float]) -> Signals:
    """Rows (key, seconds, level[, held[, value]]): `held` is the level and the value ten times that unless given."""
    full = [(*row, *(row[2:3] if len(row) < 4 else ())) for row in rows]
    full = [(*row, *((10.0 * row[2],) if len(row) < 5 else ())) for row in full]
    key, ts, level, held, value = zip(*full, strict=True) if full else ((),) * 5
    return Signals.of(key=key, ts=[round(t * S) for t in ts], level=level, held=held, value=value)


class Desk:
    """Alarms with key 0 defined, and what was told about it since the last call."""

    def __init__(self, **words: Any) -> None:
        self.alarms = Alarms()
        self.alarms.define(definition(**words))
        self.now = 0.0
        self.out: list[Transition] = []

    def say(self, *rows: Sequence[float], now: float | None = None) -> list[tuple[str, str, float]]:
        """Signals (seconds, level[, held[, value]]) of key 0 in one call, `now` their newest time unless given."""
        self.now = max(self.now, *(row[0] for row in rows)) if now is None else now
        self.out = []
        self.alarms.observe(signals(*((0, *row) for row in rows)), round(self.now * S), self.out)
        return self.told()

    def advance(self, mark: float, *, now: float | None = None, live: bool = True) -> list[tuple[str, str, float]]:
        """The watermark of lane 0, and `now` that unless given."""
        self.now = max(self.now, mark) if now is None else now
        self.out = []
        self.alarms.advance([round(mark * S)], round(self.now * S), live, self.out)
        return self.told()

    def act(self, act: str, at: float | None = None, **more: Any) -> list[tuple[str, str, float]]:
        """An act on key 0 by Li; times in seconds."""
        self.now = self.now if at is None else at
        if "until" in more:
            more["until"] = round(more["until"] * S)
        request = {"act": act, "condition": "gas.lel", "asset": "a", "who": "li", **more}
        self.out = []
        done = self.alarms.act(request, round(self.now * S), round(self.now * S), self.out)
        assert done == bool(self.out)
        return self.told()

    def told(self) -> list[tuple[str, str, float]]:
        """(change, state, seconds) of each transition."""
        return [(t.change, t.state, t.at / S) for t in self.out]

    def restart(self) -> None:
        """Snapshot and restore."""
        self.alarms = Alarms.restore(self.alarms.snapshot())


def by_key(out: Sequence[Transition]) -> dict[str, list[Transition]]:
    """Transitions of each asset in order."""
    found: dict[str, list[Transition]] = {}
    for transition in out:
        found.setdefault(transition.asset, []).append(transition)
    return found


def same_state(left: Any, right: Any) -> bool:
    """Snapshots are equal, arrays included."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same_state(left[name], right[name]) for name in left)
    if isinstance(left, np.ndarray):
        return bool(np.array_equal(left, right, equal_nan=left.dtype.kind == "f"))
    return bool(left == right)
