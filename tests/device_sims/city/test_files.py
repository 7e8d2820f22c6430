"""A city of any size, as the files that a gateway reads."""

import csv
import io
import tomllib
from itertools import islice, pairwise
from pathlib import Path

import pytest

from device_sims.city.copies import copy_key, copy_name, original, shift
from device_sims.city.devices import load_city, seeds
from device_sims.city.files import districts_of, write_city
from device_sims.fleet.fleet import Fleet
from gateway.config.city import parse_city
from gateway.config.devices import parse_devices
from gateway.config.profiles import load_profiles
from seeds import devices_text, profile_texts

BOUNDS = (112.95, 22.55, 114.05, 23.94)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """City and devices of 1,000."""
    city, devices, _ = write_city(tmp_path_factory.mktemp("city"), 1000)
    return city.read_text(encoding="utf-8"), devices.read_text(encoding="utf-8")


def test_a_gateway_takes_the_files_and_knows_every_device_that_speaks(texts: tuple[str, str]) -> None:
    city = parse_city(texts[0], "city.toml")
    profiles = load_profiles(profile_texts())
    devices = parse_devices(texts[1], "devices.csv", city, [profile.name for profile in profiles])
    spoken = load_city(1000).devices
    assert [(d.id, d.profile, d.keys[0], d.zone, d.asset) for d in devices] == [
        (d.id, d.profile, d.key, d.zone, d.asset) for d in spoken
    ]
    messages = islice(Fleet(load_city(1000), 1, 1_772_496_000_000_000_000).messages(), 3000)
    assert {message.device for message in messages} <= {device.id for device in devices}


def test_the_citys_own_devices_are_those_of_the_seeds(tmp_path: Path) -> None:
    _, devices, _ = write_city(tmp_path, len(seeds().lines))
    assert sorted(devices.read_text(encoding="utf-8").splitlines()) == sorted(devices_text().splitlines())
    assert seeds().city == tomllib.loads((tmp_path / "city.toml").read_text(encoding="utf-8"))


def test_a_copy_has_what_the_seeds_have_with_names_and_places_of_its_own(texts: tuple[str, str]) -> None:
    segments = {segment["id"]: segment for segment in tomllib.loads(texts[0])["segments"]}
    first, copied = segments["tianhe-road-1"], segments["tianhe-road-1-c1"]
    assert copied["zone"] == "tianhe-c1"
    assert copied["lon"] == pytest.approx(first["lon"] + 1.15)
    assert copied["length_m"] == first["length_m"]
    assert copied["neighbours"] == [f"{name}-c1" for name in first["neighbours"]]
    for segment in segments.values():
        assert set(segment["neighbours"]) <= segments.keys()
        for other in segment["neighbours"]:
            assert segment["id"] in segments[other]["neighbours"]


def test_assets_of_a_taken_district_are_all_there(texts: tuple[str, str]) -> None:
    """A feeder has its transformers and an area its inlets as soon as one device of their district is taken."""
    there = districts_of(1000)
    assert len(there) == 3
    assert there[1] == set(seeds().district_of.values())
    assert 0 < len(there[2]) < len(there[1])
    city = tomllib.loads(texts[0])
    feeders = {feeder["id"]: len(feeder["transformers"]) for feeder in city["feeders"]}
    assert all(count == feeders[name.removesuffix("-c1")] for name, count in feeders.items() if name.endswith("-c1"))


def test_relations_hold_within_a_copy_when_its_district_is_taken() -> None:
    """All of a district comes before the next one."""
    known = seeds()
    size = len(known.lines)
    of_copy = [device.zone.removesuffix("-c1") for device in load_city(2 * size).devices[size:]]
    districts = [known.district_of[zone] for zone in of_copy]
    changes = sum(one != other for one, other in pairwise(districts))
    assert changes == len(set(districts)) - 1


def test_keys_and_names_are_unique_and_keep_their_form() -> None:
    devices = load_city(20_000).devices
    assert len({device.id for device in devices}) == 20_000
    assert len({(device.profile, device.key) for device in devices}) == 20_000
    assert [device.number for device in devices] == list(range(20_000))
    assert copy_key("70B3D57ED0060001", 3) == "70B3D57ED0060301"
    assert copy_key("urn:dev:mac:0024befffe800001:", 2) == "urn:dev:mac:0024befffe800201:"
    assert copy_key("loop-0001", 2) == copy_name("loop-0001", 2) == "loop-0001-c2"
    assert copy_name("", 2) == ""
    assert original("loop-0001-c2", 2) == original("loop-0001", 0) == "loop-0001"
    assert copy_key("tunnel/section-1/climate", 1) == "tunnel/section-1/climate-c1"


def test_copies_lie_beside_each_other_on_the_map() -> None:
    places = {shift(copy, BOUNDS) for copy in range(2_289)}
    assert len(places) == 2_289
    assert shift(0, BOUNDS) == (0.0, 0.0)
    for east, north in places:
        assert BOUNDS[0] + east > -180
        assert BOUNDS[2] + east < 180
        assert BOUNDS[1] + north > -90
        assert BOUNDS[3] + north < 90


def test_a_large_city_lifts_the_bound_of_the_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_sims.city.files._USUAL_BOUND", 100)
    *_, config = write_city(tmp_path, 200)
    assert tomllib.loads(config.read_text(encoding="utf-8"))["engine"] == {"max_devices": 400}


def test_a_city_of_no_devices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 1,000,000"):
        write_city(tmp_path / "none", 0)
    assert not (tmp_path / "none").exists()


def test_devices_are_quoted_where_need_be(texts: tuple[str, str]) -> None:
    rows = list(csv.DictReader(io.StringIO(texts[1])))
    assert len(rows) == 1000
    assert all(row["lon"] and row["installed"] for row in rows)
