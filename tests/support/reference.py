"""What windows must say of readings, reckoned anew with plain numpy: nothing here is shared with `processors`.

Slow and simple on purpose: a Python loop over windows.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import numpy as np

__all__ = ["Reading", "Window", "windows_of"]

SECOND = 1_000_000_000
STEPS = (10, 60, 900, 3600, 86400)


class Reading(NamedTuple):
    """One reading as it must be stored; `value` NaN where the device had none."""

    ts: int
    value: float
    suspect: bool = False
    fail: bool = False


@dataclass(frozen=True)
class Window:
    """The statistics of one window, and bounds for its quantiles: the readings around them."""

    count: int
    good: float
    min: float
    max: float
    mean: float
    twmean: float
    std: float
    first: float
    last: float
    p50: float
    p95: float
    around: list[float]
    """Below and above p50, below and above p95."""


def windows_of(
    readings: Iterable[Reading], interval_secs: float, utc_offset_secs: int
) -> dict[tuple[int, int], Window]:
    """(step, start) -> window, of all steps that are not shorter than `interval_secs`; days are of a fixed offset."""
    finest = next(step for step in STEPS if step >= interval_secs or step == 3600)
    groups: dict[tuple[int, int], list[Reading]] = defaultdict(list)
    for reading in sorted(readings):
        for step in STEPS[STEPS.index(finest) :]:
            shift = utc_offset_secs * SECOND if step == 86400 else 0
            start = (reading.ts + shift) // (step * SECOND) * step * SECOND - shift
            groups[step, start].append(reading)
    return {key: _window(key, group) for key, group in groups.items()}


def _window(key: tuple[int, int], group: list[Reading]) -> Window:
    step, start = key
    end = start + step * SECOND
    used = [reading for reading in group if not np.isnan(reading.value) and not reading.fail]
    good = sum(not (np.isnan(reading.value) or reading.fail or reading.suspect) for reading in group) / len(group)
    if not used:
        return Window(0, good, nan, nan, nan, nan, nan, nan, nan, nan, nan, [])
    ts = np.array([reading.ts for reading in used])
    value = np.array([reading.value for reading in used])
    held = np.diff(ts, append=end).astype(np.float64)
    ordered = sorted(value.tolist())
    p50, low50, high50 = _quantile(ordered, 0.5)
    p95, low95, high95 = _quantile(ordered, 0.95)
    return Window(
        len(used), good, float(value.min()), float(value.max()), float(value.mean()),
        float(np.sum(value * held) / np.sum(held)), float(value.std()), float(value[0]), float(value[-1]),
        p50, p95, [low50, high50, low95, high95],
    )  # fmt: skip


def _quantile(ordered: list[float], share: float) -> tuple[float, float, float]:
    """Between the two values around rank share * (n - 1), and those two."""
    rank = share * (len(ordered) - 1)
    low, high = ordered[int(rank)], ordered[min(int(rank) + 1, len(ordered) - 1)]
    return low + (high - low) * (rank - int(rank)), low, high
