"""`cityloom status`, `ledger`, `series`, `read`: look at a gateway, running or not."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.ledger_view import device_view, ledger_view
from gateway.cli.output import console, print_json
from gateway.cli.rows import read_pages, rows_of, say_there_is_more, write_csv, write_json
from gateway.cli.text import clean
from gateway.cli.times import STEPS, local_text, parse_span, parse_time
from gateway.cli.view import status_view
from gateway.errors import CommandError
from processors.flags import Flag, Why

__all__ = ["ledger", "read", "series", "status"]

_WATCH_SECS = 0.5
_TABLE_ROWS = 1_000
"""More is nothing to look at."""
_STEP_HELP = (
    f"Aggregates of {', '.join(STEPS)}; readings where empty. p50 and p95 of 15m and longer are estimates within 2 %; "
    "those of shorter windows, and all other statistics, are exact."
)
_LEFT = frozenset({"quantity", "unit", "time", "flag", "why"})


def status(*, config: Config = None, data_dir: DataDir = None, json: Json = False,
           watch: Annotated[bool, Parameter(negative="", show_default=False)] = False) -> int:  # fmt: skip
    """Show rates, queues, stores and ledger of a gateway.

    Parameters
    ----------
    watch
        Keep looking until Ctrl-C.
    """
    settings = settings_of(config, data_dir)
    found = ask(settings, "status")
    if json:
        print_json(found)
    elif watch:
        zone = city_zone(settings)
        with Live(status_view(found, zone), console=console(), screen=False, auto_refresh=False) as live:
            while True:
                time.sleep(_WATCH_SECS)
                try:
                    shown = status_view(ask(settings, "status"), zone)
                except CommandError as error:  # it starts or stops just now: what was seen last stays
                    shown = Group(status_view(found, zone), Text(error.problem, "yellow"))
                live.update(shown, refresh=True)
    else:
        console().print(status_view(found, city_zone(settings)))
    return 0


def ledger(*, config: Config = None, data_dir: DataDir = None, json: Json = False, device: str = "",
           verify: Annotated[bool, Parameter(negative="", show_default=False)] = False) -> int:  # fmt: skip
    """Show the account of every message and reading. Exit code 1 where it does not balance.

    Parameters
    ----------
    device
        One device's account instead.
    verify
        Compare what the books call stored with the distinct keys in each database.
    """
    settings = settings_of(config, data_dir)
    if device:
        found = ask(settings, "device_ledger", device=device)
        if json:
            print_json(found)
        else:
            console().print(device_view(found, city_zone(settings)))
        return 0
    found = ask(settings, "ledger")
    good = found["balanced"]
    if verify:
        found["verify"] = ask(settings, "verify")
        good = good and found["verify"]["agrees"]
    if json:
        print_json(found)
    else:
        console().print(ledger_view(found))
    return 0 if good else 1


def series(pattern: str = "", /, *, config: Config = None, data_dir: DataDir = None, json: Json = False,
           limit: Annotated[int, Parameter(alias="-n", validator=Number(gte=1))] = 50) -> int:  # fmt: skip
    """List the series whose device, quantity or profile contains a text.

    Parameters
    ----------
    pattern
        The text; all series where there is none.
    limit
        How many at most.
    """
    found = ask(settings_of(config, data_dir), "series", pattern=pattern, limit=limit + 1)
    more = len(found) > limit
    found = found[:limit]
    if json:
        print_json({"series": found, "more": more})
        return 0
    if not found:
        console().print("[dim]nothing matches; series appear with their first reading[/]")
        return 0
    table = Table(box=None, header_style="dim")
    for name in ("device", "quantity", "unit", "profile"):
        table.add_column(name)
    for one in found:
        table.add_row(clean(one["device"]), one["quantity"], one["unit"], one["profile"])
    console().print(table)
    if more:
        console().print(f"[dim]and more: -n shows more than {limit}[/]")
    return 0


def read(
    device: str, quantity: str = "", /, *, config: Config = None, data_dir: DataDir = None,
    start: Annotated[str, Parameter(name="--from")] = "", end: Annotated[str, Parameter(name="--to")] = "",
    last: str = "1h", step: Annotated[str, Parameter(help=_STEP_HELP)] = "", store: str = "",
    form: Annotated[Literal["table", "csv", "json"], Parameter(name="--format")] = "table",
    limit: Annotated[int | None, Parameter(alias="-n", validator=Number(gte=1), show_default=False)] = None,
    json: Json = False,
) -> int:  # fmt: skip
    """Read a device's readings or aggregates back from a store, in order of time.

    Parameters
    ----------
    device
        Its id.
    quantity
        One of its quantities; all where empty.
    start
        RFC 3339 or local time of the city, such as 2026-03-02T07:00.
    end
        The same; the newest reading where empty.
    last
        Without --from: how long before the end, such as 30m, 6h, 2d.
    store
        Which store; the first one where empty.
    form
        As a table in the city's time; as CSV with times in UTC; or as JSON with times in UTC nanoseconds.
    limit
        How many rows at most, the earliest; rows of one time stay together. Without it 1,000 in a table, and all of
        them as CSV or JSON, however many.
    """
    settings = settings_of(config, data_dir)
    zone = city_zone(settings)
    if step and step not in STEPS:
        raise CommandError(f"{step!r} is no step.", f"Give one of {', '.join(STEPS)}.", 2)
    as_json = json or form == "json"
    question = {
        "device": device, "quantity": quantity, "start": parse_time(start, zone), "end": parse_time(end, zone),
        "last": parse_span(last), "step": STEPS.get(step, 0), "store": store,
    }  # fmt: skip
    most = _TABLE_ROWS if limit is None and form == "table" and not as_json else limit
    pages = read_pages(lambda **page: ask(settings, "read", **page), question, most)
    if as_json:
        write_json(pages)
        return 0
    more = write_csv(pages) if form == "csv" else _show_rows(list(pages), zone)
    say_there_is_more(more, form)
    return 0


def _show_rows(pages: Sequence[Mapping[str, Any]], zone: tzinfo) -> int | None:
    """Gives from when on there is more."""
    rows = rows_of(pages)
    if not rows:
        return None
    columns = pages[0]["columns"]
    waits = columns[-1] == "pending"
    if waits and not any(row[-1] for row in rows):
        columns, waits = columns[:-1], False
    table = Table(box=None, header_style="dim", caption=f"from {pages[0]['store']}", caption_style="dim",
                  caption_justify="left")  # fmt: skip
    for name in columns:
        table.add_column(name, justify="left" if name in _LEFT else "right")
    shown: dict[str, Callable[[Any], str | Text]] = {
        "time": partial(local_text, zone=zone), "flag": _flag, "why": _why,
        "pending": lambda value: "yes" if value else "",
    }  # fmt: skip
    for row in rows:
        table.add_row(*(shown.get(name, _figure)(cell) for name, cell in zip(columns, row, strict=False)))
    console().print(table)
    if waits:
        console().print("[dim]pending: a late reading came, and the window will be computed again[/]")
    more: int | None = pages[-1]["next"]
    return more


def _flag(flag: int) -> Text:
    name = Flag(flag).name.lower() if flag in set(Flag) else str(flag)
    return Text(name, "" if flag == Flag.GOOD else "yellow")


def _why(bits: int) -> str:
    return ", ".join(str(bit.name).lower() for bit in Why(bits)) if bits else ""


def _figure(cell: Any) -> str:
    return "-" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else clean(str(cell))
