"""Which detector lies downstream of which, and the road between them. Pure.

    carriageway 1, along the line of the segment ->                         end 2
    segment   |----o-------------o-------|----------o----|     the next segment goes on where this one ends
              0   position      position 0         position
                   <-- apart -----><------ apart ---->
                        <-- road ->                      half of it to either neighbour is the detector's

Of the segments that share an end, in the same zone, the same road goes on; where there is none, the one that is most
nearly straight ahead. On carriageway 2 traffic runs against the line. Detectors at one point share their neighbours.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from gateway.config.content import AssetFacts
from processors.columns import F64, I64

__all__ = ["Roads", "Spot", "arranged"]

_STRAIGHT = math.radians(60)
"""A turn of more than this is another road (design choice)."""
_ENDS = ("lon_1", "lat_1", "lon_2", "lat_2")

_Side = tuple[str, int]
"""A segment and its carriageway."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a detector is: `position_m` from the first end of its segment's line."""

    name: str
    segment: str
    carriageway: int
    position_m: float


@dataclass(frozen=True, slots=True)
class Roads:
    """One row a spot."""

    downstream: I64
    """-1: the road ends, or goes on without detectors, or into another zone."""
    apart: F64
    """km to it; NaN where there is none."""
    road: F64
    """km that the detector stands for; NaN where its place is not known."""

    def grown(self, spots: int) -> "Roads":
        """With more spots whose places are not known."""
        more = spots - len(self.downstream)
        nowhere = np.full(more, np.nan)
        return Roads(
            np.concatenate([self.downstream, np.full(more, -1, np.int64)]), np.concatenate([self.apart, nowhere]),
            np.concatenate([self.road, nowhere]),
        )  # fmt: skip


def arranged(spots: Sequence[Spot | None], assets: Mapping[str, AssetFacts], most_apart: float) -> Roads:
    """Put detectors in order. None is one whose place is not known; `most_apart` km make neighbours at most."""
    sides: dict[_Side, list[list[int]]] = {}
    for side, numbers in _by_side(spots, assets).items():
        sides[side] = [list(there) for _, there in groupby(numbers, lambda k: _at(spots[k], assets))]
    n = len(spots)
    downstream, apart, road = np.full(n, -1, np.int64), np.full(n, np.nan), np.full(n, np.nan)
    before = np.full(n, np.nan)  # km to the nearest upstream neighbour
    for side, points in sides.items():
        for k, here in enumerate(points):
            found = (points[k + 1], _gap(spots, assets, here, points[k + 1])) if k + 1 < len(points) else None
            found = found or _beyond(side, spots, assets, sides)
            if found is not None and found[1] <= most_apart:
                downstream[here], apart[here] = found[0][0], found[1]
                before[found[0]] = np.fmin(before[found[0]], found[1])
    for (segment, _), points in sides.items():
        length = assets[segment].figures["length_m"] / 1000
        for here in points:
            at = _at(spots[here[0]], assets)
            ahead = length - at if np.isnan(apart[here[0]]) else apart[here[0]] / 2
            behind = at if np.isnan(before[here[0]]) else before[here[0]] / 2
            road[here] = ahead + behind
    return Roads(downstream, apart, road)


def _by_side(spots: Sequence[Spot | None], assets: Mapping[str, AssetFacts]) -> dict[_Side, list[int]]:
    """Numbers of the detectors of each carriageway, in the direction of travel."""
    sides: dict[_Side, list[int]] = {}
    known = sorted((spot.name, k) for k, spot in enumerate(spots) if spot is not None)
    for _, k in known:
        spot = spots[k]
        facts = assets.get(spot.segment) if spot is not None else None
        if spot is not None and facts is not None and "length_m" in facts.figures:
            sides.setdefault((spot.segment, spot.carriageway), []).append(k)
    return {side: sorted(numbers, key=lambda k: _at(spots[k], assets)) for side, numbers in sorted(sides.items())}


def _at(spot: Spot | None, assets: Mapping[str, AssetFacts]) -> float:
    """km that traffic has come on the segment when it passes."""
    assert spot is not None
    length = assets[spot.segment].figures["length_m"]
    at = min(max(spot.position_m, 0.0), length)
    return (at if spot.carriageway == 1 else length - at) / 1000


def _gap(
    spots: Sequence[Spot | None], assets: Mapping[str, AssetFacts], here: Sequence[int], there: Sequence[int]
) -> float:
    return _at(spots[there[0]], assets) - _at(spots[here[0]], assets)


def _beyond(
    side: _Side, spots: Sequence[Spot | None], assets: Mapping[str, AssetFacts], sides: Mapping[_Side, list[list[int]]]
) -> tuple[list[int], float] | None:
    """The first detectors on the road behind the end of a segment, and the way from its last ones."""
    last = sides[side][-1][0]
    way = assets[side[0]].figures["length_m"] / 1000 - _at(spots[last], assets)
    seen = {side}
    onward = _onward(side, assets)
    while onward is not None and onward not in seen:
        if onward in sides:
            first = sides[onward][0]
            return first, way + _at(spots[first[0]], assets)
        seen.add(onward)
        way += assets[onward[0]].figures.get("length_m", math.inf) / 1000
        onward = _onward(onward, assets)
    return None


def _onward(side: _Side, assets: Mapping[str, AssetFacts]) -> _Side | None:
    """The segment that goes on where traffic leaves this one, and its carriageway."""
    here = assets[side[0]]
    if not here.figures.keys() >= set(_ENDS):
        return None
    start, end = _line(here, side[1])
    best: tuple[bool, float, _Side] | None = None
    for name in here.next:
        there = assets.get(name)
        if there is None or there.zone != here.zone or not there.figures.keys() >= set(_ENDS):
            continue
        carriageway = next((way for way in (1, 2) if _line(there, way)[0] == end), None)
        if carriageway is None:
            continue
        turn = _turn(start, end, _line(there, carriageway)[1])
        road = here.labels.get("road")
        other = road is None or there.labels.get("road") != road
        if not other or turn <= _STRAIGHT:
            best = min(best or (True, math.inf, side), (other, turn, (name, carriageway)))
    return None if best is None else best[2]


def _line(facts: AssetFacts, carriageway: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """From where to where traffic runs, degrees."""
    lon_1, lat_1, lon_2, lat_2 = (facts.figures[name] for name in _ENDS)
    ends = (lon_1, lat_1), (lon_2, lat_2)
    return ends if carriageway == 1 else (ends[1], ends[0])


def _turn(start: tuple[float, float], via: tuple[float, float], end: tuple[float, float]) -> float:
    """Angle between both directions."""
    wide = math.cos(math.radians(via[1]))
    one = math.atan2(via[1] - start[1], (via[0] - start[0]) * wide)
    other = math.atan2(end[1] - via[1], (end[0] - via[0]) * wide)
    return abs((other - one + math.pi) % (2 * math.pi) - math.pi)
