"""JSON by profile: states, reasons, records, identity, time and sequence, as the profile says."""

import json
from typing import Any

import numpy as np
import pytest

from gateway.codecs.compiled import RECEIPT, CompiledProfile, Decoded, State, compile_profile
from gateway.config.profiles import load_profiles
from gateway.reasons import Ignored, Invalid, Rejected

A, P, M, I = State.ABSENT, State.PRESENT, State.MISSING, State.INVALID  # noqa: E741


def compiled(**changes: Any) -> CompiledProfile:
    base: dict[str, Any] = {
        "name": "thing",
        "topic": "x/{device}",
        "interval_secs": 60,
        "identity": {"topic": "{device}"},
        "time": {"path": "ts", "format": "unix_ms"},
        "fields": {"speed": {"path": "speed", "unit": "mph"}, "flow": {"path": "flow", "unit": "1", "required": False}},
    }
    return compile_profile(load_profiles({"thing": base | changes})[0])


def decode(profile: CompiledProfile, *documents: Any) -> Decoded:
    payloads = [d if isinstance(d, bytes) else json.dumps(d).encode() for d in documents]
    return profile.decode(payloads, ["x/1"] * len(payloads))


def fields(**specs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {"unit": "1", "required": False} | spec for name, spec in specs.items()}


def test_a_batch_comes_back_in_order_and_in_canonical_units() -> None:
    decoded = decode(compiled(), {"ts": 1, "speed": 10, "flow": 3}, {"ts": 2, "speed": 20.5, "flow": 4})
    assert decoded.message.tolist() == [0, 1]
    assert decoded.ts.tolist() == [1_000_000, 2_000_000]
    np.testing.assert_allclose(decoded.value, [[16.09344, 3], [32.991552, 4]], rtol=1e-15)
    assert (decoded.state == P).all()
    assert decoded.keys is None
    assert decoded.sequence is None
    assert decoded.sequence_scope is None
    assert not decoded.invalid
    assert not decoded.rejected
    assert not decoded.ignored


@pytest.mark.parametrize(
    ("speed", "state", "reason"),
    [
        ("null", M, None),
        ('"52"', I, Invalid.WRONG_TYPE),
        ("true", I, Invalid.WRONG_TYPE),
        ("[1]", I, Invalid.WRONG_TYPE),
        ('{"a":1}', I, Invalid.WRONG_TYPE),
        ("1e400", I, Invalid.NOT_FINITE),
        ("1.7e308", I, Invalid.NOT_FINITE),
        ("9" * 400, I, Invalid.NOT_FINITE),
        ("9" * 9000, I, Invalid.NOT_FINITE),
    ],
)
def test_a_bad_field_costs_only_itself(speed: str, state: State, reason: Invalid | None) -> None:
    good = b'{"ts":1,"speed":1,"flow":1}'
    decoded = decode(compiled(), good, f'{{"ts":2,"speed":{speed},"flow":7}}'.encode(), good)
    assert decoded.state.tolist() == [[P, P], [state, P], [P, P]]
    assert decoded.value[1, 1] == 7
    assert np.isnan(decoded.value[1, 0])
    assert [(k, name, why) for k, name, why, *_ in decoded.invalid] == ([(1, "speed", reason)] if reason else [])


def test_absent_fields_are_absent_or_invalid_as_the_profile_says() -> None:
    decoded = decode(compiled(), {"ts": 1, "speed": 1}, {"ts": 1, "flow": 1}, {"ts": 1})
    assert decoded.state.tolist() == [[P, A], [I, P], [I, A]]
    assert [entry[:3] for entry in decoded.invalid] == [
        (1, "speed", Invalid.REQUIRED_ABSENT), (2, "speed", Invalid.REQUIRED_ABSENT),
    ]  # fmt: skip


