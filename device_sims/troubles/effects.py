"""Effects: what a trouble does to one quantity of the devices of a profile, from when to when, at each device.

An effect grows over its `ramp` from the trouble's start and is gone at its end; it scales or adds to a quantity in its
canonical unit. It may come to a device later than to another, as the tail of a queue does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device_sims.world.local_time import HOUR
from device_sims.world.noise import F64, I64

__all__ = ["Bound", "Effect"]


@dataclass(frozen=True, slots=True)
class Effect:
    """value * times + plus, once grown, of the devices of a profile at the trouble's place."""

    profile: str
    quantity: str
    times: float = 1.0
    plus: float = 0.0
    ramp: int = 0
    shared: bool = False
    """`plus` is for all devices there together: each gets its share."""
    most: float = np.inf
    part: str = ""
    """Of what the trouble reaches: "": its place, "queue": the road behind it, "beyond": the road ahead of it."""
    every: int = 0
    """Not all the time, but `lasts` long once in so much time (ns)."""
    lasts: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """An effect on some devices of a group."""

    effect: Effect
    hit: NDArray[np.bool_]
    """(devices,) whether each is there."""
    starts: I64
    """(devices,) UTC ns."""
    ends: I64
    sharers: int = 1
    """Devices that it is for together."""

    def change(self, value: F64, which: I64, ts: I64) -> F64:
        """`value` (n,) of devices `which` at `ts` with the effect on it."""
        during = self.during(which, ts)
        if not during.any():
            return value
        effect, since = self.effect, ts - self.starts[which]
        grown = np.clip(since / effect.ramp, 0.0, 1.0) if effect.ramp else np.ones(len(ts))
        new = value * (1.0 + (effect.times - 1.0) * grown) + self._plus * grown
        return np.where(during, np.clip(new, 0.0, effect.most), value)

    def during(self, which: I64, ts: I64) -> NDArray[np.bool_]:
        """Whether it is on, (n,)."""
        since = ts - self.starts[which]
        on = self.hit[which] & (since >= 0) & (ts < self.ends[which])
        if self.effect.every:
            on &= since % self.effect.every < self.effect.lasts
        return on

    def spans(self, device: int) -> tuple[I64, I64]:
        """When it begins and ends at a device, UTC ns: once, or each time."""
        start, end = self.starts[device], self.ends[device]
        if not self.hit[device] or end <= start:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        if not self.effect.every:
            return np.array([start]), np.array([end])
        starts = np.arange(start, end, self.effect.every, dtype=np.int64)
        return starts, np.minimum(starts + self.effect.lasts, end)

    def added(self, which: I64, ts: I64) -> F64:
        """Integral of what `plus` has added until `ts`, in its unit times hours."""
        effect = self.effect
        since = np.clip(ts - self.starts[which], 0, np.maximum(self.ends - self.starts, 0)[which]).astype(np.float64)
        if effect.ramp:
            since = np.where(since < effect.ramp, since**2 / (2.0 * effect.ramp), since - effect.ramp / 2.0)
        return np.where(self.hit[which], self._plus * since / HOUR, 0.0)

    def felt(self, which: I64, ts: I64, lag: int) -> F64:
        """Share of a slow body's way to where the trouble drives it: nearly 1 if it lasts, and back to 0 after it."""
        start, end = self.starts[which], self.ends[which]
        since = np.clip(ts - start, 0, end - start)
        after = np.maximum(ts - end, 0)
        return np.where(self.hit[which], (1.0 - np.exp(-since / lag)) * np.exp(-after / lag), 0.0)

    @property
    def _plus(self) -> float:
        return self.effect.plus / self.sharers if self.effect.shared else self.effect.plus
