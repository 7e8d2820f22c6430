"""Recorded days laid onto the local day of the city: what was measured at 08:10 is measured at 08:10, every day."""

import csv
import io
from functools import cache

import numpy as np

from device_sims.world.local_time import DAY, MINUTE, LocalTime
from device_sims.world.noise import F64, I64
from seeds import recording

__all__ = ["HOUSEHOLD_DAYS", "guangzhou_speed", "household_power", "minute_of_day", "slot_that_ended"]

SLOT = 10 * MINUTE
SLOTS = 144
MINUTES = 1440
HOUSEHOLD_DAYS = 3


@cache
def guangzhou_speed() -> F64:
    """Km/h, shape (144 slots of ten minutes from 00:00, 50 segments); NaN is missing."""
    lines = list(csv.reader(io.StringIO(recording("guangzhou_speed.csv").decode())))[1:]
    speeds = np.array([[float(cell) if cell else np.nan for cell in line] for line in lines])
    return _frozen(speeds, (SLOTS, 50))


@cache
def household_power() -> F64:
    """Active kW, reactive kvar, V and A of a home: shape (3 days, 1440 minutes from 00:00, 4)."""
    lines = list(csv.reader(io.StringIO(recording("household_power.csv").decode())))[1:]
    values = np.array([[float(cell) for cell in line[2:]] for line in lines])
    return _frozen(values.reshape(HOUSEHOLD_DAYS, -1, 4), (HOUSEHOLD_DAYS, MINUTES, 4))


def slot_that_ended(local: LocalTime, ts: I64) -> I64:
    """Row of `guangzhou_speed` for the ten minutes that ended at `ts`; midnight ends the last slot of the day."""
    return (local.of(ts) % DAY // SLOT - 1) % SLOTS


def minute_of_day(local: LocalTime, ts: I64) -> I64:
    """Row of `household_power` for the minute that `ts` lies in."""
    return local.of(ts) % DAY // MINUTE


def _frozen(values: F64, shape: tuple[int, ...]) -> F64:
    if values.shape != shape:
        raise ValueError(f"a recording has shape {values.shape}, expected {shape}: the file is damaged")
    values.flags.writeable = False
    return values
