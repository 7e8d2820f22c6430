"""Limits and units by the built-in conditions and profiles."""

from collections.abc import Mapping

import pytest

import seeds
from gateway.config.conditions.checks import built_in_conditions
from gateway.config.conditions.model import ConditionModel
from gateway.config.profiles import Profile, load_profiles
from gateway.console.view.judged import (
    Limit,
    figure_limits,
    judges,
    limits_of,
    limits_said,
    unit_of_alarm,
    units_of,
    with_own_limits,
)

PROFILES: Mapping[str, Profile] = {each.name: each for each in load_profiles(seeds.profile_texts())}
CONDITIONS: Mapping[str, ConditionModel] = {
    each.name: each for each in built_in_conditions(seeds.condition_texts(), tuple(PROFILES.values()))
}


def test_limits_of_a_quantity_on_both_sides() -> None:
    found = limits_of(CONDITIONS, "meter-3p", "u_a")
    assert [(each.value, each.high) for each in found] == [(187, False), (198, False), (235.4, True), (242, True)]
    assert limits_said(found, "V") == ("≤ 198, ≥ 235.4", "≤ 187, ≤ 198, ≥ 235.4, ≥ 242")


def test_a_device_may_have_its_own() -> None:
    found = limits_of(CONDITIONS, "meter-3p", "u_a", places=["meter-0090"])
    assert [each.value for each in found if each.high] == [246, 253]


def test_two_of_three_detectors_say_nothing_twice() -> None:
    assert [each.value for each in limits_of(CONDITIONS, "gas-detector", "lel")] == [20, 25, 50]


def test_devices_with_limits_of_their_own_are_told_apart() -> None:
    assert with_own_limits(CONDITIONS, "meter-3p", "u_a") == {"meter-0089", "meter-0090", "meter-0091"}
    assert with_own_limits(CONDITIONS, "gas-detector", "lel") == frozenset()


def test_what_nothing_judges_has_none() -> None:
    assert limits_of(CONDITIONS, "meter-3p", "pf") == []
    assert limits_said([], "V") == ("", "")


def test_limits_of_figures() -> None:
    assert figure_limits(CONDITIONS, "traffic.zone-index", "tpi") == [
        Limit(6, True, 4, "traffic.zone-index"), Limit(8, True, 3, "traffic.zone-index"),
    ]  # fmt: skip
    assert figure_limits(CONDITIONS, "traffic.zone-index", "other") == []
    assert figure_limits({}, "traffic.zone-index", "tpi") == []


@pytest.mark.parametrize(
    ("condition", "unit"), [("gas.lel", "%LEL"), ("grid.voltage-low", "V"), ("drainage.rise", "m/h"), ("none.such", "")]
)
def test_the_unit_of_an_alarm(condition: str, unit: str) -> None:
    assert unit_of_alarm(CONDITIONS.get(condition), PROFILES) == unit


def test_every_kind_of_condition_tells_its_unit_without_an_error() -> None:
    assert {name: unit_of_alarm(condition, PROFILES) for name, condition in CONDITIONS.items()}


def test_units_are_canonical() -> None:
    assert units_of(PROFILES["water-flow"])["flow"] == "m3/h"


def test_whose_business_an_alarm_is() -> None:
    assert judges(CONDITIONS["grid.voltage-low"], "meter-3p", ["u_a"])
    assert not judges(CONDITIONS["grid.voltage-low"], "meter-3p", ["i_a"])
    assert judges(CONDITIONS["device.silent"], "meter-3p", ["i_a"])
    assert judges(None, "meter-3p", ["i_a"])
