"""How much harmonic distortion of the voltage each voltage level may have.

    nominal kV       0.38   6    10   35   66   110
    THD, %            5.0  4.0  4.0  3.0  3.0   2.0

Source: GB/T 14549-93. 5 % at 0.38 kV was seen in public code; the rest of the table is from memory, not looked up.
Other voltages (20 kV, 220 kV) are not in the table: the limit is NaN, and the operator gives his own. Devices send the
distortion itself (THD); its single orders, for which the standard has limits too, none of them sends.
"""

import numpy as np

from processors.columns import F64

__all__ = ["GB_KV", "GB_THD", "limit_by_voltage"]

GB_KV: F64 = np.array([0.38, 6.0, 10.0, 35.0, 66.0, 110.0])
"""Nominal voltages of the table, kV."""
GB_THD: F64 = np.array([5.0, 4.0, 4.0, 3.0, 3.0, 2.0])
"""Total distortion, % of the fundamental."""
_NEAR = 1e-3


def limit_by_voltage(nominal_kv: F64) -> F64:
    """The limit of each supply point by its nominal voltage.

    Parameters
    ----------
    nominal_kv : (n,) kV between lines; NaN = unknown.

    Returns
    -------
    (n,) % of the fundamental; NaN where the voltage is not in the table (to 1 in 1000).

    Examples
    --------
    >>> limit_by_voltage(np.array([0.38, 10.0, 20.0])).tolist()
    [5.0, 4.0, nan]
    """
    at = np.minimum(np.searchsorted(GB_KV, nominal_kv * (1 - _NEAR)), len(GB_KV) - 1)
    return np.where(np.abs(GB_KV[at] - nominal_kv) <= _NEAR * nominal_kv, GB_THD[at], np.nan)
