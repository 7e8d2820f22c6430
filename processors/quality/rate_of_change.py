"""Rate of change: did the value move faster, from the reading before, than the quantity can?

    value  |        x  <- |dx/dt| > suspect
           |  x---x
           +------------- time

Source: QARTOD rate of change test (IOOS Manual for Real-Time Quality Control, test 7; number from memory), with the
thresholds per second of ioos_qc `rate_of_change_test` (commit 9c1853a). There the time between readings is cut to whole
seconds; here it counts to the nanosecond.
"""

import numpy as np

from processors.columns import F64, U8, U32
from processors.flags import Why
from processors.quality.verdict import Limit, above

__all__ = ["rate_of", "rate_of_change"]


def rate_of(value: F64, before: F64, since: F64) -> F64:
    """Size of each change by the time that it took; see `rate_of_change`."""
    with np.errstate(invalid="ignore", over="ignore"):  # infinite values: two of them give no rate, one an infinite one
        rate: F64 = np.abs(value - before) / since
    return rate


def rate_of_change(value: F64, before: F64, since: F64, suspect: Limit, fail: Limit) -> tuple[U8, U32]:
    """Flag each reading whose |value - before| / since is above a threshold.

    Parameters
    ----------
    value : (n,), canonical unit; NaN where the device sent none.
    before : (n,), value of the reading before in the same series; NaN where it had none or there was none.
    since : (n,), seconds since that reading, above 0; NaN where there was none.
    suspect, fail : thresholds in units per second, themselves allowed; NaN where there is none. They broadcast.

    Returns
    -------
    flag, why : (n,). UNKNOWN where there is nothing to compare with or no threshold; MISSING where `value` is NaN.

    Examples
    --------
    >>> value, before = np.array([5.0, 5.0, 9.0, 5.0]), np.array([4.5, 4.0, 4.0, np.nan])
    >>> flag, why = rate_of_change(value, before, np.array([0.5, 0.5, 0.5, 0.5]), suspect=1.0, fail=5.0)
    >>> flag.tolist(), why.tolist()
    ([1, 3, 4, 2], [0, 64, 64, 0])
    """
    return above(rate_of(value, before, since), suspect, fail, np.isnan(value), Why.RATE_OF_CHANGE)
