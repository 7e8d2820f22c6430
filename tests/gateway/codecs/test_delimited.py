"""Delimited text: names by header, profile, position or pair; what a bad value, a bad line and a bad message cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.encoders.flat import csv_line, csv_pairs
from gateway.codecs.compiled import RECEIPT, Bounds
from tests.support.formats import NOON, compiled_as, told_by

SECOND = 10**9
NAMED = {"columns": ["t", "v", "w"]}
TIMED: dict[str, Any] = {"time": {"path": "t", "format": "rfc3339"}}


def rows(payload: str, csv: dict[str, Any] | None = None, **changes: Any) -> list[tuple[int, dict[str, float | None]]]:
    told = told_by(compiled_as("csv", csv=csv or {}, **changes), payload.encode())
    assert not told.refused, told.detail
    assert not told.invalid
    return told.rows


def test_lines_without_names_are_read_by_position_as_emoncms_nodes_write_them() -> None:
    by_place = {"v": {"path": "0", "unit": "Cel"}, "w": {"path": "2", "unit": "1"}}
    assert rows("10,11,12", fields=by_place) == [(RECEIPT, {"v": 10, "w": 12})]


@pytest.mark.parametrize(("end", "last"), [("\n", "\n"), ("\r\n", "\r\n"), ("\n", "")])
def test_each_line_is_a_record_with_a_time_of_its_own(end: str, last: str) -> None:
    text = f"2026-03-01T12:00:00Z,1.5,2{end}2026-03-01T12:01:00Z,-1e-1,+3.{last}"
    assert rows(text, NAMED, **TIMED) == [(NOON, {"v": 1.5, "w": 2}), (NOON + 60 * SECOND, {"v": -0.1, "w": 3})]


def test_a_header_names_the_columns_in_any_order() -> None:
    text = "\ufeffw;t; v\n2;1772366400;1.5\n"
    csv = {"delimiter": ";", "header": True}
    assert rows(text, csv, time={"path": "t", "format": "unix_s"}) == [(NOON, {"v": 1.5, "w": 2})]


def test_nothing_nan_and_the_words_of_a_profile_are_missing() -> None:
    lines = "a,,NaN\nb, ,-\nc,null,n/a\n"
    told = rows(lines, {**NAMED, "missing": ["-", "N/A"]})
    assert told == [(RECEIPT, {"v": None, "w": None})] * 3


def test_a_decimal_comma_counts_only_where_the_profile_says_so() -> None:
    csv = {**NAMED, "delimiter": ";", "decimal": ","}
    assert rows("a;1,5;2", csv) == [(RECEIPT, {"v": 1.5, "w": 2})]
    told = told_by(compiled_as("csv", csv=csv), b"a;1.5;2")
    assert told.invalid == [("v", "wrong_type")]
    assert told.rows == [(RECEIPT, {"w": 2})]


def test_quotes_keep_a_delimiter_and_themselves() -> None:
    assert rows('"a ""b"", c","1.5",2', NAMED) == [(RECEIPT, {"v": 1.5, "w": 2})]
    assert rows("'a;b';1.5;2", {**NAMED, "delimiter": ";", "quote": "'"}) == [(RECEIPT, {"v": 1.5, "w": 2})]
    assert rows('5",1.5,2', {**NAMED, "quote": ""}) == [(RECEIPT, {"v": 1.5, "w": 2})]


def test_any_number_of_blanks_is_one_delimiter() -> None:
    assert rows("  a  1.5     2 ", {**NAMED, "delimiter": " "}) == [(RECEIPT, {"v": 1.5, "w": 2})]


def test_pairs_bring_their_names() -> None:
    csv = {"delimiter": ";", "pairs": "="}
    assert rows("w=2;id=7;v=1.5;", csv) == [(RECEIPT, {"v": 1.5, "w": 2})]
    told = told_by(compiled_as("csv", csv=csv), b"w=2;what;v=1.5;\nv=1;w=2")
    assert told.rows == [(RECEIPT, {"v": 1.5, "w": 2}), (RECEIPT, {"v": 1, "w": 2})]
    assert told.invalid == [("", "record_shape")]


def test_a_date_and_a_clock_make_a_time() -> None:
    csv = {"columns": ["d", "c", "v", "w"], "joined": {"at": ["d", "c"]}}
    time = {"path": "at", "format": "local", "zone": "Asia/Shanghai"}
    assert rows("2026-03-01,20:00:00,1,2", csv, time=time) == [(NOON, {"v": 1, "w": 2})]
    told = told_by(compiled_as("csv", csv=csv, time=time), b"2026-03-01,,1,2\n2026-03-01,20:00:00,1,2")
    assert told.rows == [(NOON, {"v": 1, "w": 2})]
    assert told.invalid == [("v", "record_time_missing"), ("w", "record_time_missing")]


def test_columns_may_have_any_letters_and_say_who_when_and_how_often() -> None:
    changes: dict[str, Any] = {
        "csv": {"header": True, "delimiter": ";"}, "identity": {"path": "Sensor Nr."}, "topic": "x/{app}",
        "time": {"path": ["utc [s]", "t"], "format": "unix_s"}, "sequence": {"path": 'n "x"'},
        "fields": {
            "v": {"path": "PM2.5 (µg/m³)", "unit": "ug/m3"}, "on": {"path": "$on", "type": "boolean"},
            "mode": {"path": "mode", "type": "enum", "enum": {"auto": 1, "": 0}},
            "text": {"path": "a{}", "unit": "1", "type": "numeric_string"},
        },
    }  # fmt: skip
    profile = compiled_as("csv", **changes)
    text = 'Sensor Nr.;utc [s];t;"n ""x""";PM2.5 (µg/m³);$on;mode;a{}\n'
    text += "007;;1772366400.25;12;20;TRUE;auto;1e1\n8;1;2;x;;0;;2"
    decoded = profile.decode([text.encode()], ["x/1"])
    assert decoded.keys == ["007", "8"]
    assert decoded.ts.tolist() == [NOON + SECOND // 4, SECOND]
    assert decoded.value[0].tolist() == [0.02, 1, 1, 10]
    assert decoded.value[1].tolist()[1:] == [0, 0, 2]
    assert decoded.sequence is not None
    assert decoded.sequence.tolist() == [12, -1]


@pytest.mark.parametrize(
    ("line", "invalid", "kept"),
    [
        ("t,x,2", [("v", "wrong_type")], {"w": 2}),
        ("t,1e999,2", [("v", "not_finite")], {"w": 2}),
        ("t,inf,2", [("v", "wrong_type")], {"w": 2}),
        ("t,0x10,2", [("v", "wrong_type")], {"w": 2}),
        ("t,1_0,2", [("v", "wrong_type")], {"w": 2}),
        ("t," + "1" * 41 + ",2", [("v", "wrong_type")], {"w": 2}),
        ("t,1", [("", "record_shape")], None),
        ("t,1,5,2", [("", "record_shape")], None),
        ('t,"1,2', [("", "record_shape")], None),
        ('t,"1"5,2', [("", "record_shape")], None),
    ],
)
def test_a_bad_value_costs_its_reading_and_a_bad_line_its_record(
    line: str, invalid: list[tuple[str, str]], kept: dict[str, float] | None
) -> None:
    told = told_by(compiled_as("csv", csv=NAMED), f"a,1,2\n{line}\nb,3,4".encode())
    assert told.invalid == invalid
    middle = [] if kept is None else [kept]
    assert [values for _, values in told.rows] == [{"v": 1, "w": 2}, *middle, {"v": 3, "w": 4}]
    assert not told.refused


def test_ragged_lines_lack_what_they_lack() -> None:
    told = told_by(compiled_as("csv", csv={**NAMED, "ragged": True}), b"a,1\nb,1,2,3")
    assert told.rows == [(RECEIPT, {"v": 1}), (RECEIPT, {"v": 1, "w": 2})]
    assert told.invalid == [("w", "required_absent")]


@pytest.mark.parametrize(
    ("payload", "changes", "refused"),
    [
        (b"", {}, "empty"),
        (b" \r\n \n", {}, "no_reading"),
        (b"a,1", {}, "unreadable"),
        (b"\xff,1,2", {}, "not_utf8"),
        (b",1,2\n,3,4", TIMED, "time_missing"),
        (b",1,2", {"identity": {"path": "t"}}, "identity_missing"),
        (b"a,1,2\n" * 21, {}, "too_many_records"),
        (b"a" + b"," * 201, {}, "too_many_records"),
        (b"t,v,w\n", {"csv": {"header": True}}, "no_reading"),
        (b"2,3,4\n5,6,7", {"csv": {"header": True}}, "wrong_shape"),
        (b"v,w,v\n5,6,7", {"csv": {"header": True}}, "wrong_shape"),
    ],
)
def test_a_message_goes_only_where_nothing_of_it_can_be_read(
    payload: bytes, changes: dict[str, Any], refused: str
) -> None:
    profile = compiled_as("csv", Bounds(max_records=20), **({"csv": NAMED} | changes))
    told = told_by(profile, payload)
    assert told.refused == refused
    assert not told.rows


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(10**15), 10**15)
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), max_size=8)


