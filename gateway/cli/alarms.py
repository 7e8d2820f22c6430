"""`cityloom alarms list|history|ack|shelve|...`: what needs somebody, what happened, and what people decide."""

import getpass
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import parse_span

__all__ = [
    "ack", "alarm_table", "comment", "history", "in_service", "listing", "out_of_service", "reset", "shelve",
    "unshelve",
]  # fmt: skip

_WIDE = 120
PRIORITIES = {1: ("critical", "bold white on red"), 2: ("high", "bold red"), 3: ("medium", "yellow"), 4: ("low", "")}
Limit = Annotated[int, Parameter(alias="-n", validator=Number(gte=1, lte=10_000), help="How many at most.")]
Priority = Annotated[
    int | None, Parameter(validator=Number(gte=1, lte=4), help="This one and more urgent ones: 1 critical to 4 low.")
]
Zone = Annotated[str, Parameter(help="Only those of this zone.")]
Domain = Annotated[str, Parameter(help="Only traffic, grid, water, gas, drainage or device.")]
Condition = Annotated[str, Parameter(help="Only this condition, such as gas.lel.")]
Asset = Annotated[str, Parameter(help="Only those of this asset or device.")]
Who = Annotated[str, Parameter(help="Who does it; your user name where not given.", show_default=False)]


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False, zone: Zone = "",
            domain: Domain = "", condition: Condition = "", asset: Asset = "",
            priority: Priority = None,
            all: Annotated[bool, Parameter(negative="", show_default=False, help="Closed ones too.")] = False,  # noqa: A002
            limit: Limit = 50) -> int:  # fmt: skip
    """List alarms that somebody should look at, the most urgent first."""
    settings = settings_of(config, data_dir)
    found = ask(
        settings, "alarms", everything=all, zone=zone, domain=domain, condition=condition, asset=asset,
        priority=priority, limit=limit,
    )  # fmt: skip
    if json:
        print_json({"alarms": found})
        return 0
    if not found:
        console().print("[dim]no alarms[/]")
        return 0
    out = console()
    out.print(alarm_table(found, city_zone(settings), out.width))
    return 0


def alarm_table(alarms: Sequence[Mapping[str, Any]], zone: tzinfo, width: int = _WIDE) -> Table:
    """A line an alarm; colour for what needs somebody only. Zones are shown where there is room."""
    zones = ("zone",) if width >= _WIDE else ()
    table = _table("id", "priority", "since", "state", "condition", "asset", *zones, "level", "value")
    for alarm in alarms:
        word, style = PRIORITIES.get(alarm["priority"], ("", ""))
        standing = alarm["state"] == "unacknowledged"
        again = f" x{alarm['repeats'] + 1}" if alarm.get("repeats") else ""
        table.add_row(
            _short(alarm["alarm"]), Text(word, style if standing else "dim"), _when(alarm["since"], zone),
            Text(alarm["state"].replace("_", " ") + again, "bold" if standing else ""), Text(alarm["condition"]),
            Text(clean(alarm["asset"])), *(Text(clean(alarm[name])) for name in zones), str(alarm["level"]),
            _figure(alarm["value"]),
        )  # fmt: skip
    return table


def history(alarm: str = "", /, *, config: Config = None, data_dir: DataDir = None, json: Json = False, zone: Zone = "",
            domain: Domain = "", condition: Condition = "", asset: Asset = "", limit: Limit = 50) -> int:  # fmt: skip
    """Show what happened to alarms, the newest first.

    Parameters
    ----------
    alarm
        Id of one alarm, or its first characters.
    """
    settings = settings_of(config, data_dir)
    found = ask(
        settings, "alarm_history", alarm=alarm, zone=zone, domain=domain, condition=condition, asset=asset, limit=limit
    )
    if json:
        print_json({"history": found})
        return 0
    if not found:
        console().print("[dim]nothing happened[/]")
        return 0
    place = city_zone(settings)
    table = _table("at", "id", "change", "condition", "asset", "value", "note")
    for change in found:
        what = change["change"].replace("_", " ")
        what += f" {change['level']}" if what == "level" else " (historic)" if change["historic"] else ""
        table.add_row(
            _when(change["at"], place), _short(change["alarm"]), what, Text(change["condition"]),
            Text(clean(change["asset"])), _figure(change["value"]), Text(_note(change, place)),
        )  # fmt: skip
    console().print(table)
    return 0


