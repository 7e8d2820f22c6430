r"""Jumps of tanks' gauges: a gauge that was set anew or changed says that water came or went, and none did.

    level  ______                       change over the time that it took > most_rate                     -> a jump
                 |________              tanks took more than what came into the area, net, beyond doubt   -> a jump

Source: the rate-of-change test of QARTOD (IOOS, Manual for Real-Time Quality Control of Water Level Data), here of the
level's means, and the balance of the area itself: what its customers take is never negative. What is in doubt is ours.
"""

import numpy as np

from processors.columns import F64

__all__ = ["gauge_jumped"]

_SHARE = 0.25
"""Of the net inflow: what meters and a tank's surface may be wrong by."""
_GAUGE = 0.05
"""m: what two means of a gauge may be wrong by."""


def gauge_jumped(before: F64, after: F64, hours: F64, surface: F64, net: float, most_rate: float) -> bool:
    """Whether the tanks of an area can't have gone from one level to the other.

    Parameters
    ----------
    before, after : (tanks,) m, means of the level; NaN where missing.
    hours : (tanks,) between the two.
    surface : (tanks,) m2.
    net : m3/h into the area less out of it, the mean over that time; NaN where it is not known.
    most_rate : m/h, the fastest change of a level that is believed.

    Examples
    --------
    >>> area = np.array([400.0])
    >>> gauge_jumped(np.array([2.0]), np.array([2.1]), np.array([0.25]), area, 200.0, 2.0)
    False
    >>> gauge_jumped(np.array([2.0]), np.array([2.4]), np.array([0.25]), area, 200.0, 2.0)  # 640 m3/h, and 200 came
    True
    >>> gauge_jumped(np.array([3.0]), np.array([2.0]), np.array([0.25]), area, np.nan, 2.0)
    True
    """
    change = after - before
    if bool((np.abs(change) > most_rate * hours).any()):
        return True
    gained, doubt = float((change * surface / hours).sum()), float((_GAUGE * surface / hours).sum())
    return bool(gained - net > _SHARE * abs(net) + doubt)  # nothing that is missing is more
