"""The place axis: the city, its zones and its assets as GeoJSON."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import documented, tagged
from gateway.api.doors import LinkOf, needs, zones_of
from gateway.api.geo import GEO_JSON, GeoResponse, collection, feature, geo_documented, point
from gateway.api.models.geo import CityDocument, FeatureCollection
from gateway.config.city import City, Drain, GasAsset, Zone
from gateway.config.content import facts_of
from gateway.live.events import time_text

__all__ = ["router"]

router = APIRouter(tags=["places"])
_KINDS = "^(|district|feeder|dma)$"

Reader = Annotated[Principal, needs(Permission.DEVICES_READ)]
Zones = Annotated[list[str], Query(max_length=100, description="Only these zones, or what lies in them.")]


@router.get("/city", summary="The city and its clock", responses=documented(CityDocument))
async def city(request: Request, link: LinkOf, _: Reader) -> Response:
    """Its bounds, its time zone, and what time it is there: in a sped-up demonstration another than here."""
    clock, known = await link.ask("clock"), link.city.city
    out = {
        "id": known.id, "name": known.name, "name_en": known.name_en, "timezone": known.timezone,
        "bounds": known.bounds, "now": time_text(int(clock["now"])), "speed": clock["speed"],
    }  # fmt: skip
    return Response(msgspec.json.encode(out), headers={"Cache-Control": "no-store"}, media_type="application/json")


@router.get(
    "/zones", summary="Zones as GeoJSON", response_class=GeoResponse, responses=geo_documented(FeatureCollection)
)
async def zones(
    request: Request, link: LinkOf, who: Reader, zone: Zones = [],  # noqa: B006
    kind: Annotated[str, Query(pattern=_KINDS)] = "",
) -> Response:  # fmt: skip
    """Districts, and the feeders and metered areas in them (`parent`). A zone is a point: its middle."""
    inside = zones_of(who, zone)
    features = [
        feature(each.id, point(each.lon, each.lat), _zone(each))
        for each in link.city.zones
        if (inside is None or each.id in inside) and kind in ("", each.kind)
    ]
    return tagged(request, collection(features), GEO_JSON)


@router.get(
    "/assets", summary="Assets as GeoJSON", response_class=GeoResponse, responses=geo_documented(FeatureCollection)
)
async def assets(
    request: Request, link: LinkOf, who: Reader, zone: Zones = [],  # noqa: B006
    kind: Annotated[str, Query(max_length=40, description="segment, feeder, transformer, dma, inlet, outlet, storage, "
                               "critical-point, tunnel-section, regulator-station, pump-station, manhole")] = "",
) -> Response:  # fmt: skip
    """What devices stand on: stretches of road as lines, the rest as points, with what is known of each."""
    inside = zones_of(who, zone)
    features = [
        each
        for each in _assets(link.city)
        if (inside is None or each["properties"]["zone"] in inside) and kind in ("", each["properties"]["kind"])
    ]
    return tagged(request, collection(features), GEO_JSON)


def _zone(zone: Zone) -> dict[str, Any]:
    return {"kind": zone.kind, "name": zone.name, "name_en": zone.name_en, "parent": zone.parent}


def _assets(city: City) -> Iterator[Mapping[str, Any]]:
    lines = {segment.id: segment.line for segment in city.segments}
    where = {asset.id: (asset.lon, asset.lat) for asset in city.assets()}
    where |= {zone.id: (zone.lon, zone.lat) for zone in city.zones if zone.id not in where}
    named: tuple[Zone | GasAsset | Drain, ...] = (*city.gas_assets, *city.drains, *city.zones)
    names = {each.id: each.name for each in named}
    for fact in facts_of(city):
        line = lines.get(fact.id)
        shape = point(*where[fact.id]) if line is None else {"type": "LineString", "coordinates": line}
        figures = {name: value for name, value in fact.figures.items() if not name.startswith(("lon_", "lat_"))}
        said = {
            "kind": fact.kind, "zone": fact.zone, "name": names.get(fact.id, fact.labels.get("road", fact.id)),
            "figures": figures, "labels": fact.labels, "neighbours": fact.next,
        }  # fmt: skip
        yield feature(fact.id, shape, said)
