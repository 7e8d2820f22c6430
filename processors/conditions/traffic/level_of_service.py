"""Density of traffic, and the level of service A to F that follows from it or from the speed.

    flow, speed ---- k = q / v --------+
                                       +--> density, veh/km a lane --> freeway A-F
    occupancy ------ k = occ / L_eff --+
    v / vf -----------------------------------------------------------> urban street A-F

Sources: k = q/v, and k from occupancy over the average field length of the detector (vehicle plus what the loop adds):
Minnesota DOT, "Density Calculation from Detector Data". Freeway bounds 11, 18, 26, 35, 45 pc/mi/ln: Highway Capacity
Manual 2010, table of basic freeway segments. Urban bounds 85, 67, 50, 40, 30 % of free flow: from memory of HCM 2010,
chapter on urban streets, not looked up; that a bound itself belongs to the worse letter is too.
"""

from enum import IntEnum

import numpy as np

from processors.columns import F64, U8

__all__ = [
    "FREEWAY_DENSITIES",
    "URBAN_RATIOS",
    "Service",
    "density",
    "density_from_occupancy",
    "freeway_service",
    "urban_service",
]

KM_PER_MILE = 1.609344
FREEWAY_DENSITIES = (11.0, 18.0, 26.0, 35.0, 45.0)
"""pc/mi/ln up to which a freeway is A, B, C, D, E (HCM 2010)."""
URBAN_RATIOS = (0.85, 0.67, 0.50, 0.40, 0.30)
"""v/vf above which a street is A, B, C, D, E (from memory of HCM 2010)."""


class Service(IntEnum):
    """Level of service; UNKNOWN where its input is missing."""

    UNKNOWN = 0
    A = 1
    B = 2
    C = 3
    D = 4
    E = 5
    F = 6


def density(flow: F64, speed: F64, lanes: float | F64) -> F64:
    """Vehicles on a kilometre of one lane: k = q / v.

    Parameters
    ----------
    flow : veh/h of all lanes, any shape.
    speed : km/h, space mean. At 0 the quotient says nothing (a standing queue counts no vehicles): NaN.
    lanes : number of lanes that `flow` counts.

    Returns
    -------
    veh/km/lane; 0 where no vehicle came but a speed is known, NaN where flow or speed is missing.

    Examples
    --------
    >>> density(np.array([1800.0, 0.0, 0.0, 600.0]), np.array([60.0, 60.0, 0.0, np.nan]), 2)
    array([15.,  0., nan, nan])
    """
    usable = (flow >= 0) & (speed > 0) & (np.asarray(lanes) > 0)
    result: F64 = np.divide(flow, speed * lanes, out=np.full(usable.shape, np.nan), where=usable)
    return result


def density_from_occupancy(occupancy: F64, effective_length: float | F64) -> F64:
    """Vehicles on a kilometre of one lane: k = occupancy / effective length.

    Parameters
    ----------
    occupancy : ratio 0-1 of one lane, or the mean of several; outside of that it is NaN.
    effective_length : m; length of a vehicle plus what the detector adds, from calibration.

    Returns
    -------
    veh/km/lane; it holds in a standing queue too, where q/v does not.

    Examples
    --------
    >>> density_from_occupancy(np.array([0.12, 0.0, np.nan]), 6.0)
    array([20.,  0., nan])
    """
    usable = (occupancy >= 0) & (occupancy <= 1) & (np.asarray(effective_length) > 0)
    result: F64 = np.divide(1000.0 * occupancy, effective_length, out=np.full(usable.shape, np.nan), where=usable)
    return result


def freeway_service(
    density: F64, car_equivalent: float | F64 = 1.0, bounds: tuple[float, ...] | F64 = FREEWAY_DENSITIES
) -> U8:
    """Level of service of a freeway from its density; a bound belongs to the better letter.

    Parameters
    ----------
    density : veh/km/lane, any shape.
    car_equivalent : passenger cars that an average vehicle of the stream stands for; 1 where trucks are not counted.
    bounds : rising, pc/mi/ln.

    Returns
    -------
    `Service`. F by density only: demand over capacity, HCM's other way to F, is not seen here.

    Examples
    --------
    >>> freeway_service(np.array([0.0, 11.0, 30.0, np.nan]) / 1.609344)
    array([1, 1, 4, 0], dtype=uint8)
    """
    per_mile = density * car_equivalent * KM_PER_MILE
    # conversion to km and back must not lift a density over a bound
    service = (np.searchsorted(np.asarray(bounds), np.round(per_mile, 9), side="left") + 1).astype(np.uint8)
    service[np.isnan(per_mile)] = Service.UNKNOWN
    return service


def urban_service(speed: F64, free_flow: float | F64, bounds: tuple[float, ...] | F64 = URBAN_RATIOS) -> U8:
    """Level of service of an urban street from v/vf; a bound belongs to the worse letter.

    Parameters
    ----------
    speed, free_flow : km/h; they broadcast. Missing, or a free flow not above 0: UNKNOWN. Speed 0 is F.
    bounds : falling, v/vf.

    Examples
    --------
    >>> urban_service(np.array([50.0, 42.5, 20.1, 0.0, np.nan]), 50.0)
    array([1, 2, 4, 6, 0], dtype=uint8)
    """
    usable = (speed >= 0) & (np.asarray(free_flow) > 0)
    ratio = np.divide(speed, free_flow, out=np.full(usable.shape, np.nan), where=usable)
    rising = np.asarray(bounds)[::-1]
    service: U8 = (len(rising) + 1 - np.searchsorted(rising, ratio, side="left")).astype(np.uint8)
    service[np.isnan(ratio)] = Service.UNKNOWN
    return service