def test_a_message_without_any_reading_is_ignored() -> None:
    profile = compiled(fields=fields(level={"path": "object.level"}))
    decoded = decode(profile, {"ts": 1}, {"ts": 1, "object": {"level": 5}}, {"ts": 1, "object": None})
    assert decoded.message.tolist() == [1]
    assert decoded.ignored == [(0, Ignored.NO_READING), (2, Ignored.NO_READING)]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"speed": 1}, Rejected.TIME_MISSING),
        ({"speed": 1, "ts": None}, Rejected.TIME_MISSING),
        ({"speed": 1, "ts": "soon"}, Rejected.TIME_INVALID),
        ({"speed": 1, "ts": True}, Rejected.TIME_INVALID),
        ({"speed": 1, "ts": 10**30}, Rejected.TIME_INVALID),
        ({"speed": "bad", "ts": {}}, Rejected.TIME_INVALID),
    ],
)
def test_a_message_without_its_time_is_rejected_whole(document: dict[str, Any], reason: Rejected) -> None:
    decoded = decode(compiled(), {"ts": 1, "speed": 1}, document)
    assert decoded.message.tolist() == [0]
    assert [(k, why) for k, why, _ in decoded.rejected] == [(1, reason)]
    assert not decoded.invalid


def test_time_takes_the_first_path_that_is_there() -> None:
    profile = compiled(time={"path": ["inner.at", "at"], "format": "rfc3339"})
    early, late = "2026-03-01T12:00:00Z", "2026-03-01T12:00:05.5Z"
    decoded = decode(
        profile, {"speed": 1, "inner": {"at": early}, "at": late}, {"speed": 1, "at": late},
        {"speed": 1, "inner": None, "at": late}, {"speed": "x", "at": early},
    )  # fmt: skip
    noon = 1772366400 * 10**9
    assert decoded.ts.tolist() == [noon, noon + 5_500_000_000, noon + 5_500_000_000, noon]


def test_receipt_stands_in_where_the_profile_says_so() -> None:
    profile = compiled(time={"path": "ts", "format": "unix_s", "unusable": "receipt"})
    decoded = decode(profile, {"speed": 1, "ts": 5}, {"speed": 1}, {"speed": 1, "ts": "x"}, {"speed": 1, "ts": []})
    assert decoded.ts.tolist() == [5 * 10**9, RECEIPT, RECEIPT, RECEIPT]
    assert decode(compiled(time={"format": "receipt"}), {"speed": 1, "ts": 5}).ts.tolist() == [RECEIPT]


@pytest.mark.parametrize(
    ("key", "outcome"),
    [
        ("70B3", "70B3"), (17, "17"), ("流-1", "流-1"), (None, Rejected.IDENTITY_MISSING),
        ("", Rejected.IDENTITY_INVALID), ("a\nb", Rejected.IDENTITY_INVALID), ("x" * 257, Rejected.IDENTITY_INVALID),
        (True, Rejected.IDENTITY_INVALID), (1.5, Rejected.IDENTITY_INVALID), ({"id": 1}, Rejected.IDENTITY_INVALID),
        ("\ud800", Rejected.IDENTITY_INVALID),
    ],
)  # fmt: skip
def test_identity_from_the_payload(key: Any, outcome: str | Rejected) -> None:
    profile = compiled(identity={"path": "info.eui"})
    decoded = decode(profile, {"ts": 1, "speed": 1, "info": {"eui": "ok"}}, {"ts": 1, "speed": 1, "info": {"eui": key}})
    if isinstance(outcome, str) and not isinstance(outcome, Rejected):
        assert decoded.keys == ["ok", outcome]
    else:
        assert decoded.keys == ["ok"]
        assert [(k, why) for k, why, _ in decoded.rejected] == [(1, outcome)]
    if decoded.rejected:
        decoded.rejected[0][2].encode()


