"""The index of a zone: that of its segments, weighted by the traffic on them.

Sources: weighting by traffic: README of didi/TrafficIndex (network value); by vehicle distance (flow times length):
FHWA Urban Congestion Report, documentation ("weighted ... by VMT").
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64

__all__ = ["ZoneIndex", "zone_index"]


@dataclass(frozen=True, slots=True)
class ZoneIndex:
    """One row a zone."""

    value: F64
    """Weighted mean; NaN where no segment counts."""
    counted: I64
    """Segments that entered it."""
    share: F64
    """Of the zone's segments, the share that entered it; NaN for a zone without segments."""


def zone_index(
    value: F64, zone: NDArray[np.integer[Any]], zones: int, flow: F64 | None = None, length: F64 | None = None
) -> ZoneIndex:
    """Mean of `value` over the segments of each zone, weighted by flow * length as far as they are given.

    Parameters
    ----------
    value : (n,) TPI, or any other figure a segment; NaN does not enter.
    zone : (n,) index of the segment's zone, 0 up to `zones`.
    zones : number of zones.
    flow : (n,) veh/h in the same window. A segment whose flow is missing does not enter, for its weight is not known;
        one without vehicles (0) weighs nothing.
    length : (n,) km, in the same way.

    Examples
    --------
    >>> zone_index(np.array([2.0, 8.0, np.nan]), np.array([0, 0, 1]), 3, flow=np.array([300.0, 100.0, 50.0])).value
    array([3.5, nan, nan])
    """
    weight = np.ones(len(value))
    for factor in (flow, length):
        if factor is not None:
            weight = weight * factor
    enters = ~np.isnan(value) & (weight > 0)
    of = zone[enters]
    weights = np.bincount(of, weight[enters], zones)
    sums = np.bincount(of, (weight * value)[enters], zones)
    counted = np.bincount(of, minlength=zones).astype(np.int64)
    size = np.bincount(zone, minlength=zones)
    nothing = np.full(zones, np.nan)
    return ZoneIndex(
        np.divide(sums, weights, out=nothing.copy(), where=counted > 0),
        counted,
        np.divide(counted, size, out=nothing, where=size > 0),
    )
