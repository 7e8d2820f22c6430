"""Daily and weekly reports of the city: which are kept, having some made, reading them as a page or as PDF.

What citizens report is another thing: reports.py. These are of the whole city, so a token of some zones has none.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.acts import IdempotencyKey, acting, once
from gateway.api.answers import acts, documented, json_answer, made, tagged
from gateway.api.documents import timed
from gateway.api.doors import LinkOf, needs
from gateway.api.models.documents import DocumentJob, DocumentJobs, Documents, MakingDocuments
from gateway.api.paging import Cursor, Limit, after_of, paged
from gateway.api.problems import Problem, problems
from gateway.reports.period import period_of
from gateway.reports.press import Job, Press, PressFull
from gateway.reports.shelf import NAME, Kept

__all__ = ["router"]

router = APIRouter(tags=["daily and weekly reports"])

Reader = Annotated[Principal, needs(Permission.DOCUMENTS_READ, whole_city=True)]
Maker = Annotated[Principal, needs(Permission.DOCUMENTS_MAKE, whole_city=True)]
Name = Annotated[str, Path(pattern=NAME, examples=["water-2026-03-02"])]
JobId = Annotated[str, Path(max_length=32, examples=["5b1d7c20a94e4f0e"])]
_RETRY_SECS = 20
# a report has neither scripts nor anything from elsewhere: where one came in, it would run nothing and reach nobody
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def press_of(connection: HTTPConnection) -> Press:
    """The press of this application."""
    return cast(Press, connection.app.state.press)


PressOf = Annotated[Press, Depends(press_of)]


@router.get("/documents", summary="Daily and weekly reports that are kept", responses=documented(Documents, 400))
async def documents(
    request: Request, press: PressOf, _: Reader,
    domain: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[Literal["", "day", "week"], Query(description="Reports of days or of weeks.")] = "",
    period: Annotated[str, Query(max_length=10, description="Such as 2026-03-02 or 2026-W10.")] = "",
    lang: Annotated[Literal["", "en", "zh"], Query()] = "",
    limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    """What was made last comes first. So many are kept as `web.max_documents` and `web.max_documents_mb` say."""
    after = after_of(cursor, int, str)
    wanted = {"domain": domain, "kind": kind, "period": period, "lang": lang}
    found = [
        kept for kept in await asyncio.to_thread(press.shelf.all)
        if all(not value or getattr(kept, name) == value for name, value in wanted.items())
        and (not after or _place(kept) > after)
    ]  # fmt: skip
    rows, more = paged(found[: limit + 1], limit, _place)
    return json_answer(request, {"documents": [_kept(row) for row in rows], "next": more})


@router.post(
    "/documents", status_code=202, summary="Have reports made", responses=acts(DocumentJob, status=202),
)  # fmt: skip
async def document_make(
    request: Request, link: LinkOf, press: PressOf, who: Maker, body: MakingDocuments, _: IdempotencyKey = ""
) -> Response:  # fmt: skip
    """Orders are made one at a time; `/documents/jobs/{job}` says how far one is. The same order, while it waits or is
    being made, is one. The audit log has it when it is over, done or failed. Some seconds a domain and day of data.
    """

    async def order(_: str) -> Response:
        what = f"{body.period or 'yesterday'} {body.lang} {' '.join(body.domains)}"
        async with acting(request, who, "documents.make", what, noted=True):
            now = int((await link.ask("clock"))["now"])
            period = period_of(body.period, now, link.city.timezone)
            try:
                job = press.order(body.domains, period, body.lang, body.operators, who)
            except PressFull as full:
                again = {"Retry-After": str(_RETRY_SECS)}
                raise Problem("too-many", full.problem, full.remedy, headers=again) from full
        return made(_job(job), 202, Location=f"{request.url.path}/jobs/{job.job}")

    return await once(request, who, order)


@router.get("/documents/jobs", summary="Orders, and how far they are", responses=documented(DocumentJobs))
async def document_jobs(request: Request, press: PressOf, _: Reader) -> Response:
    """Those of this web process, the newest first: when it begins anew, what waited is gone."""
    return json_answer(request, {"jobs": [_job(job) for job in press.jobs()]})


@router.get("/documents/jobs/{job}", summary="One order", responses=documented(DocumentJob, 404))
async def document_job(request: Request, press: PressOf, _: Reader, job: JobId) -> Response:
    """How far it is, and what is made of it already."""
    return json_answer(request, _job(press.job(job)))


@router.delete("/documents/jobs/{job}", summary="Give an order up", responses=acts(DocumentJob, 404))
async def document_give_up(request: Request, press: PressOf, who: Maker, job: JobId) -> Response:
    """It isn't made any further; reports of it that are made stay. One that is over stays as it is."""
    async with acting(request, who, "documents.give_up", job):
        found = await press.give_up(job, who)
    return made(_job(found))


def _files(media_type: str) -> dict[int | str, dict[str, Any]]:
    known = {"description": "The same as what the asker has (If-None-Match)."}
    content = {media_type: {"schema": {"type": "string", "contentMediaType": media_type}}}
    return {200: {"description": "As asked.", "content": content}, 304: known, **problems(404)}


class _Pdf(Response):
    media_type = "application/pdf"


@router.get(
    "/documents/{document}/html", summary="A report as a page", response_class=HTMLResponse,
    responses=_files("text/html"),
)  # fmt: skip
async def document_html(request: Request, press: PressOf, _: Reader, document: Name) -> Response:
    """One file that needs nothing else: style and plots within, no scripts; for screen and paper."""
    body = await asyncio.to_thread(press.shelf.read, document, "html")
    return tagged(request, body, "text/html", **{"Content-Security-Policy": _SANDBOX})


@router.get(
    "/documents/{document}/pdf", summary="A report as PDF", response_class=_Pdf, responses=_files("application/pdf")
)
async def document_pdf(request: Request, press: PressOf, _: Reader, document: Name) -> Response:
    """A4. Chinese is set in STSong-Light, which PDF readers have or replace."""
    body = await asyncio.to_thread(press.shelf.read, document, "pdf")
    named = {"Content-Disposition": f'attachment; filename="{document}.pdf"', "Content-Security-Policy": _SANDBOX}
    return tagged(request, body, "application/pdf", **named)


def _place(kept: Kept) -> tuple[int, str]:
    return -kept.made, kept.document


def _kept(kept: Kept) -> Mapping[str, Any]:
    row = timed(msgspec.structs.asdict(kept), "made", "until")
    sizes = row.pop("sizes")
    return {**row, "html_bytes": sizes["html"], "pdf_bytes": sizes["pdf"]}


def _job(job: Job) -> Mapping[str, Any]:
    return timed(msgspec.structs.asdict(job), "asked", "ended")
