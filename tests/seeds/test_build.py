"""The city is consistent, and its devices are what the build makes of it."""

import copy
import csv
import io
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from seeds import city_text, devices_text, profile_texts
from seeds.build import COLUMNS, devices_csv

ZONE_KIND = {
    "loop-detector": "district",
    "segment-speed": "district",
    "meter-3p": "feeder",
    "water-flow": "dma",
    "water-pressure": "dma",
    "gas-detector": "district",
    "senml-station": "district",
    "tts-v3": "district",
    "chirpstack-v4": "district",
    "reservoir-level": "dma",
    "traffic-signal": "district",
    "household-meter": "feeder",
    "feeder-meter": "feeder",
    "transformer": "feeder",
    "grid-event": "feeder",
    "drainage-level": "district",
    "rain-gauge": "district",
    "thingsboard-gateway": "feeder",
    "zigbee2mqtt": "district",
    "tasmota": "district",
    "shelly-gen2": "feeder",
    "alink": "district",
    "iotda": "district",
    "iotda-gateway": "district",
    "fiware-json": "district",
    "ngsi-traffic": "district",
}


@pytest.fixture
def city() -> dict[str, Any]:
    return tomllib.loads(city_text())


@pytest.fixture
def devices() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(devices_text())))


def _assets(city: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """(asset, zone)"""
    for table in ("segments", "gas_assets", "drains"):
        yield from ((asset, asset["zone"]) for asset in city[table])
    for feeder in city["feeders"]:
        yield from ((asset, feeder["zone"]) for asset in feeder["transformers"])
    for area in city["dmas"]:
        for table in ("inlets", "critical_points", "storage"):
            yield from ((asset, area["zone"]) for asset in area[table])


def _places(value: Any) -> Iterator[tuple[float, float]]:
    if isinstance(value, dict):
        if "lon" in value:
            yield value["lon"], value["lat"]
        yield from (tuple(point) for point in value.get("line", ()))
        for inner in value.values():
            yield from _places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner)


def test_the_build_gives_the_committed_devices_byte_for_byte(city: dict[str, Any]) -> None:
    assert devices_csv(city) == devices_text()


def test_a_new_asset_adds_its_device_and_changes_no_other(city: dict[str, Any]) -> None:
    grown = copy.deepcopy(city)
    grown["gas_assets"].append({**grown["gas_assets"][-1], "id": "regulator-new-1", "lon": 113.3, "lat": 23.1})
    added = set(devices_csv(grown).splitlines()) - set(devices_csv(city).splitlines())
    assert [line.split(",")[6] for line in added] == ["regulator-new-1"]
    assert set(devices_csv(city).splitlines()) < set(devices_csv(grown).splitlines())


def test_every_device_has_a_zone_of_its_kind_and_an_asset_in_that_zone(
    city: dict[str, Any], devices: list[dict[str, str]]
) -> None:
    kinds = {zone["id"]: zone["kind"] for zone in city["zones"]}
    zone_of_asset = {asset["id"]: zone for asset, zone in _assets(city)}
    for device in devices:
        assert kinds[device["zone"]] == ZONE_KIND[device["profile"]], device
        assert zone_of_asset[device["asset"]] == device["zone"], device


def test_every_place_lies_within_the_city(city: dict[str, Any], devices: list[dict[str, str]]) -> None:
    west, south, east, north = city["city"]["bounds"]
    places = [*_places(city), *((float(device["lon"]), float(device["lat"])) for device in devices)]
    assert len(places) > 600
    assert [(lon, lat) for lon, lat in places if not (west <= lon <= east and south <= lat <= north)] == []


def test_ids_and_keys_are_unique(city: dict[str, Any], devices: list[dict[str, str]]) -> None:
    names = [
        [zone["id"] for zone in city["zones"]],
        [asset["id"] for asset, _ in _assets(city)],
        [device["id"] for device in devices],
        [(device["profile"], key) for device in devices for key in device["keys"].split()],
    ]
    assert [[name for name, times in Counter(group).items() if times > 1] for group in names] == [[], [], [], []]


def test_no_field_is_empty_but_extra_and_dates_are_dates(devices: list[dict[str, str]]) -> None:
    for device in devices:
        assert [column for column in COLUMNS if not device[column] and column != "extra"] == []
        assert date(2014, 1, 1) <= date.fromisoformat(device["installed"]) <= date(2026, 1, 1)
        assert all("=" in pair for pair in device["extra"].split())


def test_there_are_three_hundred_devices_and_more_of_all_kinds(devices: list[dict[str, str]]) -> None:
    counts = Counter(device["profile"] for device in devices)
    assert counts.keys() == ZONE_KIND.keys() <= profile_texts().keys()
    assert counts.total() >= 300
    assert counts["segment-speed"] == 50


def test_zones_hang_together(city: dict[str, Any]) -> None:
    zones = {zone["id"]: zone for zone in city["zones"]}
    for zone in zones.values():
        if zone["kind"] == "district":
            assert "parent" not in zone
        else:
            assert zones[zone["parent"]]["kind"] == "district"
    assert {zone["id"] for zone in zones.values() if zone["kind"] == "feeder"} == {f["zone"] for f in city["feeders"]}
    assert {zone["id"] for zone in zones.values() if zone["kind"] == "dma"} == {a["zone"] for a in city["dmas"]}
    assert ZoneInfo(city["city"]["timezone"]).key == "Asia/Shanghai"


def test_neighbours_of_segments_are_mutual_and_share_an_end(city: dict[str, Any]) -> None:
    segments = {segment["id"]: segment for segment in city["segments"]}
    ends = {name: {tuple(point) for point in segment["line"]} for name, segment in segments.items()}
    for name in segments:
        sharing = {other for other in segments if other != name and ends[other] & ends[name]}
        assert set(segments[name]["neighbours"]) == sharing


def test_the_capacity_of_a_feeder_is_that_of_its_transformers(city: dict[str, Any]) -> None:
    for feeder in city["feeders"]:
        assert feeder["capacity_kva"] == sum(transformer["kva"] for transformer in feeder["transformers"])


def test_every_manhole_has_a_pipe_below_the_street_and_spills_there(city: dict[str, Any]) -> None:
    manholes = [drain for drain in city["drains"] if drain["kind"] == "manhole"]
    assert len(manholes) == 20
    for drain in manholes:
        depth = drain["ground_m"] - drain["invert_m"]
        assert depth == pytest.approx(drain["crest_m"]), drain["id"]
        assert 0.3 < drain["diameter_m"] < depth - 1


def test_each_district_with_a_level_sensor_has_a_rain_gauge(devices: list[dict[str, str]]) -> None:
    zones = {profile: {d["zone"] for d in devices if d["profile"] == profile} for profile in ZONE_KIND}
    levels = zones["drainage-level"] | zones["senml-station"] | zones["tts-v3"] | zones["chirpstack-v4"]
    assert levels == zones["rain-gauge"]
