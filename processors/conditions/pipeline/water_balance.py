"""Water balance of district metered areas (DMA): what goes in and is neither passed on, stored nor metered is lost.

        meter 0          meter 1          tank            loss = in - out - storage change - metered
    ---->(M)---> DMA 0 --->(M)---> DMA 1 [~~~]
      from -1, to 0    from 0, to 1     of DMA 1          a meter between two areas is out of one and in of the other

Source: the top-down balance of leakage manuals: sum in - sum out - storage change - metered (from memory of Lambert and
Hirner, IWA 2000; not looked up).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I32, I64

__all__ = ["OUTSIDE", "WaterBalance", "storage_change", "water_balance"]

OUTSIDE = -1
"""In place of a DMA: the works, a reservoir, or another town."""


@dataclass(frozen=True, slots=True)
class WaterBalance:
    """One row a DMA, all in the unit of the input (m3 of a period, or mean m3/h of it).

    `loss` is NaN where it cannot be told. `coverage` is the share of the area's meters and tanks that had a value,
    `metered_coverage` that of its customers' meters; NaN where it has none.
    """

    inflow: F64
    outflow: F64
    storage: F64
    metered: F64
    loss: F64
    coverage: F64
    metered_coverage: F64


def storage_change(level_before: F64, level_after: F64, area: float | F64) -> F64:
    """Volume (m3) that tanks of constant cross-section `area` (m2) gained between two levels (m).

    Examples
    --------
    >>> storage_change(np.array([3.0]), np.array([2.5]), 100.0).tolist()
    [-50.0]
    """
    change: F64 = (level_after - level_before) * area
    return change


def water_balance(
    areas: int,
    flow: F64,
    source: I32,
    target: I32,
    stored: F64,
    tank_area: I32,
    metered: F64,
    metered_area: I32,
    least_coverage: float | F64,
) -> WaterBalance:
    """Balance of each area over one period.

    Parameters
    ----------
    areas : how many DMAs there are.
    flow : (m,) through each meter at a border, positive from `source` to `target`, negative against it; NaN where
        missing.
    source, target : (m,) DMA on each side, or `OUTSIDE`.
    stored : (t,) what each tank gained, see `storage_change`; NaN where missing.
    tank_area : (t,) DMA of each tank.
    metered : (c,) what each customer's meter counted; NaN where missing.
    metered_area : (c,) DMA of each customer's meter.
    least_coverage : share of an area's customers' meters that must have a value; float or (areas,). Nothing is made up
        for the missing ones: below 1, what they took is in the loss.

    Returns
    -------
    The loss is NaN where any border meter or tank of the area is missing, where its customers' meters cover too little,
    and where it has no border meter at all. Sums are those of what is there.

    Examples
    --------
    >>> none, nobody = np.empty(0), np.empty(0, np.int32)
    >>> balance = water_balance(2, np.array([100.0, 30.0]), np.array([-1, 0]), np.array([0, 1]),
    ...                         none, nobody, np.array([55.0]), np.array([0]), 1.0)
    >>> balance.loss.tolist()
    [15.0, 30.0]
    """
    inward, outward = target != OUTSIDE, source != OUTSIDE
    into, out_of = target[inward], source[outward]
    inflow, into_there, into_all = _sums(areas, flow[inward], into)
    outflow, out_there, out_all = _sums(areas, flow[outward], out_of)
    storage, tanks_there, tanks_all = _sums(areas, stored, tank_area)
    used, meters_there, meters_all = _sums(areas, metered, metered_area)
    there, needed = into_there + out_there + tanks_there, into_all + out_all + tanks_all
    metered_coverage = _share(meters_there, meters_all)
    told = (there == needed) & (into_all + out_all > 0)
    told &= (meters_all == 0) | (metered_coverage >= least_coverage)
    loss = np.where(told, inflow - outflow - storage - used, np.nan)
    return WaterBalance(inflow, outflow, storage, used, loss, _share(there, needed), metered_coverage)


def _sums(areas: int, value: F64, area: NDArray[np.integer]) -> tuple[F64, I64, I64]:
    """Sum of what is there, how many are there, and how many there should be, of each area."""
    there = np.isfinite(value)
    total = np.bincount(area[there], weights=value[there], minlength=areas).astype(np.float64)
    return total, np.bincount(area[there], minlength=areas), np.bincount(area, minlength=areas)


def _share(there: I64, needed: I64) -> F64:
    share: F64 = np.where(needed > 0, there / np.maximum(needed, 1), np.nan)
    return share
