"""The newest reading of each of many series."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import columns_documented, json_answer
from gateway.api.doors import LinkOf, needs, zones_of
from gateway.api.encoders import stream_rows
from gateway.api.formats import Format, chosen
from gateway.api.models.readings import LatestValues
from gateway.api.problems import Problem
from gateway.api.series import check_zones, named_series
from gateway.api.slots import Slots
from gateway.api.streams import only, streamed
from gateway.link.link import Link, Series
from gateway.link.pages import ColumnPage
from gateway.live.events import time_text, why_names
from gateway.runtime.asker import while_asked

__all__ = ["router"]

router = APIRouter(tags=["readings"])
_MOST = 10_000

Devices = Annotated[
    list[str], Query(max_length=1000, description="All that these devices have.", examples=[["gas-0001"]])
]
Names = Annotated[list[str], Query(max_length=1000, description="Series as device:quantity.")]


@router.get(
    "/latest", summary="The newest reading of many series", response_class=Response,
    responses=columns_documented(LatestValues, 400, 404, 406, 413),
)  # fmt: skip
async def latest(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.READINGS_READ)],
    device: Devices = [], series: Names = [],  # noqa: B006
    zone: Annotated[list[str], Query(max_length=100, description="All series in these zones.")] = [],  # noqa: B006
    profile: Annotated[str, Query(max_length=64, description="All series of this kind of device.")] = "",
    quantity: Annotated[str, Query(max_length=64, description="All series of this quantity.")] = "",
    format: Annotated[Format | None, Query(description="Instead of an Accept header.")] = None,  # noqa: A002
    store: Annotated[str, Query(max_length=32)] = "",
) -> Response:  # fmt: skip
    """Of series that are named (`device`, `series` as device:quantity), or chosen by zone, profile and quantity; a
    series without readings is left out.
    """
    kind = chosen(request, format)
    wanted = named_series(device, series, link.settings.web.max_series)
    if wanted:
        await check_zones(link, who, wanted)
    elif not (zone or profile or quantity):
        raise Problem(
            "wrong-question", "Which series?", "Name device=, series=, or choose by zone=, profile=, quantity=."
        )
    else:
        wanted = await _chosen(link, zones_of(who, zone), profile, quantity)
    slots: Slots = request.app.state.slots
    async with slots.one():
        page = await while_asked(request, link.latest(wanted, store=store))
    if kind is not Format.JSON:
        return await streamed(slots.stream(stream_rows(only(page), "ts", kind)), kind, "latest")
    return json_answer(request, {"store": page.store, "latest": _rows(page)})


async def _chosen(link: Link, zones: tuple[str, ...] | None, profile: str, quantity: str) -> list[Series]:
    if zones == ():
        return []
    found = await link.ask(
        "series_page", zones=zones or (), profile=profile, quantity=quantity, limit=_MOST + 1
    )  # fmt: skip
    if len(found) > _MOST:
        raise Problem("too-much", f"These are more than {_MOST} series.", "Narrow by zone=, profile= and quantity=.")
    return [(each["device"], each["quantity"]) for each in found]


def _rows(page: ColumnPage) -> list[dict[str, Any]]:
    columns = (page.table[name].to_pylist() for name in ("series", "ts", "value", "flag", "why"))
    return [
        {
            "device": page.names[s].device, "quantity": page.names[s].quantity, "unit": page.names[s].unit,
            "profile": page.names[s].profile, "time": time_text(ts), "value": value if value == value else None,  # noqa: PLR0124
            "flag": flag, "why": why_names(why),
        }
        for s, ts, value, flag, why in zip(*columns, strict=True)
    ]  # fmt: skip
