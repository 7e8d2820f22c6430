"""Scenarios: which troubles and faults come when, as TOML. scenarios/README.md has the format."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from device_sims.city import City, Device, load_city, seeds
from device_sims.faults import Fault, read_faults
from device_sims.holidays import is_free
from device_sims.roads import load_roads, queue_reach
from device_sims.troubles import KINDS, Place, Trouble

__all__ = ["Scenario", "load_scenario", "scenario_names", "scenario_times"]

_KEYS = {
    "kind", "day", "at", "minutes", "size", "device", "asset", "zone", "expect", "alarm_at", "alarm_zone",
    "within_secs", "over_secs", "sentence", "also", "carriageway", "most_m",
}  # fmt: skip
_RUN_KEYS = {"from", "hours", "zones", "profiles", "step_secs"}
_NEEDED = ("kind", "at", "minutes", "sentence")
_NS = 1_000_000_000
_MOST_M = 4000.0
"""A queue grows no longer than this: drivers take other roads."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of the city a scenario is about: enough to see it, and no more. Empty: all of it."""

    start: timedelta = timedelta()
    """Since the local midnight of the run's first day."""
    hours: float = 24.0
    zones: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    step_secs: float = 30.0
    """What `cityloom replay --step` may take at a time: long scenarios of few devices take more."""

    def of(self, city: City) -> City:
        """That part of the city."""
        return replace(city, devices=tuple(device for device in city.devices if self._has(device)))

    def times(self, city: City, now: int) -> tuple[int, int]:
        """When it begins and ends, UTC ns, where nobody says when: on the last working day before `now`."""
        zone = ZoneInfo(city.timezone)
        day = datetime.fromtimestamp(now / _NS, zone).date() - timedelta(days=1)
        while is_free(day):
            day -= timedelta(days=1)
        midnight = datetime.combine(day, time(), zone)
        begin = round((midnight + self.start).timestamp()) * _NS
        return begin, begin + round(self.hours * 3600) * _NS

    def _has(self, device: Device) -> bool:
        return (not self.zones or device.zone in self.zones) and (not self.profiles or device.profile in self.profiles)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script for the city."""

    name: str
    sentence: str
    """What an operator should see."""
    troubles: tuple[Trouble, ...]
    faults: tuple[Fault, ...] = ()
    extent: Extent = Extent()


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
    extent = _extent(document.get("run", {}), name, city)
    part = extent.of(city)
    troubles = tuple(_troubles(document, name, city, part, span))
    faults = tuple(read_faults(document, name, part, span))
    return Scenario(str(document.get("name", name)), str(document.get("sentence", "")), troubles, faults, extent)


def scenario_times(name: str, now: int) -> tuple[int, int]:
    """When a scenario begins and ends, UTC ns, where nobody says when: on the last working day before `now`.

    Raises:
        ValueError, OSError: as `load_scenario`.
    """
    city = load_city()
    return load_scenario(name, city, now).extent.times(city, now)


def _extent(table: Mapping[str, Any], name: str, city: City) -> Extent:
    where = f"scenario {name}: run"
    if unknown := table.keys() - _RUN_KEYS:
        raise ValueError(f"{where}.{min(unknown)} is not known; there are {', '.join(sorted(_RUN_KEYS))}")
    begin = _time_of_day(table.get("from", "00:00"), f"{where}.from")
    extent = Extent(
        begin,
        float(table.get("hours", 24.0)),
        frozenset(table.get("zones", ())),
        frozenset(table.get("profiles", ())),
        float(table.get("step_secs", 30.0)),
    )
    if extent.hours <= 0.0:
        raise ValueError(f"{where}.hours must be above 0, not {extent.hours:g}")
    zones, profiles = ({getattr(device, key) for device in city.devices} for key in ("zone", "profile"))
    for key, wanted, there in (("zones", extent.zones, zones), ("profiles", extent.profiles, profiles)):
        if strange := wanted - there:
            raise ValueError(f"{where}.{key}: no device of the city has {min(strange)!r}")
    return extent


def _span(table: Mapping[str, Any], where: str, *, zone: ZoneInfo, origin: int) -> tuple[int, int]:
    """Start and end (UTC ns) of a table with `day`, `at` and `minutes`."""
    first = datetime.fromtimestamp(origin / _NS, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    local = first + timedelta(days=int(table.get("day", 0))) + _time_of_day(table["at"], f"{where}.at")
    minutes = table["minutes"]
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not minutes > 0:
        raise ValueError(f"{where}.minutes must be a number above 0, not {minutes!r}")
    start = round(local.replace(tzinfo=zone).timestamp()) * _NS
    return start, start + round(minutes * 60) * _NS


def _troubles(
    document: Mapping[str, Any], name: str, city: City, part: City,
    span: Callable[[Mapping[str, Any], str], tuple[int, int]],
) -> Iterator[Trouble]:  # fmt: skip
    inside = _zones_inside()
    for k, table in enumerate(document.get("troubles", [])):
        where = f"scenario {name}: troubles[{k}]"
        if unknown := table.keys() - _KEYS:
            raise ValueError(f"{where}.{min(unknown)} is not known; there are {', '.join(sorted(_KEYS))}")
        if missing := [key for key in _NEEDED if key not in table]:
            raise ValueError(f"{where}.{missing[0]} is missing")
        if table["kind"] not in KINDS:
            raise ValueError(f"{where}.kind {table['kind']!r} is no trouble; there are {', '.join(KINDS)}")
        zone = str(table.get("zone", ""))
        place = Place(str(table.get("device", "")), str(table.get("asset", "")), zone, frozenset(inside.get(zone, ())))
        there = [device for device in part.devices if place.has(device)]
        if not there:
            raise ValueError(f"{where}: no device of the city is at {place.device or place.asset or place.zone!r}")
        start, end = span(table, where)
        reach = _reach(table, city.devices, where) if table["kind"] == "incident" else {}
        reached = {name for part in reach.values() for name in part}
        touched = [device for device in city.devices if device.id in reached] or there
        yield Trouble(
            kind=table["kind"], place=place, start=start, end=end,
            size=float(table.get("size", 0.0)), expect=str(table.get("expect", "")),
            at=str(table.get("alarm_at") or place.device or place.asset or place.zone),
            zone=str(table.get("alarm_zone") or there[0].zone),
            within=round(float(table.get("within_secs", 0))) * _NS, over=round(float(table.get("over_secs", 0))) * _NS,
            sentence=str(table["sentence"]), also=tuple(map(str, table.get("also", ()))),
            reach=reach, zones=tuple(sorted({device.zone for device in touched} | place.within)),
        )  # fmt: skip


def _time_of_day(value: object, where: str) -> timedelta:
    try:
        at = time.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{where} {value!r} is no time; write it such as 08:30") from error
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _reach(table: Mapping[str, Any], devices: Sequence[Device], where: str) -> dict[str, Any]:
    roads, asset = load_roads(), str(table.get("asset", ""))
    if asset not in roads:
        raise ValueError(f"{where}: an incident needs `asset`, a road segment, not {asset!r}")
    carriageway = table.get("carriageway", 1)
    if carriageway not in (1, 2):
        raise ValueError(f"{where}.carriageway must be 1 or 2, not {carriageway!r}")
    return queue_reach(roads, devices, asset, carriageway, float(table.get("most_m", _MOST_M)))


def _zones_inside() -> dict[str, list[str]]:
    """Feeders and metered areas of each district."""
    out: dict[str, list[str]] = {}
    for zone, district in seeds().district_of.items():
        if zone != district:
            out.setdefault(district, []).append(zone)
    return out