def test_types_on_the_wire() -> None:
    profile = compiled(
        fields=fields(
            text={"path": "t", "type": "numeric_string"}, on={"path": "b", "type": "boolean", "unit": ""},
            mode={"path": "m", "type": "enum", "unit": "", "enum": {"off": 0, "auto": 2}},
        )
    )  # fmt: skip
    decoded = decode(
        profile, {"ts": 1, "t": " 12.5 ", "b": True, "m": "auto"}, {"ts": 1, "t": 3, "b": False, "m": "off"},
        {"ts": 1, "t": "1e3", "b": 1, "m": "on"}, {"ts": 1, "t": "inf", "b": "true", "m": 2},
        {"ts": 1, "t": None, "b": None, "m": None},
    )  # fmt: skip
    np.testing.assert_array_equal(decoded.value[:2], [[12.5, 1, 2], [3, 0, 0]])
    assert decoded.state.tolist() == [[P, P, P], [P, P, P], [I, I, I], [I, I, I], [M, M, M]]
    assert [why for k, name, why, *_ in decoded.invalid if name == "mode"] == [
        Invalid.ENUM_UNKNOWN, Invalid.WRONG_TYPE,
    ]  # fmt: skip


def test_suppressed_zeros_come_back_as_their_default() -> None:
    profile = compiled(fields=fields(count={"path": "c", "default": 0.0}, scaled={"path": "s", "scale": 0.1}))
    decoded = decode(profile, {"ts": 1, "s": 25}, {"ts": 1, "c": 4}, {"ts": 1, "c": None}, {"ts": 1, "c": "x"})
    assert decoded.state.tolist() == [[P, P], [P, A], [M, A], [I, A]]
    assert decoded.value[0].tolist() == [0.0, 2.5]


def test_sequence_numbers_and_their_scope() -> None:
    sequence = {"path": "n", "default": 0, "scope": "s", "modulus": 256}
    profile = compiled(sequence=sequence)
    documents: list[dict[str, object]] = [
        {"n": 7, "s": "a"}, {}, {"n": None, "s": 5}, {"n": "7", "s": []}, {"n": -1}, {"n": 2**70}, {"n": 1.0},
        {"n": 2**63 - 1}, {"n": True},
    ]  # fmt: skip
    decoded = decode(profile, *({"ts": 1, "speed": 1, **document} for document in documents))
    assert profile.sequence_modulus == 256
    assert decoded.sequence is not None
    assert decoded.sequence.tolist() == [7, 0, -1, -1, -1, -1, -1, 2**63 - 1, -1]
    assert decoded.sequence_scope == ["a", "", "5", "", "", "", "", "", ""]
    assert (decoded.state[:, 0] == P).all()


def test_ignore_rules_take_exact_values_only() -> None:
    rules = [
        {"path": "sim", "equals": True, "reason": "simulated"},
        {"path": "q", "equals": "status", "reason": "no_reading"},
        {"path": "port", "equals": 0, "reason": "no_reading"},
    ]  # fmt: skip
    decoded = decode(
        compiled(ignore=rules), {"ts": 1, "speed": 1, "sim": True}, {"ts": 1, "speed": 1, "sim": 1},
        {"q": "status"}, {"ts": 1, "speed": 1, "q": ["status"]}, {"ts": 1, "speed": 1, "port": 0.0},
        {"ts": 1, "speed": 1, "port": False}, {"sim": True, "q": "status", "speed": "x"},
    )  # fmt: skip
    assert decoded.ignored == [
        (0, Ignored.SIMULATED), (2, Ignored.NO_READING), (4, Ignored.NO_READING), (6, Ignored.SIMULATED),
    ]  # fmt: skip
    assert decoded.message.tolist() == [1, 3, 5]
    assert not decoded.rejected
    assert not decoded.invalid


def test_paths_with_lists_and_odd_keys() -> None:
    profile = compiled(
        fields=fields(
            first={"path": "a[0]"}, third={"path": "a[2]"}, power={"path": '"em:0"."act.power"'},
            deep={"path": "l[1].x"},
        )
    )  # fmt: skip
    decoded = decode(
        profile, {"ts": 1, "a": [1, 2, 3], "em:0": {"act.power": 5}, "l": [{"x": 8}, {"x": 9}]},
        {"ts": 1, "a": [4], "l": [{"x": 8}, 7]}, {"ts": 1, "a": "no", "l": [7, {"x": 9}], "em:0": 1},
    )  # fmt: skip
    np.testing.assert_array_equal(decoded.value[0], [1, 3, 5, 9])
    assert decoded.state.tolist() == [[P, P, P, P], [P, A, A, I], [I, I, I, P]]


