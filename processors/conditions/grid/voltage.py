"""Voltage deviation: how far is the supply from its nominal voltage, and how far may it be?

    class                         rule, in % of nominal
    HIGH    35 kV and above       highest above + lowest below <= 10
    MEDIUM  three-phase <= 20 kV  -7 ... +7      (10 kV, 380 V)
    SINGLE  single-phase 220 V    -10 ... +7     (198.0 ... 235.4 V; ours also for the 230 V of other networks)

Source: GB/T 12325-2008, as quoted on a vendor's page; the older GB 12325-90 agrees. Voltages between 20 and 35 kV are
in neither class: no limit is known. The rule is about means over minutes (see ten_minutes.py), never single readings.
That deviations on the same side count by the larger one alone (HIGH) is from memory of the note to its clause 4.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, U8

__all__ = ["GB_HIGH", "GB_LOW", "GB_SPREAD", "SINGLE_PHASE_KV", "VoltageClass", "deviation", "spread", "voltage_class"]

Bools = NDArray[np.bool_]


class VoltageClass(IntEnum):
    """The classes of GB/T 12325-2008; index of the limits below."""

    NONE = 0
    HIGH = 1
    MEDIUM = 2
    SINGLE = 3


GB_LOW: F64 = np.array([np.nan, -np.inf, -7.0, -10.0])
"""Lowest deviation by class, in % of nominal; HIGH is judged by its spread instead."""
GB_HIGH: F64 = np.array([np.nan, np.inf, 7.0, 7.0])
"""Highest deviation by class, in % of nominal."""
GB_SPREAD: F64 = np.array([np.nan, 10.0, np.inf, np.inf])
"""Largest sum of the absolute deviations above and below, in % of nominal."""
SINGLE_PHASE_KV: F64 = np.array([0.22, 0.23])
"""Nominal voltages of single phases to neutral."""
_NEAR = 1e-3
"""20.2 kV to neutral are 34.99 between lines, and mean 35."""


def voltage_class(nominal_kv: F64, single_phase: Bools | bool) -> U8:
    """The class of each supply point.

    Parameters
    ----------
    nominal_kv : (n,) nominal voltage in kV, line to line (of single phases: to neutral). NaN = unknown.
    single_phase : (n,) or one for all.

    Returns
    -------
    (n,) `VoltageClass`; NONE where the standard has no rule or the voltage is unknown.

    Examples
    --------
    >>> voltage_class(np.array([110.0, 10.0, 0.38, 0.22, 25.0]), np.array([False, False, False, True, False])).tolist()
    [1, 2, 2, 3, 0]
    """
    three = ~np.asarray(single_phase, np.bool_)
    found = np.select(
        [
            three & (nominal_kv >= 35 * (1 - _NEAR)),
            three & (nominal_kv <= 20 * (1 + _NEAR)) & (nominal_kv > 0),
            ~three & np.isclose(nominal_kv[:, None], SINGLE_PHASE_KV).any(axis=1),
        ],
        [VoltageClass.HIGH, VoltageClass.MEDIUM, VoltageClass.SINGLE],
        VoltageClass.NONE,
    )
    return found.astype(np.uint8)


def deviation(voltage: F64, nominal: float | F64) -> F64:
    """(voltage - nominal) / nominal in %.

    Parameters
    ----------
    voltage : any shape; means over 10 minutes for the verdict of the standard. NaN = missing, stays NaN. A dead line's
        0 V is -100 %: an interruption, which the caller leaves out by its own rule.
    nominal : in the same unit; broadcasts. NaN or not above 0 = unknown.

    Returns
    -------
    % of nominal; NaN where either is missing.

    Examples
    --------
    >>> deviation(np.array([235.4, 198.0, np.nan]), 220.0).round(6).tolist()
    [7.0, -10.0, nan]
    """
    base = np.asarray(nominal, np.float64)
    base = np.where(base > 0, base, np.nan)
    off: F64 = (voltage - base) / base * 100.0
    return off


def spread(deviations: F64, least: int) -> F64:
    """Sum of the absolute deviations above and below nominal in a period; the larger one where both are on one side.

    Parameters
    ----------
    deviations : (..., n) deviations of a period in %, NaN = missing.
    least : how many must be there, at least 1; with fewer the result is NaN.

    Returns
    -------
    (...) in %, to be held against `GB_SPREAD`. A period's lowest and highest deviation say as much as all of them.

    Raises
    ------
    ValueError if `least` is below 1.

    Examples
    --------
    >>> spread(np.array([[4.0, -3.0, 1.0], [2.0, 6.0, np.nan]]), least=2).tolist()
    [7.0, 6.0]
    """
    if least < 1:
        raise ValueError("least is a number of values: not below 1")
    there = ~np.isnan(deviations)
    known = np.where(there, deviations, 0.0)
    above, below = known.max(axis=-1, initial=0.0), known.min(axis=-1, initial=0.0)
    return np.where(there.sum(axis=-1) >= least, above - below, np.nan)
