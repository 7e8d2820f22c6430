"""devices.csv: the built-in one is right, and each wrong line is named with its column."""

import h3
import pytest

import seeds
from gateway.config.city import City, parse_city
from gateway.config.devices import CELL_RESOLUTION, COLUMNS, calibrated_days, parse_devices
from gateway.errors import ConfigErrors

HEADER = ",".join(COLUMNS)
GOOD = "d1,loop-detector,k1,tianhe,113.31061,23.13323,tianhe-road-1,2022-10-24,lanes=4"


@pytest.fixture(scope="module")
def city() -> City:
    return parse_city(seeds.city_text(), "city.toml")


def test_the_built_in_devices_are_right(city: City) -> None:
    devices = parse_devices(seeds.devices_text(), "devices.csv", city, seeds.profile_texts())

    assert len(devices) >= 300
    assert len({device.id for device in devices}) == len(devices)


def test_a_device_knows_its_cell(city: City) -> None:
    (device,) = parse_devices(f"{HEADER}\n{GOOD}\n", "d.csv", city, ["loop-detector"])

    assert h3.get_resolution(device.cell) == CELL_RESOLUTION == 9
    # latitude first, as h3 wants it
    assert device.cell == h3.latlng_to_cell(23.13323, 113.31061, 9)
    assert (device.keys, device.zone, device.asset) == (("k1",), "tianhe", "tianhe-road-1")


def test_a_device_may_have_several_keys_and_no_place(city: City) -> None:
    (device,) = parse_devices(f"{HEADER}\nd1,loop-detector,k1 k2,tianhe,,,,,\n", "d.csv", city, ["loop-detector"])

    assert (device.keys, device.lon, device.lat, device.cell, device.asset) == (("k1", "k2"), None, None, "", "")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (GOOD.replace("d1", "", 1), "id"),
        (GOOD.replace("d1", "d\x1b1", 1), "id"),
        (GOOD.replace("loop-detector", "loop"), "profile"),
        (GOOD.replace("k1", ""), "keys"),
        (GOOD.replace("tianhe,", "nowhere,", 1), "zone"),
        (GOOD.replace("tianhe,", "yuexiu,", 1), "zone"),
        (GOOD.replace("tianhe-road-1", "nothing"), "asset"),
        (GOOD.replace("2022-10-24", "24.10.2022"), "installed"),
        (GOOD.replace("113.31061", "east"), "lon, lat"),
        (GOOD.replace("113.31061", ""), "lon, lat"),
        (GOOD.replace("113.31061", "nan"), "lon, lat"),
        (GOOD.replace("113.31061,23.13323", "23.13323,113.31061"), "lon, lat"),
    ],
)
def test_a_wrong_value_is_named_with_line_and_column(city: City, line: str, column: str) -> None:
    other = GOOD.replace("d1", "d0").replace("k1", "k0")

    with pytest.raises(ConfigErrors) as caught:
        parse_devices(f"{HEADER}\n{other}\n{line}\n", "d.csv", city, ["loop-detector"])

    assert [(problem.file, problem.key) for problem in caught.value.problems] == [("d.csv", f"line 3, {column}")]


@pytest.mark.parametrize("line", ["d1,loop-detector", GOOD + ",more"])
def test_a_line_of_another_width_is_named(city: City, line: str) -> None:
    with pytest.raises(ConfigErrors, match=r"line 2: has \d+ columns, not 9"):
        parse_devices(f"{HEADER}\n{line}\n", "d.csv", city, ["loop-detector"])


def test_ids_and_keys_belong_to_one_device(city: City) -> None:
    with pytest.raises(ConfigErrors) as caught:
        parse_devices(f"{HEADER}\n{GOOD}\n{GOOD}\n", "d.csv", city, ["loop-detector"])

    assert [problem.key for problem in caught.value.problems] == ["line 3, id", "line 3, keys"]


def test_a_key_may_serve_once_under_each_profile(city: City) -> None:
    other = GOOD.replace("d1", "d2").replace("loop-detector", "segment-speed")

    devices = parse_devices(f"{HEADER}\n{GOOD}\n{other}\n", "d.csv", city, ["loop-detector", "segment-speed"])

    assert [device.keys for device in devices] == [("k1",), ("k1",)]


def test_no_more_than_fifty_problems_are_said(city: City) -> None:
    lines = "\n".join(f"d{k},nope,k{k},tianhe,,,,," for k in range(200))

    with pytest.raises(ConfigErrors) as caught:
        parse_devices(f"{HEADER}\n{lines}\n", "d.csv", city, ["loop-detector"])

    assert len(caught.value.problems) == 50


@pytest.mark.parametrize("text", ["", "id,profile\n", HEADER.upper() + "\n"])
def test_another_header_is_refused(city: City, text: str) -> None:
    with pytest.raises(ConfigErrors, match="line 1"):
        parse_devices(text, "d.csv", city, [])


def test_a_header_alone_means_no_devices(city: City) -> None:
    assert parse_devices(HEADER + "\n", "d.csv", city, []) == ()


def test_the_day_of_a_calibration_is_read_from_what_is_extra() -> None:
    head = "id,profile,keys,zone,lon,lat,asset,installed,extra\n"
    text = head + "a,p,a,z,,,,2020-01-01,lanes=4 calibrated=2025-11-03\nb,p,b,z,,,,2020-01-01,\n"
    assert calibrated_days(text, "devices.csv") == {"a": "2025-11-03"}

    with pytest.raises(ConfigErrors) as error:
        calibrated_days(head + "a,p,a,z,,,,,calibrated=soon\n", "devices.csv")
    assert (error.value.key, error.value.remedy) == ("line 2, extra", "Write it like calibrated=2025-11-03.")
