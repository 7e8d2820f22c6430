"""The usual level of a series, and how far readings usually are from it: both learned, neither carried off by outliers.

    residual = value - level
    level  += gain * clip(residual, +-limit)          limit = clip robust sigmas
    spread += gain * (|clip(residual)| - spread)      gain = 1 / n at first, then time since the last reading / memory

Source: Huber's location estimate (Huber 1964), as a recursion with an exponential memory; the spread is the mean
absolute deviation, which is sigma / 1.2533 where noise is Gaussian.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64
from processors.detectors.state import Rows, SeriesState

__all__ = ["DAY", "MEAN_ABSOLUTE", "Level", "Met", "floor_of"]

DAY = 86_400 * 10**9
MEAN_ABSOLUTE = float(np.sqrt(np.pi / 2))
"""Sigmas a mean absolute deviation, where noise is Gaussian."""
_STANDS_FOR = 1.0 / 24
"""Days that a reading stands for at most: one behind a gap counts like one an hour after the last."""
_FEWEST = 10
"""Readings before anything is called far from the level."""


@dataclass(frozen=True, slots=True)
class Met:
    """What a round of readings is to the level: (m,) each.

    `age` days since the series' first reading, `passed` days since its last one, `stands_for` the part of that which
    the reading speaks for; `young` where too little is known; `residual` from the level and its robust sigmas `z`.
    """

    age: F64
    passed: F64
    stands_for: F64
    young: NDArray[np.bool_]
    gain: F64
    level: F64
    residual: F64
    z: F64


def floor_of(level: F64) -> F64:
    """The least spread that is believed: the last digit of a float32, in which many sensors count; never 0."""
    return 1e-30 + 1e-7 * np.abs(level)


class Level(SeriesState):
    """State of many series. `clip` in robust sigmas, `memory` in days."""

    SPEC: ClassVar = {
        "count": ("int32", 0), "first": ("int64", 0), "last": ("int64", 0), "level": ("float64", 0),
        "spread": ("float64", 0),
    }  # fmt: skip

    def __init__(self, clip: float, memory: float) -> None:
        super().__init__()
        self._clip = clip
        self._memory = memory

    def fresh(self, rows: Rows, ts: I64) -> NDArray[np.bool_]:
        """Which readings are newer than what their series has had."""
        columns = self._table.columns
        newer: NDArray[np.bool_] = (columns["count"][rows] == 0) | (ts > columns["last"][rows])
        return newer

    def of(self, row: int) -> tuple[float, float, bool]:
        """Level of one series, days over which it has been learned, and whether too little is known of it."""
        columns = self._table.columns
        age = int(columns["last"][row] - columns["first"][row]) / DAY
        return float(columns["level"][row]), age, bool(columns["count"][row] < _FEWEST)

    def meet(self, rows: Rows, ts: I64, value: F64) -> Met:
        """Compare fresh readings with the level, and learn from them."""
        columns = self._table.columns
        before, spread = columns["count"][rows], columns["spread"][rows]
        new = before == 0
        passed = np.where(new, 0.0, (ts - columns["last"][rows]) / DAY)
        first = np.where(new, ts, columns["first"][rows])
        age = (ts - first) / DAY
        count = np.minimum(before, np.iinfo(np.int32).max - 1) + 1
        level = np.where(new, value, columns["level"][rows])
        young = count < _FEWEST
        residual = value - level
        usual = spread + floor_of(level)
        z = np.where(young, 0.0, residual / (MEAN_ABSOLUTE * usual))
        limit = np.where(young, np.inf, self._clip * MEAN_ABSOLUTE * usual)
        clipped = np.clip(residual, -limit, limit)

        stands_for = np.minimum(passed, _STANDS_FOR)
        # at first a plain mean; from an age of `memory` on an exponential one
        gain = np.maximum(stands_for / self._memory, np.where(age < self._memory, 1.0 / count, 0.0))
        spread_gain = np.where(
            new, 0.0, np.maximum(gain, np.where(age < self._memory, 1.0 / np.maximum(before, 1), 0.0))
        )
        columns["count"][rows] = count
        columns["first"][rows] = first
        columns["last"][rows] = ts
        columns["level"][rows] = level + gain * clipped
        columns["spread"][rows] = spread + spread_gain * (np.abs(clipped) - spread)
        return Met(age, passed, stands_for, young, spread_gain, level, residual, z)
