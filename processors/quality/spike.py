"""Spike: does a reading stand out from both of its neighbours?

    value  |      b            average       |b - (a + c) / 2|
           |     / \\           differential  min(|b - a|, |c - b|) if b is above both neighbours, or below both; else 0
           |    a   c
           +------------ time  judged when c comes: the verdict is on b

Source: QARTOD spike test (IOOS Manual for Real-Time Quality Control, test 6; number from memory); both methods as in
ioos_qc `spike_test` (commit 9c1853a). There a threshold of 0 is none; here it is 0.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8, U32
from processors.flags import Why
from processors.quality.verdict import Limit, above

__all__ = ["spike", "spike_of"]


def spike_of(before: F64, middle: F64, after: F64, differential: bool | NDArray[np.bool_] = False) -> F64:
    """How far each `middle` stands out; see `spike`."""
    with np.errstate(invalid="ignore", over="ignore"):
        out: F64 = np.abs(middle - (before + after) / 2)
        if np.any(differential):
            rise, fall = middle - before, after - middle
            least = np.minimum(np.abs(rise), np.abs(fall))  # NaN where one of them is
            turns = (rise > 0) & (fall < 0) | (rise < 0) & (fall > 0)
            out = np.where(differential, np.where(turns | np.isnan(least), least, 0.0), out)
    return out


def spike(
    before: F64, middle: F64, after: F64, suspect: Limit, fail: Limit, differential: bool | NDArray[np.bool_] = False
) -> tuple[U8, U32]:
    """Flag each `middle` that stands out from the readings before and after it.

    Parameters
    ----------
    before, middle, after : (n,), three readings of a series in a row; NaN where one has no value or is not there.
    suspect, fail : thresholds in the unit of the value, themselves allowed; NaN where there is none. They broadcast.
    differential : the differential method, which lets slopes be, instead of the average method; broadcasts.

    Returns
    -------
    flag, why : (n,), of `middle`. UNKNOWN where a neighbour or a threshold is not there; MISSING where `middle` is NaN.

    Examples
    --------
    >>> a, b, c = np.array([1.0, 1.0, 1.0]), np.array([9.0, 5.0, 2.0]), np.array([1.0, 9.0, np.nan])
    >>> spike(a, b, c, suspect=3.0, fail=7.0)[0].tolist()
    [4, 1, 2]
    >>> spike(a, b, c, suspect=3.0, fail=7.0, differential=True)[0].tolist()
    [4, 1, 2]
    """
    out = spike_of(before, middle, after, differential)
    return above(out, suspect, fail, np.isnan(middle), Why.SPIKE)
