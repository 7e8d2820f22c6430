"""Sparkplug payloads by themselves: types, times, what is refused. Sessions are tried in engine/test_edge_nodes.py."""

from typing import Any

import numpy as np
import pytest

from device_sims.encoders.sparkplug_b import Metric, encode
from gateway.codecs.compiled import CompiledProfile, State, compile_profile
from gateway.config.profiles import load_profiles
from gateway.errors import ConfigErrors
from gateway.reasons import Ignored, Invalid, Rejected

AT = 1_772_366_400_000_000_000
DEVICE, NODE = "spBv1.0/g/{}/n/d", "spBv1.0/g/{}/n"
SPEC: dict[str, Any] = {
    "name": "thing", "codec": "sparkplug", "interval_secs": 10, "identity": {"edge_node": True},
    "topics": [NODE.format(kind).replace("/g/", "/{group}/").replace("/n", "/{node}")
               for kind in ("NBIRTH", "NDATA", "NDEATH")]
    + [f"spBv1.0/{{group}}/{kind}/{{node}}/{{device}}" for kind in ("DBIRTH", "DDATA", "DDEATH")],
    "fields": {
        "number": {"path": "A/number of things", "unit": "1"}, "on": {"path": "On", "type": "boolean"},
        "mode": {"path": "Mode", "type": "enum", "enum": {"hand": 1, "auto": 2}},
        "text": {"path": "Text", "type": "numeric_string", "unit": "m"},
    },
}  # fmt: skip
NUMBER = "A/number of things"


@pytest.fixture(scope="module")
def profile() -> CompiledProfile:
    return compile_profile(load_profiles({"thing": SPEC})[0])


def _read(profile: CompiledProfile, *metrics: Metric, ts: int | None = AT, kind: str = "DBIRTH") -> Any:
    return profile.decode([encode(ts, 1, metrics)], [DEVICE.format(kind)])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Int8", -128), ("Int16", -32768), ("Int32", -1), ("Int64", -(2**40)), ("UInt8", 255), ("UInt16", 65535),
        ("UInt32", 2**32 - 1), ("UInt64", 2**53), ("Float", 0.25), ("Double", 1e300), ("DateTime", 1_772_366_400_000),
    ],
)  # fmt: skip
def test_every_type_of_number_is_read(profile: CompiledProfile, kind: str, value: float) -> None:
    decoded = _read(profile, Metric(kind, value, NUMBER))

    assert decoded.value[0, 0] == value
    assert decoded.keys == ["g/n/d"]
    assert decoded.ts.tolist() == [AT]


def test_truth_words_and_texts_are_read(profile: CompiledProfile) -> None:
    decoded = _read(
        profile, Metric("Boolean", True, "On"), Metric("String", "auto", "Mode"), Metric("Text", "1.5", "Text")
    )

    assert decoded.value[0, 1:].tolist() == [1, 2, 1.5]
    assert decoded.state[0].tolist() == [State.ABSENT, State.PRESENT, State.PRESENT, State.PRESENT]


@pytest.mark.parametrize(
    ("metric", "reason", "says"),
    [
        (Metric("Float", float("nan"), NUMBER), Invalid.NOT_FINITE, "not a number"),
        (Metric("Double", float("inf"), NUMBER), Invalid.NOT_FINITE, "beyond"),
        (Metric("String", "12", NUMBER), Invalid.WRONG_TYPE, "not a number"),
        (Metric("Boolean", True, NUMBER), Invalid.WRONG_TYPE, "not a number"),
        (Metric("Float", 1.0, "On"), Invalid.WRONG_TYPE, "not true or false"),
        (Metric("String", "off", "Mode"), Invalid.ENUM_UNKNOWN, "none of hand, auto"),
        (Metric("Template", "v1", NUMBER), Invalid.WRONG_TYPE, "is a template"),
        (Metric("DataSet", "v1", NUMBER), Invalid.WRONG_TYPE, "is a data set"),
        (Metric("Bytes", b"\x00", NUMBER), Invalid.WRONG_TYPE, "is bytes"),
    ],
)  # fmt: skip
def test_what_is_no_reading_is_named(profile: CompiledProfile, metric: Metric, reason: Invalid, says: str) -> None:
    (fault,) = _read(profile, metric).invalid

    assert fault.reason is reason
    assert says in fault.detail


