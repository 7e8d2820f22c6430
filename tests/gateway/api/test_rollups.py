"""Values and alarms gathered by place, without a gateway."""

import math
from pathlib import Path

import pytest

from gateway.api.rollups import Places, Value, gathered
from gateway.config.seed_files import load_seed_files
from tests.support.running import settings_of

NAMES: dict[str, str] = {"a": "A"}
T = 1_772_406_000_000_000_000


def test_what_failed_a_check_counts_for_the_flag_only() -> None:
    values = [Value("a", 1.0, 1, T), Value("a", 3.0, 3, T + 1), Value("a", 900.0, 4, T), Value("a", math.nan, 2, T)]
    found = gathered(values, [("a", 2), ("a", 1), ("b", 4)], NAMES.get)
    assert found["a"] == {
        "name": "A", "count": 2, "mean": 2.0, "min": 1.0, "max": 3.0, "worst_flag": 4,
        "newest": "2026-03-01T23:00:00.000000001Z", "open_alarms": 2, "worst_priority": 1,
    }  # fmt: skip
    assert (found["b"]["count"], found["b"]["mean"], found["b"]["worst_flag"], found["b"]["open_alarms"]) == (
        0, None, None, 1,
    )  # fmt: skip


def test_nothing_is_gathered_of_nothing() -> None:
    assert gathered([], [], str) == {}


@pytest.mark.parametrize("resolution", [None, 4, 9])
def test_a_place_is_a_zone_or_the_cell_of_a_point(tmp_path: Path, resolution: int | None) -> None:
    city = load_seed_files(settings_of(tmp_path, 1)).city
    places = Places(city, resolution)
    road, device = places.of_asset("tianhe-road-1", "tianhe"), places.of_device("tianhe", "8941187a5d3ffff")
    if resolution is None:
        assert (road, device, places.of_asset("tianhe", "tianhe")) == ("tianhe", "tianhe", "tianhe")
        assert places.of_device("", "8941187a5d3ffff") is None
    else:
        assert road is not None
        assert device is not None
        # a zone is no point, and what has none lies in no cell
        assert places.of_asset("tianhe", "tianhe") is None
        assert places.of_device("tianhe", "") is None
        assert places.of_device("tianhe", "no cell") is None
