"""How congested a segment is: share of time lost, performance index, level.

    v, vf --> DTP = 1 - v/vf --> TPI 0-10 (piecewise linear) --> level
                 |                                               ^
                 +-----------------------------------------------+

    DTP    0      0.3       0.5     0.6        0.7      1
    TPI    0       2         4       6          8      10
           | smooth | basically | light | moderate | severe |       the lower end belongs to a level
                      smooth

Source: GB/T 33171-2016, as two independent projects read it: the standard's own text was not at hand. That the TPI runs
linearly within a level is their reading of its Annex C.
"""

from enum import IntEnum

import numpy as np

from processors.columns import F64, U8

__all__ = [
    "DTP_EDGES",
    "TPI_EDGES",
    "TPI_TABLE",
    "Level",
    "delay_time_proportion",
    "level_from_edges",
    "performance_index",
]


class Level(IntEnum):
    """Congestion level; UNKNOWN where a speed is missing or a free-flow speed is not known."""

    UNKNOWN = 0
    SMOOTH = 1
    BASICALLY_SMOOTH = 2
    LIGHT = 3
    MODERATE = 4
    SEVERE = 5


DTP_EDGES = (0.3, 0.5, 0.6, 0.7)
"""Where levels 2 to 5 begin, by DTP (GB/T 33171-2016)."""
TPI_EDGES = (2.0, 4.0, 6.0, 8.0)
"""Where levels 2 to 5 begin, by TPI (GB/T 33171-2016)."""
TPI_TABLE = ((0.0, 0.3, 0.5, 0.6, 0.7, 1.0), (0.0, 2.0, 4.0, 6.0, 8.0, 10.0))
"""DTP and the TPI there (GB/T 33171-2016, Annex C)."""


def delay_time_proportion(speed: F64, free_flow: float | F64) -> F64:
    """Share of the travel time that is lost against free flow: 1 - v/vf, in [0, 1].

    Parameters
    ----------
    speed : km/h, any shape; 0 is a standing road, NaN is missing.
    free_flow : km/h, broadcasts to `speed`; NaN or not above 0 is not known.

    Returns
    -------
    Faster than free flow gives 0; NaN where either is missing, or the speed negative.

    Examples
    --------
    >>> delay_time_proportion(np.array([60.0, 25.0, 0.0, np.nan]), 50.0)
    array([0. , 0.5, 1. , nan])
    """
    usable = (speed >= 0) & (np.asarray(free_flow) > 0)
    ratio: F64 = np.divide(speed, free_flow, out=np.full(usable.shape, np.nan), where=usable)
    return np.maximum(1.0 - ratio, 0.0)


def performance_index(
    dtp: F64, table: tuple[tuple[float, ...], tuple[float, ...]] | tuple[F64, F64] = TPI_TABLE
) -> F64:
    """Traffic performance index, 0 (free) to 10 (standing), piecewise linear in DTP.

    Parameters
    ----------
    dtp : ratio, any shape; NaN stays NaN.
    table : rising DTP, and the index at each.

    Examples
    --------
    >>> performance_index(np.array([0.0, 0.4, 0.55, 0.85, np.nan])).round(6)
    array([ 0.,  3.,  5.,  9., nan])
    """
    index: F64 = np.interp(dtp, table[0], table[1])
    return index


def level_from_edges(value: F64, edges: tuple[float, ...] | F64) -> U8:
    """Level of a DTP (`DTP_EDGES`) or of an index (`TPI_EDGES`): [.., edge) and [edge, ..), UNKNOWN where NaN.

    Parameters
    ----------
    value : any shape.
    edges : rising; where the second level begins, and the others.

    Returns
    -------
    1 up to `len(edges) + 1`; `Level` with four edges.

    Examples
    --------
    >>> level_from_edges(np.array([0.29, 0.3, 0.65, 0.7, np.nan]), DTP_EDGES)
    array([1, 2, 4, 5, 0], dtype=uint8)
    """
    level = (np.searchsorted(np.asarray(edges), value, side="right") + 1).astype(np.uint8)
    level[np.isnan(value)] = Level.UNKNOWN
    return level
