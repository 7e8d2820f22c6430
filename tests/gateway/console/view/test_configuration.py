"""What is configured, as rows."""

import json

import seeds
from gateway.config.conditions.checks import built_in_conditions
from gateway.config.profiles import load_profiles
from gateway.console.view.configuration import condition_keys, differences_of, field_rows

PROFILES = {each.name: each for each in load_profiles(seeds.profile_texts())}


def test_a_profiles_quantities_with_both_units_and_spans() -> None:
    flow = next(row for row in field_rows(PROFILES["water-flow"]) if row.quantity == "flow")
    assert (flow.wire_unit, flow.unit, flow.span, flow.plausible) == ("l/s", "m3/h", "-1000 … 1000", "-100 … 500")
    assert all(field_rows(profile) for profile in PROFILES.values())


def test_a_condition_says_its_steps_and_where_they_differ() -> None:
    conditions = {each.name: each for each in built_in_conditions(seeds.condition_texts(), tuple(PROFILES.values()))}
    said = dict(condition_keys(conditions["grid.voltage-high"]))
    assert said["high"] == "235.4, 242"
    assert "meter-0090" in said["where"]
    assert "name" not in said
    assert all(json.dumps(condition_keys(each)) for each in conditions.values())


def test_what_a_reload_would_change() -> None:
    part = {
        "added": ["new"],
        "removed": ["old"],
        "changed": {"gas.lel": [{"key": "high", "before": [20.0], "after": [25.0]}]},
    }
    nothing: dict[str, object] = {"added": [], "removed": [], "changed": {}}
    answer = {
        "differences": {
            "options": [{"key": "log.level", "before": "info", "after": None}], "conditions": part, "profiles": nothing,
            "restart": [{"key": "http.port", "before": 1, "after": 2}],
        }
    }  # fmt: skip
    found = [(each.what, each.which, each.before, each.after) for each in differences_of(answer)]
    assert found == [
        ("options", "log.level", "info", ""), ("conditions", "new", "", "+"), ("conditions", "old", "–", ""),
        ("conditions", "gas.lel: high", "20", "25"), ("restart", "http.port", "1", "2"),
    ]  # fmt: skip
    assert differences_of(answer)[-1].restart
