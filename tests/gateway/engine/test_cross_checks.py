"""Cross-quantity checks in the engine: quantities of one record that contradict each other."""

from typing import Any

import pytest

from gateway.config.profiles import load_profiles
from gateway.engine.results import StepResult
from gateway.errors import ConfigError
from processors.flags import Flag, Why
from tests.gateway.config.test_profiles import profile
from tests.support.engine import LOOP_PROFILE, SECOND, START, content, engine, loop, message

NO_FLOW = {"speed_without_flow": [{"speed": "speed", "flow": "flow", "fastest": 5}]}
METER: dict[str, Any] = LOOP_PROFILE | {
    "name": "meter", "topic": "city/{zone}/meter/{device}",
    "fields": {
        **{f"u_{x}": {"path": f"u{x}", "unit": "kV", "range": [0, 1], "required": False} for x in "ab"},
        **{f"i_{x}": {"path": f"i{x}", "unit": "A", "required": False} for x in "ab"},
        "pf": {"path": "pf", "unit": "1", "required": False}, "p": {"path": "p", "unit": "W", "required": False},
    },
    "cross_checks": {"power_without_its_parts": [{
        "power": "p", "voltage": ["u_a", "u_b"], "current": ["i_a", "i_b"], "power_factor": ["pf"], "suspect": 0.2,
        "fail": 0.8, "floor": 1000,
    }]},
}  # fmt: skip
VALVE: dict[str, Any] = LOOP_PROFILE | {
    "name": "valve", "topic": "city/{zone}/valve/{device}",
    "fields": {
        "flow": {"path": "flow", "unit": "l/s", "required": False},
        "opening": {"path": "open", "unit": "%", "required": False},
    },
    "cross_checks": {
        "flow_through_closed_valve": [{"flow": "flow", "opening": "opening", "closed": 2, "leakage": 0.1}]
    },
}  # fmt: skip


def _verdicts(result: StepResult, made: Any) -> dict[str, tuple[int, int]]:
    names = [made.registry.series[s].quantity for s in result.readings.series.tolist()]
    return dict(zip(names, zip(result.readings.flag.tolist(), result.readings.why.tolist(), strict=True), strict=True))


