"""Scenarios: which troubles and faults come when, as TOML. scenarios/README.md has the format."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import partial
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from device_sims.city.copies import copy_name
from device_sims.city.devices import City, Device, load_city, seeds
from device_sims.faults import Fault, read_faults
from device_sims.faults.tables import number_of
from device_sims.troubles.kinds import SIZES
from device_sims.troubles.trouble import KINDS, Place, Trouble
from device_sims.world.holidays import is_free
from device_sims.world.noise import Noise
from device_sims.world.roads import load_roads, queue_reach
from device_sims.world.weather import Weather

__all__ = ["Scenario", "load_scenario", "scenario_names", "scenario_times"]

_KEYS = {
    "kind", "day", "at", "minutes", "size", "device", "asset", "zone", "expect", "alarm_at", "alarm_zone",
    "within_secs", "over_secs", "sentence", "also", "carriageway", "most_m",
}  # fmt: skip
_RUN_KEYS = {"from", "hours", "zones", "profiles", "step_secs", "dry"}
_TOP_KEYS = {"name", "sentence", "run", "troubles", "faults"}
_NEEDED = ("kind", "at", "minutes", "sentence")
_NS = 1_000_000_000
_DRAINS = 6 * 3600 * _NS
_MOST_HOURS = 8784.0
"""A year; there are as many of everything that is counted in a script."""
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

    dry: bool = False
    """Nothing is as it says if rain falls; it does by seed and date."""

    def of(self, city: City) -> City:
        """That part of the city."""
        return replace(city, devices=tuple(device for device in city.devices if self._has(device)))

    def times(self, city: City, now: int, seed: int = 1) -> tuple[int, int]:
        """When it begins and ends, UTC ns, where nobody says when: on the last working day before `now` that will do.

        Raises:
            ValueError: it rained too often in all of the year before.
        """
        zone, weather = ZoneInfo(city.timezone), Weather(Noise(seed, []))
        today = datetime.fromtimestamp(now / _NS, zone).date()
        for back in range(1, 367):
            day = today - timedelta(days=back)
            if is_free(day):
                continue
            begin = round((datetime.combine(day, time(), zone) + self.start).timestamp()) * _NS
            end = begin + round(self.hours * 3600) * _NS
            # what fell in the hours before still runs down the drains
            if not self.dry or np.ptp(weather.fallen(np.array([begin - _DRAINS, end]))) == 0.0:
                return begin, end
        raise ValueError(f"no {self.hours:g} hours without rain in the year before, with seed {seed}; give --origin")

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
    _check_shape(document, name)
    span = partial(_span, zone=ZoneInfo(city.timezone), origin=origin)
    extent = _extent(document.get("run", {}), name, city)
    part = extent.of(city)
    troubles = tuple(_troubles(document, name, city, part, span))
    faults = tuple(read_faults(document, name, part, span))
    return Scenario(str(document.get("name", name)), str(document.get("sentence", "")), troubles, faults, extent)


def _check_shape(document: Mapping[str, Any], name: str) -> None:
    """What isn't read must not be thought to be in force."""
    where = f"scenario {name}"
    if unknown := document.keys() - _TOP_KEYS:
        raise ValueError(f"{where}: {min(unknown)} is not known; there are {', '.join(sorted(_TOP_KEYS))}")
    if not isinstance(document.get("run", {}), dict):
        raise ValueError(f"{where}: run must be a table, [run]")
    for key in ("troubles", "faults"):
        tables = document.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise ValueError(f"{where}: {key} must be tables, [[{key}]]")


def scenario_times(name: str, now: int, seed: int = 1, devices: int | None = None) -> tuple[int, int]:
    """When a scenario begins and ends, UTC ns, where nobody says when: see `Extent.times`.

    Raises:
        ValueError, OSError: as `load_scenario`; or no day will do.
    """
    city = load_city(devices)
    return load_scenario(name, city, now).extent.times(city, now, seed)


def _extent(table: Mapping[str, Any], name: str, city: City) -> Extent:
    where = f"scenario {name}: run"
    if unknown := table.keys() - _RUN_KEYS:
        raise ValueError(f"{where}.{min(unknown)} is not known; there are {', '.join(sorted(_RUN_KEYS))}")
    begin = _time_of_day(table.get("from", "00:00"), f"{where}.from")
    extent = Extent(
        begin,
        number_of(table, "hours", where, 24.0),
        frozenset(_texts(table, "zones", where)),
        frozenset(_texts(table, "profiles", where)),
        number_of(table, "step_secs", where, 30.0),
        table.get("dry", False),
    )
    if not isinstance(extent.dry, bool):
        raise ValueError(f"{where}.dry must be true or false, not {extent.dry!r}")
    for key, value in (("hours", extent.hours), ("step_secs", extent.step_secs)):
        if not 0.0 < value <= _MOST_HOURS:
            raise ValueError(f"{where}.{key} must lie above 0 and up to {_MOST_HOURS:g}, not {value:g}")
    zones, profiles = ({getattr(device, key) for device in city.devices} for key in ("zone", "profile"))
    for key, wanted, there in (("zones", extent.zones, zones), ("profiles", extent.profiles, profiles)):
        if strange := wanted - there:
            raise ValueError(f"{where}.{key}: no device of the city has {min(strange)!r}")
    return extent


