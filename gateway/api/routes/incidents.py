"""Incidents: what is wrong in the city, and what belongs together."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import documented, json_answer
from gateway.api.documents import timed
from gateway.api.doors import LinkOf, needs, zone_of, zones_of
from gateway.api.models.incidents import Incidents, IncidentWithHistory
from gateway.api.paging import Cursor, Limit, after_of, paged
from gateway.engine.incidents.incident_model import PartType
from gateway.errors import Missing
from gateway.link.link import Link
from gateway.stores.incident_tables import incident_place

__all__ = ["router"]

router = APIRouter(tags=["incidents"])

Reader = Annotated[Principal, needs(Permission.INCIDENTS_READ)]


@router.get("/incidents", summary="Incidents: the open ones, or all", responses=documented(Incidents, 400))
async def incidents(
    request: Request, link: LinkOf, who: Reader,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open: also closing ones.")] = "open",
    zone: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006
    domain: Annotated[str, Query(max_length=32)] = "", limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """Alarms and citizens' reports of one trouble are one incident. Its zone is that of its likely cause."""
    among_open, inside = state == "open", zones_of(who, zone)
    after = after_of(cursor, *((int, int, int, str) if among_open else (int, str)))
    found: list[dict[str, Any]] = []
    if inside != ():
        found = await link.ask(
            "incidents", open=among_open, zones=inside or (), domain=domain, after=after, limit=limit + 1
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: incident_place(row, among_open=among_open))
    return json_answer(request, {"incidents": [_incident(row) for row in rows], "next": more})


@router.get(
    "/incidents/{incident}", summary="One incident with its parts and what happened",
    responses=documented(IncidentWithHistory, 404, 409),
)  # fmt: skip
async def incident(
    request: Request, link: LinkOf, who: Reader,
    incident: Annotated[str, Path(max_length=32, description="Id, or how it begins.", examples=["9a41c07be2d95f13"])],
) -> Response:  # fmt: skip
    """Alarms and reports that belong to it with their times, and its changes. To who is for some zones only: without
    the parts in others.
    """
    row = await link.ask("incident", id=incident)
    zone_of(who, row["zone"], f"incident {incident!r}")
    # the history also has parts that came away, to another incident
    parts = [each for each in (*row["members"], *row["history"]) if each["part"]]
    hidden = await _elsewhere(link, who, parts) if who.zones else frozenset[str]()
    out = {
        **_incident(row),
        "members": [timed(each, "began", "over") for each in row["members"] if each["part"] not in hidden],
        "history": [
            {**timed(each, "at", "now", "part_began"), "into": each["into"] or None}
            for each in row["history"] if each["part"] not in hidden
        ],
    }  # fmt: skip
    return json_answer(request, out)


async def _elsewhere(link: Link, who: Principal, parts: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Ids of parts that do not lie in the zones of `who`; those of which nothing is known any more are among them."""
    zones: dict[str, str] = {}
    for part, kind in {str(each["part"]): each["part_type"] for each in parts}.items():
        zones[part] = ""
        if kind == PartType.ALARM:
            found = await link.ask("alarms", alarm=part, everything=True, limit=1)
            zones[part] = found[0]["zone"] if found else ""
            continue
        with suppress(Missing):
            zones[part] = (await link.ask("report", id=part))["zone"]
    return frozenset(part for part, zone in zones.items() if zone not in who.zones)


def _incident(row: Mapping[str, Any]) -> dict[str, Any]:
    domains = [each for each in row["domains"].split(",") if each]
    return {**timed(row, "since", "at"), "domains": domains, "into": row["into"] or None}