def _said(asked: dict[str, Any], **values: Any) -> dict[str, tuple[int, int]]:
    made = engine(content([asked]))
    topic = asked["topic"].format(zone="a", device="d")
    return _verdicts(made.step([message(topic, {"ts": START // 10**6} | values, START)], START, True), made)


@pytest.mark.parametrize(
    ("speed", "flow", "expected"),
    [
        (50.0, 600, (Flag.GOOD, 0)),
        (50.0, 0, (Flag.SUSPECT, Why.CROSS_QUANTITY)),
        (0.0, 0, (Flag.GOOD, 0)),  # zero is a speed
        (None, 0, (Flag.MISSING, Why.MISSING_VALUE)),
        (50.0, None, (Flag.GOOD, 0)),  # missing is not zero
        (300.0, 0, (Flag.FAIL, Why.GROSS_RANGE)),  # what can't be measured contradicts nobody
    ],
)
def test_a_speed_where_nobody_passed_is_suspect(speed: Any, flow: Any, expected: tuple[int, int]) -> None:
    asked = LOOP_PROFILE | {"cross_checks": NO_FLOW}

    assert _said(asked, speed=speed, flow=flow)["speed"] == expected


def test_an_absent_quantity_is_not_known() -> None:
    assert _said(LOOP_PROFILE | {"cross_checks": NO_FLOW}, speed=50.0) == {"speed": (Flag.GOOD, 0)}


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (4140.0, (Flag.GOOD, 0)),  # 2 * 230 V * 10 A * 0.9
        (-4140.0, (Flag.GOOD, 0)),
        (5300.0, (Flag.SUSPECT, Why.CROSS_QUANTITY)),
        (0.0, (Flag.FAIL, Why.CROSS_QUANTITY)),
        (None, (Flag.MISSING, Why.MISSING_VALUE)),
    ],
)
def test_power_is_compared_with_voltage_current_and_factor(p: Any, expected: tuple[int, int]) -> None:
    found = _said(METER, ua=0.23, ub=0.23, ia=10.0, ib=10.0, pf=0.9, p=p)

    assert found["p"] == expected
    assert found["u_a"] == (Flag.GOOD, 0)


@pytest.mark.parametrize("without", ["ua", "ib", "pf"])
def test_one_part_that_is_not_there_and_nothing_is_compared(without: str) -> None:
    parts = {"ua": 0.23, "ub": 0.23, "ia": 10.0, "ib": 10.0, "pf": 0.9}

    assert _said(METER, p=1.0, **(parts | {without: None}))["p"] == (Flag.UNKNOWN, 0)
    assert _said(METER, p=1.0, **(parts | {"ua": 7.0}))["p"] == (Flag.UNKNOWN, 0), "a voltage that failed is none"


@pytest.mark.parametrize(
    ("flow", "opening", "expected"),
    [
        (3.0, 50, (Flag.GOOD, 0)), (3.0, 1, (Flag.SUSPECT, Why.CROSS_QUANTITY)),
        (-3.0, 0, (Flag.SUSPECT, Why.CROSS_QUANTITY)), (0.05, 0, (Flag.GOOD, 0)), (3.0, None, (Flag.UNKNOWN, 0)),
        (None, 0, (Flag.MISSING, Why.MISSING_VALUE)), (0.0, 0, (Flag.GOOD, 0)),
    ],
)  # fmt: skip
def test_flow_through_a_closed_valve_is_suspect(flow: Any, opening: Any, expected: tuple[int, int]) -> None:
    assert _said(VALVE, flow=flow, open=opening)["flow"] == expected


def test_late_readings_get_it_too() -> None:
    made = engine(content([LOOP_PROFILE | {"cross_checks": NO_FLOW}]))
    made.step([loop("d", 600 * SECOND, 50.0, flow=600)], START + 600 * SECOND, True)

    late = made.step([loop("d", 0, 50.0, 601 * SECOND, flow=0)], START + 601 * SECOND, True)

    assert _verdicts(late, made)["speed"] == (Flag.SUSPECT, Why.CROSS_QUANTITY | Why.LATE)


def test_records_are_judged_each_by_itself() -> None:
    rows = [loop("d", k * SECOND, 50.0, flow=600 * (k % 2)) for k in range(6)]
    found = []
    for size in (1, 6):
        made = engine(content([LOOP_PROFILE | {"cross_checks": NO_FLOW}]))
        flags = []
        for at in range(0, 6, size):
            readings = made.step(rows[at : at + size], rows[at].received_at, True).readings
            flags += readings.flag[[made.registry.series[s].quantity == "speed" for s in readings.series]].tolist()
        found.append(flags)
    assert found[0] == found[1] == [3, 1, 3, 1, 3, 1]


FIELDS = {
    "speed": {"path": "s", "unit": "km/h"}, "flow": {"path": "f", "unit": "veh/min"}, "u": {"path": "u", "unit": "V"},
    "i": {"path": "i", "unit": "A"}, "p": {"path": "p", "unit": "kW"}, "pf": {"path": "pf", "unit": "1"},
}  # fmt: skip
POWER: dict[str, Any] = {"power": "p", "voltage": ["u"], "current": ["i"], "power_factor": ["pf"], "suspect": 0.1,
                         "floor": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "rule", "key", "problem"),
    [
        ("speed_without_flow", {"speed": "speeed", "flow": "flow", "fastest": 5}, "speed", "no field"),
        ("speed_without_flow", {"speed": "flow", "flow": "flow", "fastest": 5}, "speed", "veh/h"),
        ("speed_without_flow", {"speed": "speed", "flow": "flow"}, "fastest", "missing"),
        ("power_without_its_parts", POWER | {"current": ["i", "i"]}, "current", "as many"),
        ("power_without_its_parts", POWER | {"power_factor": ["pf", "pf"]}, "power_factor", "one"),
        ("power_without_its_parts", POWER | {"suspect": 0}, "suspect", "0"),
        ("power_without_its_parts", POWER | {"suspect": 0.5, "fail": 0.2}, "fail", "below"),
        ("power_without_its_parts", POWER | {"voltage": ["u", "q"], "current": ["i", "i"]}, "voltage", "no field"),
    ],
)
def test_a_rule_that_does_not_fit_the_fields_is_an_error(kind: str, rule: Any, key: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_profiles({"thing": profile(fields=FIELDS, cross_checks={kind: [rule]})})

    assert caught.value.key == f"cross_checks.{kind}[0].{key}"
    assert problem in caught.value.problem
    assert caught.value.remedy
