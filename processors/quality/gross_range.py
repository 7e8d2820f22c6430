"""Gross range: is a value within what the sensor can measure, and within what the operator thinks plausible?

             fail_low    suspect_low          suspect_high    fail_high
    ----FAIL----[---SUSPECT---[------GOOD------]---SUSPECT---]----FAIL----

Source: QARTOD gross range test (IOOS Manual for Real-Time Quality Control, test 4): sensor span and operator span.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8, U32
from processors.flags import Flag, Why

__all__ = ["gross_range"]


Limit = float | F64
"""One limit for all values, or an array that broadcasts to them."""


def gross_range(
    value: F64, fail_low: Limit, fail_high: Limit, suspect_low: Limit, suspect_high: Limit
) -> tuple[U8, U32]:
    """Flag each value against the sensor's and the operator's span.

    Parameters
    ----------
    value : any shape, canonical unit; NaN where the device sent none.
    fail_low, fail_high : the sensor's span, ends included; -inf and +inf where it has none. They broadcast to `value`.
    suspect_low, suspect_high : the operator's span, in the same way.

    Returns
    -------
    flag, why : arrays of the shape of `value`. NaN is MISSING; a value without any limit at all is UNKNOWN, for nothing
        was evaluated.

    Examples
    --------
    >>> flag, why = gross_range(np.array([-1.0, 5.0, 90.0, np.nan]), 0.0, 120.0, 0.0, 80.0)
    >>> flag.tolist(), why.tolist()
    ([4, 1, 3, 9], [1, 0, 1, 2])
    """
    fails = (value < fail_low) | (value > fail_high)
    objects = fails | (value < suspect_low) | (value > suspect_high)
    missing = np.isnan(value)
    flag = np.full(value.shape, Flag.GOOD, np.uint8)
    unlimited = ~(np.isfinite(fail_low) | np.isfinite(fail_high) | np.isfinite(suspect_low) | np.isfinite(suspect_high))
    if np.any(unlimited):
        flag[np.broadcast_to(unlimited, value.shape)] = Flag.UNKNOWN
    flag[objects] = Flag.SUSPECT
    flag[fails] = Flag.FAIL
    flag[missing] = Flag.MISSING
    why: NDArray[np.uint32] = np.where(objects, np.uint32(Why.GROSS_RANGE), np.uint32(Why.NONE))
    why[missing] = Why.MISSING_VALUE
    return flag, why