def _note(change: Mapping[str, Any], place: tzinfo) -> str:
    """Who, what they said, and until when."""
    until = f"until {_when(change['until'], place)}" if change["until"] and change["change"] == "shelved" else ""
    said = ": ".join(part for part in (clean(change["who"]), clean(change["text"])) if part)
    return ", ".join(part for part in (said, until) if part)


def reset(*alarms: str, config: Config = None, data_dir: DataDir = None, json: Json = False, who: Who = "") -> int:
    """Close alarms that are kept until somebody resets them (`latching`), once over and acknowledged."""
    return _act("reset", alarms, config, data_dir, json, who)


def ack(*alarms: str, config: Config = None, data_dir: DataDir = None, json: Json = False, who: Who = "") -> int:
    """Acknowledge alarms.

    Parameters
    ----------
    alarms
        Their ids, or the first characters.
    """
    return _act("ack", alarms, config, data_dir, json, who)


def shelve(*alarms: str, span: Annotated[str, Parameter(name="--for", help="For how long, such as 8h.")],
           reason: Annotated[str, Parameter(help="Why.")], config: Config = None, data_dir: DataDir = None,
           json: Json = False, who: Who = "") -> int:  # fmt: skip
    """Put alarms aside for a time; they come back by themselves.

    Parameters
    ----------
    alarms
        Their ids, or the first characters.
    """
    return _act("shelve", alarms, config, data_dir, json, who, reason, parse_span(span))


def unshelve(*alarms: str, config: Config = None, data_dir: DataDir = None, json: Json = False, who: Who = "") -> int:
    """Bring shelved alarms back."""
    return _act("unshelve", alarms, config, data_dir, json, who)


def comment(alarm: str, text: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False,
            who: Who = "") -> int:  # fmt: skip
    """Write something beside an alarm."""
    return _act("comment", (alarm,), config, data_dir, json, who, text)


def out_of_service(*alarms: str, reason: Annotated[str, Parameter(help="Why.")], config: Config = None,
                   data_dir: DataDir = None, json: Json = False, who: Who = "") -> int:  # fmt: skip
    """Take alarms out of service until somebody brings them back."""
    return _act("out_of_service", alarms, config, data_dir, json, who, reason)


def in_service(*alarms: str, config: Config = None, data_dir: DataDir = None, json: Json = False, who: Who = "") -> int:
    """Bring alarms back into service."""
    return _act("in_service", alarms, config, data_dir, json, who)


def _act(
    act: str, alarms: Sequence[str], config: Any, data_dir: Any, json: bool, who: str, text: str = "", secs: float = 0.0
) -> int:
    done = ask(
        settings_of(config, data_dir), "alarm_act", act=act, alarms=list(alarms), who=who or getpass.getuser(),
        text=text, for_secs=secs,
    )  # fmt: skip
    if json:
        print_json(done)
    else:
        what = ", ".join(f"{each['condition']} at {clean(each['asset'])}" for each in done["alarms"])
        when = "" if done["running"] else " (when the gateway starts: it does not run)"
        console().print(Text(f"{act.replace('_', ' ')}: {what}{when}"))
    return 0


def _table(*columns: str) -> Table:
    """Ids and words stay whole; long names are folded where the terminal is narrow."""
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        if name in ("condition", "asset", "zone", "note"):
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right" if name in ("level", "value") else "left", no_wrap=True)
    return table


def _short(alarm: str) -> str:
    """So much of an id as people type; the commands take it."""
    return alarm[:8]


def _when(ns: int, zone: tzinfo) -> str:
    when = datetime.fromtimestamp(ns // 1_000_000_000, zone)
    return f"{when:%m-%d %H:%M:%S}" if when.year == datetime.now(zone).year else f"{when:%Y-%m-%d %H:%M}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
