"""Transformers: how loaded, how hot, and what the oil's temperature should be at this load.

    level      0        1          2          3            thresholds 0.8, 1.0, 1.3: an example
    loading ---|-----0.8|-------1.0|-------1.3|-------

`levels` has no hysteresis and no memory: it says what is; an alarm's delays are the alarm's.

The estimate of the top oil is the one of IEC 60076-7 (exponential form): the rise over the ambient air goes to

    rise = rated_rise * ((1 + R K^2) / (1 + R))^x       K loading, R load loss / no-load loss, x oil exponent

with the time constant k11 * tau. For distribution transformers with natural oil and air (ONAN) public code after the
guide (I. Daminov's models) has x = 0.8, k11 = 1.0, tau = 180 min, rated_rise = 55 K, R = 5; for larger ones with fans
(ONAF) x = 0.8, k11 = 0.5, tau = 150 min, 52 K, R = 6. All are arguments: a nameplate knows better. An oil much hotter
than its estimate points to cooling or to the sensor.

Limits (memory, not looked up): IEC 60076-7 allows 105 Cel top oil in normal cyclic loading and 115 in an emergency;
DL/T 572 wants natural-oil transformers at 85 Cel usually and 95 at most. None is built in.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["UNKNOWN_LEVEL", "levels", "loading", "top_oil_after", "top_oil_steady"]

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


def top_oil_steady(
    load: F64,
    ambient: F64,
    *,
    rated_rise: float | F64,
    loss_ratio: float | F64,
    oil_exponent: float | F64,
) -> F64:
    """Where the top oil's temperature goes if load and ambient stay.

    Parameters
    ----------
    load : (n,) loading, ratio; NaN = missing.
    ambient : (n,) air, Cel; NaN = missing.
    rated_rise : K over ambient at rated load; broadcasts, as the next two do.
    loss_ratio : load loss at rated load over no-load loss.
    oil_exponent : x.

    Returns
    -------
    (n,) Cel; NaN where load or ambient is missing.

    Examples
    --------
    >>> load, air = np.array([1.0, 0.0]), np.array([20.0, 20.0])
    >>> top_oil_steady(load, air, rated_rise=55, loss_ratio=5, oil_exponent=0.8).round(2).tolist()
    [75.0, 33.12]
    """
    ratio = np.asarray(loss_ratio)
    steady: F64 = ambient + rated_rise * ((1 + ratio * load**2) / (1 + ratio)) ** oil_exponent
    return steady


def top_oil_after(
    top_oil: F64, steady: F64, secs: float | F64, *, time_constant_min: float | F64, k11: float | F64 = 1.0
) -> F64:
    """The top oil's temperature after some time under one load.

    Exact for a load that stays, so two halves of a time give what the whole gives.

    Parameters
    ----------
    top_oil : (n,) Cel at the start; NaN = unknown: then it starts from `steady`, as the guide does.
    steady : (n,) Cel from `top_oil_steady`; NaN = load or ambient missing.
    secs : s since then, not below 0; broadcasts, as the next two do.
    time_constant_min : tau of the oil, min.
    k11 : the guide's thermal constant.

    Returns
    -------
    (n,) Cel; NaN where `steady` is: what happened in that time is not known.

    Examples
    --------
    >>> oil, steady = np.array([20.0, np.nan]), np.array([75.0, 75.0])
    >>> top_oil_after(oil, steady, 180 * 60, time_constant_min=180).round(2).tolist()
    [54.77, 75.0]
    """
    start = np.where(np.isnan(top_oil), steady, top_oil)
    fades = np.exp(-np.asarray(secs) / (60.0 * k11 * np.asarray(time_constant_min)))
    return steady + (start - steady) * fades
