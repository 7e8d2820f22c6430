"""Local midnights and other hours of a city as UTC nanoseconds, so that processors see arrays and no zones."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["EPOCH_DAY", "clock_times", "day_edges"]

_FIRST, _LAST = 1990, 2071
_SECOND = 1_000_000_000
_DAY_0 = datetime(_FIRST, 1, 1)  # noqa: DTZ001  zones are attached to it
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = 7_305
"""Number of the first day, counted from 1970-01-01, a Thursday: the n-th day has the number EPOCH_DAY + n."""


@lru_cache(maxsize=8)
def day_edges(timezone: str) -> NDArray[np.int64]:
    """Midnights of `timezone` (IANA), 1990 to 2070, sorted; days of 23 and 25 hours come out as such.

    Where midnight does not exist (a change at 00:00) the day starts at the first instant after the gap.
    """
    zone = ZoneInfo(timezone)
    day, last = _DAY_0, datetime(_LAST, 1, 1)  # noqa: DTZ001  the zone is attached below
    seconds = []
    while day < last:
        seconds.append(_utc(day, zone))
        day += timedelta(days=1)
    return _frozen(np.array(seconds, np.int64) * _SECOND)


@lru_cache(maxsize=64)
def clock_times(timezone: str, minutes: int) -> NDArray[np.int64]:
    """When clocks of `timezone` read `minutes` after midnight, each day of `day_edges`.

    A reading that is skipped in spring is taken as much later as is skipped (02:30 is 03:30); one that comes twice in
    autumn is its first.
    """
    edges, zone = day_edges(timezone), ZoneInfo(timezone)
    times = edges + minutes * 60 * _SECOND
    for number in np.flatnonzero(np.diff(edges, append=edges[-1]) != 86_400 * _SECOND).tolist():
        times[number] = _utc(_DAY_0 + timedelta(days=number, minutes=minutes), zone) * _SECOND
    return _frozen(times)


def _utc(local: datetime, zone: ZoneInfo) -> int:
    return int((local.replace(tzinfo=zone) - _EPOCH).total_seconds())


def _frozen(times: NDArray[np.int64]) -> NDArray[np.int64]:
    times.flags.writeable = False
    return times
