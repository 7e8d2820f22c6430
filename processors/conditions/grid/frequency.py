"""Frequency deviation: how far is the grid from 50 Hz, and how far may it be?

Source: GB/T 15945-2008, as quoted on a vendor's page: +-0.2 Hz in normal operation, +-0.5 Hz where the system is small.
Guangdong belongs to a large interconnected grid: 0.2. EN 50160 judges 10-s means against 49.5 ... 50.5 Hz in 99.5 % of
a year: see compliance.py.
"""

import numpy as np

from processors.columns import F64
from processors.conditions.grid.limits import excess

__all__ = ["LARGE_SYSTEM_HZ", "SMALL_SYSTEM_HZ", "deviation", "frequency_excess"]

LARGE_SYSTEM_HZ = 0.2
"""Largest deviation in a large interconnected system."""
SMALL_SYSTEM_HZ = 0.5
"""Largest deviation in a system of small capacity."""


def deviation(frequency: F64, nominal: float | F64 = 50.0) -> F64:
    """Frequency less nominal, in Hz; any shape, NaN = missing, stays NaN.

    Examples
    --------
    >>> deviation(np.array([50.25, 49.75, np.nan])).tolist()
    [0.25, -0.25, nan]
    """
    off: F64 = frequency - np.asarray(nominal)
    return off


def frequency_excess(frequency: F64, limit: float | F64, nominal: float | F64 = 50.0) -> F64:
    """How far each frequency is outside nominal +- limit.

    Parameters
    ----------
    frequency : any shape, Hz; NaN = missing.
    limit : Hz, not below 0; broadcasts: `LARGE_SYSTEM_HZ`, `SMALL_SYSTEM_HZ` or the operator's own.
    nominal : Hz; broadcasts.

    Returns
    -------
    Hz beyond the limit, negative below, 0.0 within, NaN where missing.

    Examples
    --------
    >>> frequency_excess(np.array([50.25, 49.5, 50.125]), 0.25).tolist()
    [0.0, -0.25, 0.0]
    """
    limit = np.asarray(limit)
    return excess(deviation(frequency, nominal), -limit, limit)
