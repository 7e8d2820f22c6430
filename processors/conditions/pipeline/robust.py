"""Middle and spread that a few wild values do not move: median, and median distance from it, of many rows at once.

Source: the median absolute deviation times 1.4826 estimates the standard deviation of a normal distribution
(Rousseeuw and Croux, J. Am. Stat. Assoc. 88, 1993; from memory, not looked up).
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["MAD_TO_SIGMA", "median", "median_and_spread"]

MAD_TO_SIGMA = 1.4826
"""1 / the 75 % quantile of the standard normal distribution."""


def median(values: F64, count: NDArray[np.integer]) -> F64:
    """Median over the last axis of the `count` numbers there; the rest is NaN, which sorts last. NaN where none is."""
    ordered = np.sort(values, axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.minimum(count // 2, values.shape[-1] - 1)[..., None]
    both = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    middle: F64 = both[..., 0] / 2
    return middle


def median_and_spread(values: F64, count: NDArray[np.integer]) -> tuple[F64, F64]:
    """Median and scaled median absolute deviation over the last axis.

    Examples
    --------
    >>> middle, spread = median_and_spread(np.array([[1.0, 2.0, 3.0, 4.0, 900.0]]), np.array([5]))
    >>> middle.tolist(), spread.tolist()
    ([3.0], [1.4826])
    """
    middle = median(values, count)
    return middle, MAD_TO_SIGMA * median(np.abs(values - middle[..., None]), count)
