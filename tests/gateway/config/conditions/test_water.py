"""What can be wrong with conditions of metered areas and of pressure."""

from typing import Any

import pytest

import seeds
from gateway.config.city import parse_city
from gateway.config.conditions.checks import parse_conditions
from gateway.config.conditions.model import ConditionModel
from gateway.config.conditions.water import NightFlowCondition
from gateway.config.profiles import load_profiles
from gateway.config.toml_text import toml_value
from gateway.errors import ConfigErrors

CITY = parse_city(seeds.city_text(), "city.toml")
PROFILES = load_profiles(dict(seeds.profile_texts()))
NIGHT: dict[str, Any] = {
    "name": "water.leak", "title": "Leak", "kind": "night-flow", "flow_profile": "water-flow", "flow": "flow",
    "priorities": [2],
}  # fmt: skip
LEVEL: dict[str, Any] = {"level_profile": "reservoir-level", "level": "level"}
BALANCE: dict[str, Any] = NIGHT | {"name": "water.balance", "kind": "water-balance"}
METERED: dict[str, Any] = {"metered_profile": "water-flow", "metered": "volume"}
SURGE: dict[str, Any] = {
    "name": "water.surge", "title": "Surge", "kind": "transient", "profile": "water-pressure", "quantity": "pressure",
    "amplitude": 150, "rate": 1, "within_secs": 120, "priorities": [2],
}  # fmt: skip


def _text(table: dict[str, Any]) -> str:
    lines = ["schema = 1", "[[conditions]]"]
    lines += [f"{key} = {toml_value(value)}" for key, value in table.items() if key != "where"]
    for where in table.get("where", ()):
        lines += ["[[conditions.where]]", *[f"{key} = {toml_value(value)}" for key, value in where.items()]]
    return "\n".join(lines) + "\n"


def _parse(table: dict[str, Any]) -> tuple[ConditionModel, ...]:
    return parse_conditions(_text(table), "own.toml", CITY, PROFILES)


def _keys(table: dict[str, Any]) -> list[str]:
    """Keys that are wrong; each has a problem and a remedy."""
    with pytest.raises(ConfigErrors) as caught:
        _parse(table)
    assert all(each.what and each.remedy and each.file == "own.toml" for each in caught.value.problems)
    return [each.key.removeprefix("conditions[0].") for each in caught.value.problems]


@pytest.mark.parametrize("table", [NIGHT, NIGHT | LEVEL, BALANCE, BALANCE | METERED | {"share": [0.1, 0.2]}, SURGE])
def test_what_is_right_has_no_problem(table: dict[str, Any]) -> None:
    assert [condition.name for condition in _parse(table)] == [table["name"]]


def test_gauges_that_are_not_there_are_done_without() -> None:
    assert len(_parse(NIGHT | {"level_profile": "gauge", "level": "level"})) == 1


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (NIGHT | {"flow": "volume"}, "flow"),
        (NIGHT | {"flow": "speed"}, "flow"),
        (NIGHT | {"flow_profile": "no-such"}, "flow_profile"),
        (NIGHT | {"level_profile": "water-flow", "level": "flow"}, "level"),
        (NIGHT | {"night": ["02:00", "02:45"]}, "night"),
        (NIGHT | {"night": ["05:00", "02:00"]}, "night"),
        (NIGHT | {"night": ["02:10", "05:00"]}, "night[0]"),
        (NIGHT | {"least_coverage": 0}, "least_coverage"),
        (NIGHT | {"floor": 0}, "floor"),
        (NIGHT | {"where": [{"zone": "nowhere", "floor": 2.0}]}, "where[0].zone"),
        (NIGHT | {"where": [{"zone": "dma-tianhe-1"}]}, "where[0]"),
        (BALANCE | {"share": [0.1]}, "share"),
        (BALANCE | METERED | {"share": [0.3, 0.2]}, "share"),
        (BALANCE | METERED | {"share": [20.0]}, "share"),
        (BALANCE | METERED | {"metered": "flow"}, "metered"),
        (SURGE | {"within_secs": 30}, "within_secs"),
        (SURGE | {"profile": "water-flow", "quantity": "flow"}, "quantity"),
        (SURGE | {"rate": 0}, "rate"),
    ],
)
def test_what_is_wrong_is_said_at_its_key(table: dict[str, Any], key: str) -> None:
    assert _keys(table) == [key]


def test_a_place_that_is_there_twice_is_said_of_both() -> None:
    where = [{"zone": "dma-tianhe-1", "floor": 2.0}, {"zone": "dma-tianhe-1", "legitimate": 3.0}]

    assert _keys(NIGHT | {"where": where}) == ["where[0].zone", "where[1].zone"]


@pytest.mark.parametrize(
    ("night", "minutes"), [(("02:00", "05:00"), (120, 300)), (("23:00", "04:00"), (1380, 1680))]
)  # fmt: skip
def test_a_night_may_begin_before_midnight(night: tuple[str, str], minutes: tuple[int, int]) -> None:
    assert NightFlowCondition.model_validate(NIGHT | {"night": night}).night_minutes == minutes
