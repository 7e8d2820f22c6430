"""Energy balance of feeders: what went in less what the meters counted is line loss, and whatever nobody pays for.

    supply ----+------+------+-----          loss = supply - sum of the meters
               m1     m2     (m3 silent)     coverage 2 of 3

A silent meter is not a meter at zero: the sum of the others is scaled up by the coverage, and below `min_coverage`
there is no figure at all. `most_kwh`, the loss if all silent meters had used nothing, needs no such guess and bounds it
from above unless one of them feeds in. Customers who feed in have negative energy; where a whole feeder feeds back, no
percentage is given.

Source: the usual definition of statistical line loss, (supply - sold) / supply; the scaling is our choice.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64

__all__ = ["FeederBalance", "feeder_balance"]


class FeederBalance(NamedTuple):
    """One value a feeder."""

    loss_kwh: F64
    """Supply less the scaled sum of the meters; NaN where supply is missing or too few meters are heard."""
    loss_percent: F64
    """The same in % of supply; NaN also where supply is not above 0."""
    coverage: F64
    """Share of the feeder's meters that are heard, by weight; NaN for a feeder without meters."""
    most_kwh: F64
    """Loss if the silent meters had used nothing; NaN where supply is missing or nothing is heard."""


def feeder_balance(
    supply_kwh: F64,
    meter_kwh: F64,
    feeder: NDArray[np.integer],
    min_coverage: float | F64,
    weight: F64 | None = None,
) -> FeederBalance:
    """Balance every feeder over one window.

    Parameters
    ----------
    supply_kwh : (f,) energy into each feeder in the window, kWh; NaN = missing.
    meter_kwh : (m,) energy of each meter in the same window, kWh, with a row for every meter that the feeder has; NaN =
        silent.
    feeder : (m,) feeder of each meter, 0 ... f - 1.
    min_coverage : (f,) or one for all, 0 ... 1.
    weight : (m,) how much each meter counts for coverage, not below 0: best its usual energy, so that a silent factory
        is not taken for a silent flat. All alike without it.

    Returns
    -------
    `FeederBalance`, arrays (f,).

    Examples
    --------
    >>> got = feeder_balance(np.array([105.0]), np.array([60.0, 30.0, np.nan]), np.array([0, 0, 0]), 0.6)
    >>> [float(column[0].round(4)) for column in got]
    [-30.0, -28.5714, 0.6667, 15.0]
    >>> got = feeder_balance(
    ...     np.array([105.0]), np.array([60.0, 30.0, np.nan]), np.array([0, 0, 0]), 0.6, np.array([6.0, 3.0, 1.0])
    ... )
    >>> [float(column[0].round(4)) for column in got]
    [5.0, 4.7619, 0.9, 15.0]
    """
    feeders = len(supply_kwh)
    heard = ~np.isnan(meter_kwh)
    counts = np.ones(len(meter_kwh)) if weight is None else weight
    all_weight = np.bincount(feeder, counts, feeders)
    coverage = np.bincount(feeder, counts * heard, feeders) / np.where(all_weight > 0, all_weight, np.nan)
    sold = np.bincount(feeder, np.where(heard, meter_kwh, 0.0), feeders)
    some = coverage > 0
    enough = some & (coverage >= min_coverage)
    loss = supply_kwh - sold / np.where(enough, coverage, np.nan)
    return FeederBalance(
        loss_kwh=loss,
        loss_percent=loss / np.where(supply_kwh > 0, supply_kwh, np.nan) * 100.0,
        coverage=coverage,
        most_kwh=np.where(some, supply_kwh - sold, np.nan),
    )
