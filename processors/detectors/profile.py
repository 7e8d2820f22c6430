"""What is usual at this hour of the day and of the week: a learned profile of differences from the level.

    usual = level + trust(day) * day(between the two nearest hours) + trust(week) * week[hour of week]

    day    24 hours, straight lines between their middles     mean, visits, spread    float32
    week   168 hours, what the day leaves over                mean, visits            float16, 1/16 visits in a byte
    now    the hour of the week that is being learned         mean, visits            float32; put away when it ends

A mean of `visits` visits is trusted visits / (visits + 1): what was seen once counts half. A reading is a part of a
visit, the time that it stands for, so that sampling doesn't matter; visits count up to a memory, from which on the
mean forgets. The week's means are kept in a unit of their own a series, for float16 ends at 65,504.

Source: our own; a recursive form of a seasonal decomposition with robust steps (Cleveland et al., STL, 1990).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64
from processors.detectors.level import DAY, MEAN_ABSOLUTE, Met, floor_of
from processors.detectors.state import Rows, SeriesState

__all__ = ["SeasonalProfile"]

_HOURS = 24
_WEEK = 7 * _HOURS
_HOUR = DAY // _HOURS
_MEAN, _VISITS, _SPREAD = range(3)
_PART = 16
"""Parts of a visit in a byte."""
_LARGEST = 60_000.0
"""Of a float16, in units."""


@dataclass(frozen=True, slots=True)
class _Hours:
    """Where readings lie: the two nearest middles of hours and the share of the second, and the hour of the week."""

    near: NDArray[np.int64]
    next: NDArray[np.int64]
    share: F64
    week: NDArray[np.int64]

    @classmethod
    def of(cls, local: I64) -> "_Hours":
        hours, rest = np.divmod(local - _HOUR // 2, _HOUR)
        near = hours % _HOURS
        return cls(near, (near + 1) % _HOURS, rest / _HOUR, local // _HOUR % _WEEK)


class SeasonalProfile(SeriesState):
    """State of many series. `clip` in robust sigmas; `day_memory` and `week_memory` in visits of an hour."""

    SPEC: ClassVar = {
        "day": ("float32", 3 * _HOURS), "week": ("float16", _WEEK), "visits": ("uint8", _WEEK),
        "unit": ("float32", 0), "now": ("uint8", 0), "now_mean": ("float32", 0), "now_visits": ("float32", 0),
        "spread": ("float64", 0),
    }  # fmt: skip

    def __init__(self, clip: float, day_memory: float, week_memory: float) -> None:
        if not 0 < week_memory <= 255 / _PART:
            raise ValueError(f"week_memory is above 0 and at most {255 / _PART:.1f} visits")
        super().__init__()
        self._clip = clip
        self._day_memory = day_memory
        self._week_memory = week_memory

    def meet(self, rows: Rows, local: I64, met: Met) -> F64:
        """Compare readings with what is usual at their hour, and learn from them.

        Parameters
        ----------
        rows : (m,) series, none twice.
        local : (m,) local time, ns.
        met : what they are to the level.

        Returns
        -------
        z : (m,) difference from what is usual, in robust sigmas: the larger of the hour's own and the series' own.
        """
        columns = self._table.columns
        hours = _Hours.of(local)
        day, spread = columns["day"], columns["spread"][rows]
        near, beyond = 3 * hours.near, 3 * hours.next
        part, rest = hours.share, 1.0 - hours.share
        day_mean = rest * day[rows, near + _MEAN] + part * day[rows, beyond + _MEAN]
        day_visits = rest * day[rows, near + _VISITS] + part * day[rows, beyond + _VISITS]
        same, week_mean, week_visits = self._week(rows, hours.week)

        left = met.residual - day_visits / (day_visits + 1.0) * day_mean
        residual = left - week_visits / (week_visits + 1.0) * week_mean
        own = 3 * (hours.week % _HOURS)
        own_visits = day[rows, own + _VISITS].astype(np.float64)
        own_spread = day[rows, own + _SPREAD].astype(np.float64)
        floor = floor_of(met.level)
        usual = np.maximum(spread, (spread + own_visits * own_spread) / (own_visits + 1.0)) + floor
        z = np.where(met.young, 0.0, residual / (MEAN_ABSOLUTE * usual))

        limit = np.where(met.young, np.inf, self._clip * MEAN_ABSOLUTE * usual)
        size = np.abs(np.clip(residual, -limit, limit))
        columns["spread"][rows] = spread + met.gain * (size - spread)
        # one visit may be all wrong, so the first one is no bound for the second
        wide = np.where(day_visits <= 1.0, np.inf, limit)
        day_step = np.clip(met.residual - day_mean, -wide, wide)
        wide = np.where(week_visits <= 1.0, 2.0 * limit, limit)
        week_step = np.clip(left - week_mean, -wide, wide)

        visit = np.where(met.passed > 0, met.stands_for * _HOURS, 1.0)
        gain, visits = _learn(own_visits, visit, self._day_memory)
        day[rows, own + _SPREAD] = own_spread + gain * (size - own_spread)
        for at, weight in ((near, visit * rest), (beyond, visit * part)):
            gain, visits = _learn(day[rows, at + _VISITS].astype(np.float64), weight, self._day_memory)
            day[rows, at + _MEAN] += gain * day_step
            day[rows, at + _VISITS] = visits
        gain, visits = _learn(week_visits, visit, self._week_memory)
        self._learn_week(rows, hours.week, same, week_mean + gain * week_step, visits)
        return z

    def usual(self, row: int, local: I64) -> tuple[F64, F64]:
        """What is usual of one series at local times: the difference from its level, and how far readings usually are
        from that (mean absolute deviation, without the floor). Nothing is learned.
        """
        columns = self._table.columns
        hours = _Hours.of(local)
        rows = np.full(len(local), row, np.intp)
        day = columns["day"][row].astype(np.float64)
        near, beyond = 3 * hours.near, 3 * hours.next
        part, rest = hours.share, 1.0 - hours.share
        mean = rest * day[near + _MEAN] + part * day[beyond + _MEAN]
        visits = rest * day[near + _VISITS] + part * day[beyond + _VISITS]
        _, week_mean, week_visits = self._week(rows, hours.week)
        own = 3 * (hours.week % _HOURS)
        own_visits, own_spread = day[own + _VISITS], day[own + _SPREAD]
        spread = float(columns["spread"][row])
        usual = np.maximum(spread, (spread + own_visits * own_spread) / (own_visits + 1.0))
        return visits / (visits + 1.0) * mean + week_visits / (week_visits + 1.0) * week_mean, usual

    def _week(self, rows: Rows, week: NDArray[np.int64]) -> tuple[NDArray[np.bool_], F64, F64]:
        """Whether the hour of the week is the one being learned; its mean and visits."""
        columns = self._table.columns
        same = columns["now"][rows] == week + 1
        kept = columns["week"][rows, week] * columns["unit"][rows].astype(np.float64)
        visits = columns["visits"][rows, week] / _PART
        return (
            same,
            np.where(same, columns["now_mean"][rows], kept),
            np.where(same, columns["now_visits"][rows], visits),
        )

    def _learn_week(self, rows: Rows, week: NDArray[np.int64], same: NDArray[np.bool_], mean: F64, visits: F64) -> None:
        columns = self._table.columns
        if not same.all():
            ends = rows[~same & (columns["now"][rows] > 0)]
            hour = columns["now"][ends].astype(np.intp) - 1
            old = columns["now_mean"][ends].astype(np.float64)
            unit = columns["unit"][ends].astype(np.float64)
            # the unit is about the first mean that isn't 0, and stays
            unit = np.where((unit == 0) & (old != 0), np.ldexp(1.0, np.frexp(old)[1]), unit)
            columns["unit"][ends] = unit
            scaled = old / np.where(unit == 0, 1.0, unit)
            columns["week"][ends, hour] = np.clip(scaled, -_LARGEST, _LARGEST)
            columns["visits"][ends, hour] = np.rint(columns["now_visits"][ends] * _PART)
        columns["now"][rows] = week + 1
        columns["now_mean"][rows] = mean
        columns["now_visits"][rows] = visits


def _learn(visits: F64, weight: F64, memory: float) -> tuple[F64, F64]:
    """Gain of a mean of `visits` visits for `weight` more, and how many they are then."""
    then = np.minimum(visits + weight, memory)
    return np.minimum(weight / np.maximum(then, 1e-12), 1.0), then
