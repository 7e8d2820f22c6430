"""Homes and what they take: the one truth behind household meters, their transformers and the head of their feeder.

energy of a home  = days of a usual length, each 70 to 130 % of it, spread over its hours by habit and chance
register          = that energy since 2015, exactly: sums of homes are sums of registers
"""

import numpy as np

from device_sims.city.copies import copy_name
from device_sims.world.local_time import DAY, HOUR, LocalTime
from device_sims.world.noise import F64, I64, Noise
from device_sims.world.signals import bump

__all__ = ["Homes", "names_of_homes"]

_SINCE = 16_436  # days: counters started in January 2015
_HOURS: F64 = np.arange(24, dtype=np.float64) + 0.5
_HABIT = 0.22 + 0.18 * bump(_HOURS, 7.5, 1.3) + 0.48 * bump(_HOURS, 20.5, 2.4)


def names_of_homes(first: int, homes: int, copy: int = 0) -> list[str]:
    """The ids of devices.csv, or of a copy of it."""
    return [copy_name(f"home-{number:04d}", copy) for number in range(first, first + homes)]


class Homes:
    """`which` are indices of homes, `ts` UTC ns; both of shape (n,)."""

    def __init__(self, noise: Noise, local: LocalTime) -> None:
        self._noise = noise
        self._local = local
        self._daily = 3.0 + 15.0 * np.square(noise.fixed("daily"))  # kWh

    def energy(self, which: I64, ts: I64) -> F64:
        """KWh since the counter started; never falls while local time goes on."""
        daily, day, cumulated, hour, share = self._place(which, ts)
        before = np.take_along_axis(cumulated, hour[:, None], 1)[:, 0]
        after = np.take_along_axis(cumulated, hour[:, None] + 1, 1)[:, 0]
        begin, whole = self._day(which, day)
        return daily * (begin + whole * (before + (after - before) * share))

    def power(self, which: I64, ts: I64) -> F64:
        """KW: what the register grows by."""
        daily, day, cumulated, hour, _ = self._place(which, ts)
        rate = np.take_along_axis(np.diff(cumulated, axis=1), hour[:, None], 1)[:, 0]
        return daily * self._day(which, day)[1] * rate

    def _day(self, which: I64, day: I64) -> tuple[F64, F64]:
        """Register at the beginning of a day, and what the day adds, in usual days."""
        early, late = (0.15 * (2.0 * self._noise.uniform("day", which, day + k) - 1.0) for k in (0, 1))
        return (day - _SINCE) + early, 1.0 + late - early

    def _place(self, which: I64, ts: I64) -> tuple[F64, I64, F64, I64, F64]:
        """Usual energy, local day, cumulated shares of its hours (n, 25), hour and share of it that is over."""
        local = self._local.of(ts)
        day, within = local // DAY, local % DAY
        hour = within // HOUR
        ticks = day[:, None] * 24 + np.arange(24)
        chance = self._noise.uniform("hour", np.repeat(which, 24), ticks.ravel()).reshape(-1, 24)
        weight = _HABIT * (0.6 + 0.8 * chance)
        cumulated = np.zeros((len(ts), 25))
        np.cumsum(weight, axis=1, out=cumulated[:, 1:])
        return self._daily[which], day, cumulated / cumulated[:, -1:], hour, (within - hour * HOUR) / HOUR
