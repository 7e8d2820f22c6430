"""Scenarios: which troubles and faults come when, as TOML. scenarios/README.md has the format."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from device_sims.city import City
from device_sims.faults import Fault, read_faults
from device_sims.troubles import KINDS, Place, Trouble

__all__ = ["Scenario", "load_scenario", "scenario_names"]

_KEYS = {
    "kind", "day", "at", "minutes", "size", "device", "asset", "zone", "expect", "alarm_at", "alarm_zone",
    "within_secs", "over_secs", "sentence", "also",
}  # fmt: skip
_NEEDED = ("kind", "at", "minutes", "sentence")
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script for the city."""

    name: str
    sentence: str
    """What an operator should see."""
    troubles: tuple[Trouble, ...]
    faults: tuple[Fault, ...] = ()


def scenario_names() -> list[str]:
    """The built-in ones."""
    found = (files("device_sims") / "scenarios").iterdir()
    return sorted(entry.name.removesuffix(".toml") for entry in found if entry.name.endswith(".toml"))


def load_scenario(name: str, city: City, origin: int) -> Scenario:
    """A built-in scenario, or one in a file.

    Args:
        origin: UTC ns; times of the script are local ones, `day` 0 is the local day of this moment.

    Raises:
        ValueError: there is no such scenario, or something is wrong in it; says what.
        OSError: the file can't be read.
    """
    if name in scenario_names():
        text = (files("device_sims") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    elif name.endswith(".toml"):
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise ValueError(f"there is no scenario {name!r}; write a file's name or one of {', '.join(scenario_names())}")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"scenario {name} is not TOML: {error}") from error
    span = partial(_span, zone=ZoneInfo(city.timezone), origin=origin)
    troubles = tuple(_troubles(document, name, city, span))
    faults = tuple(read_faults(document, name, city, span))
    return Scenario(str(document.get("name", name)), str(document.get("sentence", "")), troubles, faults)


def _span(table: Mapping[str, Any], where: str, *, zone: ZoneInfo, origin: int) -> tuple[int, int]:
    """Start and end (UTC ns) of a table with `day`, `at` and `minutes`."""
    first = datetime.fromtimestamp(origin / _NS, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    try:
        at = time.fromisoformat(str(table["at"]))
        local = first + timedelta(days=int(table.get("day", 0)), hours=at.hour, minutes=at.minute)
    except ValueError as error:
        raise ValueError(f"{where}.at {table['at']!r} is no time; write it such as 08:30") from error
    minutes = table["minutes"]
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not minutes > 0:
        raise ValueError(f"{where}.minutes must be a number above 0, not {minutes!r}")
    start = round(local.replace(tzinfo=zone).timestamp()) * _NS
    return start, start + round(minutes * 60) * _NS


def _troubles(
    document: Mapping[str, Any], name: str, city: City, span: Callable[[Mapping[str, Any], str], tuple[int, int]]
) -> Iterator[Trouble]:
    for k, table in enumerate(document.get("troubles", [])):
        where = f"scenario {name}: troubles[{k}]"
        if unknown := table.keys() - _KEYS:
            raise ValueError(f"{where}.{min(unknown)} is not known; there are {', '.join(sorted(_KEYS))}")
        if missing := [key for key in _NEEDED if key not in table]:
            raise ValueError(f"{where}.{missing[0]} is missing")
        if table["kind"] not in KINDS:
            raise ValueError(f"{where}.kind {table['kind']!r} is no trouble; there are {', '.join(KINDS)}")
        place = Place(*(str(table.get(key, "")) for key in ("device", "asset", "zone")))
        there = [device for device in city.devices if place.has(device)]
        if not there:
            raise ValueError(f"{where}: no device of the city is at {place.device or place.asset or place.zone!r}")
        start, end = span(table, where)
        yield Trouble(
            kind=table["kind"], place=place, start=start, end=end,
            size=float(table.get("size", 0.0)), expect=str(table.get("expect", "")),
            at=str(table.get("alarm_at") or place.device or place.asset or place.zone),
            zone=str(table.get("alarm_zone") or there[0].zone),
            within=round(float(table.get("within_secs", 0))) * _NS, over=round(float(table.get("over_secs", 0))) * _NS,
            sentence=str(table["sentence"]), also=tuple(map(str, table.get("also", ()))),
        )  # fmt: skip
