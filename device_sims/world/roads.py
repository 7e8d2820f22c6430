"""Roads as segments that meet: what stands behind what, so that a queue can travel from one detector to the next.

    carriageway 1 -->  ==line[0]== segment ==line[1]==   <-- carriageway 2

A queue grows against the traffic, from the downstream end of a segment over those of its road that lead into it. Its
tail and, once the road is free, its head move upstream as kinematic waves (Lighthill and Whitham 1955).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from device_sims.city.copies import copy_name
from device_sims.city.devices import Device, seeds
from device_sims.world.local_time import HOUR

__all__ = ["RELEASE_KMH", "TAIL_KMH", "Roads", "load_roads", "queue_reach", "queue_times"]

TAIL_KMH = 9.0
"""How fast a queue grows at a blocked lane in dense traffic."""
RELEASE_KMH = 18.0
"""How fast the front of starting vehicles moves upstream; about the same on all roads (Kerner 2004)."""

Point = tuple[float, float]


class _Way(NamedTuple):
    """One carriageway of a segment."""

    segment: str
    carriageway: int


class Roads:
    """Segments as in city.toml: `id`, `road`, `length_m`, `line`, `neighbours`."""

    def __init__(self, segments: Sequence[Mapping[str, Any]]) -> None:
        self._segments = {str(segment["id"]): segment for segment in segments}

    def __contains__(self, asset: str) -> bool:
        return asset in self._segments

    def length(self, segment: str) -> float:
        """Metres."""
        return float(self._segments[segment]["length_m"])

    def road(self, segment: str) -> str:
        """Its name."""
        return str(self._segments[segment]["road"])

    def by_name(self) -> dict[str, list[str]]:
        """The segments of each road."""
        out: dict[str, list[str]] = {}
        for segment in self._segments:
            out.setdefault(self.road(segment), []).append(segment)
        return out

    def upstream(self, segment: str, carriageway: int, most_m: float) -> dict[tuple[str, int], float]:
        """The carriageways that lead to the downstream end of this one, and how far their own ends are from it.

        Args:
            most_m: what begins further away is left out.
        """
        out: dict[tuple[str, int], float] = {}
        ahead = [(_Way(segment, carriageway), 0.0)]
        while ahead:
            way, far = ahead.pop()
            if way in out or far > most_m:
                continue
            out[way] = far
            behind = far + self.length(way.segment)
            ahead += [(other, behind) for other in self._into(way)]
        return out

    def downstream(self, segment: str, carriageway: int) -> list[tuple[str, int]]:
        """The carriageways of its road that this one leads to."""
        return [way for way in self._ways(segment) if _Way(segment, carriageway) in self._into(way)]

    def metres_before_end(self, device: Device) -> float:
        """How far a detector stands before the downstream end of its segment; one without a place: half-way."""
        length = self.length(device.asset)
        if "position_m" not in device.extra:
            return length / 2.0
        along = min(float(device.extra["position_m"]), length)
        return along if device.extra.get("carriageway") == "2" else length - along

    def _ways(self, segment: str) -> Iterable[_Way]:
        """Those of the segments that meet this one and are of its road."""
        for name in self._segments[segment]["neighbours"]:
            if name in self._segments and self.road(name) == self.road(segment):
                yield _Way(name, 1)
                yield _Way(name, 2)

    def _into(self, way: _Way) -> list[_Way]:
        begin = self._ends(way)[0]
        return [other for other in self._ways(way.segment) if self._ends(other)[1] == begin]

    def _ends(self, way: _Way) -> tuple[Point, Point]:
        first, last = ((float(lon), float(lat)) for lon, lat in self._segments[way.segment]["line"])
        return (first, last) if way.carriageway == 1 else (last, first)


def queue_reach(
    roads: Roads, devices: Iterable[Device], segment: str, carriageway: int, most_m: float
) -> dict[str, dict[str, tuple[int, int]]]:
    """What a blockage at the downstream end of a segment comes to: `Trouble.reach`, by detector.

    A floating-car segment is the mean of both carriageways: the blockage shows in it whichever it is on.
    """
    behind = roads.upstream(segment, carriageway, most_m)
    ahead = set(roads.downstream(segment, carriageway))
    queue: dict[str, tuple[int, int]] = {}
    beyond: dict[str, tuple[int, int]] = {}
    for device in devices:
        if device.asset not in roads:
            continue
        told = device.extra.get("carriageway")
        ways = [(device.asset, int(told))] if told is not None else [(device.asset, 1), (device.asset, 2)]
        metres = min((behind[way] for way in ways if way in behind), default=None)
        if metres is not None:
            metres += roads.metres_before_end(device)
            if metres <= most_m:
                queue[device.id] = queue_times(metres)
        elif ahead.intersection(ways):
            beyond[device.id] = (0, 0)
    return {"queue": queue, "beyond": beyond}


def queue_times(metres: float) -> tuple[int, int]:
    """When the tail of a queue comes by after the blockage, and when the queue is gone after its end; ns."""
    return round(metres / 1000.0 / TAIL_KMH * HOUR), round(metres / 1000.0 / RELEASE_KMH * HOUR)


@lru_cache(maxsize=64)
def load_roads(copy: int = 0) -> Roads:
    """Those of the seeds, or of a copy of them."""
    return Roads(
        [
            segment
            | {
                "id": copy_name(segment["id"], copy),
                "neighbours": [copy_name(name, copy) for name in segment["neighbours"]],
            }
            for segment in seeds().city["segments"]
        ]
    )
