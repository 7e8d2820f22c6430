"""Harmonic distortion of the voltage, and how much of it each voltage level may have.

    nominal kV       0.38   6    10   35   66   110
    THD, %            5.0  4.0  4.0  3.0  3.0   2.0
    odd order, %      4.0  3.2  3.2  2.4  2.4   1.6
    even order, %     2.0  1.6  1.6  1.2  1.2   0.8

Source: GB/T 14549-93. 5 % at 0.38 kV was seen in public code; the rest of the table is from memory, not looked up.
Other voltages (20 kV, 220 kV) are not in the table: the limit is NaN, and the operator gives a table of his own.
"""

import numpy as np

from processors.columns import F64

__all__ = ["GB_EVEN", "GB_KV", "GB_ODD", "GB_THD", "limit_by_voltage", "thd"]

GB_KV: F64 = np.array([0.38, 6.0, 10.0, 35.0, 66.0, 110.0])
"""Nominal voltages of the table, kV."""
GB_THD: F64 = np.array([5.0, 4.0, 4.0, 3.0, 3.0, 2.0])
"""Total distortion, % of the fundamental."""
GB_ODD: F64 = np.array([4.0, 3.2, 3.2, 2.4, 2.4, 1.6])
"""Each harmonic of odd order, % of the fundamental."""
GB_EVEN: F64 = np.array([2.0, 1.6, 1.6, 1.2, 1.2, 0.8])
"""Each harmonic of even order, % of the fundamental."""


def thd(harmonics: F64, fundamental: float | F64) -> F64:
    """Total harmonic distortion: the root of the sum of the squared harmonics, in % of the fundamental.

    Parameters
    ----------
    harmonics : (..., h) magnitudes of the orders 2 and above, in the fundamental's unit. GB/T 14549 counts to order 25
        (memory), IEC 61000-4-30 to 50: the caller chooses. NaN = missing.
    fundamental : (...) or one for all; 100.0 where harmonics are given in %.

    Returns
    -------
    (...) in %. NaN where any order is missing (a sum of the others would be too low and pass for a figure) or where
    there is no fundamental.

    Examples
    --------
    >>> thd(np.array([[3.0, 4.0], [3.0, np.nan]]), 100.0).tolist()
    [5.0, nan]
    """
    base = np.asarray(fundamental, np.float64)
    base = np.where(base > 0, base, np.nan)
    total: F64 = np.sqrt(np.square(harmonics).sum(axis=-1)) / base * 100.0
    return total


def limit_by_voltage(nominal_kv: F64, table_kv: F64 = GB_KV, table: F64 = GB_THD) -> F64:
    """The limit of each supply point by its nominal voltage.

    Parameters
    ----------
    nominal_kv : (n,) kV; NaN = unknown.
    table_kv : (k,) nominal voltages of the table, ascending.
    table : (k,) limits: `GB_THD`, `GB_ODD`, `GB_EVEN` or the operator's own.

    Returns
    -------
    (n,) in the table's unit; NaN where the voltage is not in the table (to 1 in 1000).

    Examples
    --------
    >>> limit_by_voltage(np.array([0.38, 10.0, 20.0])).tolist()
    [5.0, 4.0, nan]
    """
    at = np.minimum(np.searchsorted(table_kv, nominal_kv * (1 - 1e-3)), len(table_kv) - 1)
    return np.where(np.abs(table_kv[at] - nominal_kv) <= 1e-3 * nominal_kv, table[at], np.nan)
