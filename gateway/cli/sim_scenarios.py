"""`cityloom sim scenarios`: the scripts of what goes wrong in the simulated city."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Table

from device_sims.city.devices import City, load_city
from device_sims.faults import Fault
from device_sims.scenarios.scenario import Scenario, load_scenario, scenario_names
from device_sims.troubles.trouble import Place, Trouble
from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.errors import CommandError

__all__ = ["scenarios"]

_ORIGIN = 1_772_553_600_000_000_000
"""2026-03-04T00:00 in Guangzhou: scripts have times of the day only."""
_NS = 1_000_000_000


def scenarios(name: str = "", /, *, json: Json = False) -> int:
    """List the scenarios, or show one: when what goes wrong where, and what ought to be raised.

    Parameters
    ----------
    name
        One of them, or a file of your own that ends with .toml.
    json
        One JSON object as the last line.
    """
    city = load_city()
    try:
        found = [load_scenario(each, city, _ORIGIN) for each in ([name] if name else scenario_names())]
    except (ValueError, OSError) as error:
        raise CommandError(f"{error}.", "`cityloom sim scenarios` lists the built-in ones.", 2) from error
    if json:
        names = [name] if name else scenario_names()
        print_json({"scenarios": [_told(each, scenario, city) for each, scenario in zip(names, found, strict=True)]})
    elif name:
        _show_one(found[0], city)
    else:
        _show_all(found)
    return 0


def _told(name: str, scenario: Scenario, city: City) -> dict[str, Any]:
    return {
        "name": name, "title": scenario.name, "sentence": scenario.sentence,
        "troubles": [
            {"kind": each.kind, "place": _place(each.place), "from": _time(each.start, city),
             "to": _time(each.end, city), "size": each.size, "expect": each.expect, "sentence": each.sentence}
            for each in scenario.troubles
        ],
        "faults": [
            {"kind": each.name, "place": _where(each), "from": _time(each.start or 0, city),
             "to": _time(each.end or 0, city), "size": each.size, "share": each.share, "sentence": each.sentence}
            for each in scenario.faults
        ],
    }  # fmt: skip


def _show_all(found: list[Scenario]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("scenario")
    table.add_column("troubles", justify="right")
    table.add_column("faults", justify="right")
    table.add_column("what an operator should see")
    for name, scenario in zip(scenario_names(), found, strict=True):
        counts = (str(len(scenario.troubles)), str(len(scenario.faults)))
        table.add_row(name, *counts, escape(clean(scenario.sentence, 400)))
    console().print(table)


def _show_one(scenario: Scenario, city: City) -> None:
    out = console()
    out.print(f"[bold]{escape(clean(scenario.name, 200))}[/]: {escape(clean(scenario.sentence, 400))}")
    table = Table(box=None, pad_edge=False)
    for column in ("from", "to", "what", "where", "size", "expect", "sentence"):
        table.add_column(column, justify="right" if column == "size" else "left")
    events: list[Trouble | Fault] = sorted((*scenario.troubles, *scenario.faults), key=lambda each: each.start or 0)
    for each in events:
        kind, where, expect = (
            (each.kind, _place(each.place), each.expect) if isinstance(each, Trouble) else (each.name, _where(each), "")
        )
        cells = (kind, where, f"{each.size:g}", expect or "-", each.sentence)
        table.add_row(
            _time(each.start or 0, city), _time(each.end or 0, city), *(escape(clean(cell, 400)) for cell in cells)
        )
    out.print(table)


def _place(place: Place) -> str:
    return place.device or place.asset or place.zone or "everywhere"


def _where(fault: Fault) -> str:
    share = "" if fault.share >= 1.0 else f", {fault.share:.3g} of them"
    if fault.profile:
        return f"{fault.profile} at {_place(fault.place)}{share}"
    return _place(fault.place) + share


def _time(moment: int, city: City) -> str:
    """Time of day; with the number of days after the first one."""
    local = datetime.fromtimestamp(moment / _NS, ZoneInfo(city.timezone))
    first = datetime.fromtimestamp(_ORIGIN / _NS, ZoneInfo(city.timezone))
    days = (local.date() - first.date()).days
    return f"{local:%H:%M}" + (f" +{days} d" if days else "")