def _span(table: Mapping[str, Any], where: str, *, zone: ZoneInfo, origin: int) -> tuple[int, int]:
    """Start and end (UTC ns) of a table with `day`, `at` and `minutes`."""
    first = datetime.fromtimestamp(origin / _NS, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    day, minutes = number_of(table, "day", where, 0.0), number_of(table, "minutes", where)
    if day != round(day) or not 0 <= day <= _MOST_HOURS:
        raise ValueError(f"{where}.day must be a whole number from 0 on, not {table['day']!r}")
    if not 0.0 < minutes <= 60.0 * _MOST_HOURS:
        raise ValueError(f"{where}.minutes must be a number above 0, a year of them at most, not {minutes:g}")
    local = first + timedelta(days=day) + _time_of_day(table["at"], f"{where}.at")
    start = round(local.replace(tzinfo=zone).timestamp()) * _NS
    return start, start + round(minutes * 60) * _NS


def _troubles(
    document: Mapping[str, Any], name: str, city: City, part: City,
    span: Callable[[Mapping[str, Any], str], tuple[int, int]],
) -> Iterator[Trouble]:  # fmt: skip
    inside = _zones_inside({device.copy for device in part.devices})
    for k, table in enumerate(document.get("troubles", [])):
        where = f"scenario {name}: troubles[{k}]"
        if unknown := table.keys() - _KEYS:
            raise ValueError(f"{where}.{min(unknown)} is not known; there are {', '.join(sorted(_KEYS))}")
        if missing := [key for key in _NEEDED if key not in table]:
            raise ValueError(f"{where}.{missing[0]} is missing")
        if str(table["kind"]) not in KINDS:
            raise ValueError(f"{where}.kind {table['kind']!r} is no trouble; there are {', '.join(KINDS)}")
        zone = str(table.get("zone", ""))
        place = Place(str(table.get("device", "")), str(table.get("asset", "")), zone, frozenset(inside.get(zone, ())))
        there = [device for device in part.devices if place.has(device)]
        if not there:
            raise ValueError(f"{where}: no device of the city is at {place.device or place.asset or place.zone!r}")
        start, end = span(table, where)
        reach = _reach(table, city.devices, there[0].copy, where) if table["kind"] == "incident" else {}
        reached = {name for part in reach.values() for name in part}
        touched = [device for device in city.devices if device.id in reached] or there
        trouble = Trouble(
            kind=table["kind"], place=place, start=start, end=end,
            size=_size(table, where), expect=str(table.get("expect", "")),
            at=str(table.get("alarm_at") or place.device or place.asset or place.zone),
            zone=str(table.get("alarm_zone") or there[0].zone),
            within=_wait(table, "within_secs", where), over=_wait(table, "over_secs", where),
            sentence=str(table["sentence"]), also=_texts(table, "also", where),
            reach=reach, zones=tuple(sorted({device.zone for device in touched} | place.within)),
        )  # fmt: skip
        changed = {effect.profile for effect in trouble.effects}
        if changed and not changed & {device.profile for device in touched}:
            raise ValueError(f"{where}: no device there feels a {trouble.kind}; {_either(changed)} would")
        yield trouble


def _size(table: Mapping[str, Any], where: str) -> float:
    least, most = SIZES.get(table["kind"], (-inf, inf))
    size = number_of(table, "size", where, None if table["kind"] in SIZES else 0.0)
    if not least <= size <= most:
        raise ValueError(f"{where}.size of a {table['kind']} must lie from {least:g} to {most:g}, not {size:g}")
    return size


def _either(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))


def _wait(table: Mapping[str, Any], key: str, where: str) -> int:
    """Nanoseconds. What is expected needs a time until when, or nothing could meet it."""
    secs = number_of(table, key, where, 0.0)
    if not 0.0 <= secs <= 3600.0 * _MOST_HOURS or (secs == 0.0 and table.get("expect")):
        raise ValueError(f"{where}.{key} must be above 0 where an alarm is expected, not {secs:g}")
    return round(secs) * _NS


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"{where}.{key} must be a list of texts, not {found!r}")
    return tuple(found)


def _time_of_day(value: object, where: str) -> timedelta:
    try:
        at = time.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{where} {value!r} is no time; write it such as 08:30") from error
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _reach(table: Mapping[str, Any], devices: Sequence[Device], copy: int, where: str) -> dict[str, Any]:
    roads, asset = load_roads(copy), str(table.get("asset", ""))
    if asset not in roads:
        raise ValueError(f"{where}: an incident needs `asset`, a road segment, not {asset!r}")
    carriageway = table.get("carriageway", 1)
    if carriageway not in (1, 2):
        raise ValueError(f"{where}.carriageway must be 1 or 2, not {carriageway!r}")
    return queue_reach(roads, devices, asset, carriageway, number_of(table, "most_m", where, _MOST_M))


def _zones_inside(copies: Iterable[int]) -> dict[str, list[str]]:
    """Feeders and metered areas of each district, also of the copies of the city."""
    out: dict[str, list[str]] = {}
    for copy in copies:
        for zone, district in seeds().district_of.items():
            if zone != district:
                out.setdefault(copy_name(district, copy), []).append(copy_name(zone, copy))
    return out
