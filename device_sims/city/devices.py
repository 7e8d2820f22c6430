"""The simulators' own reading of the seeds, and how they go on: a fixed sequence of devices without end.

    0 ... 466         467 ...                                                 934 ...
    the seeds'        first copy: all of a district, then of the next one     second copy

A city of N devices has the first N, so a larger one has all that a smaller one has. The seeds' own devices come spread
evenly over the kinds. copies.py has the names of what is copied.
"""

import csv
import io
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, NamedTuple

from device_sims.city.copies import copy_key, copy_name
from device_sims.world.local_time import SECOND, LocalTime
from seeds import city_text, devices_text, profile_texts

__all__ = ["MOST_DEVICES", "City", "Device", "Seeds", "devices_of_copy", "load_city", "place_of", "seeds"]

MOST_DEVICES = 1_000_000
"""A larger city would run out of places on the map."""


@dataclass(frozen=True, slots=True)
class Device:
    """One line of devices.csv, or of a copy of it."""

    id: str
    profile: str
    key: str
    zone: str
    extra: dict[str, str]
    """Never changed: the copies of a device share it."""
    asset: str = ""
    number: int = 0
    """Its place in the sequence of all devices."""
    copy: int = 0
    """Which copy of the seeds it is in; 0: the seeds themselves."""


@dataclass(frozen=True, slots=True)
class City:
    """What the fleet needs to know."""

    timezone: str
    devices: tuple[Device, ...]
    intervals: dict[str, int]
    """Nanoseconds between two messages of a device, by profile."""

    @property
    def local(self) -> LocalTime:
        """Local time of the city."""
        return LocalTime(self.timezone)


class Seeds(NamedTuple):
    """The seeds, parsed."""

    city: dict[str, Any]
    lines: tuple[dict[str, str], ...]
    """Of devices.csv."""
    order: tuple[int, ...]
    """Lines in the order in which the seeds' own devices come."""
    copied: tuple[int, ...]
    """Lines in the order in which those of a copy come."""
    district_of: dict[str, str]
    """By zone."""


@cache
def seeds() -> Seeds:
    """City and devices as they are in the package."""
    city = tomllib.loads(city_text())
    lines = tuple(csv.DictReader(io.StringIO(devices_text())))
    district_of = {zone["id"]: zone.get("parent", zone["id"]) for zone in city["zones"]}
    by_district: dict[str, list[int]] = {zone["id"]: [] for zone in city["zones"] if zone["kind"] == "district"}
    for place, line in enumerate(lines):
        by_district[district_of[line["zone"]]].append(place)
    copied = [place for places in by_district.values() for place in _spread(places, lines)]
    return Seeds(city, lines, tuple(_spread(range(len(lines)), lines)), tuple(copied), district_of)


def place_of(number: int) -> tuple[int, int]:
    """Copy, and line of devices.csv, of a device of the sequence."""
    known = seeds()
    copy, rest = divmod(number, len(known.lines))
    return copy, (known.copied if copy else known.order)[rest]


def load_city(devices: int | None = None, *, recordings: bool = True) -> City:
    """The city with the devices of the seeds, or the first `devices` of the sequence.

    Without `recordings` those that play a recorded day are simulated too: a day of which everything is known.

    Raises:
        ValueError: none are wanted, or more than a million.
    """
    known = seeds()
    wanted = len(known.lines) if devices is None else devices
    if not 0 < wanted <= MOST_DEVICES:
        raise ValueError(f"a city has 1 to {MOST_DEVICES:,} devices; {wanted} can't be simulated")
    profiles = {name: tomllib.loads(text) for name, text in profile_texts().items()}
    intervals = {name: int(profile["interval_secs"] * SECOND) for name, profile in profiles.items()}
    chosen = tuple(islice(_sequence(recordings=recordings), wanted))
    return City(known.city["city"]["timezone"], chosen, intervals)


@lru_cache(maxsize=64)
def devices_of_copy(copy: int) -> tuple[Device, ...]:
    """All devices of a copy, those included that a small city doesn't have."""
    size = len(seeds().lines)
    return tuple(islice(_sequence(copy, recordings=True), size))


def _sequence(copy: int = 0, *, recordings: bool) -> Iterator[Device]:
    """The devices from a copy on, without end."""
    known = seeds()
    limits = {segment["id"]: f"{segment['free_flow_kmh']}" for segment in known.city["segments"]}
    extras = [_extra(line, limits, recordings=recordings) for line in known.lines]
    while True:
        # one text for all that name it: a million devices have to fit
        names = {name: copy_name(name, copy) for line in known.lines for name in (line["zone"], line["asset"])}
        for rest, place in enumerate(known.copied if copy else known.order):
            line = known.lines[place]
            name = copy_name(line["id"], copy)
            key = copy_key(line["keys"].split()[0], copy)
            yield Device(
                name, line["profile"], key, names[line["zone"]], extras[place], names[line["asset"]],
                copy * len(known.lines) + rest, copy,
            )  # fmt: skip
        copy += 1


def _extra(line: dict[str, str], limits: dict[str, str], *, recordings: bool) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in line["extra"].split())
    told = {name: value for name, value in pairs if recordings or name != "recording"}
    return {"free_flow_kmh": limits.get(line["asset"], "60")} | told


def _spread(places: Iterable[int], lines: tuple[dict[str, str], ...]) -> list[int]:
    """Lines such that any first part of them has each kind in proportion, and of a kind the first ones."""
    every = list(places)
    total = Counter(lines[place]["profile"] for place in every)
    seen: Counter[str] = Counter()
    keyed = []
    for place in every:
        kind = lines[place]["profile"]
        keyed.append(((seen[kind] + 0.5) / total[kind], place))
        seen[kind] += 1
    return [place for _, place in sorted(keyed)]
