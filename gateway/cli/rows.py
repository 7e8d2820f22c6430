"""Rows of `cityloom read` and `figures` page by page: however many there are, one page of them is in memory."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.cli.output import console

__all__ = ["read_pages", "rows_of", "say_there_is_more", "utc_text", "write_csv", "write_json"]

_PAGE_ROWS = 20_000
"""Small enough to be no matter to a gateway at work."""


def read_pages(
    ask: Callable[..., Mapping[str, Any]], question: Mapping[str, Any], most: int | None
) -> Iterator[Mapping[str, Any]]:
    """The pages of an answer, at least one; `most` rows in all, None: as many as there are.

    The last page's `next` says from when on there is more.
    """
    asked, first = dict(question), True
    while True:
        page = ask(**asked, limit=_PAGE_ROWS if most is None else min(most, _PAGE_ROWS))
        if not first and most is not None and len(page["rows"]) > most:
            return  # an instant is given whole, and this one is too much
        first = False
        yield page
        if most is not None:
            most -= len(page["rows"])
        if page["next"] is None or (most is not None and most <= 0):
            return
        # the first page says which store and span it was
        asked.update(start=page["next"], end=page["end"], store=page["store"])


def rows_of(pages: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """All of them, for a table; says so where there are none."""
    rows = [row for page in pages for row in page["rows"]]
    if not rows:
        console().print("[dim]nothing is stored in that time; --from, --to and --last choose another[/]")
    return rows


def say_there_is_more(since: int | None, form: str) -> None:
    """None: there is nothing more. Not among rows as CSV, which may be on their way into a file."""
    if since is not None:
        console(stderr=form == "csv").print(
            f"[yellow]there is more:[/] go on with --from {utc_text(since)}, narrow --from and --to, or take more by -n"
        )


def write_csv(pages: Iterable[Mapping[str, Any]]) -> int | None:
    """Times as RFC 3339 with all their nanoseconds, in UTC: what spreadsheets and data frames read as a time.

    Gives from when on there is more.
    """
    writer, place, more = csv.writer(sys.stdout, lineterminator="\n"), -1, None
    for page in pages:
        if place < 0:
            writer.writerow(page["columns"])
            place = page["columns"].index("time")
        for row in page["rows"]:
            writer.writerow([*row[:place], utc_text(row[place]), *row[place + 1 :]])
        more = page["next"]
    return more


def write_json(pages: Iterable[Mapping[str, Any]]) -> None:
    """One object on one line, as if all rows were of one page."""
    out, last, between = sys.stdout, None, ""
    for page in pages:
        if last is None:
            head = {name: page[name] for name in ("store", "start", "end", "columns")}
            out.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": [')
        rows = json.dumps(page["rows"], ensure_ascii=False, allow_nan=False)[1:-1]
        if rows:
            out.write(between + rows)
            between = ", "
        last = page
    if last is not None:
        tail = {name: last[name] for name in ("truncated", "next")}
        out.write("], " + json.dumps(tail)[1:] + "\n")
        out.flush()


def utc_text(ns: int) -> str:
    """A time to the nanosecond, as `--from` takes it."""
    secs, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(secs, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
