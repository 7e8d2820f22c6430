"""Rain over the city: one signal that every device of a seed feels, whichever devices there are.

    wet days, by season --> slots of 3 h --> at most a shower each       __/\\__      |  _/\\_   |          |
                                             start, length, peak         slot         slot      slot (dry)

A shower is peak * sin^2 over its length, so what has fallen until any time is a sum and a closed form.
"""

import numpy as np

from device_sims.world.local_time import DAY, HOUR, MINUTE
from device_sims.world.noise import F64, I64, Noise
from device_sims.world.signals import bump

__all__ = ["Weather"]

SLOT = 3 * HOUR
SINCE = 16_436 * DAY
"""Nothing fell before January 2015; no gauge is older."""
YEAR = 365.2425 * DAY
SHOWERS = 0.25
"""Share of a wet day's slots that have one."""
SHORTEST, LONGEST = 20 * MINUTE, 150 * MINUTE
LEAST, MOST = 2.0, 60.0
"""Peaks, mm/h; most are low."""
_ROOM = 8_192


class Weather:
    """A pure function of seed and time. Times are UTC ns, of any shape."""

    def __init__(self, noise: Noise) -> None:
        self._noise = noise.shared("weather")
        self._before = np.zeros(1)
        """Rain of all slots before each, from SINCE on."""

    def intensity(self, ts: I64) -> F64:
        """Rain at the moment, mm/h."""
        start, length, peak = self._shower(ts // SLOT)
        share = np.clip((ts - start) / length, 0.0, 1.0)
        return peak * np.square(np.sin(np.pi * share))

    def fallen(self, ts: I64) -> F64:
        """Rain since SINCE, mm; never falls."""
        slot = ts // SLOT
        start, length, peak = self._shower(slot)
        share = np.clip((ts - start) / length, 0.0, 1.0)
        whole = peak * length / HOUR / 2.0
        so_far = np.where(share < 1.0, whole * (share - np.sin(2.0 * np.pi * share) / (2.0 * np.pi)), whole)
        number = np.maximum(slot - SINCE // SLOT, 0)
        return self._total(int(number.max(initial=0)))[number] + so_far

    def driving(self, ts: I64) -> F64:
        """Share of their speed that drivers keep in the rain (FHWA: 5 to 17 % less in heavy rain, memory)."""
        return 1.0 - 0.15 * np.minimum(self.intensity(ts) / 30.0, 1.0)

    def air(self, ts: I64, hour: F64) -> F64:
        """Temperature of the air, Cel: by season, by the local hour, and less in rain."""
        season = -7.5 * np.cos(2.0 * np.pi * (ts % YEAR - 15 * DAY) / YEAR)
        wet = np.minimum(self.intensity(ts) / 10.0, 1.0)
        air: F64 = 22.0 + season + 4.0 * (bump(hour, 15.0, 4.0) - 0.4) - 2.0 * wet
        return air

    def _total(self, slot: int) -> F64:
        while slot >= len(self._before):
            slots = SINCE // SLOT + np.arange(_ROOM) + len(self._before) - 1
            _, length, peak = self._shower(slots)
            more = np.cumsum(np.concatenate([self._before[-1:], peak * length / HOUR / 2.0]))
            self._before = np.concatenate([self._before, more[1:]])
        return self._before

    def _shower(self, slot: I64) -> tuple[I64, I64, F64]:
        """Start and length (ns) and peak of a slot's shower; a peak of 0: there is none."""
        none = np.zeros(slot.shape, np.int64)
        day = slot * SLOT // DAY
        # the monsoon: about every sixth day in January, more than every second one in July
        wet = 0.15 + 0.4 * (1.0 - np.cos(2.0 * np.pi * ((slot * SLOT) % YEAR) / YEAR)) / 2.0
        rains = self._noise.uniform("wet day", none, day) < wet
        rains &= self._noise.uniform("shower", none, slot) < SHOWERS
        rains &= slot >= SINCE // SLOT
        length = SHORTEST + (self._noise.uniform("length", none, slot) * (LONGEST - SHORTEST)).astype(np.int64)
        start = slot * SLOT + (self._noise.uniform("start", none, slot) * (SLOT - length)).astype(np.int64)
        peak = LEAST + (MOST - LEAST) * self._noise.uniform("peak", none, slot) ** 6
        return start, length, np.where(rains, peak, 0.0)
