"""Curves that several kinds share: arrays of local hours -> arrays of shares; smooth, with a period of 24 hours."""

import numpy as np
from numpy.typing import NDArray

from device_sims.world.noise import F64

__all__ = ["bump", "evening_load", "traffic_demand", "water_demand", "water_demand_integral"]


def bump(hour: F64, centre: float, width: float) -> F64:
    """A bell around `centre` with standard deviation `width` hours, 1 at its top; wraps at midnight."""
    distance = (hour - centre + 12.0) % 24.0 - 12.0
    return np.exp(-0.5 * np.square(distance / width))


def traffic_demand(hour: F64, rests: NDArray[np.bool_]) -> F64:
    """Share of a road's peak demand: two peaks on working days, one wide hump where people rest; in (0, 1.05)."""
    work = 0.08 + 0.84 * bump(hour, 8.3, 1.2) + 0.92 * bump(hour, 18.2, 1.5) + 0.50 * bump(hour, 13.0, 2.8)
    rest = 0.10 + 0.66 * bump(hour, 15.5, 4.0)
    return np.where(rests, rest, work)


def evening_load(hour: F64, homes: F64) -> F64:
    """Share of a transformer's rating that is drawn, `homes` of its customers being homes and the rest offices."""
    home = 0.22 + 0.18 * bump(hour, 7.5, 1.3) + 0.48 * bump(hour, 20.5, 2.4)
    office = 0.15 + 0.34 * bump(hour, 10.5, 2.0) + 0.38 * bump(hour, 15.5, 2.6)
    return homes * home + (1.0 - homes) * office


_NIGHT, _MORNING, _NOON, _EVENING = 0.35, 1.25, 0.55, 1.10


def water_demand(hour: F64) -> F64:
    """Demand of a metered area as a multiple of its base; lowest from 02:00 to 04:00."""
    waves = _MORNING * bump(hour, 7.6, 1.3) + _NOON * bump(hour, 12.4, 1.7) + _EVENING * bump(hour, 19.8, 2.2)
    return _NIGHT + waves


_GRID = np.arange(1441) / 60.0
_STEPS = water_demand(_GRID)
_INTEGRAL = np.concatenate(([0.0], np.cumsum((_STEPS[1:] + _STEPS[:-1]) / 2.0))) / 60.0


def water_demand_integral(hours: F64) -> F64:
    """Integral of `water_demand` over `hours` since a local midnight, in hours; grows without end."""
    days = np.floor(hours / 24.0)
    within: F64 = np.interp(hours - 24.0 * days, _GRID, _INTEGRAL)
    return days * float(_INTEGRAL[-1]) + within
