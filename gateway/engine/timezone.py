"""Local midnights of a city as UTC nanoseconds, so that processors see arrays and no zones."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["day_edges"]

_FIRST, _LAST = 1990, 2071


@lru_cache(maxsize=8)
def day_edges(timezone: str) -> NDArray[np.int64]:
    """Midnights of `timezone` (IANA), 1990 to 2070, sorted; days of 23 and 25 hours come out as such.

    Where midnight does not exist (a change at 00:00) the day starts at the first instant after the gap.
    """
    zone = ZoneInfo(timezone)
    day, last = datetime(_FIRST, 1, 1), datetime(_LAST, 1, 1)  # noqa: DTZ001  the zone is attached below
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    seconds = []
    while day < last:
        seconds.append(int((day.replace(tzinfo=zone) - epoch).total_seconds()))
        day += timedelta(days=1)
    edges = np.array(seconds, np.int64) * 1_000_000_000
    edges.flags.writeable = False
    return edges
