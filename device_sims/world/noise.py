"""Randomness without state: a number depends on (seed, device, channel, tick) only, so order and batches don't matter.

Hashing is splitmix64's finaliser (Steele, Lea, Flood 2014) over uint64 arrays, which wrap silently in numpy.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["F64", "I64", "Noise"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = (np.uint64(shift) for shift in (30, 27, 31, 11))


class Noise:
    """Noise of a group of devices. `which` are indices into `names`, `tick` any integers; both of shape (n,)."""

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        self._seed = seed
        self._names = tuple(names)
        self._keys: dict[str, U64] = {}

    def uniform(self, channel: str, which: I64, tick: I64) -> F64:
        """In [0, 1)."""
        keys = self._keys.get(channel)
        if keys is None:
            keys = np.array([_key(self._seed, channel, name) for name in self._names], np.uint64)
            self._keys[channel] = keys
        hashed = _mix(keys[which] ^ _mix(tick.astype(np.uint64) * _GOLDEN))
        return (hashed >> _11).astype(np.float64) * 2.0**-53

    def normal(self, channel: str, which: I64, tick: I64) -> F64:
        """Mean 0, standard deviation 1 (Box and Muller 1958)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(channel, which, tick)))
        angle = 2.0 * np.pi * self.uniform(channel + "~", which, tick)
        return radius * np.cos(angle)

    def smooth(self, channel: str, which: I64, ts: I64, period: int) -> F64:
        """Wandering in (-1, 1): uniform values at multiples of `period` ns, eased from one to the next."""
        tick = ts // period
        share = (ts - tick * period) / period
        ease = share * share * (3.0 - 2.0 * share)
        left, right = self.uniform(channel, which, tick), self.uniform(channel, which, tick + 1)
        return 2.0 * (left + (right - left) * ease) - 1.0

    def shared(self, name: str) -> "Noise":
        """Noise of one thing that all devices feel, whichever devices there are."""
        return Noise(self._seed, [name])

    def of(self, names: Sequence[str]) -> "Noise":
        """The noise that devices of other kinds have."""
        return Noise(self._seed, names)

    def fixed(self, channel: str) -> F64:
        """A number in [0, 1) for each device, shape (devices,); the same for ever."""
        every = np.arange(len(self._names))
        return self.uniform(channel, every, np.zeros(len(every), np.int64))


def _key(seed: int, channel: str, name: str) -> int:
    digest = hashlib.blake2b(f"{seed}/{channel}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _mix(x: U64) -> U64:
    x = (x ^ (x >> _30)) * _M1
    x = (x ^ (x >> _27)) * _M2
    return x ^ (x >> _31)
