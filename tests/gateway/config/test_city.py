"""The city's file: the built-in one is right, and each contradiction is found where it is."""

import pytest

import seeds
from gateway.config.city import parse_city
from gateway.config.content import facts_of
from gateway.errors import ConfigErrors

CITY = """
schema = 1
[city]
id = "town"
name = "Town"
timezone = "Europe/Vienna"
bounds = [16.0, 48.0, 17.0, 49.0]
[[zones]]
id = "north"
kind = "district"
name = "North"
lon = 16.5
lat = 48.5
[[zones]]
id = "f1"
kind = "feeder"
name = "F1"
lon = 16.5
lat = 48.5
parent = "north"
[[segments]]
id = "s1"
zone = "north"
road = "Road"
class = "primary"
lanes = 2
free_flow_kmh = 50
length_m = 300
lon = 16.51
lat = 48.51
line = [[16.51, 48.51], [16.52, 48.51]]
neighbours = []
[[feeders]]
id = "f1"
zone = "f1"
substation = "S"
kv = 10
capacity_kva = 400
transformers = [{ id = "t1", kva = 400, lon = 16.5, lat = 48.5 }]
"""


def test_the_built_in_city_is_right() -> None:
    city = parse_city(seeds.city_text(), "city.toml")

    assert city.timezone == "Asia/Shanghai"
    assert {zone.kind for zone in city.zones} == {"district", "feeder", "dma"}
    assert len({asset.id for asset in city.assets()}) == sum(1 for _ in city.assets()) > 200


def test_an_asset_has_the_zone_of_its_owner() -> None:
    assets = {asset.id: (asset.zone, asset.key) for asset in parse_city(CITY, "c.toml").assets()}

    assert assets == {"s1": ("north", "segments[0]"), "t1": ("f1", "feeders[0].transformers[0]")}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('timezone = "Europe/Vienna"', 'timezone = "Vienna"', "city.timezone"),
        ('parent = "north"', "", "zones[1].parent"),
        ('parent = "north"', 'parent = "f1"', "zones[1].parent"),
        ('id = "s1"\nzone = "north"', 'id = "s1"\nzone = "f1"', "segments[0].zone"),
        ('id = "s1"\nzone = "north"', 'id = "s1"\nzone = "nowhere"', "segments[0].zone"),
        ("neighbours = []", 'neighbours = ["s9"]', "segments[0].neighbours[0]"),
        ("neighbours = []", 'neighbours = ["s1"]', "segments[0].neighbours[0]"),
        ('id = "f1"\nzone = "f1"', 'id = "f2"\nzone = "f1"', "feeders[0].id"),
        ("lon = 16.51\nlat = 48.51", "lon = 48.51\nlat = 16.51", "segments[0]"),
        ("bounds = [16.0, 48.0, 17.0, 49.0]", "bounds = [17.0, 48.0, 16.0, 49.0]", "city.bounds"),
        ("schema = 1", "schema = 2", "schema"),
        ("lanes = 2", "lanes = 0", "segments[0].lanes"),
        ("lanes = 2", "lanse = 2", "segments[0].lanse"),
    ],
)
def test_a_contradiction_is_found_where_it_is(old: str, new: str, key: str) -> None:
    assert old in CITY

    with pytest.raises(ConfigErrors) as caught:
        parse_city(CITY.replace(old, new), "c.toml")

    assert key in [problem.key for problem in caught.value.problems]
    assert all(problem.file == "c.toml" and problem.remedy for problem in caught.value.problems)


def test_an_id_that_comes_twice_is_said_at_both_places() -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse_city(CITY.replace('id = "t1"', 'id = "s1"'), "c.toml")

    assert [problem.key for problem in caught.value.problems] == ["segments[0].id", "feeders[0].transformers[0].id"]


def test_a_file_that_is_no_toml_is_one_problem() -> None:
    with pytest.raises(ConfigErrors, match=r"c\.toml: is not TOML"):
        parse_city("schema = ", "c.toml")


DRAIN = """
[[drains]]
id = "m1"
zone = "north"
kind = "manhole"
name = "M1"
crest_m = 2.5
lon = 16.5
lat = 48.5
"""


def test_a_drain_needs_no_pipe_and_no_heights_and_what_it_has_reaches_the_engine() -> None:
    plain = facts_of(parse_city(CITY + DRAIN, "c.toml"))[-1]
    whole = facts_of(parse_city(CITY + DRAIN + "diameter_m = 0.8\ninvert_m = -1.5\nground_m = 1\n", "c.toml"))[-1]

    assert (plain.kind, plain.figures) == ("manhole", {"crest_m": 2.5})
    assert whole.figures == {"crest_m": 2.5, "diameter_m": 0.8, "invert_m": -1.5, "ground_m": 1.0}


@pytest.mark.parametrize(("more", "key"), [
    ("diameter_m = 0", "drains[0].diameter_m"), ("invert_m = 2\nground_m = 2", "drains[0].ground_m"),
    ("invert_m = 1\nground_m = 2\ndiameter_m = 1.5", "drains[0].diameter_m"),
])  # fmt: skip
def test_a_pipe_lies_below_the_street(more: str, key: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse_city(CITY + DRAIN + more + "\n", "c.toml")

    assert [problem.key for problem in caught.value.problems] == [key]
