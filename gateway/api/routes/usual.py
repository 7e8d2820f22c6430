"""What is usual of a device's series, for a chart to draw behind its readings."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import documented, json_answer
from gateway.api.doors import LinkOf, needs
from gateway.api.models.usual import Usual
from gateway.api.series import check_zones
from gateway.api.spans import span_of
from gateway.api.times import From, To
from gateway.live.events import time_text

__all__ = ["router"]

router = APIRouter(tags=["readings"])

Device = Annotated[str, Query(max_length=200, description="Its id.", examples=["press-0001"])]
Quantities = Annotated[list[str], Query(max_length=64, description="Of these; all where none is named.")]
Points = Annotated[int, Query(ge=2, le=1_000, description="At how many times.")]


@router.get("/usual", summary="What has been learned to be usual", responses=documented(Usual, 400, 404))
async def usual(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.READINGS_READ)], device: Device,
    quantity: Quantities = [], start: From = "now-1d", to: To = "now", points: Points = 300,  # noqa: B006
) -> Response:  # fmt: skip
    """The band that conditions of the kind `unusual`, or the profile's climatology check, have learned of a device's
    series, by hour and kind of day, as it is known now. `to` may lie ahead.
    """
    await check_zones(link, who, [(device, "")])
    begin, end = await span_of(link, start, to)
    found = await link.ask("usual", device=device, start=begin, end=end, quantities=quantity, points=points)
    times = [time_text(at) for at in found["ts"]]
    return json_answer(request, {"device": device, "time": times, "series": found["series"]})
