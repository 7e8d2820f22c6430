"""`cityloom incidents list|show`: everything that is wrong in the city, and what belongs together."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table
from rich.text import Text

from gateway.cli.alarms import PRIORITIES
from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean

__all__ = ["Limit", "listing", "plain_table", "priority_text", "show", "when"]

Limit = Annotated[int, Parameter(alias="-n", validator=Number(gte=1, lte=10_000), help="How many at most.")]
_SHORT = 12
"""So much of an id as people type: the minute and enough behind it."""


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False,
            open: Annotated[bool, Parameter(negative="", show_default=False, help="Only those that are not closed, the most urgent first.")] = False,  # noqa: A002, E501
            zone: Annotated[str, Parameter(help="Only those whose cause is in this zone.")] = "",
            domain: Annotated[str, Parameter(help="Only those that touch traffic, grid, water, gas, drainage or device.")] = "",  # noqa: E501
            limit: Limit = 50) -> int:  # fmt: skip
    """List incidents, the newest first."""
    settings = settings_of(config, data_dir)
    found = ask(settings, "incidents", open=open, zone=zone, domain=domain, limit=limit)
    if json:
        print_json({"incidents": found})
    elif not found:
        console().print("[dim]no incidents[/]")
    else:
        console().print(_table(found, city_zone(settings)))
    return 0


def show(incident: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Show one incident: its likely first cause, its alarms and reports, what happened.

    Parameters
    ----------
    incident
        Its id, or the first characters.
    """
    settings = settings_of(config, data_dir)
    found = ask(settings, "incident", id=incident)
    if json:
        print_json(found)
        return 0
    out, place = console(), city_zone(settings)
    if found["asked"] != found["incident"]:
        out.print(Text(f"{found['asked'][:_SHORT]} is part of this one.", "yellow"))
    out.print(_table([found], place))
    members = plain_table("began", "over", "what", "id", "kind", "asset")
    for part in found["members"]:
        first = part["part"] == found["cause"]
        kind = Text(part["kind"], "bold" if first else "").append(" (likely first cause)" if first else "")
        members.add_row(
            when(part["began"], place), "" if part["over"] is None else when(part["over"], place), part["part_type"],
            clean(part["part"]), kind, clean(part["asset"]),
        )  # fmt: skip
    out.print(members)
    history = plain_table("at", "change", "part", "asset")
    for change in found["history"]:
        history.add_row(
            when(change["at"], place), change["change"], Text(f"{change['part_kind']} {clean(change['part'])}".strip()),
            clean(change["part_asset"]),
        )  # fmt: skip
    out.print(history)
    return 0


def _table(incidents: Sequence[Mapping[str, Any]], place: tzinfo) -> Table:
    table = plain_table("id", "priority", "since", "state", "likely first cause", "zone", "domains", "parts")
    for one in incidents:
        stands = one["state"] == "open"
        cause = f"{one['cause_kind']} at {clean(one['cause_asset'])}" if one["cause_asset"] else one["cause_kind"]
        parts = f"{one['standing']} of {one['parts']}" + (f", {one['reports']} reported" if one["reports"] else "")
        table.add_row(
            one["incident"][:_SHORT], priority_text(one["priority"], standing=stands), when(one["since"], place),
            Text(one["state"], "bold" if stands else ""), Text(cause), clean(one["zone"]),
            one["domains"].replace(",", " "), parts,
        )  # fmt: skip
    return table


def plain_table(*columns: str) -> Table:
    """Without lines; times and ids stay whole, names are folded where the terminal is narrow."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        if name in ("id", "since", "began", "over", "at", "due", "priority"):
            table.add_column(name, no_wrap=True)
        else:
            table.add_column(name, overflow="fold")
    return table


def priority_text(priority: int, *, standing: bool) -> Text:
    """In colour where it needs somebody."""
    word, style = PRIORITIES.get(priority, ("", ""))
    return Text(word, style if standing else "dim")


def when(ns: int, place: tzinfo) -> str:
    """A time in the city."""
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, place):%Y-%m-%d %H:%M:%S}"
