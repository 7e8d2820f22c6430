"""`cityloom report add|list|show|advance`: what citizens report, and what becomes of it."""

import getpass
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.incidents import Limit, plain_table, priority_text, when
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import parse_time
from gateway.errors import CommandError

__all__ = ["add", "advance", "listing", "show"]

_LATER = " (when the gateway starts: it does not run)"
Who = Annotated[str, Parameter(help="Who does it; your user name where not given.", show_default=False)]
Contact = Annotated[str, Parameter(help="How to reach whoever reports; - reads it from standard input.")]


def add(text: str = "", /, *, kind: Annotated[str, Parameter(help="What it is about, such as no-water.")],
        at: Annotated[str, Parameter(help="Where: LON,LAT in degrees, such as 113.3265,23.1355.")] = "",
        asset: Annotated[str, Parameter(help="Where: an asset or a device.")] = "",
        zone: Annotated[str, Parameter(help="Where: a zone, if nothing nearer is known.")] = "",
        contact: Contact = "",
        id: Annotated[str, Parameter(help="Id of the case where it comes from; the same id again changes nothing.")] = "",  # noqa: A002, E501
        time: Annotated[str, Parameter(help="When it was reported, if not now.")] = "",
        config: Config = None, data_dir: DataDir = None, json: Json = False, who: Who = "") -> int:  # fmt: skip
    """Take down a report.

    Parameters
    ----------
    text
        What was said.
    """
    settings = settings_of(config, data_dir)
    lon, lat = _point(at)
    done = ask(
        settings, "report_add", kind=kind, text=text, id=id, lon=lon, lat=lat, asset=asset, zone=zone,
        contact=sys.stdin.readline().strip() if contact == "-" else contact,
        at=parse_time(time, city_zone(settings)) if time else 0, who=who or getpass.getuser(),
    )  # fmt: skip
    if json:
        print_json(done)
    elif done["known"]:
        console().print(Text(f"report {clean(done['report'])} is known already: nothing changed"))
    else:
        console().print(Text(f"report {clean(done['report'])} is taken{'' if done['running'] else _LATER}"))
    return 0


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False,
            kind: Annotated[str, Parameter(help="Only this kind.")] = "",
            zone: Annotated[str, Parameter(help="Only those of this zone.")] = "",
            late: Annotated[bool, Parameter(negative="", show_default=False, help="Only what is due soon or overdue.")] = False,  # noqa: E501
            all: Annotated[bool, Parameter(negative="", show_default=False, help="Resolved ones too, the newest first.")] = False,  # noqa: A002, E501
            limit: Limit = 50) -> int:  # fmt: skip
    """List reports that are not resolved, the most urgent first."""
    settings = settings_of(config, data_dir)
    found = ask(settings, "reports", everything=all, kind=kind, zone=zone, late=late, limit=limit)
    if json:
        print_json({"reports": found})
    elif not found:
        console().print("[dim]no reports[/]")
    else:
        console().print(_table(found, city_zone(settings)))
    return 0


def show(report: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False,
         contact: Annotated[bool, Parameter(negative="", show_default=False, help="Show the contact, which is masked otherwise.")] = False,  # noqa: E501
         ) -> int:  # fmt: skip
    """Show one report: what was said, what happened, until when something is to be done.

    Parameters
    ----------
    report
        Its id, or the first characters.
    """
    settings = settings_of(config, data_dir)
    found = ask(settings, "report", id=report, contact=contact)
    if json:
        print_json(found)
        return 0
    out, place = console(), city_zone(settings)
    out.print(_table([found], place))
    for name in ("text", "contact", "incident"):
        if found[name]:
            out.print(Text(f"{name}: ", "dim").append(clean(found[name], 2_000), "default"))
    table = plain_table("at", "change", "due", "note")
    for change in found["history"]:
        note = ": ".join(part for part in (clean(change["who"]), clean(change["note"], 2_000)) if part)
        table.add_row(when(change["at"], place), _words(change["change"]), _due(change, place), Text(note))
    out.print(table)
    return 0


def advance(report: str, state: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False,
            note: Annotated[str, Parameter(help="What is to be said about it.")] = "",
            act: Annotated[str, Parameter(help="Id of this act, where it may come twice.")] = "",
            who: Who = "") -> int:  # fmt: skip
    """Bring a report on.

    Parameters
    ----------
    report
        Its id, or the first characters.
    state
        accepted, dispatched, resolved, confirmed or reopened.
    """
    done = ask(
        settings_of(config, data_dir), "report_advance", id=report, state=state, note=note, act=act,
        who=who or getpass.getuser(),
    )  # fmt: skip
    if json:
        print_json(done)
    else:
        later = "" if done["running"] else _LATER
        console().print(Text(f"{done['state']}: report {clean(done['report'])}{later}"))
    return 0


def _table(reports: Sequence[Mapping[str, Any]], place: tzinfo) -> Table:
    table = plain_table("id", "priority", "since", "state", "kind", "where", "due", "incident")
    for one in reports:
        waits = one["state"] not in ("resolved", "confirmed")
        due = Text(_due(one, place), "bold red" if one["late"] == "overdue" else "yellow" if one["late"] else "")
        if one["late"]:
            due.append(f" {_words(one['late'])}")
        table.add_row(
            clean(one["report"]), priority_text(one["priority"], standing=waits), when(one["since"], place),
            Text(one["state"], "bold" if waits else ""), one["kind"], Text(_where(one)), due,
            (one["incident"] or "")[:12],
        )  # fmt: skip
    return table


def _where(report: Mapping[str, Any]) -> str:
    point = "" if report["lon"] is None else f"{report['lon']:.4f},{report['lat']:.4f}"
    return clean(" ".join(part for part in (report["asset"], point, report["zone"]) if part))


def _due(figures: Mapping[str, Any], place: tzinfo) -> str:
    return f"{figures['target']} by {when(figures['due'], place)}" if figures["due"] else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _point(text: str) -> tuple[float, float] | tuple[None, None]:
    if not text:
        return None, None
    lon, _, lat = text.partition(",")
    try:
        return float(lon), float(lat)
    except ValueError:
        raise CommandError(f"{text!r} is no point.", "Longitude comes first: --at 113.3265,23.1355.", 2) from None
