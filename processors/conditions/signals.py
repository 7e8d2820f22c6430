"""What conditions say to alarms: at which level something stands at a time.

`level` is judged with the thresholds, `held` with the thresholds less the deadband: 0 <= level <= held. Whoever knows
the level before (the alarm) has min(max(before, level), held), a hysteresis without a state of the condition's.

    steps 20, 25, 50, deadband 2        value 26 -> level 2, held 2;   value 24 -> level 1, held 2;   value 19 -> 0, 1
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64, U8, Columns

__all__ = ["Signals", "step_levels"]


@dataclass(frozen=True, slots=True)
class Signals(Columns):
    """One row a judgement: `key` is the caller's index of (condition, asset), `value` the figure judged (NaN: none).

    What could not be judged (missing, failed) has no row: it is unknown, which is not level 0.
    """

    DTYPES: ClassVar[dict[str, str]] = {
        "key": "int32",
        "ts": "int64",
        "level": "uint8",
        "held": "uint8",
        "value": "float64",
    }
    key: I32
    ts: I64
    level: U8
    held: U8
    value: F64


def step_levels(value: F64, steps: F64, deadband: float | F64 = 0.0, *, falling: bool = False) -> tuple[U8, U8]:
    """Level and held level of values against steps.

    Parameters
    ----------
    value : (n,) in the unit of the steps; NaN is no judgement and gives 0, 0: leave it out before.
    steps : (k,), or (n, k) where they differ by value, k at most 255; level i + 1 is reached at step i (inclusive).
        NaN: no such step, the others keep their levels. Ascending; with `falling` descending, and reached from above.
    deadband : in the same unit, not negative; scalar or (n,).

    Returns
    -------
    level, held : (n,); level <= held.

    Examples
    --------
    >>> step_levels(np.array([19.0, 24.0, 26.0]), np.array([20.0, 25.0, 50.0]), 2.0)
    (array([0, 1, 2], dtype=uint8), array([1, 2, 2], dtype=uint8))
    """
    sign = -1.0 if falling else 1.0
    figure: NDArray[np.float64] = sign * np.asarray(value, np.float64)[:, None]
    edges = sign * np.atleast_2d(np.asarray(steps, np.float64))
    slack = np.atleast_1d(np.asarray(deadband, np.float64))[:, None]
    return _highest(figure >= edges), _highest((figure >= edges) | (figure >= edges - slack))


def _highest(reached: NDArray[np.bool_]) -> U8:
    """Number of the highest step reached, from 1; 0: none."""
    numbers = np.arange(1, reached.shape[1] + 1, dtype=np.uint8)
    highest: U8 = (reached * numbers).max(axis=1, initial=0)
    return highest
