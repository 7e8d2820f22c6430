"""`python -m seeds.build`: write devices.csv anew from city.toml. The same city gives the same bytes on any machine.

Change city.toml, run this, commit both. Which devices a kind of asset gets is said here, one function a domain; what is
scattered (places along a road, days of installation) comes from a hash of the device's id, so that a new device moves
no other.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from seeds import city_text

__all__ = ["COLUMNS", "DeviceLine", "devices_csv"]

COLUMNS = ("id", "profile", "keys", "zone", "lon", "lat", "asset", "installed", "extra")
RECORDED_SEGMENTS = 50
"""guangzhou_speed.csv has this many columns; the n-th segment of the city plays the n-th."""
RECORDED_METERS = 3
LOOPS = 100
VOTING_ASSETS = ("tunnel-panyu-1", "tunnel-tianhe-1")
LORAWAN_MANHOLES = 8
"""The first ones; the others have loggers of their own."""
TTS_APPLICATION = "drainage@guangzhou"
SIGNALS_EVERY = 4
"""Each so many-th segment that is no expressway ends at a junction with a signal of ours."""
CHIRPSTACK_APPLICATION = "7d1f6a52-3c0e-4b7f-9a55-0d2b8c61e4f3"
METERED_FEEDER = "feeder-conghua-2"
"""Every home has a meter there, the transformers have terminal units, and the feeder has one at its head."""
HOMES_A_TRANSFORMER = 10
EVENT_MONITORS = ("feeder-tianhe-1", "feeder-haizhu-1", "feeder-panyu-1", METERED_FEEDER)
_ON_FEEDERS = ("thingsboard-gateway", "shelly-gen2")
_IN_TUNNELS = ("zigbee2mqtt",)
_SECRETS = ("4jggokgpepnvsb2uv4s40d59ov", "5tgb6yhn7ujm8ik9ol")
"""API keys of two FIWARE services, made up."""
_STRANGERS = (
    ("thingsboard-gateway", "tb-meter", "Meter-{:02d}", ("", "")),
    ("zigbee2mqtt", "zigbee", "tunnel/section-{}/climate", ("last_seen=iso", "last_seen=epoch")),
    ("tasmota", "tasmota", "tasmota_A1B2{:02d}", ("", "")),
    ("shelly-gen2", "shelly", "pro3em-a1b2c3d4e5{:02d}", ("", "")),
    ("alink", "alink", "a1Zd7Qx9kLm/air-{:04d}", ("", "")),
    ("iotda", "iotda", "65f0c1_air-{:04d}", ("", "")),
    ("iotda-gateway", "iotda-child", "65f0c1_child-{:04d}", ("gateway=65f0c1_gateway-01",) * 2),
    ("fiware-json", "waste", "container-{:04d}", (f"apikey={_SECRETS[0]}",) * 2),
    ("ngsi-traffic", "ngsi", "urn:ngsi-ld:TrafficFlowObserved:{:04d}",
     tuple(f"apikey={_SECRETS[1]} encoding={encoding}" for encoding in ("key-values", "ngsi-ld"))),
)  # fmt: skip
"""(profile, prefix of the devices' names, key by number, extra of each)."""
FIRST_INSTALLATION = date(2014, 3, 1)
DAYS_OF_INSTALLATION = 4000


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One line of devices.csv. `extra` is `name=value` pairs, separated by spaces."""

    id: str
    profile: str
    key: str
    zone: str
    lon: float
    lat: float
    asset: str
    extra: str = ""

    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS."""
        installed = FIRST_INSTALLATION + timedelta(days=int(_share(self.id, "installed") * DAYS_OF_INSTALLATION))
        place = (f"{self.lon:.5f}", f"{self.lat:.5f}")
        return (self.id, self.profile, self.key, self.zone, *place, self.asset, installed.isoformat(), self.extra)


def devices_csv(city: dict[str, Any]) -> str:
    """The text of devices.csv for a parsed city.toml."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for domain in (_traffic, _grid, _water, _gas, _drainage, _signals, _homes, _events, _rain, _strangers):
        writer.writerows(line.cells() for line in domain(city))
    return out.getvalue()


def _traffic(city: dict[str, Any]) -> Iterator[DeviceLine]:
    segments = city["segments"]
    for number in range(LOOPS):
        # a loop on each carriageway, on the second one as far as they go
        segment = segments[number % len(segments)]
        name = f"loop-{number + 1:04d}"
        (west, south), (east, north) = segment["line"]
        along = 0.1 + 0.8 * _share(name, "along")
        lon, lat = west + (east - west) * along, south + (north - south) * along
        side = f"carriageway={1 + number // len(segments)} lanes={segment['lanes']}"
        side += f" position_m={round(along * segment['length_m'])}"
        yield DeviceLine(name, "loop-detector", name, segment["zone"], lon, lat, segment["id"], side)
    for number, segment in enumerate(segments[:RECORDED_SEGMENTS]):
        name = f"seg-{number + 1:04d}"
        extra = f"recording=guangzhou_speed column={number}"
        yield _at(segment, name, "segment-speed", name, segment["zone"], segment["id"], extra)


def _grid(city: dict[str, Any]) -> Iterator[DeviceLine]:
    number = 0
    for feeder in city["feeders"]:
        for transformer in feeder["transformers"] if feeder["id"] != METERED_FEEDER else ():
            number += 1
            name = f"meter-{number:04d}"
            extra = f"kva={transformer['kva']}"
            yield _at(transformer, name, "meter-3p", name, feeder["zone"], transformer["id"], extra)
    for offset, feeder in enumerate(city["feeders"][:RECORDED_METERS]):
        number += 1
        name = f"meter-{number:04d}"
        extra = f"recording=household_power first={offset}"
        transformer = feeder["transformers"][0]
        yield _at(transformer, name, "meter-3p", name, feeder["zone"], transformer["id"], extra)


def _water(city: dict[str, Any]) -> Iterator[DeviceLine]:
    inlets = [(area, inlet) for area in city["dmas"] for inlet in area["inlets"]]
    for number, (area, inlet) in enumerate(inlets, 1):
        name = f"flow-{number:04d}"
        extra = f"connections={round(area['connections'] / len(area['inlets']))}"
        yield _at(inlet, name, "water-flow", name, area["zone"], inlet["id"], extra)
    criticals = [(area, point) for area in city["dmas"] for point in area["critical_points"]]
    for number, (area, place) in enumerate([*inlets, *criticals], 1):
        name = f"press-{number:04d}"
        extra = f"elevation_m={place['elevation_m']}" if "elevation_m" in place else ""
        yield _at(place, name, "water-pressure", name, area["zone"], place["id"], extra)
    tanks = [(area, tank) for area in city["dmas"] for tank in area["storage"]]
    for number, (area, tank) in enumerate(tanks, 1):
        name = f"tank-{number:04d}"
        extra = f"m3={tank['m3']} height_m={tank['height_m']} connections={area['connections']}"
        yield _at(tank, name, "reservoir-level", name, area["zone"], tank["id"], extra)


def _gas(city: dict[str, Any]) -> Iterator[DeviceLine]:
    for number, asset in enumerate(city["gas_assets"], 1):
        name = f"gas-{number:04d}"
        cells = "cells=lel,co,o2,h2s" if asset["kind"] == "tunnel-section" else "cells=lel"
        yield _at(asset, name, "gas-detector", name, asset["zone"], asset["id"], cells)
    for number, asset in enumerate(city["gas_assets"], 1):
        # two more of each beside the first one, so that two of three must agree; named so that they number no other
        for more in "bc" if asset["id"] in VOTING_ASSETS else "":
            name = f"gas-{number:04d}{more}"
            yield _at(asset, name, "gas-detector", name, asset["zone"], asset["id"], "cells=lel,co,o2,h2s")


def _drainage(city: dict[str, Any]) -> Iterator[DeviceLine]:
    pumps = [drain for drain in city["drains"] if drain["kind"] == "pump-station"]
    for number, drain in enumerate(pumps, 1):
        name = f"ds-{number:02d}"
        key = f"urn:dev:mac:0024befffe80{number:04x}:"
        yield _at(drain, name, "senml-station", key, drain["zone"], drain["id"], f"crest_m={drain['crest_m']}")
    manholes = [drain for drain in city["drains"] if drain["kind"] == "manhole"]
    for number, drain in enumerate(manholes[:LORAWAN_MANHOLES], 1):
        name = f"manhole-{number:02d}"
        things_stack = number % 2 == 1
        profile = "tts-v3" if things_stack else "chirpstack-v4"
        eui = f"70b3d57ed006{number:04x}"
        key = eui.upper() if things_stack else eui
        extra = f"application={TTS_APPLICATION if things_stack else CHIRPSTACK_APPLICATION} crest_m={drain['crest_m']}"
        yield _at(drain, name, profile, key, drain["zone"], drain["id"], extra)


def _signals(city: dict[str, Any]) -> Iterator[DeviceLine]:
    streets = [segment for segment in city["segments"] if segment["class"] != "expressway"]
    for number, segment in enumerate(streets[::SIGNALS_EVERY], 1):
        name = f"signal-{number:04d}"
        lon, lat = segment["line"][1]
        stages = f"stages={2 + int(3 * _share(name, 'stages'))}"
        place = {"lon": lon, "lat": lat}
        yield _at(place, name, "traffic-signal", name, segment["zone"], segment["id"], stages)


def _homes(city: dict[str, Any]) -> Iterator[DeviceLine]:
    """A feeder whose supply and homes are all metered. `first` and `homes` say which homes a device feeds."""
    (feeder,) = [feeder for feeder in city["feeders"] if feeder["id"] == METERED_FEEDER]
    transformers = feeder["transformers"]
    homes = HOMES_A_TRANSFORMER * len(transformers)
    # it stands in the substation, which is no asset: the first transformer is the nearest one
    head = transformers[0]
    yield _at(head, "supply-01", "feeder-meter", "supply-01", feeder["zone"], head["id"], f"first=1 homes={homes}")
    for number, transformer in enumerate(transformers, 1):
        name, first = f"txmon-{number:02d}", 1 + (number - 1) * HOMES_A_TRANSFORMER
        extra = f"first={first} homes={HOMES_A_TRANSFORMER} kva={transformer['kva']}"
        yield _at(transformer, name, "transformer", name, feeder["zone"], transformer["id"], extra)
    for number in range(homes):
        transformer = transformers[number // HOMES_A_TRANSFORMER]
        name = f"home-{number + 1:04d}"
        yield _at(transformer, name, "household-meter", name, feeder["zone"], transformer["id"], "")


def _events(city: dict[str, Any]) -> Iterator[DeviceLine]:
    feeders = {feeder["id"]: feeder for feeder in city["feeders"]}
    for number, feeder in enumerate((feeders[name] for name in EVENT_MONITORS if name in feeders), 1):
        name = f"pq-{number:02d}"
        transformer = feeder["transformers"][-1]
        yield _at(transformer, name, "grid-event", name, feeder["zone"], transformer["id"], "")


def _rain(city: dict[str, Any]) -> Iterator[DeviceLine]:
    """Level loggers, and a gauge at each pump station, or at the first manhole of a district without one."""
    manholes = [drain for drain in city["drains"] if drain["kind"] == "manhole"]
    for number, drain in enumerate(manholes[LORAWAN_MANHOLES:], 1):
        name = f"drain-{number:04d}"
        extra = f"diameter_m={drain['diameter_m']} crest_m={drain['crest_m']}"
        yield _at(drain, name, "drainage-level", name, drain["zone"], drain["id"], extra)
    roofs = [drain for drain in city["drains"] if drain["kind"] == "pump-station"]
    for drain in manholes:
        if drain["zone"] not in {roof["zone"] for roof in roofs}:
            roofs.append(drain)
    for number, drain in enumerate(roofs, 1):
        name = f"rain-{number:04d}"
        yield _at(drain, name, "rain-gauge", name, drain["zone"], drain["id"], "")


def _strangers(city: dict[str, Any]) -> Iterator[DeviceLine]:
    """Two devices of each stranger's kind, on assets of others."""
    streets = [segment for segment in city["segments"] if segment["class"] != "expressway"]
    tunnels = [asset for asset in city["gas_assets"] if asset["kind"] == "tunnel-section"]
    feeders = [
        (transformer, feeder["zone"]) for feeder in city["feeders"] for transformer in feeder["transformers"][:1]
    ]
    for profile, prefix, key, extras in _STRANGERS:
        for number, extra in enumerate(extras, 1):
            name = f"{prefix}-{number:02d}"
            if profile in _ON_FEEDERS:
                place, zone = feeders[number - 1]
            else:
                places = tunnels if profile in _IN_TUNNELS else streets
                # by lot over all of them, so that a new one moves few
                place = min(places, key=lambda asset: _share(f"{name}/{asset['id']}", "place"))
                zone = place["zone"]
            yield _at(place, name, profile, key.format(number), zone, place["id"], extra)


def _at(place: dict[str, Any], name: str, profile: str, *rest: str) -> DeviceLine:
    """A device within some thirty metres of `place`; `rest` is its key, zone, asset and extra."""
    key, zone, asset, extra = rest
    lon = place["lon"] + (_share(name, "lon") - 0.5) * 6e-4
    lat = place["lat"] + (_share(name, "lat") - 0.5) * 6e-4
    return DeviceLine(name, profile, key, zone, lon, lat, asset, extra)


def _share(name: str, purpose: str) -> float:
    """A number in [0, 1) that depends on both texts and on nothing else."""
    digest = hashlib.blake2b(f"{purpose}/{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


if __name__ == "__main__":
    target = Path(__file__).with_name("devices.csv")
    target.write_text(devices_csv(tomllib.loads(city_text())), encoding="utf-8", newline="")
