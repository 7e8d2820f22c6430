"""The city at a glance: newest values and open alarms by cell of H3 or by zone, as GeoJSON for a map."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal, may
from gateway.access.roles import Permission
from gateway.api.answers import tagged
from gateway.api.doors import LinkOf, needs, zones_of
from gateway.api.geo import GEO_JSON, GeoResponse, cell_shape, collection, feature, geo_documented, point
from gateway.api.models.geo import RollupCollection
from gateway.api.problems import Problem
from gateway.api.rollups import CELL_RESOLUTION, Places, Value, gathered
from gateway.api.slots import Slots
from gateway.api.times import parse_time
from gateway.link.link import Link
from gateway.runtime.asker import while_asked
from gateway.stores.alarm_tables import alarm_place

__all__ = ["router"]

router = APIRouter(tags=["roll-ups"])
_MOST = 10_000

Reader = Annotated[Principal, needs(Permission.READINGS_READ)]
Quantity = Annotated[str, Query(max_length=64, description="Of readings: what is gathered.", examples=["speed"])]
Figure = Annotated[str, Query(max_length=64, description="In place of a quantity: a figure, such as tpi.")]
Condition = Annotated[str, Query(max_length=64, description="Of figures: only of this condition.")]
Profile = Annotated[str, Query(max_length=64, description="Of readings: only of this kind of device.")]
Zones = Annotated[list[str], Query(max_length=100, description="Only what lies in these zones.")]
Since = Annotated[str, Query(max_length=64, description="Leave out values that are older, such as now-1h.")]


@router.get(
    "/rollups/cells",
    summary="By cell of H3",
    response_class=GeoResponse,
    responses=geo_documented(RollupCollection, 400, 413),
)
async def rollup_cells(
    request: Request, link: LinkOf, who: Reader, quantity: Quantity = "", figure: Figure = "",
    condition: Condition = "", profile: Profile = "", zone: Zones = [], since: Since = "",  # noqa: B006
    resolution: Annotated[int, Query(ge=0, le=CELL_RESOLUTION, description="Of H3; 8 is about 0.7 km2.")] = 8,
) -> Response:  # fmt: skip
    """Count, mean, min and max of the newest values (without those that failed a check), the worst flag, open alarms.
    Without a quantity and a figure: alarms only. What has no point of its own (a zone) is in no cell.
    """
    places = Places(link.city, resolution)
    unit, found = await _gathered(request, link, who, places, quantity, figure, condition, profile, zone, since)
    features = [feature(cell, cell_shape(cell), properties) for cell, properties in found.items()]
    return tagged(request, collection(features, of=quantity or figure or None, unit=unit), GEO_JSON)


@router.get(
    "/rollups/zones",
    summary="By zone",
    response_class=GeoResponse,
    responses=geo_documented(RollupCollection, 400, 413),
)
async def rollup_zones(
    request: Request, link: LinkOf, who: Reader, quantity: Quantity = "", figure: Figure = "",
    condition: Condition = "", profile: Profile = "", zone: Zones = [], since: Since = "",  # noqa: B006
) -> Response:  # fmt: skip
    """The same by the zone that devices and assets lie in."""
    places = Places(link.city, None)
    unit, found = await _gathered(request, link, who, places, quantity, figure, condition, profile, zone, since)
    middles = {each.id: point(each.lon, each.lat) for each in link.city.zones}
    features = [feature(each, middles.get(each), properties) for each, properties in found.items()]
    return tagged(request, collection(features, of=quantity or figure or None, unit=unit), GEO_JSON)


async def _gathered(
    request: Request, link: Link, who: Principal, places: Places, quantity: str, figure: str, condition: str,
    profile: str, zone: Sequence[str], since: str,
) -> tuple[str | None, Any]:  # fmt: skip
    if quantity and figure:
        raise Problem("wrong-question", "A quantity and a figure are two questions.", "Ask for one of them.")
    inside = zones_of(who, zone)
    if inside == ():
        return None, {}
    oldest = parse_time(since, int((await link.ask("clock"))["now"]), "since") if since else None
    unit, values = None, list[Value]()
    if quantity:
        unit, values = await _readings(request, link, places, inside, quantity, profile)
    elif figure:
        unit, values = await _figures(link, places, inside, figure, condition)
    if oldest is not None:
        values = [each for each in values if each.time >= oldest]
    alarms = await _alarms(link, places, inside) if may(who, Permission.ALARMS_READ) else []
    names = {each.id: each.name for each in link.city.zones}
    return unit, await asyncio.to_thread(gathered, values, alarms, names.get)


async def _readings(
    request: Request, link: Link, places: Places, zones: Sequence[str] | None, quantity: str, profile: str
) -> tuple[str | None, list[Value]]:
    named = await link.ask(
        "series_page", zones=zones or (), quantity=quantity, profile=profile, limit=_MOST + 1
    )  # fmt: skip
    if len(named) > _MOST:
        raise Problem("too-much", f"These are more than {_MOST} series.", "Narrow by zone= and profile=.")
    if not named:
        return None, []
    units = {each["unit"] for each in named}
    if len(units) > 1:
        raise Problem("wrong-question", f"{quantity!r} is measured in {', '.join(sorted(units))}.", "Name a profile=.")
    slots: Slots = request.app.state.slots
    async with slots.one():
        page = await while_asked(request, link.latest([(each["device"], quantity) for each in named]))
    where = {each["device"]: places.of_device(each["zone"], each["cell"]) for each in named}
    columns = (page.table[name].to_pylist() for name in ("series", "value", "flag", "ts"))
    return units.pop(), [
        Value(place, value, flag, ts)
        for series, value, flag, ts in zip(*columns, strict=True)
        if (place := where[page.names[series].device]) is not None
    ]


async def _figures(
    link: Link, places: Places, zones: Sequence[str] | None, figure: str, condition: str
) -> tuple[str | None, list[Value]]:
    found = await link.ask("figures", name=figure, condition=condition, zones=zones or (), limit=_MOST + 1)
    if len(found) > _MOST:
        raise Problem("too-much", f"These are more than {_MOST} figures.", "Narrow by zone= and condition=.")
    units = {each["unit"] for each in found}
    if len(units) > 1:
        raise Problem("wrong-question", f"{figure!r} is told in {', '.join(sorted(units))}.", "Name a condition=.")
    where = await _where(link, places, [(each["asset"], each["zone"]) for each in found])
    values = [
        Value(place, each["value"], None, each["ts"])
        for each in found
        if (place := where[each["asset"], each["zone"]]) is not None
    ]
    return units.pop() if units else None, values


async def _alarms(link: Link, places: Places, zones: Sequence[str] | None) -> list[tuple[str, int]]:
    found: list[dict[str, Any]] = []
    after: tuple[int | str, ...] = ()
    while page := await link.ask("alarms", zones=zones or (), after=after, limit=_MOST):
        found += page
        if len(page) < _MOST:
            break
        after = alarm_place(page[-1], among_open=True)
    where = await _where(link, places, [(each["asset"], each["zone"]) for each in found])
    return [
        (place, each["priority"]) for each in found if (place := where[each["asset"], each["zone"]]) is not None
    ]  # fmt: skip


async def _where(
    link: Link, places: Places, things: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str | None]:  # fmt: skip
    """Where assets, zones and devices are that lie in these zones."""
    where = {thing: places.of_asset(*thing) for thing in things}
    unknown = [name for (name, _), place in where.items() if place is None]
    cells: dict[str, tuple[str, str]] = {}
    for begin in range(0, len(unknown), _MOST):
        records = await link.ask("device_records", devices=unknown[begin : begin + _MOST])
        cells |= {each["id"]: (each["zone"], each["cell"]) for each in records}
    return {
        (name, zone): places.of_device(*cells[name]) if place is None and name in cells else place
        for (name, zone), place in where.items()
    }
