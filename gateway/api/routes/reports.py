"""Citizens' reports: which there are, taking one down, bringing it on. Contacts are masked; a look at one is an act."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.acts import IdempotencyKey, acting, once
from gateway.api.answers import accepted, acts, documented, json_answer, made
from gateway.api.documents import timed
from gateway.api.doors import LinkOf, needs, zone_of, zones_of
from gateway.api.models.reports import (
    Advancing,
    Contact,
    NewReportQuestion,
    ReportAdvanced,
    Reports,
    ReportTaken,
    ReportWithHistory,
)
from gateway.api.paging import Cursor, Limit, after_of, paged
from gateway.api.problems import Problem
from gateway.api.times import parse_time
from gateway.api.where import zone_of_place
from gateway.link.link import Link
from gateway.stores.report_tables import report_place

__all__ = ["router"]

router = APIRouter(tags=["citizens' reports"])

Reader = Annotated[Principal, needs(Permission.REPORTS_READ)]
Operator = Annotated[Principal, needs(Permission.REPORTS_ACT)]
ReportId = Annotated[str, Path(max_length=64, description="Id, or how it begins.", examples=["r-5f0c2a91"])]


@router.get("/reports", summary="Citizens' reports: unresolved ones, or all", responses=documented(Reports, 400))
async def reports(
    request: Request, link: LinkOf, who: Reader,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open: neither resolved nor confirmed.")] = "open",
    kind: Annotated[str, Query(max_length=64)] = "",
    zone: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006
    late: Annotated[bool, Query(description="Only those with a target that is due soon or was missed.")] = False,
    limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """What citizens said is wrong, and how far each is."""
    among_open, inside = state == "open", zones_of(who, zone)
    after = after_of(cursor, *((int, int, int, int, str) if among_open else (int, str)))
    found: list[dict[str, Any]] = []
    if inside != ():
        found = await link.ask(
            "reports", everything=not among_open, kind=kind, zones=inside or (), late=late, after=after,
            limit=limit + 1,
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: report_place(row, among_open=among_open))
    return json_answer(request, {"reports": [_report(row) for row in rows], "next": more})


@router.get("/reports/{report}", summary="One citizen's report", responses=documented(ReportWithHistory, 404, 409))
async def report(request: Request, link: LinkOf, who: Reader, report: ReportId) -> Response:
    """With what happened to it. The contact is masked."""
    row = await _one(link, who, report)
    out = {**_report(row), "history": [timed(each, "at", "now", "due") for each in row["history"]]}
    return json_answer(request, out)


@router.get(
    "/reports/{report}/contact", summary="How to reach who reported", responses=acts(Contact, 404, 409),
)  # fmt: skip
async def report_contact(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.REPORTS_CONTACT)], report: ReportId
) -> Response:  # fmt: skip
    """Personal data: each look is in the audit log."""
    async with acting(request, who, "reports.contact", report) as act:
        row = await _one(link, who, report, contact=True)
        act.what = str(row["report"])
    return made({"report": row["report"], "contact": row["contact"]})


@router.post(
    "/reports", status_code=202, summary="Take a citizen's report down", responses=acts(ReportTaken, 409, status=202)
)  # fmt: skip
async def report_take(
    request: Request, link: LinkOf, who: Operator, body: NewReportQuestion, _: IdempotencyKey = ""
) -> Response:  # fmt: skip
    """It says where: a point, an asset or a zone. Who is for some zones only names one of them, or an asset there."""

    async def take(name: str) -> Response:
        async with acting(request, who, "reports.add", body.id, body.kind) as act:
            if who.zones:
                await _check_where(link, who, body)
            at = parse_time(body.at, int((await link.ask("clock"))["now"]), "at") if body.at else 0
            done = await link.ask(
                "report_add", **body.model_dump(exclude={"id", "at"}), at=at, who=who.name,
                id=body.id or (f"r-{name[:16]}" if name else ""),
            )  # fmt: skip
            act.what = done["report"]
            return accepted(done)

    return await once(request, who, take)


@router.post(
    "/reports/{report}/advance", status_code=202, summary="Bring a report on",
    responses=acts(ReportAdvanced, 404, 409, status=202),
)  # fmt: skip
async def report_advance(
    request: Request, link: LinkOf, who: Operator, report: ReportId, body: Advancing, _: IdempotencyKey = ""
) -> Response:  # fmt: skip
    """received -> accepted -> dispatched -> resolved -> confirmed or reopened; steps may be left out."""

    async def advance(name: str) -> Response:
        async with acting(request, who, "reports.advance", report, f"{body.state}; {body.note}") as act:
            if who.zones:
                await _one(link, who, report)
            done = await link.ask(
                "report_advance", id=report, state=body.state, who=who.name, note=body.note, act=name
            )  # fmt: skip
            act.what = done["report"]
            return accepted(done)

    return await once(request, who, advance)


async def _one(link: Link, who: Principal, report: str, *, contact: bool = False) -> Mapping[str, Any]:
    row: dict[str, Any] = await link.ask("report", id=report, contact=contact)
    zone_of(who, row["zone"], f"report {report!r}")
    return row


async def _check_where(link: Link, who: Principal, body: NewReportQuestion) -> None:
    places = [each for each in (body.zone, body.asset) if each]
    if not places:
        raise Problem(
            "not-permitted", f"{who.name!r} is for {', '.join(who.zones)} only: a report has to name where.",
            "Name the zone or the asset.",
        )  # fmt: skip
    for place in places:
        zone_of(who, await zone_of_place(link, place), f"place {place!r}")


def _report(row: Mapping[str, Any]) -> dict[str, Any]:
    return timed(row, "since", "at", "due")
