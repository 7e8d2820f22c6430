"""Which of a row of limits has a value reached? 0 none, 1 the first, 2 the second ...; -1 where nothing is known.

    rising (20, 25, 50)      ... 19.9 | 20 ... | 25 ... | 50 ...          falling (19.5, 18)   ... 18 | ... 19.5 | ...
    level                         0   |   1    |   2    |   3             level                    2  |     1    |  0

Source: none; alarm steps of instruments are given like this (`gas.py` and `pressure.py` name theirs).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from processors.columns import F64

__all__ = ["I8", "NO_STEPS", "UNKNOWN", "reached"]

I8 = NDArray[np.int8]

UNKNOWN = -1
"""Neither calm nor alarming: nothing was evaluated."""
NO_STEPS: F64 = np.empty(0)
"""No limit on this side."""


def reached(value: F64, rising: ArrayLike = NO_STEPS, falling: ArrayLike = NO_STEPS) -> I8:
    """Return the highest level whose limit each value has reached, from below or from above.

    Parameters
    ----------
    value : any shape, canonical unit; NaN where there is none.
    rising : (k,) or (..., k), ascending: level j + 1 is reached at or above `rising[..., j]`; NaN where a step is not
        used. All but the last axis broadcast to `value`.
    falling : the same for values at or below; descending.

    Returns
    -------
    int8 of the shape of `value`; `UNKNOWN` where the value is NaN or has no limit at all.

    Examples
    --------
    >>> reached(np.array([21.0, 18.0, 24.0, np.nan]), rising=[23.5], falling=[19.5, 18.0]).tolist()
    [0, 2, 1, -1]
    """
    level = np.zeros(value.shape, np.int8)
    up, down = np.asarray(rising, np.float64), np.asarray(falling, np.float64)
    limited: NDArray[np.bool_] = np.zeros(value.shape, np.bool_)
    for steps, sign in ((up, 1.0), (down, -1.0)):
        if not steps.shape[-1]:
            continue
        limited |= ~np.isnan(steps).all(axis=-1)
        for at in range(steps.shape[-1]):
            hit = sign * value >= sign * steps[..., at]
            np.maximum(level, np.int8(at + 1), out=level, where=hit)
    level[np.isnan(value) | ~limited] = UNKNOWN
    return level
