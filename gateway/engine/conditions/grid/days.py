"""Local days and weeks that values of a device lie in, by the midnights of the city."""

import numpy as np

from processors.columns import I64

__all__ = ["hour_of_day", "period_of", "weeks"]

_HOUR = 3_600_000_000_000


def weeks(day_edges: I64) -> I64:
    """Local Mondays: the first midnight (1990-01-01) is one."""
    return day_edges[::7]


def period_of(edges: I64, ts: I64) -> I64:
    """Number of the period (day, week) that each time lies in; -1 or beyond where no edge is known."""
    number: I64 = np.searchsorted(edges, ts, "right") - 1
    return number


def hour_of_day(day_edges: I64, ts: I64) -> I64:
    """Hours since local midnight; the 25th of a long day counts as its 24th."""
    day = np.maximum(period_of(day_edges, ts), 0)
    hour: I64 = np.clip((ts - day_edges[day]) // _HOUR, 0, 23)
    return hour
