"""Readings and aggregates of many series: pages as JSON, all of it as CSV, Arrow or Parquet, thinned for charts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, NamedTuple

import pyarrow as pa
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import columns_documented, tagged
from gateway.api.doors import LinkOf, needs
from gateway.api.encoders import cursor_of, json_columns, stream_rows
from gateway.api.formats import Format, chosen
from gateway.api.models.readings import Readings
from gateway.api.problems import Problem
from gateway.api.series import check_zones, named_series
from gateway.api.slots import Slots
from gateway.api.spans import span_of
from gateway.api.streams import streamed, within
from gateway.api.thinning import thinned
from gateway.api.times import STEPS, From, To, step_of
from gateway.link.link import Link, Series
from gateway.link.pages import ColumnPage
from gateway.runtime.asker import while_asked

__all__ = ["router"]

router = APIRouter(tags=["readings"])
_PAGE_ROWS = 50_000
"""Of a stream: what is in memory at a time."""
_PER_POINT = 4

Devices = Annotated[
    list[str],
    Query(max_length=1000, description="Ids of devices: all their quantities.", examples=[["loop-0001"]]),
]
SeriesNames = Annotated[
    list[str],
    Query(
        max_length=1000, description="Series as device:quantity; what is behind the last colon is the quantity.",
        examples=[["loop-0001:speed", "loop-0002:speed"]],
    ),
]  # fmt: skip


class Question(NamedTuple):
    """What is asked for."""

    series: Sequence[Series]
    start: int
    end: int
    step: int
    store: str


@router.get(
    "/readings",
    summary="Readings, or windows of them, of many series",
    response_class=Response,
    responses=columns_documented(Readings, 400, 404, 406, 413),
)  # fmt: skip
async def readings(
    request: Request, link: LinkOf, who: Annotated[Principal, needs(Permission.READINGS_READ)],
    device: Devices = [], series: SeriesNames = [], start: From = "now-1h", to: To = "now",  # noqa: B006
    step: Annotated[str, Query(description="raw, or windows of " + ", ".join(STEPS))] = "raw",
    points: Annotated[int, Query(ge=0, le=100_000, description="Thin each series to about so many, for a chart.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500_000, description="Rows of a JSON page.")] = 10_000,
    cursor: Annotated[str, Query(max_length=100, description="`next` of the page before.")] = "",
    time: Annotated[str, Query(pattern="^(rfc3339|unix_ms)$", description="Times in JSON.")] = "rfc3339",
    format: Annotated[Format | None, Query(description="Instead of an Accept header.")] = None,  # noqa: A002
    store: Annotated[str, Query(max_length=32, description="Of several databases: which.")] = "",
) -> Response:  # fmt: skip
    """JSON comes page by page; CSV, Arrow and Parquet as one stream of the whole span. Values are in the canonical unit
    of the series; `flag` is QARTOD (1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing), `why` the checks that
    objected, a bit each. Windows have the statistics, the revision, and whether they are `pending` (to be computed
    again).
    """
    kind = chosen(request, format)
    question = await _question(link, who, device, series, start, to, step, cursor, store)
    column = "ts" if question.step == 0 else "start"
    slots: Slots = request.app.state.slots
    if kind is not Format.JSON:
        pages = within(slots, _thinned_pages(link, question, points) if points else _pages(link, question))
        rows = slots.stream(stream_rows(pages, column, kind))
        return await while_asked(request, streamed(rows, kind, "readings"))
    async with slots.one():
        if points:
            reading = _thinned(link, question, points)
        else:
            reading = _read(link, question, question.start, min(limit, link.settings.web.max_points))
        page = await while_asked(request, reading)
    more = cursor_of(page.next, question.end)
    body = await asyncio.to_thread(
        json_columns, page, column, unix_ms=time == "unix_ms", step=step, thinned=bool(points), next=more
    )
    return tagged(request, body)


async def _question(
    link: Link, who: Principal, device: Sequence[str], series: Sequence[str], start: str, to: str, step: str,
    cursor: str, store: str,
) -> Question:  # fmt: skip
    named = named_series(device, series, link.settings.web.max_series)
    if not named:
        raise Problem("wrong-question", "Which series?", "Name device= or series=device:quantity, several if need be.")
    await check_zones(link, who, named)
    begin, end = await span_of(link, start, to, cursor)
    return Question(named, begin, end, step_of(step), store)


async def _read(link: Link, question: Question, start: int, limit: int) -> ColumnPage:
    return await link.read(question.series, start, question.end, step=question.step, limit=limit, store=question.store)


async def _pages(link: Link, question: Question) -> AsyncIterator[ColumnPage]:
    at: int | None = question.start
    while at is not None:
        page = await _read(link, question, at, _PAGE_ROWS)
        yield page
        at = page.next


async def _thinned_pages(link: Link, question: Question, points: int) -> AsyncIterator[ColumnPage]:
    yield await _thinned(link, question, points)


async def _thinned(link: Link, question: Question, points: int) -> ColumnPage:
    """One page of all; what would have to be read for it is bounded."""
    most = link.settings.web.max_points
    page = await _read(link, question, question.start, most)
    if page.next is not None:
        raise Problem(
            "too-much", f"More than {most} rows would have to be read to thin them.",
            "Ask for windows (step=15m), for a shorter span, or for fewer series.",
        )  # fmt: skip
    value, time = ("value", "ts") if question.step == 0 else ("mean", "start")
    table: pa.Table = await asyncio.to_thread(thinned, page.table, value, time, points)
    return ColumnPage(table, page.names, page.store, page.start, page.end, None)
