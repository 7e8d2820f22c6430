"""Local time of the city for arrays of UTC nanoseconds: people sleep and drive by it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from device_sims.world.noise import F64, I64

__all__ = ["DAY", "HOUR", "MINUTE", "SECOND", "LocalTime"]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_QUARTER = 15 * MINUTE  # offsets of time zones change on quarters of an hour


class LocalTime:
    """Offsets are looked up once a quarter of an hour that occurs, and kept."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._offsets: dict[int, int] = {}

    def of(self, ts: I64) -> I64:
        """Nanoseconds of local time since 1970-01-01 00:00 local; shape of `ts`."""
        quarters, place = np.unique(ts // _QUARTER, return_inverse=True)
        offsets = np.array([self._offset(quarter) for quarter in quarters.tolist()], np.int64)
        local: I64 = ts + offsets[place]
        return local

    def hour(self, ts: I64) -> F64:
        """Hour of the local day with its fraction, in [0, 24)."""
        return (self.of(ts) % DAY) / HOUR

    def weekday(self, ts: I64) -> I64:
        """0 = Monday to 6 = Sunday."""
        return (self.of(ts) // DAY + 3) % 7  # 1970-01-01 was a Thursday

    def _offset(self, quarter: int) -> int:
        known = self._offsets.get(quarter)
        if known is None:
            moment = datetime.fromtimestamp(quarter * 900, UTC)
            shift = moment.astimezone(self._zone).utcoffset()
            known = self._offsets[quarter] = 0 if shift is None else int(shift.total_seconds()) * SECOND
            if len(self._offsets) > 10_000:
                self._offsets = {quarter: known}
        return known
