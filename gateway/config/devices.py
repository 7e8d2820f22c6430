"""devices.csv: the devices that are known from the start, one a line. seeds/README.md describes the columns."""

import csv
import io
from collections.abc import Callable, Collection, Iterator
from datetime import date
from math import isfinite

import h3

from gateway.config.city import City
from gateway.config.content import Device
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["CELL_RESOLUTION", "COLUMNS", "FIGURES", "calibrated_days", "parse_devices"]

CELL_RESOLUTION = 9
"""H3 resolution of a device's cell: about 170 m from centre to edge."""
COLUMNS = ("id", "profile", "keys", "zone", "lon", "lat", "asset", "installed", "extra")
FIGURES = ("position_m", "carriageway")
"""Names in `extra` that conditions use; the others are for simulators."""
_MOST_PROBLEMS = 50
_LONGEST_NAME = 128

Say = Callable[[str, str, str], None]


def parse_devices(text: str, file: str, city: City | None, profiles: Collection[str] | None) -> tuple[Device, ...]:
    """Read the devices of `city`, in the order of the file. Of `extra` only `FIGURES` are kept.

    Where `city` or `profiles` are not known, because they are wrong themselves, only the rest is judged.

    Raises:
        ConfigErrors: up to fifty problems, each with line and column.
    """
    problems: list[ConfigError] = []
    rows = csv.reader(io.StringIO(text), strict=True)
    devices: list[Device] = []
    reader = _Reader(city, None if profiles is None else frozenset(profiles))
    try:
        header = next(rows, [])
        if tuple(header) != COLUMNS:
            remedy = f"Write {','.join(COLUMNS)}."
            raise ConfigErrors([ConfigError(file, "line 1", f"is not the header but {','.join(header)!r}", remedy)])
        for row in rows:
            line = rows.line_num

            def say(column: str, problem: str, remedy: str, line: int = line) -> None:
                problems.append(
                    ConfigError(file, f"line {line}, {column}" if column else f"line {line}", problem, remedy)
                )

            device = reader.read(row, line, say) if row else None
            if device is not None:
                devices.append(device)
            if len(problems) >= _MOST_PROBLEMS:
                break
    except csv.Error as error:
        problems.append(ConfigError(file, f"line {rows.line_num}", f"is not CSV: {error}", "Correct the quotes."))
    if problems:
        raise ConfigErrors(problems)
    return tuple(devices)


def calibrated_days(text: str, file: str) -> dict[str, str]:
    """The day of the last calibration of devices that have `calibrated=2025-11-03` in `extra`, for reminders.

    Raises:
        ConfigErrors: one of them is no date.
    """
    found: dict[str, str] = {}
    problems = []
    for line, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
        for word in (row.get("extra") or "").split():
            key, _, day = word.partition("=")
            if key != "calibrated":
                continue
            try:
                date.fromisoformat(day)
            except ValueError:
                key, remedy = f"line {line}, extra", "Write it like calibrated=2025-11-03."
                problems.append(ConfigError(file, key, f"{day!r} is no date", remedy))
            else:
                found[str(row["id"])] = day
    if problems:
        raise ConfigErrors(problems)
    return found


class _Reader:
    """Reads rows and remembers what must not come twice."""

    def __init__(self, city: City | None, profiles: frozenset[str] | None) -> None:
        self._profiles = profiles
        self._zones = None if city is None else {zone.id for zone in city.zones}
        self._assets = {} if city is None else {asset.id: asset for asset in city.assets()}
        self._line_of_id: dict[str, int] = {}
        self._line_of_key: dict[tuple[str, str], int] = {}

    def read(self, row: list[str], line: int, say: Say) -> Device | None:
        """One device, or None after saying what is wrong."""
        if len(row) != len(COLUMNS):
            say(
                "",
                f"has {len(row)} columns, not {len(COLUMNS)}",
                "Write every column; lon and lat, asset, installed and extra may be empty.",
            )
            return None
        name, profile, joined, zone, lon, lat, asset, installed, extra = row
        keys = tuple(joined.split())
        said = False
        for column, problem, remedy in self._problems(row, keys, line):
            say(column, problem, remedy)
            said = True
        figures = _figures(extra)
        if figures is None:
            say("extra", "has a figure that is no number", f"Write numbers in {' and '.join(FIGURES)}.")
        if said or figures is None:
            return None
        if not lon and not lat:
            return Device(name, profile, keys, zone, None, None, "", asset, installed, figures)
        place = _place(lon, lat)
        if place is None:
            say("lon, lat", f"({lon}, {lat}) is no place", "Write degrees, longitude first, such as 113.3106,23.1332.")
            return None
        cell = h3.latlng_to_cell(place[1], place[0], CELL_RESOLUTION)
        return Device(name, profile, keys, zone, *place, cell, asset, installed, figures)

    def _problems(self, row: list[str], keys: tuple[str, ...], line: int) -> Iterator[tuple[str, str, str]]:
        name, profile, _, zone, _, _, asset, installed, _ = row
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            yield "id", f"{name!r} is no id", f"Write 1 to {_LONGEST_NAME} printable characters."
        first = self._line_of_id.setdefault(name, line)
        if first != line:
            yield "id", f"{name!r} is the id of line {first} too", "Give each device its own."
        if self._profiles is not None and profile not in self._profiles:
            yield (
                "profile",
                f"{profile!r} is no profile",
                f"Known: {', '.join(sorted(self._profiles))}. Own profiles need an own devices_file.",
            )
        if not keys:
            yield "keys", "is empty", "Write what identifies the device on the wire; often its id."
        for key in keys:
            first = self._line_of_key.setdefault((profile, key), line)
            if first != line:
                yield (
                    "keys",
                    f"{key!r} is a key of line {first} too, under the same profile",
                    "Keys are for one device.",
                )
        if self._zones is not None:
            if zone not in self._zones:
                yield "zone", f"{zone!r} is no zone of the city", "Name one of [[zones]] in the city's file."
            stands_on = self._assets.get(asset)
            if asset and stands_on is None:
                yield "asset", f"{asset!r} is no asset", "Name a segment, a transformer or the like."
            elif stands_on is not None and zone in self._zones and stands_on.zone != zone:
                yield "zone", f"{zone!r} is not the zone of {asset!r}, {stands_on.zone!r}", "Correct zone or asset."
        try:
            date.fromisoformat(installed or "1970-01-01")
        except ValueError:
            yield "installed", f"{installed!r} is no date", "Write it like 2024-06-08."


def _figures(extra: str) -> dict[str, float] | None:
    """Figures of a device by name; None where one is no number."""
    pairs = (pair.partition("=") for pair in extra.split())
    try:
        found = {name: float(value) for name, _, value in pairs if name in FIGURES}
    except ValueError:
        return None
    return found if all(map(isfinite, found.values())) else None


def _place(lon: str, lat: str) -> tuple[float, float] | None:
    try:
        east, north = float(lon), float(lat)
    except ValueError:
        return None
    return (east, north) if -180 <= east <= 180 and -90 <= north <= 90 else None
