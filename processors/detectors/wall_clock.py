"""What clocks on the wall show, as an offset from UTC: what an hour of the day means to a learned profile.

                 3 h                                          end of the day
    |----since----|------------- counted back from the end -------|

Local midnights say that a day has 23 or 25 hours, not when its clock changes. Clocks change in the first hours of a
day, so from 3 h after midnight on hours are counted back from the next one: mornings and evenings are right.
"""

import numpy as np

from processors.columns import I64
from processors.windows.day import DAY, SECOND, day_bounds

__all__ = ["wall_clock_offset"]

_HOUR = 3600 * SECOND
_NIGHT = 3 * _HOUR
_FARTHEST_EAST = 14 * _HOUR
"""Offsets below this are east of Greenwich, the rest west: no place is so far east, but for an atoll (off by a day)."""


def wall_clock_offset(ts: I64, edges: I64) -> I64:
    """How far (ns) local time is ahead of UTC.

    Parameters
    ----------
    ts : (n,) UTC ns.
    edges : sorted UTC ns of local midnights, as in `day_bounds`; without any, local time is UTC.

    Returns
    -------
    offset : (n,) ns; `ts + offset` modulo a day or a week is the time of day or week that a clock shows.

    Examples
    --------
    >>> midnights = np.array([-8, 16, 40]) * 3600 * SECOND
    >>> (wall_clock_offset(np.array([0, 20]) * 3600 * SECOND, midnights) // (3600 * SECOND)).tolist()
    [8, 8]
    """
    length = DAY * SECOND
    start, end = day_bounds(ts, edges)
    ahead = -start % length
    ahead = np.where(ahead < _FARTHEST_EAST, ahead, ahead - length)
    since = np.where(ts - start < _NIGHT, ts - start, length - (end - ts))
    offset: I64 = start + ahead + since - ts
    return offset