@given(
    st.lists(st.tuples(WORDS, NUMBERS, NUMBERS), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t", "|", ":"]), st.sampled_from([".", ","]), st.sampled_from(['"', "'"]),
)  # fmt: skip
def test_what_the_simulators_write_is_read_as_it_was(
    records: list[tuple[str, float | None, float | None]], delimiter: str, decimal: str, quote: str
) -> None:
    if delimiter == decimal:
        return
    lines = [
        csv_line(["x" + word, *("" if n is None else repr(n).replace(".", decimal) for n in numbers)], delimiter, quote)
        for word, *numbers in records
    ]
    csv = {"delimiter": delimiter, "decimal": decimal, "quote": quote, **NAMED}
    assert rows("\n".join(lines), csv) == [(RECEIPT, {"v": v, "w": w}) for _, v, w in records]


@given(st.dictionaries(WORDS.filter(lambda w: not set(w) & set(';="')), NUMBERS, max_size=4), NUMBERS, NUMBERS)
def test_pairs_that_the_simulators_write_are_read_as_they_were(
    others: dict[str, float | None], v: float | None, w: float | None
) -> None:
    values = {"x" + name: value for name, value in others.items()} | {"w": w, "v": v}
    text = csv_pairs({name: "" if value is None else repr(value) for name, value in values.items()})
    assert rows(text, {"delimiter": ";", "pairs": "="}) == [(RECEIPT, {"v": v, "w": w})]


def test_columns_may_be_called_as_paths_of_json_begin() -> None:
    fields = {"v": {"path": "@", "unit": "Cel"}, "w": {"path": "^.w", "unit": "1"}}
    profile = compiled_as("csv", csv={"header": True}, fields=fields, identity={"path": "$"})
    told = told_by(profile, b"$,@,^.w\na,21.5,3\n")
    assert [values for _, values in told.rows] == [{"v": 21.5, "w": 3.0}]
    assert told.keys == ["a"]
