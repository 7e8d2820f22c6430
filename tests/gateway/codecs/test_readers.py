"""Nothing that a device can send makes any reader raise; every message is accounted for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.compiled import Bounds, CompiledProfile
from tests.support.formats import compiled_as, told_by

BOUNDS = Bounds(max_payload_bytes=200, max_records=5, max_decompressed_bytes=300)
KEYED: dict[str, Any] = {"topic": "x/{app}", "identity": {"path": "id"}, "sequence": {"path": "n", "scope": "s"}}
EVERY: dict[str, CompiledProfile] = {
    "csv by name": compiled_as("csv", BOUNDS, csv={"columns": ["t", "v", "w"]}, time={"path": "t", "format": "unix_s"}),
    "csv by header": compiled_as("csv", BOUNDS, csv={"header": True, "delimiter": ";", "decimal": ","}, **KEYED),
    "csv by pair": compiled_as("csv", BOUNDS, csv={"pairs": "=", "delimiter": ";"}, **KEYED),
    "csv by place": compiled_as(
        "csv", BOUNDS, csv={"delimiter": " ", "joined": {"t": ["0", "1"]}},
        time={"path": "t", "format": "local", "zone": "Europe/Paris"}, fields={"v": {"path": "2", "unit": "1"}},
    ),
    "ultralight": compiled_as("ultralight", BOUNDS, time={"path": "TimeInstant", "format": "iso_basic"}, **KEYED),
    "line protocol": compiled_as("line_protocol", BOUNDS, time={"path": "time", "format": "unix_ns"}, **KEYED),
    "text": compiled_as("text", BOUNDS, fields={"v": {"path": "$", "unit": "1"}}),
    "senml": compiled_as("senml", BOUNDS, time=None),
    "senml cbor": compiled_as("senml_cbor", BOUNDS, time=None),
    "csv packed": compiled_as("csv", BOUNDS, csv={"columns": ["v", "w"]}, compression="auto"),
    "cbor packed": compiled_as("senml_cbor", BOUNDS, time=None, compression="auto"),
}  # fmt: skip
PIECES = [
    *"=,;|# \n\r\t\"'\\", "v", "w", "t", "id", "n", "s", "m", "1", "2.5", "-", "nan", "1i", "true", "x",
    "TimeInstant", "2026-03-01T12:00:00Z", "1772366400", "v=1", "v,w\n", "é", "\x00", "\u2028",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode())


@pytest.mark.parametrize("name", EVERY)
@given(st.one_of(TEXTS, st.binary(max_size=60), st.binary(max_size=6).map(lambda b: b"\x78\x9c" + b)))
def test_every_message_is_read_or_refused_by_name(name: str, payload: bytes) -> None:
    told = told_by(EVERY[name], payload)
    assert bool(told.refused) != bool(told.rows or told.invalid)


@pytest.mark.parametrize("name", EVERY)
def test_what_is_too_large_is_refused_before_it_is_read(name: str) -> None:
    assert told_by(EVERY[name], b"1" * 201).refused == "payload_too_large"


@pytest.mark.parametrize(
    ("payload", "refused"),
    [
        (b'{"a":[1,1,1,1,1]}', ""), (b'{"a":[1,1,1,1,1,1]}', "too_many_records"),
        (b'{"a":[{"v":1},1,1,1,1,{"v":1}]}', "too_many_records"), (b'{"a":[' + b"2," * 60 + b"1]}", "too_many_records"),
    ],
)  # fmt: skip
def test_what_is_no_record_counts_against_the_most_that_a_message_may_hold(payload: bytes, refused: str) -> None:
    told = told_by(compiled_as("json", BOUNDS, records={"path": "a[]"}), payload)
    assert told.refused == refused
    assert len(told.invalid) == (0 if refused else 5)


def test_devices_without_a_list_of_records_count_too() -> None:
    nested = compiled_as("json", BOUNDS, records={"path": "a[].b[]"})
    assert len(told_by(nested, b'{"a":[1,1,1,1,1]}').invalid) == 5
    assert told_by(nested, b'{"a":[1,1,1,1,1,1]}').refused == "too_many_records"
    assert told_by(nested, b'{"a":[' + b"1," * 60 + b"1]}").refused == "too_many_records"


@pytest.mark.parametrize(("length", "refused"), [(1024, ""), (1025, "identity_invalid")])
def test_a_base_name_is_bounded_for_each_record_puts_it_together_anew(length: int, refused: str) -> None:
    payload = b'[{"bn":"' + b"x" * length + b'"},{"n":"v","v":1}]'
    assert told_by(compiled_as("senml", time=None), payload).refused == refused
