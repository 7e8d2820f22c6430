"""Local midnights and other hours of a city as UTC nanoseconds, so that processors see arrays and no zones."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["EPOCH_DAY", "clock_times", "day_edges"]

_FIRST, _LAST = 1990, 2071
EPOCH_DAY = 7_305
"""Number of the first day, counted from 1970-01-01, a Thursday: the n-th day has the number EPOCH_DAY + n."""


@lru_cache(maxsize=8)
def day_edges(timezone: str) -> NDArray[np.int64]:
    """Midnights of `timezone` (IANA), 1990 to 2070, sorted; days of 23 and 25 hours come out as such.

    Where midnight does not exist (a change at 00:00) the day starts at the first instant after the gap.
    """
    return clock_times(timezone, 0)


@lru_cache(maxsize=64)
def clock_times(timezone: str, minutes: int) -> NDArray[np.int64]:
    """When clocks of `timezone` read `minutes` after midnight, each day from 1990 to 2070.

    A reading that is skipped in spring is taken as much later as is skipped (02:30 is 03:30); one that comes twice in
    autumn is its first.
    """
    zone = ZoneInfo(timezone)
    day, last = datetime(_FIRST, 1, 1), datetime(_LAST, 1, 1)  # noqa: DTZ001  the zone is attached below
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    seconds = []
    while day < last:
        read = day + timedelta(minutes=minutes)
        seconds.append(int((read.replace(tzinfo=zone) - epoch).total_seconds()))
        day += timedelta(days=1)
    edges = np.array(seconds, np.int64) * 1_000_000_000
    edges.flags.writeable = False
    return edges
