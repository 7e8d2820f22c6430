"""What is wrong with conditions of roads, by key."""

from collections.abc import Mapping
from typing import Any

import pytest

import seeds
from gateway.config.city import parse_city
from gateway.config.conditions.checks import parse_conditions
from gateway.config.content import facts_of
from gateway.config.devices import COLUMNS, parse_devices
from gateway.config.profiles import load_profiles
from gateway.config.toml_text import toml_value
from gateway.errors import ConfigErrors

CITY = parse_city(seeds.city_text(), "city.toml")
PROFILES = load_profiles(seeds.profile_texts())
FRAME = {"name": "traffic.x", "title": "X", "priorities": [4]}
DETECTORS = {"profile": "loop-detector", "speed": "speed", "occupancy": "occupancy", "window_secs": 60}
ZONE = {"kind": "zone-index", "speed_profile": "segment-speed", "speed": "speed", "flow_profile": "loop-detector",
        "flow": "flow", "window_secs": 900}  # fmt: skip
QUEUE = {"kind": "queue", **DETECTORS}
INCIDENT = {"kind": "incident", **DETECTORS}
SERVICE = {"kind": "service-level", **DETECTORS, "flow": "flow"}
TIMES = {"kind": "travel-time", "profile": "segment-speed", "quantity": "speed", "window_secs": 900}
CONGESTION = {"kind": "congestion", "profile": "segment-speed", "quantity": "speed"}


def _wrong(table: Mapping[str, Any]) -> set[str]:
    """Keys of all problems."""
    lines = [f"{key} = {toml_value(value)}" for key, value in (FRAME | dict(table)).items()]
    try:
        parse_conditions("\n".join(["schema = 1", "[[conditions]]", *lines]), "own.toml", CITY, PROFILES)
    except ConfigErrors as errors:
        return {each.key.removeprefix("conditions[0].") for each in errors.problems}
    return set()


@pytest.mark.parametrize("table", [ZONE, QUEUE, INCIDENT, SERVICE, TIMES, CONGESTION])
def test_what_is_left_out_has_a_value(table: dict[str, Any]) -> None:
    assert _wrong(table) == set()


@pytest.mark.parametrize(("table", "changed", "keys"), [
    (ZONE, {"high": [8, 6]}, {"high"}), (ZONE, {"high": []}, {"high"}), (ZONE, {"high": [12]}, {"high"}),
    (ZONE, {"least_share": 0}, {"least_share"}), (ZONE, {"window_secs": 60}, {"window_secs"}),
    (ZONE, {"speed": "velocity"}, {"speed"}), (ZONE, {"priorities": [4, 3, 2]}, {"priorities"}),
    (QUEUE, {"high": [-1]}, {"high"}), (QUEUE, {"high": [2, 1]}, {"high"}), (QUEUE, {"most_speed": 0}, {"most_speed"}),
    (QUEUE, {"occupancy": "occ"}, {"occupancy"}), (QUEUE, {"profile": "loops"}, {"profile"}),
    (INCIDENT, {"fall": 1}, {"fall"}), (INCIDENT, {"persistence": 0}, {"persistence"}),
    (INCIDENT, {"longest_secs": 0}, {"longest_secs"}),
    (SERVICE, {"worst": ["F", "E"]}, {"worst"}), (SERVICE, {"worst": ["A"]}, {"worst[0]"}),
    (TIMES, {"period": "month"}, {"period"}), (TIMES, {"window_secs": 600}, {"window_secs"}),
    (CONGESTION, {"event_start": 3, "event_end": 3}, {"event_end"}),
])  # fmt: skip
def test_what_is_wrong_is_named_by_its_key(table: dict[str, Any], changed: dict[str, Any], keys: set[str]) -> None:
    assert _wrong(table | changed) == keys


def test_an_index_does_without_flows_that_are_not_there() -> None:
    assert _wrong(ZONE | {"flow_profile": "no-loops"}) == set()


def test_segments_say_where_they_are_and_to_which_road_they_belong() -> None:
    facts = {each.id: each for each in facts_of(CITY)}["inner-ring-2"]

    assert facts.labels["class"] == "expressway"
    assert facts.figures["lon_1"] == 113.248
    assert facts.figures["lat_2"] == 23.148
    assert "inner-ring-3" in facts.next


def _device(extra: str) -> str:
    return f"{','.join(COLUMNS)}\nx,loop-detector,x,tianhe,,,tianhe-road-1,,{extra}\n"


def test_devices_keep_their_place_along_the_road_and_nothing_else_of_extra() -> None:
    text = _device("carriageway=2 lanes=4 position_m=120.5 recording=guangzhou_speed")

    (device,) = parse_devices(text, "devices.csv", CITY, ["loop-detector"])

    assert device.figures == {"carriageway": 2.0, "position_m": 120.5}


@pytest.mark.parametrize("value", ["far", "nan", ""])
def test_a_place_that_is_no_number_is_an_error(value: str) -> None:
    with pytest.raises(ConfigErrors, match="extra"):
        parse_devices(_device(f"position_m={value}"), "devices.csv", CITY, ["loop-detector"])
