"""Transformers: how loaded, and how hot.

    level      0        1          2          3            thresholds 0.8, 1.0, 1.3: an example
    loading ---|-----0.8|-------1.0|-------1.3|-------

`levels` has no hysteresis and no memory: it says what is; an alarm's delays are the alarm's.

Limits (memory, not looked up): IEC 60076-7 allows 105 Cel top oil in normal cyclic loading and 115 in an emergency;
DL/T 572 wants natural-oil transformers at 85 Cel usually and 95 at most. None is built in.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["UNKNOWN_LEVEL", "levels", "loading"]

UNKNOWN_LEVEL = -1
"""The level of a missing value."""


def loading(apparent_kva: F64, rated_kva: float | F64) -> F64:
    """Load over rating, S / Sn.

    Parameters
    ----------
    apparent_kva : (n,) kVA; NaN = missing.
    rated_kva : kVA, broadcasts; NaN or not above 0 = unknown.

    Returns
    -------
    (n,) ratio; NaN where either is missing.

    Examples
    --------
    >>> loading(np.array([504.0, np.nan, 10.0]), np.array([630.0, 630.0, 0.0])).tolist()
    [0.8, nan, nan]
    """
    rated = np.asarray(rated_kva, np.float64)
    ratio: F64 = apparent_kva / np.where(rated > 0, rated, np.nan)
    return ratio


def levels(value: F64, thresholds: F64) -> NDArray[np.int8]:
    """How many thresholds each value has reached.

    Parameters
    ----------
    value : (n,) loading or temperature; NaN = missing.
    thresholds : (k,) for all or (n, k), ascending, in the same unit; a value on a threshold has reached it. NaN where a
        transformer has no such threshold.

    Returns
    -------
    (n,) 0 ... k; `UNKNOWN_LEVEL` where the value is missing or there is no threshold at all.

    Examples
    --------
    >>> levels(np.array([70.0, 85.0, 99.0, np.nan]), np.array([85.0, 95.0])).tolist()
    [0, 1, 2, -1]
    """
    reached = (value[:, None] >= thresholds).sum(axis=1)
    unknown = np.isnan(value) | np.isnan(thresholds).all(axis=-1)
    return np.where(unknown, UNKNOWN_LEVEL, reached).astype(np.int8)
