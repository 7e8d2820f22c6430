"""conditions.toml: what it says, what is wrong with it, and which of the built-in ones a city gets."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seeds
from gateway.config.city import parse_city
from gateway.config.conditions.checks import built_in_conditions, parse_conditions
from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.config.conditions.kinds import KINDS, load_conditions, read_conditions
from gateway.config.conditions.model import ConditionModel
from gateway.config.conditions.steps import StepsCondition
from gateway.config.content import Device
from gateway.config.load import load_settings
from gateway.config.profiles import Profile, load_profiles
from gateway.config.seed_files import load_seed_files
from gateway.config.toml_text import toml_value
from gateway.errors import ConfigError, ConfigErrors

CITY = parse_city(seeds.city_text(), "city.toml")
PROFILES = load_profiles(dict(seeds.profile_texts()))
STEPS = {
    "name": "gas.lel", "title": "Gas", "kind": "steps", "profile": "gas-detector", "quantity": "lel",
    "high": [20, 25, 50], "priorities": [2, 1],
}  # fmt: skip
CONGESTION = {
    "name": "traffic.congestion", "title": "Congestion", "kind": "congestion", "profile": "segment-speed",
    "quantity": "speed", "priorities": [4],
}  # fmt: skip
BURST = {
    "name": "water.burst", "title": "Burst", "kind": "burst", "flow_profile": "water-flow", "flow": "flow",
    "pressure_profile": "water-pressure", "pressure": "pressure", "window_secs": 60, "priorities": [1],
}  # fmt: skip
FILLING = {
    "name": "drainage.filling", "title": "Full", "kind": "filling", "profile": ["drainage-level", "senml-station"],
    "quantity": "level", "priorities": [4, 3, 1],
}  # fmt: skip
RISE = {
    "name": "drainage.rise", "title": "Rise", "kind": "rise", "profile": "drainage-level", "quantity": "level",
    "rise": [1, 2], "priorities": [4],
}  # fmt: skip
BLOCKAGE = {
    "name": "drainage.blockage", "title": "Blocked", "kind": "blockage", "profile": "drainage-level",
    "quantity": "level", "rain_profile": "rain-gauge", "rain": "rain", "priorities": [4, 2],
}  # fmt: skip
SILENCE = {"name": "device.silent", "title": "Silent", "kind": "silence", "priorities": [4]}
UNUSUAL = {
    "name": "device.unusual", "title": "Unusual", "kind": "unusual", "profile": "senml-station", "quantity": "level",
    "priorities": [4],
}  # fmt: skip
TREND = {
    "name": "water.tank-trend", "title": "Trend", "kind": "trend", "profile": "reservoir-level", "quantity": "level",
    "window_secs": 900, "hours": 4, "ahead_hours": 8, "low": 0.8, "priorities": [4],
}  # fmt: skip

UNBALANCE = {
    "name": "grid.unbalance", "title": "Unbalance", "kind": "unbalance", "profile": "transformer",
    "lines": ["u_ab", "u_bc", "u_ca"], "priorities": [4],
}  # fmt: skip
DIPS = {
    "name": "grid.dip", "title": "Dip", "kind": "dips", "profile": "meter-3p", "phases": ["u_a", "u_b", "u_c"],
    "priorities": [4, 3, 2],
}  # fmt: skip
RECORDS = {
    "name": "grid.event", "title": "Event", "kind": "dips", "profile": "grid-event", "event": "event",
    "duration": "duration", "residual": "residual", "priorities": [4],
}  # fmt: skip
TRANSFORMER = {
    "name": "grid.transformer", "title": "Transformer", "kind": "transformer", "profile": "transformer", "power": "s",
    "oil": "oil", "priorities": [3, 2],
}  # fmt: skip
BALANCE = {
    "name": "grid.balance", "title": "Balance", "kind": "energy-balance", "supply_profile": "feeder-meter",
    "supply": "energy", "meter_profile": "household-meter", "meter": "energy", "priorities": [3],
}  # fmt: skip
COMPLIANCE = {
    "name": "grid.compliance", "title": "Week", "kind": "compliance", "profile": "meter-3p",
    "phases": ["u_a", "u_b", "u_c"], "thd": "thd_u", "frequency": "f", "priorities": [4],
}  # fmt: skip


def _text(*tables: dict[str, Any], head: str = "schema = 1\n") -> str:
    lines = [head]
    for table in tables:
        lines.append("[[conditions]]")
        lines += [
            f"{key} = {toml_value(value)}" for key, value in table.items() if key != "where" and value is not None
        ]
        for where in table.get("where", ()):
            lines.append("[[conditions.where]]")
            lines += [f"{key} = {toml_value(value)}" for key, value in where.items()]
    return "\n".join(lines) + "\n"


def _parse(text: str, devices: tuple[Device, ...] = (), profiles: tuple[Profile, ...] = PROFILES) -> Any:
    return parse_conditions(text, "own.toml", CITY, profiles, devices)


def _problems(text: str, **more: Any) -> dict[str, ConfigError]:
    with pytest.raises(ConfigErrors) as caught:
        _parse(text, **more)
    for problem in caught.value.problems:
        assert problem.file == "own.toml"
        assert problem.what
        assert problem.remedy
    return {problem.key: problem for problem in caught.value.problems}


# -- what is right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [
    STEPS, CONGESTION, BURST, SILENCE, UNUSUAL, UNBALANCE, DIPS, RECORDS, TRANSFORMER, BALANCE, COMPLIANCE, FILLING,
    RISE, BLOCKAGE, TREND,
])  # fmt: skip
def test_each_kind_is_read_with_its_defaults(table: dict[str, Any]) -> None:
    (condition,) = _parse(_text(table))

    assert type(condition) is KINDS[table["kind"]]
    assert (condition.domain, condition.latching, condition.on_delay_secs) == (table["name"].split(".")[0], False, 0)


def test_no_condition_is_a_choice() -> None:
    assert _parse("schema = 1\n") == ()


def test_places_have_steps_of_their_own() -> None:
    zone, asset = CITY.zones[0].id, next(iter(CITY.assets())).id
    (condition,) = _parse(
        _text(
            STEPS | {"where": [{"zone": zone, "high": [10]}, {"asset": asset, "high": []}, {"device": "x", "low": [1]}]}
        )
    )

    assert [(where.kind, where.place) for where in condition.where] == [
        ("zone", zone), ("asset", asset), ("device", "x")
    ]  # fmt: skip


def test_plain_tables_give_back_the_same_conditions() -> None:
    nominal = {"where": [{"device": "x", "nominal": 230}]}
    grid = (UNBALANCE, DIPS | nominal, RECORDS, TRANSFORMER, BALANCE, COMPLIANCE | nominal)
    conditions = _parse(_text(STEPS, CONGESTION, BURST, FILLING, RISE, BLOCKAGE, SILENCE, *grid))

    assert load_conditions([condition.model_dump(mode="json") for condition in conditions]) == conditions


# -- what is wrong with one by itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "key"), [
    ("", "schema"), ("schema = 2", "schema"), ('schema = "1"', "schema"), ("schema = 1\nthings = 3", "things"),
    ("schema = 1\nconditions = 3", "conditions"), ("schema = 1\nconditions = [3]", "conditions[0].kind"),
    ("schema = ", ""),
    (_text(STEPS | {"kind": "stps"}), "conditions[0].kind"),
    (_text(SILENCE, {k: v for k, v in STEPS.items() if k != "kind"}), "conditions[1].kind"),
])  # fmt: skip
def test_a_file_of_the_wrong_shape_says_where(text: str, key: str) -> None:
    assert set(_problems(text)) == {key}


@pytest.mark.parametrize(("table", "changed", "key"), [
    (STEPS, {"name": "LEL"}, "name"), (STEPS, {"name": "gas"}, "name"), (STEPS, {"name": "gas." + "x" * 70}, "name"),
    (STEPS, {"title": ""}, "title"), (STEPS, {"priorities": []}, "priorities"),
    (STEPS, {"priorities": [0]}, "priorities[0]"), (STEPS, {"priorities": [1, 5]}, "priorities[1]"),
    (STEPS, {"on_delay_secs": -1}, "on_delay_secs"), (STEPS, {"off_delay_secs": float("nan")}, "off_delay_secs"),
    (STEPS, {"on_delay_secs": float("inf")}, "on_delay_secs"), (STEPS, {"deadband": -1}, "deadband"),
    (STEPS, {"high": [float("nan")]}, "high[0]"), (STEPS, {"high": list(range(10))}, "high"),
    (STEPS, {"window_secs": 30}, "window_secs"), (STEPS, {"hihg": [3]}, "hihg"),
    (CONGESTION, {"least": 0}, "least"), (CONGESTION, {"half_life_days": 0}, "half_life_days"),
    (BURST, {"size": 3}, "size"), (BURST, {"times": 0}, "times"), (SILENCE, {"intervals": 1}, "intervals"),
    (SILENCE, {"least_secs": 0}, "least_secs"), (UNUSUAL, {"threshold": 1}, "threshold"),
    (UNUSUAL, {"warm_days": 0}, "warm_days"), (UNUSUAL, {"quiet_hours": -1}, "quiet_hours"),
    (UNBALANCE, {"lines": ["u_ab"]}, "lines"), (DIPS, {"sag": 1.1}, "sag"), (DIPS, {"nominal": 0}, "nominal"),
    (TRANSFORMER, {"window_secs": 30}, "window_secs"), (BALANCE, {"coverage": 0}, "coverage"),
    (COMPLIANCE, {"share": 1.5}, "share"), (COMPLIANCE, {"voltage_low": -10}, "voltage_low"),
    (FILLING, {"filling": 0}, "filling"),
    (FILLING, {"margin_m": -1}, "margin_m"), (RISE, {"over_secs": 1}, "over_secs"), (RISE, {"rise": ["x"]}, "rise[0]"),
    (BLOCKAGE, {"window_secs": 600}, "window_secs"), (BLOCKAGE, {"gain": 0}, "gain"),
    (BLOCKAGE, {"least_count": 0}, "least_count"), (BLOCKAGE, {"dry_for_secs": 60}, "dry_for_secs"),
    (BLOCKAGE, {"wet_mm": 0}, "wet_mm"),
    (TREND, {"window_secs": 60}, "window_secs"), (TREND, {"hours": 0}, "hours"), (TREND, {"low": "x"}, "low"),
    (TREND, {"ahead_hours": 2000}, "ahead_hours"), (TREND, {"hold": 0.5}, "hold"), (TREND, {"errors": 0}, "errors"),
    (TREND, {"high": float("nan")}, "high"), (TREND, {"deadband": -1}, "deadband"),
])  # fmt: skip
def test_a_wrong_value_is_said_with_its_key(table: dict[str, Any], changed: dict[str, Any], key: str) -> None:
    assert set(_problems(_text(SILENCE | {"name": "a.b"}, table | changed))) == {f"conditions[1].{key}"}


def test_an_unknown_key_says_which_one_it_may_mean() -> None:
    assert "deadband" in _problems(_text(STEPS | {"dead_band": 2}))["conditions[0].dead_band"].remedy


@pytest.mark.parametrize("missing", ["name", "title", "profile", "quantity", "priorities"])
def test_a_missing_key_is_said(missing: str) -> None:
    table = {key: value for key, value in STEPS.items() if key != missing}

    assert _problems(_text(table))[f"conditions[0].{missing}"].what == "is missing"


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = _problems(_text(STEPS | {"title": "", "deadband": -1}, BURST | {"size": 1}))

    assert set(found) == {"conditions[0].title", "conditions[0].deadband", "conditions[1].size"}


# -- what can't be ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "changed", "key"), [
    (STEPS, {"profile": "nothing"}, "profile"), (STEPS, {"quantity": "speed"}, "quantity"),
    (STEPS, {"quantity": ["lel", "lel"]}, "quantity"), (STEPS, {"high": []}, "high"),
    (STEPS, {"high": [20, 20]}, "high"), (STEPS, {"high": [25, 20]}, "high"), (STEPS, {"low": [1, 2]}, "low"),
    (STEPS, {"low": [20]}, "low"), (STEPS, {"low": [18], "deadband": 1}, "low"),
    (STEPS, {"priorities": [1, 2, 3, 4]}, "priorities"),
    (STEPS, {"where": [{"high": [1]}]}, "where[0]"),
    (STEPS, {"where": [{"zone": "tianhe", "device": "x", "high": [1]}]}, "where[0]"),
    (STEPS, {"where": [{"device": "x"}]}, "where[0]"),
    (STEPS, {"where": [{"zone": "nowhere", "high": [1]}]}, "where[0].zone"),
    (STEPS, {"where": [{"asset": "nothing", "high": [1]}]}, "where[0].asset"),
    (STEPS, {"where": [{"device": "x", "high": [2, 1]}]}, "where[0].high"),
    (STEPS, {"where": [{"device": "x", "low": [21]}]}, "where[0]"),
    (CONGESTION, {"quantity": "flow"}, "quantity"), (CONGESTION, {"delay": []}, "delay"),
    (CONGESTION, {"delay": [0.7, 0.6]}, "delay"), (CONGESTION, {"delay": [0.5, 1.0]}, "delay"),
    (CONGESTION, {"window_secs": 600}, "window_secs"), (CONGESTION, {"window_secs": 60}, "window_secs"),
    (BURST, {"flow_profile": "nothing"}, "flow_profile"), (BURST, {"flow": "pressure"}, "flow"),
    (BURST, {"pressure_profile": "nothing"}, "pressure_profile"), (BURST, {"pressure": "x"}, "pressure"),
    (BURST, {"window_secs": 900, "within_secs": 600}, "within_secs"), (BURST, {"priorities": [1, 2]}, "priorities"),
    (SILENCE, {"priorities": [1, 2]}, "priorities"),
    (UNUSUAL, {"on_delay_secs": 60}, "on_delay_secs"), (UNUSUAL, {"quantity": "speed"}, "quantity"),
    (UNUSUAL, {"profile": "nothing"}, "profile"), (UNUSUAL, {"priorities": [4, 3]}, "priorities"),
    (UNBALANCE, {"lines": ["u_ab", "u_bc", "u_x"]}, "lines"), (UNBALANCE, {"lines": ["u_ab"] * 3}, "lines"),
    (UNBALANCE, {"lines": []}, "lines"),
    (UNBALANCE, {"phases": ["u_ab", "u_bc", "u_ca"], "angles": ["u_ab", "u_bc", "u_ca"]}, "lines"),
    (UNBALANCE, {"lines": [], "phases": ["u_ab", "u_bc", "u_ca"]}, "angles"),
    (UNBALANCE, {"high": [0.04, 0.02]}, "high"), (UNBALANCE, {"high": [2.0]}, "high"),
    (UNBALANCE, {"profile": "household-meter", "lines": ["u", "p", "energy"]}, "window_secs"),
    (DIPS, {"phases": []}, "phases"), (DIPS, {"event": "f"}, "phases"), (DIPS, {"phases": ["u_x"]}, "phases"),
    (DIPS, {"interruption": 0.95}, "interruption"), (DIPS, {"where": [{"nominal": 230}]}, "where[0]"),
    (DIPS, {"where": [{"zone": "nowhere", "nominal": 230}]}, "where[0].zone"),
    (RECORDS, {"residual": "depth"}, "residual"), (RECORDS, {"priorities": [1, 2, 3, 4]}, "priorities"),
    (TRANSFORMER, {"currents": ["i_a"]}, "currents"), (TRANSFORMER, {"oil": "water"}, "oil"),
    (TRANSFORMER, {"loading": [1.3, 1.0]}, "loading"), (TRANSFORMER, {"oil_high": []}, "oil_high"),
    (BALANCE, {"meter_profile": "feeder-meter"}, "meter_profile"), (BALANCE, {"supply": "p_x"}, "supply"),
    (BALANCE, {"least": 20}, "least"),
    (COMPLIANCE, {"lines": ["u_a", "u_b"]}, "lines"), (COMPLIANCE, {"voltage_low": -0.1}, "voltage_high"),
    (COMPLIANCE, {"voltage_high": 0.1}, "voltage_low"),
    (COMPLIANCE, {"voltage_low": 0.1, "voltage_high": 0.1}, "voltage_low"),
    (COMPLIANCE, {"nominal": 25_000, "thd": None}, "nominal"), (COMPLIANCE, {"nominal": 20_000}, "nominal"),
    (COMPLIANCE, {"nominal": 25_000, "thd_high": 0.03}, "nominal"),
    (COMPLIANCE, {"nominal": 63_509}, "nominal"), (COMPLIANCE, {"measured": "phases"}, "measured"),
    (COMPLIANCE, {"where": [{"device": "x", "nominal": 35_000}, {"device": "y", "nominal": 220_000}]},
     "where[1].nominal"),
    (COMPLIANCE, {"frequency_high": 49.0}, "frequency_low"), (COMPLIANCE, {"thd": "thd"}, "thd"),
    (FILLING, {"profile": "nothing"}, "profile"), (FILLING, {"profile": ["drainage-level", "nothing"]}, "profile"),
    (FILLING, {"profile": ["drainage-level", "drainage-level"]}, "profile"),
    (FILLING, {"profile": ["drainage-level", "rain-gauge"]}, "quantity"), (FILLING, {"quantity": "rssi"}, "quantity"),
    (FILLING, {"quantity": "battery", "profile": "drainage-level"}, "quantity"),
    (FILLING, {"priorities": [1, 1, 1, 1]}, "priorities"),
    (FILLING, {"where": [{"asset": "nothing", "filling": 0.5}]}, "where[0].asset"),
    (FILLING, {"where": [{"asset": "manhole-tianhe-3"}]}, "where[0]"),
    (RISE, {"rise": []}, "rise"), (RISE, {"rise": [2, 1]}, "rise"), (RISE, {"deadband": 1}, "rise"),
    (RISE, {"where": [{"device": "x", "rise": [2, 1]}]}, "where[0].rise"),
    (RISE, {"over_secs": 60}, "over_secs"), (RISE, {"priorities": [1, 2, 3]}, "priorities"),
    (BLOCKAGE, {"rain_profile": "nothing"}, "rain_profile"), (BLOCKAGE, {"rain": "level"}, "rain"),
    (BLOCKAGE, {"rain": "intensity"}, "rain"), (BLOCKAGE, {"priorities": [1, 2, 3]}, "priorities"),
    (BLOCKAGE, {"rain_profile": "drainage-level", "rain": "level"}, "rain"),
    (BLOCKAGE, {"where": [{"zone": "tianhe", "device": "x", "times": 3}]}, "where[0]"),
    (TREND, {"low": None}, "high"), (TREND, {"hours": 1.9, "ahead_hours": 7}, "hours"),
    (TREND, {"ahead_hours": 17}, "ahead_hours"),
    (TREND, {"high": 0.8}, "low"), (TREND, {"high": 1.0, "deadband": 0.1}, "low"),
    (TREND, {"quantity": ["level", "level"]}, "quantity"), (TREND, {"priorities": [4, 3]}, "priorities"),
    (TREND, {"profile": "rain-gauge", "quantity": "level"}, "quantity"),
    (TREND, {"where": [{"device": "tank-0001"}]}, "where[0]"), (TREND, {"where": [{"low": 1.0}]}, "where[0]"),
    (TREND, {"where": [{"zone": "nowhere", "low": 1.0}]}, "where[0].zone"),
    (TREND, {"high": 3.0, "where": [{"device": "tank-0001", "low": 3.5}]}, "where[0]"),
])  # fmt: skip
def test_a_contradiction_is_said_with_its_key(table: dict[str, Any], changed: dict[str, Any], key: str) -> None:
    assert set(_problems(_text(SILENCE | {"name": "a.b"}, table | changed))) == {f"conditions[1].{key}"}


def test_names_are_for_one_each() -> None:
    assert set(_problems(_text(SILENCE, STEPS, SILENCE))) == {"conditions[0].name", "conditions[2].name"}


def test_a_place_is_there_once() -> None:
    twice = [{"device": "x", "high": [1]}, {"device": "x", "low": [0]}]

    assert set(_problems(_text(STEPS | {"where": twice}))) == {
        "conditions[0].where[0].device",
        "conditions[0].where[1].device",
    }


def test_a_device_that_cant_be_met_must_be_listed() -> None:
    gas = next(profile for profile in PROFILES if profile.name == "gas-detector")
    shut = gas.model_copy(update={"provisioning": gas.provisioning.model_copy(update={"policy": "closed"})})
    text = _text(STEPS | {"where": [{"device": "x", "high": [1]}]})
    listed = Device("x", "gas-detector", ("x",), "tianhe", None, None, "", "", "")

    assert set(_problems(text, profiles=(shut,))) == {"conditions[0].where[0].device"}
    assert len(_parse(text, (listed,), (shut,))) == 1


def test_a_window_shorter_than_the_profiles_own_would_never_be_judged() -> None:
    problem = _problems(_text(CONGESTION | {"window_secs": 60}))["conditions[0].window_secs"]

    assert "every 600 s" in problem.what
    assert "900" in problem.remedy


@pytest.mark.parametrize("changed", [
    {"nominal": 25_000, "voltage_low": -0.1, "voltage_high": 0.1, "thd_high": 0.03},
    {"nominal": 20_000, "thd_high": 0.04},
    {"nominal": 220_000, "thd": None},
    {"nominal": 63_509, "measured": "to-neutral"},
    {"nominal": 110_000},
    {"nominal": 25_000, "phases": None, "thd": None},
])  # fmt: skip
def test_limits_are_asked_for_only_where_the_standard_has_none(changed: dict[str, Any]) -> None:
    assert len(_parse(_text(COMPLIANCE | changed))) == 1


def test_a_voltage_without_a_rule_is_said_with_the_way_out() -> None:
    problem = _problems(_text(COMPLIANCE | {"nominal": 25_000, "thd": None}))["conditions[0].nominal"]

    assert "25000 V" in problem.what
    assert "GB/T 12325" in problem.what
    assert "voltage_low and voltage_high" in problem.remedy


# -- the built-in ones ------------------------------------------------------------------------------------------------


def _built_in(**more: Any) -> tuple[ConditionModel, ...]:
    return built_in_conditions(seeds.condition_texts(), more.get("profiles", PROFILES))


def test_the_built_in_weeks_have_the_limits_of_their_voltage_level() -> None:
    weeks = [condition for condition in _built_in() if isinstance(condition, ComplianceCondition)]
    limits = {
        (week.name, nominal): [float(limit[0]) for limit in week.limits(np.array([nominal]))]
        for week in weeks
        for nominal in {week.nominal, *(where.nominal for where in week.where)}
    }

    assert limits == {
        ("grid.compliance", 220.0): [-10.0, 7.0, np.inf, 5.0],
        ("grid.compliance", 230.0): [-10.0, 7.0, np.inf, 5.0],
        ("grid.compliance-lines", 380.0): [-7.0, 7.0, np.inf, 5.0],
        ("grid.compliance-feeder", 10_000.0): [-7.0, 7.0, np.inf, 4.0],
    }


def test_the_built_in_conditions_fit_the_built_in_city() -> None:
    devices = load_seed_files(load_settings(None)).devices

    texts = seeds.condition_texts()
    parsed = [
        condition
        for domain, text in texts.items()
        for condition in parse_conditions(text, f"{domain}.toml", CITY, PROFILES, devices)
    ]

    assert list(_built_in()) == parsed
    assert all(condition.domain == domain for domain, text in texts.items() for condition in read_conditions(text, ""))
    assert {condition.domain for condition in parsed} == {"gas", "water", "grid", "traffic", "drainage", "device"}
    listed = {device.id for device in devices}
    places = [where.place for c in parsed if isinstance(c, StepsCondition) for where in c.where]
    assert places
    assert listed.issuperset(places)


def test_built_in_conditions_of_profiles_that_are_not_there_are_left_out() -> None:
    some = tuple(profile for profile in PROFILES if profile.name in ("gas-detector", "water-flow"))

    names = {condition.name for condition in _built_in(profiles=some)}

    assert names == {
        "gas.lel", "gas.co", "gas.h2s", "gas.oxygen-low", "gas.oxygen-high", "gas.lel-confirmed",
        "gas.oxygen-low-confirmed", "water.leak", "water.balance", "device.silent",
    }  # fmt: skip


def test_built_in_conditions_of_quantities_that_are_not_there_are_left_out() -> None:
    gas = next(profile for profile in PROFILES if profile.name == "gas-detector")
    lean = gas.model_copy(update={"fields": {"lel": gas.fields["lel"]}})

    names = {condition.name for condition in _built_in(profiles=(lean,))}

    assert names == {"gas.lel", "gas.lel-confirmed", "device.silent"}


def test_a_built_in_condition_of_several_profiles_does_without_those_that_are_not_there() -> None:
    levels = tuple(profile for profile in PROFILES if profile.name in ("drainage-level", "senml-station"))

    names = {condition.name for condition in _built_in(profiles=levels)}

    station = {"device.unusual-station", "device.battery-station", "device.battery-trend-station"}
    loggers = {"device.battery-drain-logger", "device.battery-trend-drain-logger"}
    assert names == {"drainage.filling", "drainage.rise", "device.silent"} | station | loggers
    assert {c.name for c in _built_in(profiles=levels[1:])} == {"device.silent"} | station


def test_the_readme_names_every_key_of_every_kind() -> None:
    text = Path(seeds.__path__[0], "README.md").read_text(encoding="utf-8")
    section = text.partition("## conditions.toml")[2].partition("\n## ")[0]

    keys = {key for model in KINDS.values() for key in model.model_fields} | {"zone", "asset", "device"}
    assert {key for key in keys if f"`{key}`" not in section} == set()


# -- as content -------------------------------------------------------------------------------------------------------


def test_the_same_conditions_give_the_same_bytes_in_any_order() -> None:
    settings = load_settings(None)
    files = load_seed_files(settings)
    other = replace(files, conditions=tuple(reversed(files.conditions)))

    content = files.content(settings)

    assert content.encode() == other.content(settings).encode() == files.content(settings).encode()
    assert {table["name"] for table in content.conditions} == {condition.name for condition in files.conditions}
    assert {type(c) for c in load_conditions(content.conditions)} == set(KINDS.values())


def test_content_says_defaults_too_so_that_a_later_version_reads_the_same() -> None:
    settings = load_settings(None)
    files = load_seed_files(settings)
    (silent,) = [table for table in files.content(settings).conditions if table["name"] == "device.silent"]

    assert silent["on_delay_secs"] == 0
    assert silent["latching"] is False


def test_a_changed_step_changes_the_digest() -> None:
    settings = load_settings(None)
    files = load_seed_files(settings)
    texts = seeds.condition_texts()
    text = texts["gas"].replace("[20, 25, 50]", "[20, 25, 51]")
    changed = replace(files, conditions=built_in_conditions(texts | {"gas": text}, PROFILES))

    assert tomllib.loads(text) != tomllib.loads(texts["gas"])
    assert changed.content(settings).digest != files.content(settings).digest
