"""The built-in city as pages see it."""

import pytest

import seeds
from gateway.config.city import parse_city
from gateway.console.view.places import Places, places_of


@pytest.fixture(scope="module")
def places() -> Places:
    return places_of(parse_city(seeds.city_text(), "city.toml"))


def test_every_zone_and_asset_is_there(places: Places) -> None:
    city = parse_city(seeds.city_text(), "city.toml")
    assert set(places.zones) == {zone.id for zone in city.zones}
    assert set(places.assets) == {asset.id for asset in city.assets()}
    assert all(place.domain != "city" for place in places.assets.values())


def test_a_district_has_its_feeders_within(places: Places) -> None:
    assert {"tianhe", "feeder-tianhe-1", "dma-tianhe-1"} <= places.within["tianhe"]
    assert places.within["feeder-tianhe-1"] == {"feeder-tianhe-1"}
    assert places.district("feeder-tianhe-1") == "tianhe"


def test_segments_have_names_lines_and_neighbours(places: Places) -> None:
    segment = places.assets["tianhe-road-2"]
    assert segment.name_en == "Tianhe Road 2"
    assert segment.line is not None
    assert segment.facts is not None
    assert "tianhe-road-1" in segment.facts["neighbours"]
