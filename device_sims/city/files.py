"""A city of any size as the files that a gateway reads: city.toml, devices.csv, and a configuration that names them.

Of a copy of the city there is what the devices need: all of a district as soon as one device of it is taken. The texts
are written piece by piece; those of a hundred thousand devices are some twenty megabytes.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from device_sims.city.copies import copy_key, copy_name, shift
from device_sims.city.devices import load_city, place_of, seeds

__all__ = ["districts_of", "write_city"]

_TABLES = ("zones", "segments", "feeders", "dmas", "gas_assets", "drains")
_NAMED = frozenset({"name", "name_en", "road", "road_en", "substation"})
"""What people call something; the number of the copy stands behind it."""
_PLACES = 5
"""Decimals of degrees."""
_USUAL_BOUND = 200_000
"""Devices that a gateway takes where nothing is configured."""


def districts_of(devices: int) -> dict[int, set[str]]:
    """By copy, the districts (by their names in the seeds) of a city of so many devices; all of the seeds' own."""
    known = seeds()
    found = {0: set(known.district_of.values())}
    size = len(known.lines)
    for copy in range(1, (devices - 1) // size + 1):
        places = known.copied[: devices - copy * size]
        found[copy] = {known.district_of[known.lines[place]["zone"]] for place in places}
    return found


def write_city(folder: Path, devices: int) -> tuple[Path, ...]:
    """Write the files of a city of so many devices.

    Args:
        folder: made where it isn't there; files of these names in it are replaced.

    Returns:
        The paths, that of the configuration last.

    Raises:
        ValueError: there is no city of so many devices.
        OSError: they can't be written.
    """
    load_city(1 if devices > 0 else devices)
    folder.mkdir(parents=True, exist_ok=True)
    city, listed, config = (folder / name for name in ("city.toml", "devices.csv", "cityloom.toml"))
    with city.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(_city_texts(devices))
    with listed.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(seeds().lines[0])
        writer.writerows(_device_rows(devices))
    # paths of a configuration start at the working directory
    named = (("city_file", city), ("devices_file", listed), ("data_dir", folder / "data"))
    text = "".join(f"{key} = {json.dumps(str(path.absolute()), ensure_ascii=False)}\n" for key, path in named)
    if devices > _USUAL_BOUND:
        text += f"\n[engine]\nmax_devices = {2 * devices}\n"
    config.write_text(text, encoding="utf-8")
    return city, listed, config


def _device_rows(devices: int) -> Iterator[list[str]]:
    known = seeds()
    for number in range(devices):
        copy, place = place_of(number)
        line = known.lines[place]
        east, north = shift(copy, known.city["city"]["bounds"])
        keys = " ".join(copy_key(key, copy) for key in line["keys"].split())
        yield list((line | {
            "id": copy_name(line["id"], copy), "keys": keys, "zone": copy_name(line["zone"], copy),
            "asset": copy_name(line["asset"], copy), "lon": f"{float(line['lon']) + east:.{_PLACES}f}",
            "lat": f"{float(line['lat']) + north:.{_PLACES}f}",
        }).values())  # fmt: skip


def _city_texts(devices: int) -> Iterator[str]:
    known = seeds()
    there = districts_of(devices)
    yield f"schema = {known.city['schema']}\n\n[city]\n"
    bounds = known.city["city"]["bounds"]
    shifts = [shift(copy, bounds) for copy in there]
    widened = [
        min(bounds[side] + step[side % 2] for step in shifts) if side < 2 else
        max(bounds[side] + step[side % 2] for step in shifts)
        for side in range(4)
    ]  # fmt: skip
    yield _table(known.city["city"] | {"bounds": [round(degrees, _PLACES) for degrees in widened]})
    for table in _TABLES:
        for copy, districts in there.items():
            taken = {
                segment["id"] for segment in known.city["segments"] if known.district_of[segment["zone"]] in districts
            }
            step = shift(copy, bounds)
            for entry in known.city[table]:
                if known.district_of[entry.get("zone", entry["id"])] in districts:
                    yield f"\n[[{table}]]\n" + _table(_copied(entry, copy, step, taken))


def _copied(entry: Mapping[str, Any], copy: int, step: tuple[float, float], taken: set[str]) -> dict[str, Any]:
    """An entry of a table as it is in a copy; segments have those neighbours that are `taken`."""
    if not copy:
        return dict(entry)
    out: dict[str, Any] = {}
    for key, value in entry.items():
        if key in {"id", "zone", "parent"}:
            out[key] = copy_name(value, copy)
        elif key in _NAMED:
            out[key] = f"{value} {copy + 1}"
        elif key in {"lon", "lat"}:
            out[key] = round(value + step[key == "lat"], _PLACES)
        elif key == "line":
            out[key] = [[round(lon + step[0], _PLACES), round(lat + step[1], _PLACES)] for lon, lat in value]
        elif key == "neighbours":
            out[key] = [copy_name(name, copy) for name in value if name in taken]
        elif isinstance(value, list):
            out[key] = [_copied(part, copy, step, taken) for part in value]
        else:
            out[key] = value
    return out


def _table(entry: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in entry.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    # texts, numbers and truth are written in TOML as in JSON
    return json.dumps(value, ensure_ascii=False)
