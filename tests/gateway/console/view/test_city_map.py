"""What the map draws, and what state it is in."""

from dataclasses import replace

import h3
import pytest

import seeds
from gateway.config.city import parse_city
from gateway.console.view.alarm_book import Alarm
from gateway.console.view.city_map import CELL_RESOLUTION, boundary, cells_of, features_of, geojson, states_of
from gateway.console.view.places import Places, places_of

ALARM = Alarm(
    alarm="a1",
    change="raised",
    state="unacknowledged",
    condition="gas.lel",
    asset="gas-1",
    zone="tianhe",
    domain="gas",
    level=1,
    priority=2,
    value=30.0,
    who="",
    text="",
    at=0,
    now=0,
    since=0,
)
DEVICE = {"id": "gas-1", "asset": "tianhe-road-2", "zone": "tianhe", "lon": 113.32, "lat": 23.13, "cell": ""}


@pytest.fixture(scope="module")
def places() -> Places:
    return places_of(parse_city(seeds.city_text(), "city.toml"))


def test_features_have_points_and_names(places: Places) -> None:
    found = {each["id"]: each for each in features_of(places, {"tianhe": "<b>天河</b>"})}
    assert found["tianhe"]["name"] == "<b>天河</b>"
    assert len(found["tianhe-road-2"]["at"]) == 2
    assert found["tx-tianhe-11"]["domain"] == "grid"


def test_cells_hold_devices_of_a_kilometre_or_so() -> None:
    fine = str(h3.latlng_to_cell(23.13, 113.32, 9))
    found = cells_of(
        [DEVICE, {**DEVICE, "id": "gas-2", "cell": fine}, {"id": "x", "lon": None, "lat": None, "cell": "nonsense"}]
    )
    (cell,) = found
    assert h3.get_resolution(cell) == CELL_RESOLUTION
    assert found[cell] == ["gas-1", "gas-2"]
    assert len(boundary(cell)) in (5, 6)


def test_an_alarm_of_a_device_shows_at_its_asset_and_cell(places: Places) -> None:
    states = states_of([ALARM], places, {"gas-1": DEVICE})
    assert states["tianhe-road-2"] == [2, 1]
    assert len(states) == 2


def test_the_most_urgent_one_counts(places: Places) -> None:
    more = replace(ALARM, alarm="a2", asset="tianhe-road-2", priority=1, state="acknowledged")
    assert states_of([ALARM, more], places, {"gas-1": DEVICE})["tianhe-road-2"] == [1, 1]


@pytest.mark.parametrize("state", ["returned", "shelved", "suppressed", "out_of_service", "latched"])
def test_what_is_over_or_put_aside_colours_nothing(state: str, places: Places) -> None:
    assert states_of([replace(ALARM, state=state)], places, {"gas-1": DEVICE}) == {}


def test_a_zones_alarm_shows_at_the_zone(places: Places) -> None:
    assert states_of([replace(ALARM, asset="tianhe")], places, {}) == {"tianhe": [2, 1]}


def test_the_same_as_geojson(places: Places) -> None:
    made = geojson(features_of(places, {}), {"tianhe-road-2": [1, 1]})
    road = next(each for each in made["features"] if each["id"] == "tianhe-road-2")
    assert road["geometry"]["type"] == "LineString"
    assert road["properties"]["priority"] == 1