BARE: dict[str, Any] = {"time": {"format": "receipt"}, "fields": {"energy": {"path": "$", "unit": "Wh"}}}


@pytest.mark.parametrize(
    ("body", "state", "value"),
    [(b"118200", P, 118.2), (b" 1.5e3\n", P, 1.5), (b"null", M, None), (b"true", I, None), (b'"7"', I, None),
     (b"{}", I, None), (b"[1]", I, None), (b"1e999", I, None)],
)  # fmt: skip
def test_a_body_may_be_a_bare_value(body: bytes, state: State, value: float | None) -> None:
    decoded = decode(compiled(**BARE), b"1000", body)
    assert decoded.state.tolist() == [[P], [state]]
    assert decoded.value[1, 0] == value or value is None
    assert (decoded.ts == RECEIPT).all()


@pytest.mark.parametrize("body", [b"Online", b"1 2", b"nan"])
def test_a_bare_word_is_no_json(body: bytes) -> None:
    assert [why for _, why, _ in decode(compiled(**BARE), body).rejected] == [Rejected.UNREADABLE]


def test_an_empty_bare_body_is_ignored() -> None:
    assert decode(compiled(**BARE), b"").ignored == [(0, Ignored.EMPTY)]


def test_words_and_switches_may_stand_bare_too() -> None:
    fields = {"on": {"path": "$", "type": "enum", "enum": {"on": 1, "off": 0}}}
    decoded = decode(compiled(**BARE | {"fields": fields}), b'"on"', b'"off"', b'"dim"', b"1")
    assert decoded.value[:2, 0].tolist() == [1, 0]
    assert decoded.state[:, 0].tolist() == [P, P, I, I]


@pytest.mark.parametrize(
    ("end", "text", "secs"),
    [
        ("start", "2026-03-01T12:00:00Z/2026-03-01T12:05:00Z", 0),
        ("end", "2026-03-01T12:00:00Z/2026-03-01T12:05:00Z", 300),
        ("end", "2026-03-01T20:00:00+08:00/2026-03-01T20:05:00.5+08:00", 300.5),
        ("start", "2026-03-01T12:00:00Z", 0),
        ("end", "2026-03-01T12:00:00Z", 0),
        ("start", "2026-03-01T12:00:00Z/PT5M", 0),
        ("start", "2026-03-01T12:00:00Z/..", 0),
        ("end", "2026-03-01T12:00:00Z/PT5M", None),
        ("end", "2026-03-01T12:00:00Z/", None),
        ("end", "a/b/c", None),
        ("start", "/2026-03-01T12:00:00Z", None),
    ],
)
def test_an_interval_counts_by_the_end_that_the_profile_names(end: str, text: str, secs: float | None) -> None:
    profile = compiled(time={"path": "ts", "format": "rfc3339", "interval": end})
    decoded = decode(profile, {"ts": text, "speed": 1})
    if secs is None:
        assert [why for _, why, _ in decoded.rejected] == [Rejected.TIME_INVALID]
    else:
        assert decoded.ts.tolist() == [1_772_366_400 * 10**9 + int(secs * 10**9)]


def test_an_interval_may_be_local_or_compact() -> None:
    basic = compiled(time={"path": "ts", "format": "iso_basic", "interval": "end"})
    local = compiled(time={"path": "ts", "format": "local", "zone": "Asia/Shanghai", "interval": "start"})
    assert decode(basic, {"ts": "20260301T120000Z/20260301T120100Z", "speed": 1}).ts.tolist() == [1772366460 * 10**9]
    assert decode(local, {"ts": "2026-03-01T20:00:00/2026-03-01T20:01:00", "speed": 1}).ts.tolist() == [
        1772366400 * 10**9
    ]


