"""SenML JSON: resolution of base fields by RFC 8428, units, times relative to receipt, and what must be refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.codecs.compiled import RECEIPT, CompiledProfile, Decoded, State, compile_profile
from gateway.config.profiles import load_profiles
from gateway.reasons import Ignored, Invalid, Rejected
from tests.support.public_data import public_data

RECEIVED = 1_800_000_000 * 10**9
VECTORS = Path(__file__).parent / "vectors"


def compiled(**changes: Any) -> CompiledProfile:
    base: dict[str, Any] = {
        "name": "station",
        "topic": "s/{device}",
        "codec": "senml",
        "interval_secs": 60,
        "identity": {"base_name": True},
        "fields": {
            "level": {"path": "level", "unit": "m"},
            "temperature": {"path": "temperature", "unit": "Cel"},
            "door": {"path": "door", "type": "boolean"},
            "mode": {"path": "mode", "type": "enum", "enum": {"auto": 1}},
        },
    }
    return compile_profile(load_profiles({"station": base | changes})[0])


def decode(pack: Any, profile: CompiledProfile | None = None) -> Decoded:
    return (profile or compiled()).decode([json.dumps(pack).encode()], ["s/1"], np.array([RECEIVED]))


def test_base_fields_carry_over_and_values_of_one_time_share_a_row() -> None:
    decoded = decode(
        [
            {"bn": "a:", "bt": 1772366400, "bu": "m", "n": "level", "v": 1.5},
            {"n": "temperature", "u": "Cel", "v": 18},
            {"n": "level", "t": 60.25, "v": 1.6},
            {"n": "door", "vb": True},
            {"n": "mode", "vs": "auto", "u": "/"},
            {"bn": "b:", "n": "level", "u": "m", "v": 9},
            {"n": "unknown", "v": 1},
        ]
    )
    assert decoded.keys == ["a:", "a:", "b:"]
    assert decoded.ts.tolist() == [1772366400 * 10**9, 1772366460_250_000_000, 1772366400 * 10**9]
    np.testing.assert_array_equal(
        decoded.value, [[1.5, 18, 1, 1], [1.6, np.nan, np.nan, np.nan], [9, np.nan, np.nan, np.nan]]
    )
    assert not decoded.invalid


def test_resolved_names_give_the_same_readings() -> None:
    plain = [{"bn": "urn:a:", "bt": 1772366400, "n": "level", "v": 1}, {"n": "temperature", "v": 2}]
    resolved = [{"n": "urn:a:level", "t": 1772366400, "v": 1}, {"n": "urn:a:temperature", "t": 1772366400, "v": 2}]
    one, other = decode(plain), decode(resolved)
    assert one.keys == other.keys == ["urn:a:"]
    np.testing.assert_array_equal(one.value, other.value)
    np.testing.assert_array_equal(one.ts, other.ts)


def test_times_below_two_to_the_28_count_from_receipt() -> None:
    pack = [{"bn": "a:", "n": "level", "v": 1}, {"n": "level", "t": -5.5, "v": 2}, {"n": "level", "t": 2**28, "v": 3}]
    assert decode(pack).ts.tolist() == [RECEIPT, RECEIVED - 5_500_000_000, 2**28 * 10**9]
    unknown = compiled().decode([json.dumps(pack).encode()], ["s/1"])
    assert [entry[2] for entry in unknown.invalid] == [Invalid.RECORD_TIME_INVALID]


def test_base_values_add_up_and_sums_alone_are_no_reading() -> None:
    decoded = decode(
        [
            {"bn": "a:", "bv": 10, "n": "level", "v": 0.5},
            {"n": "level", "t": -1},
            {"n": "temperature", "s": 7, "t": -2, "v": 1},
        ]
    )
    np.testing.assert_array_equal(decoded.value[:, :2], [[10.5, np.nan], [10, np.nan], [np.nan, 11]])
    assert decode([{"bn": "a:", "n": "level", "s": 5}]).ignored == [(0, Ignored.NO_READING)]
    assert decode([{"bn": "a:", "bt": 1}]).ignored == [(0, Ignored.NO_READING)]
    assert decode([]).ignored == [(0, Ignored.NO_READING)]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"n": "level", "v": "1"}, Invalid.WRONG_TYPE),
        ({"n": "level", "vs": "1"}, Invalid.WRONG_TYPE),
        ({"n": "level", "vd": "aGk"}, Invalid.WRONG_TYPE),
        ({"n": "level", "v": 1, "vs": "1"}, Invalid.WRONG_TYPE),
        ({"n": "level", "v": 1, "u": "cm"}, Invalid.UNIT_MISMATCH),
        ({"n": "level", "v": 1, "t": "now"}, Invalid.RECORD_TIME_INVALID),
        ({"n": "level", "v": 1, "t": 1e300}, Invalid.RECORD_TIME_INVALID),
        ({"n": "level"}, Invalid.RECORD_SHAPE),
        ({"n": 5, "v": 1}, Invalid.RECORD_SHAPE),
        ({"n": "mode", "vs": "off"}, Invalid.ENUM_UNKNOWN),
        ({"n": "door", "v": 1}, Invalid.WRONG_TYPE),
        ("level", Invalid.RECORD_SHAPE),
    ],
)
def test_a_bad_record_costs_only_itself(record: Any, reason: Invalid) -> None:
    decoded = decode([{"bn": "a:", "n": "temperature", "v": 18}, record, {"n": "temperature", "t": -9, "v": 19}])
    assert decoded.value[:, 1].tolist() == [18, 19]
    assert [entry[2] for entry in decoded.invalid] == [reason]


def test_an_explicit_null_is_missing_and_a_second_value_of_one_time_a_reading_of_its_own() -> None:
    decoded = decode([{"bn": "a:", "n": "level", "v": None}, {"n": "level", "v": 2}, {"n": "level", "v": "x"}])
    assert decoded.state[:, 0].tolist() == [State.MISSING, State.PRESENT, State.INVALID]


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        ([{"bn": "a:", "bver": 11, "n": "level", "v": 1}], Rejected.SENML_VERSION),
        ([{"bn": "a:", "bver": "10", "n": "level", "v": 1}], Rejected.SENML_VERSION),
        ([{"bn": "a:", "n": "level", "v": 1, "must_": 1}], Rejected.SENML_UNKNOWN_FIELD),
        ([{"bn": 5, "n": "level", "v": 1}], Rejected.WRONG_SHAPE),
        ([{"bn": "a:", "bt": "x", "n": "level", "v": 1}], Rejected.WRONG_SHAPE),
        ([{"bn": "a:", "bv": True, "n": "level", "v": 1}], Rejected.WRONG_SHAPE),
        ([{"bn": "a:", "bt": 1e300, "n": "level", "v": 1}], Rejected.TIME_INVALID),
        ({"n": "level", "v": 1}, Rejected.WRONG_SHAPE),
    ],
)
def test_packs_that_must_not_be_used_are_rejected_whole(pack: Any, reason: Rejected) -> None:
    decoded = decode(pack)
    assert [entry[:2] for entry in decoded.rejected] == [(0, reason)]
    assert not len(decoded.message)


def test_unknown_labels_are_passed_over_and_older_versions_taken() -> None:
    assert decode([{"bn": "a:", "bver": 5, "n": "level", "v": 1, "x": {}}]).value[0, 0] == 1


def test_a_value_without_a_device_is_an_invalid_reading() -> None:
    decoded = decode([{"n": "level", "v": 1}, {"bn": "a:", "n": "level", "v": 2}])
    assert decoded.keys == ["a:"]
    assert [entry[:3] for entry in decoded.invalid] == [(0, "level", Invalid.RECORD_IDENTITY_MISSING)]


def test_identity_from_the_topic_leaves_keys_to_the_router() -> None:
    decoded = decode([{"n": "level", "v": 1}], compiled(identity={"topic": "{device}"}))
    assert decoded.keys is None
    assert decoded.value[0, 0] == 1


def tracker() -> CompiledProfile:
    """One name for everything: quantities differ by unit only."""
    units = {"humidity": "%RH", "longitude": "lon", "latitude": "lat", "battery": "%EL"}
    return compiled(fields={name: {"path": "", "unit": unit} for name, unit in units.items()})


def test_a_pack_and_its_resolved_form_are_the_same_readings() -> None:
    pack = json.loads((VECTORS / "senml-tracker.json").read_text())
    resolved = json.loads((VECTORS / "senml-tracker.resolved.json").read_text())
    assert_resolves(pack, resolved)


def test_the_example_of_the_rfc_resolves_as_its_working_group_says() -> None:
    pack, resolved = public_data("senml/ex5.json"), public_data("senml/ex5.resolved.json")
    assert_resolves(json.loads(pack.read_text()), json.loads(resolved.read_text()))


def assert_resolves(pack: Any, resolved: Any) -> None:
    one, other = decode(pack, tracker()), decode(resolved, tracker())
    assert one.keys == other.keys
    np.testing.assert_array_equal(one.ts, other.ts)
    np.testing.assert_array_equal(one.value, other.value)
    assert int(np.count_nonzero(one.state == State.PRESENT)) == len(resolved)
    assert not one.invalid
    # the resolved form read by hand
    scale = {"%RH": (0, 0.01), "lon": (1, 1), "lat": (2, 1), "%EL": (3, 0.01)}
    for record in resolved:
        column, factor = scale[record["u"]]
        [row] = np.flatnonzero((one.ts == round(record["t"]) * 10**9) & (one.state[:, column] == State.PRESENT))
        assert one.value[row, column] == pytest.approx(record["v"] * factor, rel=1e-12)
