"""Devices with their record on the time axis and the place axis; their series; kinds of devices; conditions."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal, may
from gateway.access.roles import Permission
from gateway.api.answers import documented, json_answer
from gateway.api.documents import alarm_change, device_row, place_of, time_axis, time_or_none
from gateway.api.doors import LinkOf, needs, zone_of, zones_of
from gateway.api.models.devices import Conditions, DeviceDocument, Devices, Profiles, SeriesList
from gateway.api.paging import Cursor, Limit, after_of, paged
from gateway.api.titles import titles_of

__all__ = ["router"]

router = APIRouter(tags=["devices"])
_SILENT = "device.silent"

Reader = Annotated[Principal, needs(Permission.DEVICES_READ)]
Profile = Annotated[str, Query(max_length=200, description="Kind of device.")]
Pattern = Annotated[str, Query(max_length=200, description="Part of a name.")]
Zones = Annotated[list[str], Query(max_length=100, description="Of these zones; all where none is named.")]
_HEAD = ("kind", "name", "title", "priorities", "on_delay_secs", "off_delay_secs", "latching")


@router.get("/devices", summary="Devices, by id", responses=documented(Devices, 400))
async def devices(
    request: Request, link: LinkOf, who: Reader, q: Pattern = "", zone: Zones = [], profile: Profile = "",  # noqa: B006
    asset: Annotated[str, Query(max_length=64, description="What they stand on.")] = "",
    cell: Annotated[str, Query(max_length=20, description="H3, resolution 9.")] = "",
    state: Annotated[str, Query(pattern="^(|known|provisioned|pending)$")] = "",
    limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """Those that the registry knows: listed ones, and those that were met on the wire."""
    inside = zones_of(who, zone)
    found: list[dict[str, Any]] = []
    after = after_of(cursor, str)
    if inside != ():
        found = await link.ask(
            "devices", pattern=q, zones=inside or (), profile=profile, asset=asset, cell=cell, state=state,
            after=after[0] if after else "", limit=limit + 1,
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: (row["id"],))
    return json_answer(request, {"devices": [device_row(row) for row in rows], "next": more})


@router.get(
    "/devices/{device:path}", summary="One device with its whole record", responses=documented(DeviceDocument, 404)
)  # fmt: skip
async def device(request: Request, link: LinkOf, who: Reader, device: str) -> Response:
    """On the time axis: installed, calibrated, known since, silent and online again, faults. On the place axis: point,
    cell, zone, asset. And its series, and changes of alarms about it: where those may not be seen, silences on the time
    axis only. Ids may hold slashes.
    """
    row = await link.ask("device", device=device)
    zone_of(who, row["zone"], f"device {device!r}")
    titles = await titles_of(link)
    silences = [change for change in row["history"] if change["condition"] == _SILENT]
    seen = may(who, Permission.ALARMS_READ)
    history = [alarm_change(change, titles) for change in (row["history"] if seen else silences)]
    silent = silences[0]["since"] if silences and _stands(silences[0]) else None
    out = {
        **device_row(row), "installed": row["installed"], "calibrated": row["calibrated"],
        "interval_secs": row["interval_secs"], "silent_since": time_or_none(silent), "place": place_of(row, link.city),
        "series": row["series"], "time_axis": time_axis(row, history, link.city),
        "history": history if seen else [],
    }  # fmt: skip
    return json_answer(request, out)


@router.get("/series", summary="Series, by device and quantity", responses=documented(SeriesList, 400))
async def series(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.READINGS_READ)], q: Pattern = "",
    zone: Zones = [], device: Annotated[list[str], Query(max_length=1000)] = [], profile: Profile = "",  # noqa: B006
    quantity: Annotated[str, Query(max_length=64, description="Such as speed.")] = "",
    limit: Limit = 1_000, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """Series are named by device and quantity for good. `q` is a part of the name of a device, quantity or profile."""
    inside, after = zones_of(who, zone), after_of(cursor, str, str)
    found: list[dict[str, Any]] = []
    if inside != ():
        found = await link.ask(
            "series_page", pattern=q, zones=inside or (), devices=device, profile=profile, quantity=quantity,
            after=after, limit=limit + 1,
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: (row["device"], row["quantity"]))
    return json_answer(request, {"series": rows, "next": more})


@router.get("/profiles", summary="Kinds of devices", responses=documented(Profiles))
async def profiles(request: Request, link: LinkOf, _: Reader) -> Response:
    """What each measures, in canonical units, and how often."""
    return json_answer(request, {"profiles": await link.ask("profiles")})


@router.get("/conditions", summary="What is judged, with thresholds", responses=documented(Conditions))
async def conditions(request: Request, link: LinkOf, _: Reader) -> Response:
    """Every condition with its priorities, delays and thresholds, in the order of its file."""
    return json_answer(request, {"conditions": [_condition(each) for each in await link.ask("conditions")]})


def _condition(table: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: value for name, value in table.items() if name not in _HEAD}
    return {**{name: table[name] for name in _HEAD}, "domain": table["name"].partition(".")[0], "settings": settings}


def _stands(change: Mapping[str, Any]) -> bool:
    """Whether the condition holds after this change; put aside, it may."""
    return change["state"] not in ("normal", "returned", "latched") and not change["historic"]
