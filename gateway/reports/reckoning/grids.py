"""Values on a grid of time: hours of the period as its clocks show them, quarter hours of windows."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gateway.reports.facts import Windows
from gateway.reports.period import HOUR, Period, local
from processors.columns import F64, I64

__all__ = ["Hours", "hour_means", "hours_of", "on_grid"]


class Hours(NamedTuple):
    """Hours of a period in order of time; on the day on which clocks go back one of them is there twice."""

    starts: tuple[int, ...]
    labels: tuple[str, ...]


def hours_of(period: Period) -> Hours:
    """Each hour of the period, from local midnight on."""
    starts = tuple(at for begin, end in period.days for at in range(begin, end, HOUR))
    form = "%H" if period.kind == "day" else "%m-%d %H"
    return Hours(starts, tuple(f"{local(at, period.zone):{form}}" for at in starts))


def hour_means(times: Iterable[int], values: Iterable[float], hours: Hours) -> list[float | None]:
    """Mean of the values in each hour; None where there is none."""
    starts = np.array(hours.starts, np.int64)
    at, value = np.fromiter(times, np.int64), np.fromiter(values, np.float64)
    place = np.searchsorted(starts, at, side="right") - 1
    inside = (place >= 0) & (at < hours.starts[-1] + HOUR) & np.isfinite(value)
    number = np.bincount(place[inside], minlength=len(starts))
    total = np.bincount(place[inside], value[inside], minlength=len(starts))
    return [t / n if n else None for t, n in zip(total.tolist(), number.tolist(), strict=True)]


def on_grid(windows: Windows, starts: I64) -> F64:
    """Means of windows at these starts; NaN where there is none."""
    out = np.full(len(starts), np.nan)
    if len(starts):
        place = np.clip(np.searchsorted(starts, windows.start), 0, len(starts) - 1)
        there = starts[place] == windows.start
        out[place[there]] = windows.mean[there]
    return out


def known(values: Sequence[float] | F64) -> list[float | None]:
    """None in place of NaN."""
    return [None if value != value else value for value in np.asarray(values, np.float64).tolist()]  # noqa: PLR0124
