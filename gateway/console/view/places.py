"""The city as pages need it: names of zones and assets, which lie in which, where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.config.city import City

__all__ = ["Place", "Places", "places_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """A zone or an asset."""

    id: str
    kind: str
    """district, feeder, dma, segment, transformer, inlet, outlet, critical-point, storage, or one of gas or drains."""
    zone: str
    """Of an asset the zone that it is in; of a zone its parent, or ""."""
    lon: float
    lat: float
    name: str = ""
    """Local name; "" where only the id names it."""
    name_en: str = ""
    line: tuple[tuple[float, float], tuple[float, float]] | None = None
    facts: Mapping[str, Any] | None = None
    """What its table in the city's file says, such as free_flow_kmh."""

    @property
    def domain(self) -> str:
        """Which strip it belongs to."""
        return _DOMAINS.get(self.kind, "city")


_DOMAINS = {
    "segment": "traffic", "feeder": "grid", "transformer": "grid", "dma": "water", "inlet": "water", "outlet": "water",
    "critical-point": "water", "storage": "water", "tunnel-section": "gas", "regulator-station": "gas",
    "pump-station": "drainage", "manhole": "drainage",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """All of them, by id; an id that is a zone and an asset (a feeder, a metered area) stands among the zones."""

    zones: Mapping[str, Place]
    assets: Mapping[str, Place]
    within: Mapping[str, frozenset[str]]
    """Of each zone: itself and the zones that lie in it."""

    def get(self, name: str) -> Place | None:
        """A zone or an asset."""
        return self.zones.get(name) or self.assets.get(name)

    def district(self, zone: str) -> str:
        """The district that a zone lies in."""
        place = self.zones.get(zone)
        return place.zone or place.id if place is not None else zone


def places_of(city: City) -> Places:
    """Read a city once."""
    zones = {
        zone.id: Place(zone.id, zone.kind, zone.parent or "", zone.lon, zone.lat, zone.name, zone.name_en)
        for zone in city.zones
    }
    assets: dict[str, Place] = {}
    numbers: dict[str, int] = {}
    for segment in city.segments:
        number = numbers[segment.road] = numbers.get(segment.road, 0) + 1
        facts = {"free_flow_kmh": segment.free_flow_kmh, "lanes": segment.lanes, "length_m": segment.length_m,
                 "class": segment.class_, "neighbours": list(segment.neighbours)}  # fmt: skip
        assets[segment.id] = Place(
            segment.id, "segment", segment.zone, segment.lon, segment.lat, f"{segment.road} {number}",
            f"{segment.road_en or segment.road} {number}", segment.line, facts,
        )  # fmt: skip
    for feeder in city.feeders:
        for each in feeder.transformers:
            assets[each.id] = Place(each.id, "transformer", feeder.zone, each.lon, each.lat, facts={"kva": each.kva})
    for dma in city.dmas:
        groups: tuple[tuple[str, Any], ...] = (
            ("inlet", dma.inlets), ("outlet", dma.outlets), ("critical-point", dma.critical_points),
            ("storage", dma.storage),
        )  # fmt: skip
        for kind, parts in groups:
            for part in parts:
                facts = part.model_dump(exclude={"id", "lon", "lat"})
                assets[part.id] = Place(part.id, kind, dma.zone, part.lon, part.lat, facts=facts)
    for gas in city.gas_assets:
        facts = gas.model_dump(include={"length_m", "inlet_kpa", "outlet_kpa"}, exclude_none=True)
        assets[gas.id] = Place(gas.id, gas.kind, gas.zone, gas.lon, gas.lat, gas.name, gas.name_en, facts=facts)
    for drain in city.drains:
        facts = drain.model_dump(include={"crest_m", "diameter_m", "invert_m", "ground_m"}, exclude_none=True)
        assets[drain.id] = Place(
            drain.id, drain.kind, drain.zone, drain.lon, drain.lat, drain.name, drain.name_en, facts=facts
        )
    within = {name: frozenset({name, *(z.id for z in zones.values() if z.zone == name)}) for name in zones}
    return Places(zones, assets, within)
