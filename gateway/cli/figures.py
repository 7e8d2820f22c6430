"""`cityloom figures`: what conditions compute of assets: which there are, their newest values, how they went."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.rows import read_pages, rows_of, say_there_is_more, write_csv, write_json
from gateway.cli.text import clean
from gateway.cli.times import local_text, parse_span, parse_time

__all__ = ["figures"]

_LISTED = 1_000
"""More is nothing to look at."""
_MOST_LISTED = 10_000
"""More the desk doesn't list: a condition or a zone narrows."""
_DAY = "1d"


def figures(
    condition: str = "", /, *, config: Config = None, data_dir: DataDir = None,
    asset: Annotated[list[str] | None, Parameter(negative="")] = None, figure: str = "", zone: str = "",
    start: Annotated[str, Parameter(name="--from")] = "", end: Annotated[str, Parameter(name="--to")] = "",
    last: str = "", store: str = "",
    form: Annotated[Literal["table", "csv", "json"], Parameter(name="--format")] = "table",
    limit: Annotated[int | None, Parameter(alias="-n", validator=Number(gte=1), show_default=False)] = None,
    json: Json = False,
) -> int:  # fmt: skip
    """List the figures that conditions compute, with their newest values; or read them over a time.

    Parameters
    ----------
    condition
        Only those of this condition, such as traffic.congestion.
    asset
        Only those of this asset; may be given several times.
    figure
        Only this figure.
    zone
        Only those of this zone.
    start
        Read them from then on: RFC 3339 or local time of the city, such as 2026-03-02T07:00.
    end
        Read them up to then; the newest one where empty.
    last
        Read them for so long before the end, such as 6h, 7d; a day where only --to is given.
    store
        Read them from this store; the first one where empty.
    form
        As a table in the city's time; as CSV with times in UTC; or as JSON with times in UTC nanoseconds.
    limit
        How many rows at most, the earliest; rows of one time stay together. Without it 1,000 in a table or a list, and
        all of them over a time as CSV or JSON.
    """
    settings = settings_of(config, data_dir)
    place = city_zone(settings)
    form = "json" if json else form
    which = {"condition": condition, "assets": asset or [], "name": figure, "zone": zone}
    if not (start or end or last or store):
        most = min(limit or _LISTED, _MOST_LISTED)
        found = ask(settings, "figures", **which, limit=most + 1)
        return _list(found[:most], len(found) > most, form, place)
    question = which | {
        "start": parse_time(start, place), "end": parse_time(end, place), "last": parse_span(last or _DAY),
        "store": store,
    }  # fmt: skip
    pages = read_pages(
        lambda **page: ask(settings, "read_figures", **page), question,
        _LISTED if limit is None and form == "table" else limit,
    )  # fmt: skip
    if form == "json":
        write_json(pages)
        return 0
    more = write_csv(pages) if form == "csv" else _show(list(pages), place)
    say_there_is_more(more, form)
    return 0


def _list(found: Sequence[Mapping[str, Any]], more: bool, form: str, place: tzinfo) -> int:
    if form == "json":
        print_json({"figures": found, "more": more})
        return 0
    columns = ["condition", "asset", "zone", "figure", "unit", "time", "value"]
    rows = [
        [one["condition"], one["asset"], one["zone"], one["name"], one["unit"], one["ts"], one["value"]]
        for one in found
    ]  # fmt: skip
    if form == "csv":
        write_csv([{"columns": columns, "rows": rows, "next": None}])
    elif rows:
        console().print(_table(columns, rows, place))
    else:
        console().print("[dim]there are none; figures appear when a condition tells its first one[/]")
    if more:
        how = "-n shows more than" if len(rows) < _MOST_LISTED else "a condition, assets or a zone narrow these"
        console(stderr=form == "csv").print(f"[dim]and more: {how} {len(rows)}[/]")
    return 0


def _show(pages: Sequence[Mapping[str, Any]], place: tzinfo) -> int | None:
    """Gives from when on there is more."""
    rows = rows_of(pages)
    if rows:
        table = _table(pages[0]["columns"], rows, place)
        table.caption, table.caption_style, table.caption_justify = f"from {pages[0]['store']}", "dim", "left"
        console().print(table)
    more: int | None = pages[-1]["next"]
    return more


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]], place: tzinfo) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        if name in ("condition", "asset", "zone"):
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right" if name == "value" else "left", no_wrap=True)
    for *texts, ts, value in rows:
        table.add_row(*(Text(clean(text)) for text in texts), local_text(ts, place), f"{value:.6g}")
    return table
