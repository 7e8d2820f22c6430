"""The marker's arguments: what makes no sense is said, and a run's times are always the same."""

from datetime import datetime
from typing import Any

import pytest

from device_sims.testbed.errors import CityError
from device_sims.testbed.options import CityOptions

SECOND = 1_000_000_000


def _ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


@pytest.mark.parametrize(("given", "said"), [
    ({"device": 3}, "a city has no option 'device'; there are devices, scenario, speed"),
    ({"devices": 0}, "devices must be above 0, not 0"),
    ({"speed": -1}, "speed must be above 0, not -1"),
    ({"for_secs": 0.0}, "for_secs must be above 0, not 0.0"),
    ({"speed": float("nan")}, "speed must be above 0, not nan"),
])  # fmt: skip
def test_what_makes_no_sense_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CityError, match=said):
        CityOptions.of(given)


@pytest.mark.parametrize(("given", "said"), [
    ({"origin": "eight"}, "origin: "),
    ({"origin": "2026-03-04T08:00:00"}, "needs an offset"),
    ({"scenario": "gas-leek"}, "there is no scenario 'gas-leek'"),
    ({"scenario": "none.toml"}, r"scenario none.toml: .*No such file"),
    ({"scenario": "gas-leak", "devices": 3}, "scenario gas-leak: "),
])  # fmt: skip
def test_what_can_not_be_played_is_said_before_anything_is_started(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CityError, match=said):
        CityOptions.of(given).times()


def test_devices_without_a_bound_have_no_end() -> None:
    options = CityOptions.of({})

    assert options.count == 50
    assert options.times() == (_ns("2026-03-04T08:00:00+08:00"), None)


def test_seconds_are_real_ones() -> None:
    times = CityOptions.of({"for_secs": 1.5, "speed": 40, "origin": "2026-01-01T00:00:00Z"}).times()

    assert times == (_ns("2026-01-01T00:00:00Z"), _ns("2026-01-01T00:01:00Z"))


def test_a_scenario_brings_its_hours_and_its_devices() -> None:
    options = CityOptions.of({"scenario": "gas-leak"})

    assert options.count is None
    assert options.times() == (_ns("2026-03-04T02:00:00+08:00"), _ns("2026-03-04T05:00:00+08:00"))


def test_a_scenario_can_begin_elsewhere_and_end_sooner() -> None:
    begin = _ns("2026-03-06T02:30:00+08:00")
    given = {"scenario": "gas-leak", "origin": "2026-03-06T02:30:00+08:00", "speed": 60}

    assert CityOptions.of(given).times() == (begin, begin + 3 * 3600 * SECOND)
    assert CityOptions.of(given | {"for_secs": 10}).times() == (begin, begin + 600 * SECOND)
