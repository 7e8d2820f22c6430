"""Limits of supply points by their nominal voltage, as GB/T 12325 and GB/T 14549 have them.

    nominal, V              level, kV   deviation, %    THD, %
        220  to neutral       0.38      -10 ... +7        5
        380  between lines    0.38       -7 ... +7        5
     10 000  between lines   10          -7 ... +7        4
     63 500  to neutral     110         spread <= 10      2

A level is the voltage between lines. Up to 1 kV all is the low-voltage network, 0.38 kV in GB/T 14549 (our choice: it
takes in 230/400 V). Sources: voltage.py, harmonics.py.
"""

from typing import NamedTuple

import numpy as np

from processors.columns import F64
from processors.conditions.grid.harmonics import limit_by_voltage
from processors.conditions.grid.voltage import GB_HIGH, GB_LOW, GB_SPREAD, SINGLE_PHASE_KV, voltage_class

__all__ = ["Limits", "limits_of"]

_LOW_VOLTAGE_KV = 1.0
_LOW_VOLTAGE_LEVEL_KV = 0.38


class Limits(NamedTuple):
    """In %, each (n,); NaN where the standard has no rule."""

    low: F64
    """Of the deviation; -inf where its spread is judged."""
    high: F64
    spread: F64
    """Of a period's deviations, above and below together; +inf where each is judged."""
    thd: F64


def limits_of(nominal: F64, to_neutral: bool | None = None) -> Limits:
    """The limits at each nominal voltage.

    Parameters
    ----------
    nominal : (n,) V; NaN = unknown.
    to_neutral : whether these are voltages of phases to neutral, or else between lines. None: 220 and 230 V are to
        neutral, of single phases, and all others between lines.

    Examples
    --------
    >>> found = limits_of(np.array([220.0, 10_000.0, 110_000.0, 25_000.0]))
    >>> found.low.tolist(), found.thd.tolist()
    ([-10.0, -7.0, -inf, nan], [5.0, 4.0, 2.0, nan])
    """
    kv = nominal / 1000
    single = np.isclose(kv[:, None], SINGLE_PHASE_KV).any(axis=1) & np.array(to_neutral is not False)
    level = np.where(single | (to_neutral is True), kv * np.sqrt(3), kv)
    of = voltage_class(np.where(single, kv, level), single)
    row = np.where((level > 0) & (level <= _LOW_VOLTAGE_KV), _LOW_VOLTAGE_LEVEL_KV, level)
    return Limits(GB_LOW[of], GB_HIGH[of], GB_SPREAD[of], limit_by_voltage(row))
