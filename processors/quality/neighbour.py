"""Neighbour: is a reading like those of its peers nearby at the same time?

    peers of a zone, one time pane      . .: .:.                x     |x - median| > k * spread
                                          median

    spread = max(1.4826 * MAD, floor)     MAD: median of |x - median|; times 1.4826 a deviation, if values are normal

Median and MAD because the odd one must not move what it is compared with: they hold until half of the peers are wrong.
What a peer is, is the caller's: same zone, same quantity, same kind of place, same pane.

Source: QARTOD neighbor test (IOOS Manual for Real-Time Quality Control, test 11; from memory
of the manual, not looked up), which leaves the rule to the operator; robust z-score of Iglewicz & Hoaglin 1993
(from memory, not looked up). ioos_qc has no such test.
"""

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64, U8, U32
from processors.flags import Why
from processors.quality.verdict import Limit, above
from processors.windows.order import by_series, exact_quantiles, sort_within

__all__ = ["neighbour"]

_NORMAL = 1.4826


def neighbour(
    value: F64, group: NDArray[np.int32], suspect: Limit, fail: Limit, floor: Limit, least: int | NDArray[np.int64]
) -> tuple[U8, U32]:
    """Flag each value far from the median of its group.

    Parameters
    ----------
    value : (n,), canonical unit; NaN where there is none: it is nobody's peer.
    group : (n,), which values are peers at the same time: a number from 0 on for each (zone, quantity, pane).
    suspect, fail : how many spreads a value may be away; NaN where there is none. They broadcast.
    floor : the least spread, in the unit of the value: that peers agree to the digit is no reason to object.
    least : values of a group, its own included, without which nothing is judged; broadcasts.

    Returns
    -------
    flag, why : (n,). UNKNOWN where there are too few peers.

    Examples
    --------
    >>> value, group = np.array([50.0, 52.0, 49.0, 51.0, 5.0, 7.0]), np.array([0, 0, 0, 0, 0, 1], np.int32)
    >>> flag, why = neighbour(value, group, suspect=3.5, fail=50.0, floor=1.0, least=4)
    >>> flag.tolist(), why.tolist()
    ([1, 1, 1, 1, 3, 2], [0, 0, 0, 0, 4096, 0])
    """
    distance, spread = np.full(len(value), np.nan), np.full(len(value), np.nan)
    finite = np.flatnonzero(np.isfinite(value))
    if len(finite):
        rows = finite[by_series(group[finite])]
        begin = np.flatnonzero(np.diff(group[rows], prepend=-1))
        size = np.diff(begin, append=len(rows))
        away = np.abs(value[rows] - _median(value[rows], begin, size).repeat(size))
        enough = size.repeat(size) >= np.broadcast_to(least, len(value))[rows]
        distance[rows] = np.where(enough, away, np.nan)
        spread[rows] = (_NORMAL * _median(away, begin, size)).repeat(size)
    spread = np.maximum(spread, floor)
    return above(distance, suspect * spread, fail * spread, np.isnan(value), Why.NEIGHBOUR)


def _median(value: F64, begin: I64, size: I64) -> F64:
    """The median of each group."""
    return exact_quantiles(sort_within(value, size), begin, size, 0.5)