def test_counters_that_are_no_devices_are_told_of_every_message_that_has_one() -> None:
    profile = compiled(
        sequence={"path": "n", "of": "{device}"}, fields=fields(speed={"path": "speed"}),
        ignore=[{"path": "test", "equals": True, "reason": "simulated"}],
    )  # fmt: skip
    decoded = decode(
        profile, {"ts": 1, "n": 7, "speed": 1}, {"ts": 2, "n": 8}, {"n": 9, "speed": 1},
        {"ts": 4, "n": 10, "test": True}, {"ts": 5, "speed": 1}, b"x", {"ts": 6, "n": "?"},
    )  # fmt: skip
    assert decoded.message.tolist() == [0, 4]
    assert decoded.counters == [(0, 7, "", 10**6), (1, 8, "", 2 * 10**6), (2, 9, "", RECEIPT), (3, 10, "", 4 * 10**6)]
    assert decode(compiled(sequence={"path": "n"}), {"ts": 1, "n": 7, "speed": 1}).counters == []


RECORDS = {"records": {"path": "readings[]"}}


def test_each_record_has_its_own_time_and_fails_by_itself() -> None:
    records = [
        {"ts": 1, "speed": 1}, {"speed": 2, "flow": None}, {"ts": "x", "speed": "y"}, 7, {"ts": 4, "speed": 4}, {},
        None, {"ts": 5, "other": 1},
    ]  # fmt: skip
    decoded = decode(compiled(**RECORDS), {"readings": records}, {"readings": [{"ts": 9, "speed": 9}]})
    assert decoded.message.tolist() == [0, 0, 0, 1]
    assert decoded.ts.tolist() == [1_000_000, 4_000_000, 5_000_000, 9_000_000]
    assert sorted(entry[:3] for entry in decoded.invalid) == sorted(
        [
            (0, "speed", Invalid.RECORD_TIME_MISSING), (0, "flow", Invalid.RECORD_TIME_MISSING),
            (0, "speed", Invalid.RECORD_TIME_INVALID), (0, "", Invalid.RECORD_SHAPE), (0, "", Invalid.RECORD_SHAPE),
            (0, "speed", Invalid.RECORD_TIME_MISSING), (0, "speed", Invalid.REQUIRED_ABSENT),
        ]
    )  # fmt: skip


def test_a_fault_names_the_row_of_its_record_or_the_key_of_one_without() -> None:
    profile = compiled(records={"path": "[]"}, identity={"path": "id"})
    records = [
        {"id": "a", "ts": 1, "speed": 1}, {"id": "b", "speed": 1}, {"id": "c", "ts": 3, "speed": "x"}, {"ts": 4}, 5,
    ]  # fmt: skip
    decoded = decode(profile, [{"id": "z", "ts": 9, "speed": 1}], records)
    assert decoded.keys == ["z", "a", "c"]
    assert sorted((fault.quantity, str(fault.reason), fault.row, fault.key) for fault in decoded.invalid) == [
        ("", "record_shape", -1, None), ("speed", "record_identity_missing", -1, None),
        ("speed", "record_time_missing", -1, "b"), ("speed", "wrong_type", 2, None),
    ]  # fmt: skip


@pytest.mark.parametrize("document", [{}, {"readings": None}, {"readings": {}}, [], 5])
def test_a_message_without_its_records_is_rejected(document: Any) -> None:
    decoded = decode(compiled(**RECORDS), document)
    assert [why for _, why, _ in decoded.rejected] == [Rejected.WRONG_SHAPE]


def test_an_empty_list_of_records_carries_no_reading() -> None:
    decoded = decode(compiled(**RECORDS), {"readings": []}, {"readings": [{"ts": 1, "speed": 1}]})
    assert decoded.ignored == [(0, Ignored.NO_READING)]
    assert decoded.message.tolist() == [1]


def test_time_and_identity_of_the_whole_message_reach_every_record() -> None:
    profile = compiled(
        records={"path": "d.batch[]"}, identity={"path": "$.i"}, time={"path": ["ts", "$.ts"], "format": "unix_s"}
    )
    decoded = decode(
        profile, {"i": "m1", "ts": 9, "d": {"batch": [{"speed": 1, "ts": 1}, {"speed": 2}]}},
        {"ts": 9, "d": {"batch": [{"speed": 1}]}}, {"i": "m3", "ts": 5, "d": {"batch": [{"speed": "x"}]}},
    )  # fmt: skip
    assert decoded.keys == ["m1", "m1", "m3"]
    assert decoded.ts.tolist() == [10**9, 9 * 10**9, 5 * 10**9]
    assert [(k, why) for k, why, _ in decoded.rejected] == [(1, Rejected.IDENTITY_MISSING)]


