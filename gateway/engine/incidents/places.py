"""The place of a trouble as tokens: H3 cells and names. Two troubles are near where one reaches a token of the other.

    own    the cells that it covers, what it stands on, the network (feeder, metered area) that it belongs to
    reach  own, the rings of cells around them, and the neighbours on the road

A network is where its assets and devices are; a district is no place: what is only known to be in one is near nothing
but what stands on the same thing.
"""

from collections.abc import Iterable
from typing import NamedTuple

import h3

from gateway.config.content import EngineContent

__all__ = ["ASSET", "CITIZEN", "DEVICE", "NETWORK", "Places", "Where"]

_NETWORKS = ("feeder", "dma")
_NAME = "@"
"""Before a name: no cell begins so."""
NETWORK, ASSET, DEVICE, CITIZEN = range(4)
"""Depths in the asset graph."""


class Where(NamedTuple):
    """The place of one trouble."""

    own: tuple[str, ...]
    depth: int
    zone: str
    cell: str


class Places:
    """Made of a configuration; the same one gives the same answers."""

    def __init__(self, content: EngineContent | None, resolution: int, rings: int) -> None:
        self._resolution, self._rings = resolution, rings
        self._cells: dict[str, frozenset[str]] = {}
        self._zone: dict[str, str] = {}
        self._asset_of: dict[str, str] = {}
        self._next: dict[str, set[str]] = {}
        self._networks: set[str] = set()
        self._zones: set[str] = set()
        if content is not None:
            self._take(content)

    def _take(self, content: EngineContent) -> None:
        self._zones = set(content.zones)
        self._networks = {place.id for place in content.places if place.kind in _NETWORKS}
        covered: dict[str, set[str]] = {}
        for place in content.places:
            cells = {self.cell(lon, lat) for lon, lat in place.points}
            covered.setdefault(place.id, set()).update(cells)
            if place.kind == "asset":
                self._zone[place.id] = place.zone
                if place.zone in self._networks:
                    covered.setdefault(place.zone, set()).update(cells)
        for device in content.devices:
            self._zone[device.id], self._asset_of[device.id] = device.zone, device.asset
            if device.lon is not None and device.lat is not None:
                cell = self.cell(device.lon, device.lat)
                covered.setdefault(device.id, set()).add(cell)
                if device.zone in self._networks:
                    covered.setdefault(device.zone, set()).add(cell)
        self._cells = {name: frozenset(cells) for name, cells in covered.items()}
        for facts in content.assets:
            for other in facts.next:
                self._next.setdefault(facts.id, set()).add(other)
                self._next.setdefault(other, set()).add(facts.id)

    def cell(self, lon: float, lat: float) -> str:
        """The cell of a point."""
        return str(h3.latlng_to_cell(lat, lon, self._resolution))

    def knows(self, name: str) -> bool:
        """Whether there is such a zone, asset or device."""
        return name in self._zones or name in self._zone

    def of_alarm(self, asset: str, zone: str) -> Where:
        """Of what an alarm is about: a device, an asset or a zone."""
        stands_on = self._asset_of.get(asset, "")
        names = {asset, stands_on} - {""}
        cells = self._cells_of(asset) or self._cells_of(stands_on)
        depth = NETWORK if asset in self._zones else DEVICE if asset in self._asset_of else ASSET
        return self._where(names, cells, zone, depth)

    def of_report(self, lon: float | None, lat: float | None, asset: str, zone: str) -> Where:
        """Of a citizen's report: a point, an asset, a zone, or some of them."""
        cells: frozenset[str] = frozenset()
        if lon is not None and lat is not None:
            cells = frozenset({self.cell(lon, lat)})
        elif asset:
            cells = self._cells_of(asset)
        elif zone in self._networks:
            cells = self._cells_of(zone)
        return self._where({asset} - {""}, cells, zone or self._zone.get(asset, ""), CITIZEN)

    def reach(self, own: Iterable[str]) -> set[str]:
        """What is near tokens, themselves included."""
        out: set[str] = set()
        for token in own:
            out.add(token)
            if token.startswith(_NAME):
                out.update(_NAME + other for other in self._next.get(token.removeprefix(_NAME), ()))
            else:
                out.update(h3.grid_disk(token, self._rings))
        return out

    def _cells_of(self, name: str) -> frozenset[str]:
        """A district covers nothing: its middle is no place."""
        return frozenset() if name in self._zones - self._networks else self._cells.get(name, frozenset())

    def _where(self, names: set[str], cells: frozenset[str], zone: str, depth: int) -> Where:
        own = {*cells, *(_NAME + name for name in names | ({zone} & self._networks))}
        return Where(tuple(sorted(own)), depth, zone, next(iter(cells)) if len(cells) == 1 else "")
