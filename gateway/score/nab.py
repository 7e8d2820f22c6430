"""How good detections are by the Numenta Anomaly Benchmark's measure (NAB, 2015).

    rows      |  probation  |                     |<------- window ------->|
    detected  |      x      |        x            |    x          x        |    x                       x
    earns           0            -1 * fp            0.9 * tp      0          -0.6 * fp               -1 * fp

Inside a labelled window the earliest detection earns most, and only the best one counts; a window without one costs
`fn`. A detection outside costs `fp`, less where it comes soon after a window. The first rows never count.

Source: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms - the Numenta Anomaly Benchmark", 2015, and
`nab/sweeper.py` of numenta/NAB, which decides where the paper is silent. Widths and distances are in rows, not in time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64

__all__ = ["PROFILES", "Costs", "Judgement", "judge", "probation_rows", "scaled_sigmoid"]

_PROBATION = 0.15
_LONGEST = 5000
"""Rows of a file that its probation is a share of; more don't make it longer."""
_FAR = 3.0
"""From so many widths past a window on, a detection has nothing to do with it."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a missed window and a false detection cost; a window that is hit at once earns 1."""

    missed: float
    false: float


PROFILES = {"standard": Costs(1.0, 0.11), "low_fp": Costs(1.0, 0.22), "low_fn": Costs(2.0, 0.11)}
"""The benchmark's application profiles: as it is, where false ones cost more, where misses cost more."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One file: `windows` that count, how many of them were hit, detections outside, and a score a profile.

    A score is 100 where every window is hit at its first row and nothing else is raised, 0 where nothing is raised at
    all; below where detections do harm. None without a window: there is nothing to earn.
    """

    windows: int
    hit: int
    false: int
    scores: dict[str, float | None]

    @property
    def missed(self) -> int:
        """Windows without a detection."""
        return self.windows - self.hit


def probation_rows(rows: int) -> int:
    """How many rows at the start of a file of `rows` never count: 15 %, 750 at most."""
    return math.floor(_PROBATION * min(rows, _LONGEST))


def scaled_sigmoid(position: F64) -> F64:
    """2 / (1 + e^(5 position)) - 1: from 0.987 at a window's left edge (-1) by 0 at its end to -1 far behind it.

    >>> scaled_sigmoid(np.array([-1.0, -0.5, 0.0, 1.0, 3.0])).round(5).tolist()
    [0.98661, 0.84828, 0.0, -0.98661, -1.0]
    """
    near = 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, _FAR))) - 1.0
    return np.where(position >= _FAR, -1.0, near)


def judge(ts: I64, windows: Sequence[tuple[int, int]], raised: NDArray[np.bool_]) -> Judgement:
    """Score the detections of one file.

    Parameters
    ----------
    ts : (n,) times of the rows, as they stand in the file; any unit.
    windows : labelled windows in order, first and last time of each, both within it; they don't overlap.
    raised : (n,) where something was detected.

    Returns
    -------
    The judgement. A window that lies in the probation, or between two rows, doesn't count.

    Examples
    --------
    >>> ts = np.arange(100)
    >>> judge(ts, [(50, 59)], ts == 50).scores["standard"]
    100.0
    >>> judge(ts, [(50, 59)], ts == 30).scores["standard"]
    -5.5
    """
    counts = np.arange(len(ts)) >= probation_rows(len(ts))
    raised = raised & counts
    distance = np.full(len(ts), _FAR)
    inside = np.zeros(len(ts), np.bool_)
    earned, total = [], 0
    for start, end in windows:
        first, last = _rows(ts, start, end)
        if first > last:
            continue
        inside[first : last + 1] = True
        width = last - first + 1
        distance[last + 1 :] = np.arange(1, len(ts) - last) / max(width - 1, 1)
        if not counts[last]:
            continue
        total += 1
        found = np.flatnonzero(raised[first : last + 1])
        if len(found):
            at = np.array([(found[0] - width) / width, -1.0])
            mine, best = scaled_sigmoid(at).tolist()
            earned.append(mine / best)
    outside = raised & ~inside
    harm = float(scaled_sigmoid(distance[outside]).sum())
    missed = total - len(earned)
    scores: dict[str, float | None] = {
        name: 100.0 * (math.fsum(earned) + cost.false * harm - cost.missed * missed + total * cost.missed)
        / (total * (1.0 + cost.missed)) if total else None
        for name, cost in PROFILES.items()
    }  # fmt: skip
    return Judgement(total, len(earned), int(outside.sum()), scores)


def _rows(ts: I64, start: int, end: int) -> tuple[int, int]:
    """First and last row of a window; of a time that stands twice, the first, as the benchmark does."""
    within = np.flatnonzero((ts >= start) & (ts <= end))
    if not len(within):
        return 0, -1
    ends = np.flatnonzero(ts == end)
    return int(within[0]), int(ends[0] if len(ends) else within[-1])
