"""Days on which the city rests: weekends and public holidays, by the local day.

Holidays with a date of their own in the solar calendar are there in every year. Those of the lunar calendar move: they
are listed as the State Council gave notice of them (memory). Weekends that are worked in exchange count as weekends.
"""

from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from device_sims.world.local_time import DAY, LocalTime
from device_sims.world.noise import I64

__all__ = ["is_free", "is_holiday", "rests"]

_EVERY_YEAR = (((1, 1), 1), ((5, 1), 5), ((10, 1), 7))
"""(month, day), days."""
_MOVING = {
    2024: (((2, 10), 8), ((4, 4), 3), ((6, 10), 1), ((9, 15), 3)),
    2025: (((1, 28), 8), ((4, 4), 3), ((5, 31), 3), ((10, 8), 1)),
    2026: (((2, 15), 9), ((4, 4), 3), ((6, 19), 3), ((9, 25), 3)),
}
"""Spring Festival, Qingming, Dragon Boat, Mid-Autumn."""
_EPOCH = date(1970, 1, 1)


def is_holiday(day: date) -> bool:
    """Whether a local day is a public holiday."""
    return day in _holidays(day.year)


def is_free(day: date) -> bool:
    """Whether people rest on a local day: at weekends and on holidays."""
    return day.weekday() >= 5 or is_holiday(day)


def rests(local: LocalTime, ts: I64) -> NDArray[np.bool_]:
    """Whether people rest on the local day of each moment (UTC ns); shape of `ts`."""
    days, place = np.unique(local.of(ts) // DAY, return_inverse=True)
    free = np.array([is_free(_EPOCH + timedelta(days=int(day))) for day in days], np.bool_)
    return free[place].reshape(ts.shape)


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(
        date(year, *first) + timedelta(days=number)
        for first, days in (*_EVERY_YEAR, *_MOVING.get(year, ()))
        for number in range(days)
    )
