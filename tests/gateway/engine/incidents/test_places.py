"""Places: what an alarm or a report covers, and what is near it."""

import h3
import pytest

from gateway.engine.incidents.places import ASSET, CITIZEN, DEVICE, NETWORK, Places
from tests.support.city import NEAR, city_content


@pytest.fixture
def places() -> Places:
    return Places(city_content(), 8, 1)


def near(places: Places, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    found = bool(places.reach(one) & set(other))
    assert found is bool(places.reach(other) & set(one))
    return found


def test_a_network_is_where_its_assets_and_devices_are(places: Places) -> None:
    area = places.of_alarm("dma-1", "dma-1")
    here, there = (h3.latlng_to_cell(lat, lon, 8) for lon, lat in ((113.3265, 23.1355), (113.35, 23.15)))
    assert {here, there, "@dma-1"} <= set(area.own)
    assert (area.depth, area.zone, area.cell) == (NETWORK, "dma-1", "")


def test_a_device_stands_on_its_asset_and_in_its_network(places: Places) -> None:
    meter = places.of_alarm("meter-1", "feeder-1")
    assert {"@meter-1", "@tx-1", "@feeder-1"} < set(meter.own)
    assert meter.depth == DEVICE
    assert near(places, meter.own, places.of_alarm("tx-1", "feeder-1").own)


def test_a_road_is_near_its_neighbours_and_all_along_its_line(places: Places) -> None:
    road, far = places.of_alarm("road-1", "tianhe"), places.of_alarm("road-2", "tianhe")
    assert road.depth == ASSET
    assert len([token for token in road.own if not token.startswith("@")]) > 1
    assert not set(road.own) & set(far.own)
    assert near(places, road.own, far.own)
    assert not near(places, far.own, places.of_alarm("road-9", "nansha").own)


def test_a_point_is_its_cell_and_near_the_cells_around(places: Places) -> None:
    spot = places.of_report(NEAR["lon"], NEAR["lat"], "", "")
    assert spot.own == (h3.latlng_to_cell(NEAR["lat"], NEAR["lon"], 8),)
    assert (spot.depth, spot.zone, spot.cell) == (CITIZEN, "", spot.own[0])
    assert places.reach(spot.own) == set(h3.grid_disk(spot.cell, 1))
    assert Places(city_content(), 8, 0).reach(spot.own) == {spot.cell}


def test_a_report_at_an_asset_is_where_that_is(places: Places) -> None:
    at = places.of_report(None, None, "tx-9", "")
    assert at.zone == "feeder-9"
    assert near(places, at.own, places.of_alarm("meter-9", "feeder-9").own)


def test_a_district_or_a_stranger_covers_nothing(places: Places) -> None:
    assert places.of_report(None, None, "", "tianhe").own == ()
    assert places.of_alarm("tianhe", "tianhe").own == ("@tianhe",)
    assert places.of_alarm("gas-9001", "tianhe").own == ("@gas-9001",)


def test_names_are_those_of_zones_assets_and_devices(places: Places) -> None:
    assert all(places.knows(name) for name in ("tianhe", "dma-1", "road-1", "meter-1", "tx-9"))
    assert not places.knows("gas-9001")
    assert not places.knows("")