def test_a_null_is_missing_and_what_the_profile_does_not_name_is_nothing(profile: CompiledProfile) -> None:
    decoded = _read(profile, Metric("Float", None, NUMBER), Metric("Template", "x", "Other"))

    assert decoded.state[0].tolist() == [State.MISSING, State.ABSENT, State.ABSENT, State.ABSENT]
    assert not decoded.invalid


def test_times_make_rows_and_two_values_of_one_time_are_two(profile: CompiledProfile) -> None:
    second = 1_000_000_000
    decoded = _read(
        profile, Metric("Float", 1.0, NUMBER, ts=AT - second), Metric("Float", 2.0, NUMBER),
        Metric("Boolean", False, "On"), Metric("Float", 3.0, NUMBER), Metric("Float", 4.0, NUMBER, historical=True),
    )  # fmt: skip

    assert decoded.ts.tolist() == [AT - second, AT, AT, AT]
    np.testing.assert_array_equal(decoded.value[:, 0], [1, 2, 3, 4])
    assert decoded.historical is not None
    assert decoded.historical.tolist() == [False, False, False, True]


def test_without_any_time_it_is_no_reading(profile: CompiledProfile) -> None:
    decoded = _read(profile, Metric("Float", 1.0, NUMBER), ts=None)

    assert [fault.reason for fault in decoded.invalid] == [Invalid.RECORD_TIME_MISSING]
    assert decoded.invalid[0].key == "g/n/d"


def test_a_time_beyond_all_times_is_invalid(profile: CompiledProfile) -> None:
    decoded = _read(profile, Metric("Float", 1.0, NUMBER, ts=((1 << 64) - 1) * 1_000_000))

    assert [fault.reason for fault in decoded.invalid] == [Invalid.RECORD_TIME_INVALID]


def test_by_itself_a_message_is_named_by_the_births_before_it(profile: CompiledProfile) -> None:
    birth = encode(AT, 1, [Metric("Int16", -1, NUMBER, 7)])
    data = encode(AT, 2, [Metric("Int16", -2, alias=7, told=False)])
    death = encode(None, None, [Metric("Int64", 0, "bdSeq")])

    decoded = profile.decode(
        [data, birth, data, death], [DEVICE.format("DDATA"), DEVICE.format("DBIRTH"), DEVICE.format("DDATA"),
                                     NODE.format("NDEATH")],
    )  # fmt: skip

    assert decoded.value[:, 0].tolist() == [-1, -2]
    assert [(k, reason) for k, reason, _ in decoded.rejected] == [(0, Rejected.BIRTH_MISSING)]
    assert decoded.ignored == [(3, Ignored.SESSION)]


def test_a_key_that_is_too_long_costs_the_message(profile: CompiledProfile) -> None:
    topic = f"spBv1.0/g/DBIRTH/n/{'d' * 300}"

    decoded = profile.decode([encode(AT, 1, [Metric("Float", 1.0, NUMBER)])], [topic])

    assert [reason for _, reason, _ in decoded.rejected] == [Rejected.IDENTITY_INVALID]


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"topics": SPEC["topics"][:2] + SPEC["topics"][3:]}, "topics"),
        ({"topics": ["spBv1.0/{group}/{type}/{node}"]}, "topics[0]"),
        ({"topics": [*SPEC["topics"], "city/{node}"]}, "topics[6]"),
        ({"topics": SPEC["topics"][3:]}, "topics[0]"),
        ({"identity": {"topic": "{node}"}}, "identity"),
        ({"time": {"format": "receipt"}}, "time"),
        ({"sequence": {"path": "seq"}}, "sequence"),
        ({"compression": "gzip"}, "compression"),
        ({"redact": {"paths": ["a"]}}, "redact.paths"),
        ({"ignore": [{"path": "a", "equals": 1, "reason": "simulated"}]}, "ignore[0].path"),
        ({"fields": {"x": {"path": "", "unit": "1"}}}, "fields.x.path"),
        ({"fields": {"x": {"path": "x", "unit": "1", "required": True}}}, "fields.x.required"),
        ({"fields": {"x": {"path": "x", "unit": "1", "default": 0}}}, "fields.x.default"),
        ({"codec": "json", "time": {"format": "receipt"}}, "identity.edge_node"),
    ],
)
def test_a_profile_that_can_t_work_is_told_why(changed: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        load_profiles({"thing": SPEC | changed})

    assert key in [error.key for error in found.value.problems]
