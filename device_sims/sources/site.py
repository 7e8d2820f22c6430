"""What a gateway has to know of devices that the built-in city has not: a folder, used by `-c FOLDER/cityloom.toml`.

cityloom.toml   city.toml   devices.csv   profiles/*.toml   conditions.toml (where the built-in ones don't do)
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device_sims.city.devices import City, Device
from device_sims.sources.payloads import KINDS, Kind
from seeds import profile_texts

__all__ = ["Area", "Place", "Site", "write_site"]

_DISTRICT = "district"
_STEP = 1e-3
"""Degrees between what has no place on a map."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device, and the asset that it stands on: inlet, outlet, tank or transformer with its facts, or none."""

    id: str
    kind: Kind
    zone: str
    at: str = ""
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def asset(self) -> str:
        """Id of the asset, empty: none."""
        return f"{self.at}-{self.id}" if self.at else ""


@dataclass(frozen=True, slots=True)
class Area:
    """A zone: `dma` (with connections and mains_km) or `feeder` (with kv and capacity_kva)."""

    id: str
    kind: str
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """Everything of the folder."""

    name: str
    timezone: str
    interval_secs: float
    """Between two messages of a device; profiles are written with it."""
    areas: Sequence[Area]
    places: Sequence[Place]
    conditions: str = ""
    """TOML; empty: the built-in ones."""

    @property
    def city(self) -> City:
        """The devices as a run's truth lists them."""
        devices = (Device(each.id, each.kind.profile, each.id, each.zone, {}, each.asset) for each in self.places)
        return City(self.timezone, tuple(devices), {})


def write_site(folder: Path, site: Site) -> Path:
    """Write the files, over those that are there, and give the configuration's path.

    Raises:
        OSError: the folder can't be written.
    """
    profiles = folder / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    for kind in {place.kind.profile: place.kind for place in site.places}.values():
        (profiles / f"{kind.profile}.toml").write_text(_profile(kind, site.interval_secs), encoding="utf-8")
    (folder / "city.toml").write_text(_city(site), encoding="utf-8")
    with (folder / "devices.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["id", "profile", "keys", "zone", "lon", "lat", "asset", "installed", "extra"])
        for k, place in enumerate(site.places):
            lon, lat = _spot(k)
            lines.writerow(
                [place.id, place.kind.profile, place.id, place.zone, lon, lat, place.asset, "2020-01-01", ""]
            )
    here = folder.resolve()
    names = {"city_file": here / "city.toml", "devices_file": here / "devices.csv", "profiles_dir": profiles.resolve()}
    if site.conditions:
        (folder / "conditions.toml").write_text(site.conditions, encoding="utf-8")
        names["conditions_file"] = here / "conditions.toml"
    config = folder / "cityloom.toml"
    text = "".join(f"{name} = {json.dumps(str(path))}\n" for name, path in names.items())
    config.write_text("# Written by `cityloom sim`: what a gateway knows of these devices.\n" + text, encoding="utf-8")
    return config


def _profile(kind: Kind, interval_secs: float) -> str:
    """The built-in profile with another interval; of a kind of one's own what its payload says."""
    if kind.profile in KINDS:
        text = profile_texts()[kind.profile]
        return re.sub(r"(?m)^interval_secs = .*$", f"interval_secs = {interval_secs:g}", text)
    head = (
        f'name = "{kind.profile}"\ndescription = "Written by `cityloom sim`."\n'
        f'topic = "{kind.topic}"\ncodec = "json"\ninterval_secs = {interval_secs:g}\n\n'
        '[identity]\ntopic = "{device}"\n\n[provisioning]\npolicy = "open"\nzone_from = "zone"\n\n'
        '[time]\npath = "ts"\nformat = "unix_ms"\n'
    )
    fields = (
        f'\n[fields.{quantity}]\npath = "{".".join(map(str, one.path))}"\nunit = "{one.unit}"\nrange = [-1e12, 1e12]\n'
        for quantity, one in kind.fields.items()
    )
    return head + "".join(fields)


def _city(site: Site) -> str:
    lon, lat = _spot(0)
    out = [
        "schema = 1\n",
        f'[city]\nid = "{site.name}"\nname = "{site.name}"\nname_en = "{site.name}"\ntimezone = "{site.timezone}"',
        "bounds = [-1, -1, 1, 1]  # a network's coordinates are no places on the earth\n",
        *_zone(_DISTRICT, "district", ""),
    ]
    for area in site.areas:
        out += _zone(area.id, area.kind, "" if area.kind == _DISTRICT else _DISTRICT)
    for area in site.areas:
        mine = [place for place in site.places if place.zone == area.id and place.at]
        facts = "".join(f"{name} = {value:g}\n" for name, value in area.facts.items())
        if area.kind == "dma":
            out.append(f'[[dmas]]\nid = "{area.id}"\nzone = "{area.id}"\n{facts}' + _assets(mine, {
                "inlets": "inlet", "outlets": "outlet", "critical_points": "critical", "storage": "tank",
            }))  # fmt: skip
        elif area.kind == "feeder":
            out.append(
                f'[[feeders]]\nid = "{area.id}"\nzone = "{area.id}"\nsubstation = "{site.name}"\n{facts}'
                + _assets(mine, {"transformers": "transformer"})
            )
    return "\n".join(out) + f"\n# all places are made up around {lon}, {lat}\n"


def _zone(name: str, kind: str, parent: str) -> list[str]:
    lon, lat = _spot(0)
    lines = [f'[[zones]]\nid = "{name}"\nkind = "{kind}"\nname = "{name}"\nname_en = "{name}"']
    return [*lines, *([f'parent = "{parent}"'] if parent else []), f"lon = {lon}\nlat = {lat}\n"]


def _assets(places: Sequence[Place], keys: Mapping[str, str]) -> str:
    def rows(at: str) -> Iterable[str]:
        for k, place in enumerate(places):
            if place.at == at:
                lon, lat = _spot(k)
                facts = "".join(f", {name} = {value:g}" for name, value in place.facts.items())
                yield f'  {{ id = "{at}-{place.id}"{facts}, lon = {lon}, lat = {lat} }},\n'

    return "".join(f"{key} = [\n{''.join(rows(at))}]\n" for key, at in keys.items())


def _spot(k: int) -> tuple[float, float]:
    return round(k % 100 * _STEP, 5), round(k // 100 * _STEP, 5)
