"""Queues: runs of neighbouring detectors that all stand in slow, dense traffic.

    direction of travel -->
    detector     0       1       2       3       4
    length km  |--0.5--|--0.5--|--0.4--|--0.5--|--0.5--|      the road that each stands for
    state        clear   queued  queued  queued  clear
    queue                <------ 1.4 km ------>               head 3 (the bottleneck lies after it), tail 1

Roads may join: detectors with the same downstream neighbour belong to one queue, whose length is that of its longest
branch. A ring that is queued all around is cut at its lowest index.

Source: design choice. That a detector is queued by thresholds of occupancy and speed, and that neighbours make a run,
is common practice of detector-based queue warning; no standard with numbers was found.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.columns import F64, I64

__all__ = ["CLEAR", "QUEUED", "UNKNOWN", "Queues", "queue_states", "queues"]

I8 = NDArray[np.int8]
Index = NDArray[np.integer[Any]]

UNKNOWN, CLEAR, QUEUED = -1, 0, 1


@dataclass(frozen=True, slots=True)
class Queues:
    """One row a queue, by head; `member` one a detector."""

    head: I64
    """Its most downstream detector."""
    tail: I64
    """Its detector with the most road to the head; the lowest index where several have."""
    length: F64
    """km from the end of the tail's road to the head's."""
    detectors: I64
    """Detectors in it."""
    member: I64
    """(detectors,) row of the queue that a detector is in, -1 for none."""


def queue_states(occupancy: F64, speed: F64, least_occupancy: float | F64, most_speed: float | F64) -> I8:
    """Whether traffic at each detector stands in a queue.

    Both must say so where both are known, for a detector without traffic may report speed 0; else the one that is.

    Parameters
    ----------
    occupancy, speed : (n,) ratio and km/h; NaN is missing.
    least_occupancy, most_speed : thresholds, included; one or (n,).

    Examples
    --------
    >>> nan = np.nan
    >>> queue_states(np.array([0.4, 0.0, 0.4, nan]), np.array([9.0, 0.0, nan, nan]), 0.3, 20.0)
    array([ 1,  0,  1, -1], dtype=int8)
    """
    no_occupancy, no_speed = np.isnan(occupancy), np.isnan(speed)
    dense, slow = occupancy >= least_occupancy, speed <= most_speed
    state = np.where((dense | no_occupancy) & (slow | no_speed), QUEUED, CLEAR).astype(np.int8)
    state[no_occupancy & no_speed] = UNKNOWN
    return state


def queues(state: I8, downstream: Index, length: F64, bridge: bool = False) -> Queues:
    """Runs of queued detectors along the road.

    Parameters
    ----------
    state : (n,) of `queue_states`.
    downstream : (n,) index of the next detector in the direction of travel, -1 where the road ends.
    length : (n,) km of road that a detector stands for.
    bridge : whether one detector that is UNKNOWN belongs to the queue when both its neighbours do; else it ends it.

    Examples
    --------
    >>> length = np.array([0.5, 0.5, 0.4, 0.5, 0.5])
    >>> made = queues(np.array([0, 1, 1, 1, 0], np.int8), np.array([1, 2, 3, 4, -1]), length)
    >>> made.head.tolist(), made.tail.tolist(), made.length.round(3).tolist(), made.member.tolist()
    ([3], [1], [1.4], [-1, 0, 0, 0, -1])
    """
    n = len(state)
    here = np.arange(n)
    queued = state == QUEUED
    if not queued.any():  # mostly
        none = np.empty(0, np.int64)
        return Queues(none, none, np.empty(0), none, np.full(n, -1, np.int64))
    follows = np.where(downstream >= 0, downstream, here)
    if bridge:
        fed = np.zeros(n, np.bool_)
        fed[follows[queued & (downstream >= 0)]] = True
        queued = queued | ((state == UNKNOWN) & fed & queued[follows] & (downstream >= 0))
    to = np.where(queued & queued[follows], follows, here)
    head, reach = _walk(to, length)
    if (to[head] != head).any():
        to = _cut_rings(to, head)
        head, reach = _walk(to, length)
    members = np.flatnonzero(queued)
    heads, of = np.unique(head[members], return_inverse=True)
    of = of.reshape(members.shape)
    by_reach = np.lexsort((members, -reach[members], of))
    first = by_reach[np.searchsorted(of[by_reach], np.arange(len(heads)))]
    member = np.full(n, -1, np.int64)
    member[members] = of
    return Queues(
        heads.astype(np.int64),
        members[first].astype(np.int64),
        reach[members[first]],
        np.bincount(of, minlength=len(heads)).astype(np.int64),
        member,
    )


def _walk(to: NDArray[np.intp], length: F64) -> tuple[NDArray[np.intp], F64]:
    """Where each detector comes to after at least n steps along `to`, and the road it has covered, its own included.

    Steps double, so there are log2(n) rounds. On a ring the distance means nothing.
    """
    covered = np.where(to != np.arange(len(to)), length, 0.0)  # road of the detectors left behind
    for _ in range(len(to).bit_length()):
        covered = covered + covered[to]
        to = to[to]
    return to, covered + length[to]


def _cut_rings(to: NDArray[np.intp], on_ring: NDArray[np.intp]) -> NDArray[np.intp]:
    """`to` with each ring ended at its lowest index; `on_ring` are detectors on rings, or heads."""
    lowest, step = np.arange(len(to)), to
    for _ in range(len(to).bit_length()):
        lowest = np.minimum(lowest, lowest[step])
        step = step[step]
    cut = to.copy()
    cut[lowest[on_ring]] = lowest[on_ring]
    return cut
