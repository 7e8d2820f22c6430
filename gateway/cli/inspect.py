"""`cityloom status`, `ledger`, `series`, `read`: look at a gateway, running or not."""

import csv
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean, count
from gateway.cli.times import STEPS, parse_span, parse_time
from gateway.cli.view import status_view
from gateway.errors import CommandError

__all__ = ["ledger", "read", "series", "status"]

_WATCH_SECS = 0.5


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
                live.update(status_view(ask(settings, "status"), zone), refresh=True)
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
            _show_pairs({**found["record"], **found["counts"]})
        return 0
    found = ask(settings, "ledger")
    good = found["balanced"]
    if verify:
        found["verify"] = ask(settings, "verify")
        good = found["verify"]["agrees"]
    if json:
        print_json(found)
    else:
        _show_ledger(found)
    return 0 if good else 1


def series(pattern: str = "", /, *, config: Config = None, data_dir: DataDir = None, json: Json = False,
           limit: Annotated[int, Parameter(alias="-n")] = 50) -> int:  # fmt: skip
    """List the series whose device, quantity or profile contains a text.

    Parameters
    ----------
    pattern
        The text.
    limit
        How many at most.
    """
    found = ask(settings_of(config, data_dir), "series", pattern=pattern, limit=limit)
    if json:
        print_json({"series": found})
        return 0
    table = Table(box=None, header_style="dim")
    for name in ("device", "quantity", "unit", "profile"):
        table.add_column(name)
    for one in found:
        table.add_row(clean(one["device"]), one["quantity"], one["unit"], one["profile"])
    console().print(table)
    if not found:
        console().print("[dim]nothing matches; series appear with their first reading[/]")
    return 0


def read(
    device: str, quantity: str = "", /, *, config: Config = None, data_dir: DataDir = None,
    start: Annotated[str, Parameter(name="--from")] = "", end: Annotated[str, Parameter(name="--to")] = "",
    last: str = "1h", step: Annotated[str, Parameter(help=f"{', '.join(STEPS)}; readings where empty.")] = "",
    store: str = "", form: Annotated[Literal["table", "csv", "json"], Parameter(name="--format")] = "table",
    json: Json = False,
) -> int:  # fmt: skip
    """Read a device's readings or aggregates back from a store.

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
        As a table, CSV or JSON.
    """
    settings = settings_of(config, data_dir)
    zone = city_zone(settings)
    if step and step not in STEPS:
        raise CommandError(f"{step!r} is no step.", f"Give one of {', '.join(STEPS)}.", 2)
    found = ask(
        settings, "read", device=device, quantity=quantity, start=parse_time(start, zone), end=parse_time(end, zone),
        last=parse_span(last), step=STEPS.get(step, 0), store=store,
    )  # fmt: skip
    if json or form == "json":
        print_json(found)
    elif form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(found["columns"])
        writer.writerows(found["rows"])
    else:
        _show_rows(found, zone)
    return 0


def _show_rows(found: Mapping[str, Any], zone: tzinfo) -> None:
    table = Table(box=None, header_style="dim", caption=f"from {found['store']}", caption_style="dim")
    for name in found["columns"]:
        table.add_column(name, justify="left" if name in ("quantity", "unit", "time") else "right")
    place = found["columns"].index("time")
    for row in found["rows"]:
        cells = ["-" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row]
        when = datetime.fromtimestamp(row[place] / 1e9, zone)
        cells[place] = f"{when:%Y-%m-%d %H:%M:%S}.{row[place] // 1_000_000 % 1000:03d}"
        table.add_row(*cells)
    console().print(table)
    if not found["rows"]:
        console().print("[dim]nothing is stored in that time[/]")


def _show_ledger(found: Mapping[str, Any]) -> None:
    out = console()
    for balance in found["balances"]:
        off = balance["came"] - balance["accounted"]
        mark = Text("balanced", "green") if off == 0 else Text(f"OFF BY {off}", "bold red")
        out.print(
            Text.assemble(f"{balance['name']}: {balance['came']:,} came, {balance['accounted']:,} accounted  ", mark)
        )
    out.print()
    for book in ("messages", "readings"):
        out.print(Text(book, "bold"))
        _show_pairs(found[book])
        for name, reasons in found["reasons"].items():
            if name.startswith(book[:-1] + "."):
                out.print(Text(f"  {name.split('.')[1]} because of", "dim"))
                _show_pairs(reasons)
    for name, terms in found["profiles"].items():
        facts = ", ".join(f"{number:,} {term.replace('_', ' ')}" for term, number in terms.items() if number)
        out.print(Text.assemble((name, "bold"), f"  {facts}"))
    for name, check in found.get("verify", {}).get("stores", {}).items():
        good = Text("agrees", "green") if check["agrees"] else Text("DISAGREES", "bold red")
        facts = (
            check.get("problem") or f"{check['stored']:,} stored by the books, {check['distinct']:,} in the database"
        )
        out.print(Text.assemble((f"{name}: ", "bold"), clean(facts), "  ", good))


def _show_pairs(pairs: Mapping[str, Any]) -> None:
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in pairs.items():
        table.add_row(f"  {name}", count(value) if isinstance(value, int | float) else clean(_text(value)))
    console().print(table)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
