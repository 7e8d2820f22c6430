"""Voltage unbalance: the negative-sequence voltage in % of the positive-sequence one.

    from three line voltages        from three phasors
          c                              U1 = (a + h b + h^2 c) / 3       h = exp(j 120 deg)
         / \\     their lengths           U2 = (a + h^2 b + h c) / 3
        /   \\    fix the triangle       unbalance = |U2| / |U1|
       a-----b

Line-to-line voltages close a triangle, so their three magnitudes say all about U1 and U2. Phase-to-neutral voltages
close nothing: the neutral may lie anywhere (zero sequence), and three phase magnitudes with different angles between
them have different unbalance. So this file has no rule for phase magnitudes alone; send line voltages or angles.

Source: GB/T 15543-2008: at most 2 % in normal operation, 4 % for a short time, 1.3 % (2.6 %) caused by one user.
The formula for line voltages is from memory of its annex, and agrees with public code (beta of CIGRE and IEC
61000-4-30) and with pandapower's three-phase power flow in the tests. That normal operation is judged by the 95 %
probability value of 10-min values (probability.py), and 4 % by the largest one, is from memory, not looked up.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["from_line_voltages", "from_phasors", "symmetrical_components"]

C128 = NDArray[np.complex128]

_TURN = complex(-0.5, np.sqrt(3) / 2)
"""One third of a turn."""
_ROUNDING = 1e-9
"""By so much may three sides miss a triangle and pass for a flat one."""


def from_line_voltages(ab: F64, bc: F64, ca: F64) -> F64:
    """Unbalance from the magnitudes of the line-to-line voltages.

    L = (ab^4 + bc^4 + ca^4) / (ab^2 + bc^2 + ca^2)^2, unbalance = sqrt((1 - r) / (1 + r)) with r = sqrt(3 - 6 L).

    Parameters
    ----------
    ab, bc, ca : fundamental magnitudes in one unit, any shape that broadcasts; NaN = missing.

    Returns
    -------
    % of the positive sequence, 0 ... 100. NaN where a voltage is missing, where all are 0 (nothing to compare), and
    where the three cannot be sides of a triangle: then one of them is wrong.

    Examples
    --------
    >>> from_line_voltages(np.array([400.0]), np.array([400.0]), np.array([380.0])).round(3).tolist()
    [3.363]
    """
    p, q, s = np.square(ab), np.square(bc), np.square(ca)
    total = p + q + s
    with np.errstate(divide="ignore", invalid="ignore"):
        # 1 - r^2 as a sum of squares: 6 L - 2 would lose all digits near balance
        off = 2.0 * ((p - q) ** 2 + (q - s) ** 2 + (s - p) ** 2) / total**2
        r = np.sqrt(np.where(off <= 1 + _ROUNDING, np.maximum(1.0 - off, 0.0), np.nan))
        return np.asarray(np.sqrt(off) / (1.0 + r) * 100.0)


def symmetrical_components(a: C128, b: C128, c: C128) -> tuple[C128, C128, C128]:
    """Zero, positive and negative sequence of three phasors.

    Parameters
    ----------
    a, b, c : complex rms values in one unit, any shape; positive sequence is a, then b a third of a turn later. Phase
        or line voltages alike: both give the same |U2| / |U1|.

    Returns
    -------
    zero, positive, negative : complex, in the same unit and shape. NaN where any phasor is missing.

    Examples
    --------
    >>> a, b, c = (np.array([u]) for u in (230.0, 230.0 * np.exp(-2j * np.pi / 3), 230.0 * np.exp(2j * np.pi / 3)))
    >>> [float(np.abs(u[0]).round(6)) for u in symmetrical_components(a, b, c)]
    [0.0, 230.0, 0.0]
    """
    back = _TURN.conjugate()
    return (a + b + c) / 3, (a + _TURN * b + back * c) / 3, (a + back * b + _TURN * c) / 3


def from_phasors(a: C128, b: C128, c: C128) -> F64:
    """Unbalance from three phasors: |U2| / |U1| in %.

    Parameters
    ----------
    a, b, c : as for `symmetrical_components`; fundamental components.

    Returns
    -------
    %, above 100 where the rotation is reversed, inf where there is no positive sequence at all. NaN where a phasor is
    missing or all are 0.

    Examples
    --------
    >>> h = np.exp(2j * np.pi / 3)
    >>> from_phasors(np.array([1.0 + 0j]), np.array([h**2]), np.array([0j])).round(6).tolist()
    [50.0]
    """
    _, positive, negative = symmetrical_components(a, b, c)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs(negative) / np.abs(positive) * 100.0)
