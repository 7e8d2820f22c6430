"""Feed a part of the detector, one reading after the other."""

from collections.abc import Callable, Sequence

import numpy as np

from processors.columns import F64, I64
from processors.detectors.level import Level, Met

__all__ = ["HOUR", "MINUTE", "feed", "meets"]

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
ROW = np.zeros(1, np.intp)


def meets(level: Level, value: F64, step: int = 5 * MINUTE, start: int = 0) -> list[Met]:
    """What each of one series' readings, `step` ns apart, is to its level."""
    if not len(level):
        level.grow(1)
    return [
        level.meet(ROW, np.array([start + k * step], np.int64), np.array([each]))
        for k, each in enumerate(value.tolist())
    ]


def feed(level: Level, value: F64, then: Callable[[I64, Met], F64], step: int = 5 * MINUTE) -> Sequence[float]:
    """What `then` makes of each of one series' readings."""
    return [float(then(np.array([k * step], np.int64), met)[0]) for k, met in enumerate(meets(level, value, step))]