def test_object_keys_name_devices_and_one_bad_device_of_three_stays_one() -> None:
    profile = compiled(
        topic="v1/gateway/telemetry", records={"path": "{}[]"}, identity={"object_key": True},
        fields=fields(energy={"path": "values.kwh", "unit": "Wh"}),
    )  # fmt: skip
    good = {
        "Meter 7": [{"ts": 1, "values": {"kwh": 5}}, {"ts": 2, "values": {"kwh": 6}}],
        "Meter 8": [{"ts": 1, "values": {"kwh": 7}}],
    }
    decoded = decode(profile, good, good | {"Meter 9": "broken"}, good | {"": [{"ts": 1, "values": {"kwh": 1}}]})
    assert decoded.keys == ["Meter 7", "Meter 7", "Meter 8"] * 3
    assert decoded.value[:3, 0].tolist() == [0.005, 0.006, 0.007]
    assert [entry[:3] for entry in decoded.invalid] == [
        (1, "", Invalid.RECORD_SHAPE), (2, "energy", Invalid.RECORD_IDENTITY_MISSING),
    ]  # fmt: skip


def test_records_may_lie_two_lists_deep() -> None:
    profile = compiled(records={"path": "devices[].services[]"}, identity={"path": "id"})
    record = {"id": "a", "ts": 1, "speed": 1}
    decoded = decode(
        profile, {"devices": [{"services": [record, record]}, {"services": []}]},
        {"devices": [{"services": [record]}, {"other": 1}]},
    )  # fmt: skip
    assert decoded.message.tolist() == [0, 0, 1]
    assert [entry[:3] for entry in decoded.invalid] == [(1, "", Invalid.RECORD_SHAPE)]


def test_the_last_of_duplicate_keys_counts() -> None:
    decoded = decode(compiled(), b'{"ts":1,"speed":"x","speed":1}', b'{"ts":1,"speed":1,"speed":"x"}')
    assert decoded.state[:, 0].tolist() == [P, I]


def test_lone_surrogates_and_details_never_break_an_encoder() -> None:
    documents = [b'{"ts":1,"speed":"\\ud800"}', b'{"ts":"\\udfff","speed":1}', b'{"ts":1,"speed":1,"x":"\\ud800"}']
    decoded = decode(compiled(), *documents)
    details: list[str] = [entry[3] for entry in decoded.invalid] + [entry[2] for entry in decoded.rejected]
    for detail in details:
        assert detail.encode().isascii()
    assert decoded.state[:, 0].tolist() == [I, P]


def test_an_empty_batch_decodes_to_nothing() -> None:
    decoded = compiled(identity={"path": "id"}, sequence={"path": "n"}).decode([], [])
    assert decoded.value.shape == decoded.state.shape == (0, 2)
    assert decoded.keys == []
    assert len(decoded.ts) == 0


def test_ranges_are_canonical_and_open_where_unknown() -> None:
    spec = {"path": "speed", "unit": "mph", "range": [0, 100], "suspect_range": [0, 80]}
    profile = compiled(fields={"speed": spec, "cold": {"path": "t", "unit": "F", "range": [-40, 212]}})
    speed, cold = profile.quantities
    assert speed.unit == "km/h"
    assert [speed.fail_high, speed.suspect_high] == pytest.approx([160.9344, 128.74752])
    assert [cold.fail_low, cold.fail_high] == pytest.approx([-40, 100])
    assert (cold.suspect_low, cold.suspect_high) == (-np.inf, np.inf)
    assert profile.fail_high.tolist() == [speed.fail_high, cold.fail_high]


@pytest.mark.parametrize(
    ("secs", "pane"), [(1, 10), (10, 10), (30, 60), (60, 60), (600, 900), (900, 900), (1800, 3600), (86400, 3600)]
)
def test_the_finest_pane_is_not_shorter_than_the_interval(secs: int, pane: int) -> None:
    assert compiled(interval_secs=secs).pane_secs == pane
