"""Figures of conditions: TPI of segments and zones, voltage compliance, balance of metered areas; newest, over time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.access.principal import Principal
from gateway.access.roles import Permission
from gateway.api.answers import columns_documented, documented, json_answer, tagged
from gateway.api.doors import LinkOf, needs, zones_of
from gateway.api.encoders import cursor_of, json_columns, stream_rows
from gateway.api.formats import Format, chosen
from gateway.api.models.figures import Figures, FigureValues
from gateway.api.paging import Cursor, Limit, after_of, paged
from gateway.api.problems import Problem
from gateway.api.slots import Slots
from gateway.api.spans import span_of
from gateway.api.streams import streamed, within
from gateway.api.times import From, To
from gateway.api.titles import titles_of
from gateway.link.link import Link
from gateway.link.pages import ColumnPage
from gateway.live.events import time_text
from gateway.runtime.asker import while_asked
from gateway.runtime.wire import MOST_ROWS

__all__ = ["router"]

router = APIRouter(tags=["figures"])
_WORDS = ("condition", "asset", "figure", "unit")

Reader = Annotated[Principal, needs(Permission.READINGS_READ)]
Condition = Annotated[str, Query(max_length=64, description="Name of the condition that it comes from.")]
Assets = Annotated[list[str], Query(max_length=1000, description="Assets, devices or zones that they are of.")]
Name = Annotated[str, Query(max_length=64, description="What it is, such as tpi or night_flow.", examples=["tpi"])]
Zones = Annotated[list[str], Query(max_length=100)]


class FigureName(msgspec.Struct, frozen=True, array_like=True):
    """A figure, in place of a series."""

    condition: str
    asset: str
    figure: str
    unit: str


@router.get("/figures", summary="Figures with their newest values", responses=documented(Figures, 400))
async def figures(
    request: Request, link: LinkOf, who: Reader, condition: Condition = "", asset: Assets = [],  # noqa: B006
    name: Name = "", zone: Zones = [], limit: Limit = 1_000, cursor: Cursor = "",  # noqa: B006
) -> Response:  # fmt: skip
    """By condition, asset and name. Of traffic `name=tpi` and `name=service`, of the grid the shares of voltage
    compliance, of metered areas `night_flow`, `leakage`, `loss_share`.
    """
    inside, after = zones_of(who, zone), after_of(cursor, str, str, str)
    found: list[dict[str, Any]] = []
    if inside != ():
        found = await link.ask(
            "figures", condition=condition, assets=asset, name=name, zones=inside or (), after=after, limit=limit + 1
        )  # fmt: skip
    rows, more = paged(found, limit, lambda row: (row["condition"], row["asset"], row["name"]))
    titles = await titles_of(link)
    out = [
        {
            "condition": row["condition"], "title": titles.get(row["condition"], row["condition"]),
            "asset": row["asset"], "zone": row["zone"], "name": row["name"], "unit": row["unit"],
            "time": time_text(row["ts"]), "value": row["value"],
        }
        for row in rows
    ]  # fmt: skip
    return json_answer(request, {"figures": out, "next": more})


@router.get(
    "/figures/values", summary="Figures over time", response_class=Response,
    responses=columns_documented(FigureValues, 400, 404, 406, 413),
)  # fmt: skip
async def figure_values(
    request: Request, link: LinkOf, who: Reader, condition: Condition = "", asset: Assets = [],  # noqa: B006
    name: Name = "", zone: Zones = [],  # noqa: B006
    start: From = "now-1d",
    to: To = "now",
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows of a JSON page.")] = 10_000,
    cursor: Annotated[str, Query(max_length=100)] = "",
    time: Annotated[str, Query(pattern="^(rfc3339|unix_ms)$", description="Times in JSON.")] = "rfc3339",
    format: Annotated[Format | None, Query(description="Instead of an Accept header.")] = None,  # noqa: A002
    store: Annotated[str, Query(max_length=32)] = "",
) -> Response:  # fmt: skip
    """JSON comes page by page; CSV, Arrow and Parquet as one stream of the whole span."""
    kind = chosen(request, format)
    inside = zones_of(who, zone)
    if inside == ():
        raise Problem("not-there", "There are no figures of these zones.", "The list of figures tells what there is.")
    begin, end = await span_of(link, start, to, cursor)
    which = {"condition": condition, "assets": asset, "name": name, "zones": inside or (), "store": store}
    read = partial(_page, link, which, end)
    slots: Slots = request.app.state.slots
    if kind is not Format.JSON:
        rows = stream_rows(within(slots, _pages(read, begin)), "ts", kind, _WORDS)
        return await streamed(slots.stream(rows), kind, "figures")
    async with slots.one():
        page = await while_asked(request, read(begin, limit))
    body = await asyncio.to_thread(
        json_columns, page, "ts", unix_ms=time == "unix_ms", called="figures", next=cursor_of(page.next, end)
    )
    return tagged(request, body)


async def _pages(read: Any, begin: int) -> AsyncIterator[ColumnPage]:
    at: int | None = begin
    while at is not None:
        page: ColumnPage = await read(at, MOST_ROWS)
        yield page
        at = page.next


async def _page(link: Link, which: dict[str, Any], end: int, start: int, limit: int) -> ColumnPage:
    found = await link.ask("read_figures", **which, start=start or 1, end=end, limit=limit)
    table, names = await asyncio.to_thread(_columns, found["rows"])
    return ColumnPage(table, names, found["store"], start, end, found["next"])


def _columns(rows: Sequence[Sequence[Any]]) -> tuple[pa.Table, list[FigureName]]:
    """Rows of (condition, asset, figure, unit, time, value) as columns, by figure and time."""
    places: dict[tuple[str, ...], int] = {}
    series = np.fromiter((places.setdefault(tuple(row[:4]), len(places)) for row in rows), np.int32, len(rows))
    order = np.argsort(series, kind="stable")
    times = np.array([row[4] for row in rows], np.int64)[order]
    values = np.array([row[5] for row in rows], np.float64)[order]
    table = pa.table({"series": series[order], "ts": times, "value": values})
    return table, [FigureName(*place) for place in places]
