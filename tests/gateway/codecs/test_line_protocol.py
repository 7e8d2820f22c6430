"""InfluxDB line protocol: tags, typed fields, escapes, timestamps; what a bad field, line and message cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.encoders.flat import UInt, influx_line
from gateway.codecs.compiled import RECEIPT, Bounds
from tests.support.formats import NOON, compiled_as, told_by

SECOND = 10**9
TIMED: dict[str, Any] = {"time": {"path": "time", "format": "unix_ns"}}
TAGGED: dict[str, Any] = {"identity": {"path": "dev"}, "topic": "x/{app}"}
TYPED: dict[str, Any] = {
    "fields": {
        "v": {"path": "v", "unit": "1"},
        "on": {"path": "on", "type": "boolean"},
        "mode": {"path": "mode", "type": "enum", "enum": {"auto": 1, "a b": 2, 'q"\\': 3}},
        "text": {"path": "text", "type": "numeric_string", "unit": "1"},
    }
}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("v=1", {"v": 1}), ("v=-1.5", {"v": -1.5}), ("v=1e3", {"v": 1000}), ("v=.5", {"v": 0.5}), ("v=12i", {"v": 12}),
        ("v=12u", {"v": 12}), ("v=9223372036854775807i", {"v": 2.0**63}), ("on=t", {"on": 1}), ("on=FALSE", {"on": 0}),
        ('mode="auto"', {"mode": 1}), ('mode="a b"', {"mode": 2}), (r'mode="q\"\\"', {"mode": 3}),
        ('text="1.5"', {"text": 1.5}), ("text=2", {"text": 2}), ('v=1,s="a, b=c\nd,v=2 3"', {"v": 1}),
    ],
)  # fmt: skip
def test_fields_have_types(field: str, expected: dict[str, float]) -> None:
    told = told_by(compiled_as("line_protocol", **TYPED), f"m {field}".encode())
    assert told.rows == [(RECEIPT, expected)]
    assert not told.invalid


@pytest.mark.parametrize(
    ("field", "name"),
    [("v=x", "v"), ("v=t", "v"), ('v="1"', "v"), ("on=1", "on"), ("mode=auto", "mode"), ("v=1ii", "v"), ("v=0x1", "v"),
     ("v=" + "9" * 41, "v"), ("v=nan", "v")],
)  # fmt: skip
def test_a_bad_field_costs_its_reading(field: str, name: str) -> None:
    told = told_by(compiled_as("line_protocol", **TYPED), f"m {field},text=2".encode())
    assert told.invalid == [(name, "wrong_type")]
    assert told.rows == [(RECEIPT, {"text": 2})]


@pytest.mark.parametrize(
    ("format_", "stamp"), [("unix_s", "1772366400"), ("unix_ms", "1772366400000"), ("unix_ns", "1772366400000000000")]
)
def test_the_precision_is_that_of_the_profile(format_: str, stamp: str) -> None:
    profile = compiled_as("line_protocol", time={"path": "time", "format": format_})
    assert told_by(profile, f"m v=1 {stamp}".encode()).rows == [(NOON, {"v": 1})]


def test_a_line_without_a_timestamp_is_stamped_at_receipt_where_the_profile_takes_it() -> None:
    given_ = TIMED["time"] | {"unusable": "receipt"}
    payload = b"m v=1\nm v=2 1772366400000000000\r\n"
    assert told_by(compiled_as("line_protocol", time=given_), payload).rows == [(RECEIPT, {"v": 1}), (NOON, {"v": 2})]
    told = told_by(compiled_as("line_protocol", **TIMED), payload)
    assert told.rows == [(NOON, {"v": 2})]
    assert told.invalid == [("v", "record_time_missing")]
    assert told_by(compiled_as("line_protocol", **TIMED), b"m v=1").refused == "time_missing"


def test_a_tag_is_the_device_and_a_field_of_its_name_is_not() -> None:
    payload = b'm\\ x,dev=a\\,\\ b\\=c,loc=x v=1,dev="no"\nm\\ x v=2,dev="b"\nm\\ x v=3'
    told = told_by(compiled_as("line_protocol", **TAGGED), payload)
    assert told.keys == ["a, b=c", "b"]
    assert [type(key) for key in told.keys] == [str, str]
    assert told.invalid == [("v", "record_identity_missing")]


def test_a_field_may_be_looked_for_in_the_tags() -> None:
    told = told_by(compiled_as("line_protocol"), b"m,w=7,v=9 v=1")
    assert told.rows == [(RECEIPT, {"v": 1, "w": 7})]


def test_other_measurements_and_comments_are_no_news() -> None:
    one = compiled_as("line_protocol", line_protocol={"measurement": "a b"})
    two = compiled_as("line_protocol", line_protocol={"measurement": ["c", "m,n"]})
    payload = b"# v=9\na\\ b v=1\n\nc v=2\n  m\\,n v=3"
    assert [values for _, values in told_by(one, payload).rows] == [{"v": 1}]
    assert [values for _, values in told_by(two, payload).rows] == [{"v": 2}, {"v": 3}]
    assert told_by(one, b"c v=2").refused == "no_reading"


@pytest.mark.parametrize(
    "line",
    ["m", "m ", ",a=b v=1", "m,a v=1", "m,a= v=1", "m,=b v=1", "m v", "m v=", "m v=1,", "m =1", 'm v="x', 'm v="x"y',
     "m v=1 x", "m v=1 1 2", "m v=1 1.5", "m,a=b", "m v=1 99999999999999999999"],
)  # fmt: skip
def test_a_bad_line_costs_its_record(line: str) -> None:
    told = told_by(compiled_as("line_protocol"), f"m v=1\n{line}\nm v=2".encode())
    assert told.invalid == [("", "record_shape")]
    assert [values for _, values in told.rows] == [{"v": 1}, {"v": 2}]
    assert told_by(compiled_as("line_protocol"), line.encode()).refused == "unreadable"


@pytest.mark.parametrize(
    ("payload", "refused"),
    [(b"", "empty"), (b" \n# x\n", "no_reading"), (b"\xff v=1", "not_utf8"), (b"m v=1\n" * 21, "too_many_records"),
     (b"m v=1" + b",v=1" * 200, "too_many_records")],
)  # fmt: skip
def test_a_message_goes_only_where_nothing_of_it_can_be_read(payload: bytes, refused: str) -> None:
    assert told_by(compiled_as("line_protocol", Bounds(max_records=20)), payload).refused == refused


def test_no_line_makes_the_reader_go_back_and_forth() -> None:
    # each would take for ever with expressions that try every way
    profile = compiled_as("line_protocol", Bounds(max_records=200_000))
    for payload in (b"\\" * 200_000, b"m," + b"a\\ " * 60_000, b'm v="' + b"\\\\" * 100_000, b"m v=" + b"9" * 200_000,
                    b'm v="\n' * 40_000):  # fmt: skip
        told = told_by(profile, payload)
        assert told.refused or told.invalid


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" ,="), min_size=1, max_size=6).filter(
    lambda name: not name.endswith("\\") and "\\" not in name
)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1), st.booleans(),
    st.integers(0, 2**64 - 1).map(UInt), st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)  # fmt: skip


@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
       st.none() | st.integers(0, 2**62))  # fmt: skip
def test_what_the_simulators_write_is_read_as_it_was(
    measurement: str, tags: dict[str, str], fields: dict[str, Any], stamp: int | None
) -> None:
    line = influx_line("m" + measurement, tags | {"dev": "d"}, fields | {"v": 1.5}, stamp)
    told = told_by(compiled_as("line_protocol", **TAGGED, time=TIMED["time"] | {"unusable": "receipt"}), line.encode())
    assert told.keys == ["d"]
    assert told.rows[0][0] == (RECEIPT if stamp is None else stamp)
    assert told.rows[0][1]["v"] == 1.5
    for name, value in fields.items():
        if name in ("v", "w", "time", "dev"):
            continue
        kind = "boolean" if isinstance(value, bool) else "enum" if isinstance(value, str) else "number"
        field: dict[str, Any] = {"path": name, "type": kind, "unit": "1"}
        if kind == "enum":
            field = {"path": name, "type": "enum", "enum": {value: 1}}
        profile = compiled_as("line_protocol", fields={"x": field})
        assert told_by(profile, line.encode()).rows == [(RECEIPT, {"x": 1 if kind == "enum" else float(value)})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r'"on"', "on"), (r'"o\"n"', 'o"n'), (r'"a\\"', "a\\"), (r'"\\\"\\\\"', '\\"\\\\'), (r'"\a\,"', r"\a\,"),
        (r'"\\a\"\n"', '\\a"\\n'),
    ],
)  # fmt: skip
def test_a_string_s_escapes_are_undone_pair_by_pair(text: str, said: str) -> None:
    fields = {"m": {"path": "m", "type": "enum", "enum": {said: 1}}}
    told = told_by(compiled_as("line_protocol", fields=fields), f"x m={text}".encode())
    assert told.rows == [(RECEIPT, {"m": 1.0})]
