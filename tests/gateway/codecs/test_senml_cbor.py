"""SenML in CBOR is read as the same pack in JSON; whatever else CBOR can say costs a field, a record or the pack."""

import json
from decimal import Decimal
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.encoders.senml_cbor import LABELS, Decimals, senml_cbor
from gateway.codecs.compiled import RECEIPT, Bounds, CompiledProfile
from tests.support.formats import NOON, Told, compiled_as, told_by

FIELDS: dict[str, Any] = {
    "level": {"path": "level", "unit": "m"},
    "door": {"path": "door", "type": "boolean"},
    "mode": {"path": "mode", "type": "enum", "enum": {"auto": 1}},
}


def profile(codec: str = "senml_cbor", bounds: Bounds | None = None) -> CompiledProfile:
    return compiled_as(codec, bounds, time=None, fields=FIELDS)


def told(payload: bytes, bounds: Bounds | None = None) -> Told:
    return told_by(profile(bounds=bounds), payload)


FIRST: dict[str, Any] = {"bn": "a:", "bt": 1_772_366_400}


def test_labels_are_numbers_and_base_values_carry_over() -> None:
    pack = [{**FIRST, "bu": "m", "n": "level", "v": 1.5}, {"n": "level", "t": -60, "v": Decimals(-142, 2)},
            {"n": "door", "u": "/", "vb": True}, {"n": "mode", "u": "/", "vs": "auto"}]  # fmt: skip
    keyed = compiled_as("senml_cbor", time=None, identity={"base_name": True}, fields=FIELDS)
    found = told_by(keyed, senml_cbor(pack))
    assert found.keys == ["a:", "a:"]
    assert found.rows == [(NOON, {"level": 1.5, "door": 1, "mode": 1}), (NOON - 60 * 10**9, {"level": -1.42})]
    assert told_by(keyed, senml_cbor(pack, counted=False)) == found
    assert told_by(keyed, b"\xd9\xd9\xf7" + senml_cbor(pack)) == found
    assert not found.invalid


# cbor2 writes these; the encoder of the simulators knows no such things
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\xf9\x3e\x00", 1.5), (b"\xfa\x3f\xc0\x00\x00", 1.5), (b"\xf6", None), (b"\xf7", None), (b"\x20", -1.0),
        (cbor2.dumps(Decimal("1.42")), 1.42), (cbor2.dumps(2**70), float(2**70)), (b"\x1b" + b"\xff" * 8, 2.0**64),
    ],
)  # fmt: skip
def test_every_way_to_write_a_number_is_read(value: bytes, expected: float | None) -> None:
    payload = b"\x81\xa3\x00\x65level\x01\x61m\x02" + value
    assert told(payload).rows == [(RECEIPT, {"level": expected})]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xf9\x7e\x00", "not_finite"), (b"\xf9\x7c\x00", "not_finite"), (cbor2.dumps(10**400), "not_finite"),
        (b"\x61x", "wrong_type"), (b"\xf5", "wrong_type"), (b"\x41x", "wrong_type"), (b"\x80", "wrong_type"),
        (b"\xa0", "wrong_type"), (b"\xe5", "wrong_type"), (b"\xc1\x01", "wrong_type"), (b"\xd8\x1c\x80", "wrong_type"),
        (b"\xd8\x1d\x00", "wrong_type"), (b"\xd8\x1e\x82\x01\x00", "wrong_type"),
        (b"\xc5\x82\x1b\x7f" + b"\xff" * 7 + b"\x03", "wrong_type"),
        (b"\xc4\x82\x1a\x7f\xff\xff\xff\x01", "wrong_type"), (b"\xc4\x81\x01", "wrong_type"),
        (b"\xc4\xa0", "wrong_type"), (b"\xd9\x13\x88\x01", "wrong_type"), (b"\xd8\x23\x63(a+", "wrong_type"),
        (b"\xc0\x63now", "wrong_type"), (b"\xd9\xd9\xf7\x01", "wrong_type"),
    ],
)  # fmt: skip
def test_what_is_no_number_costs_its_field(value: bytes, reason: str) -> None:
    payload = b"\x82\xa3\x00\x65level\x01\x61m\x02" + value + b"\xa2\x00\x64door\x04\xf5"
    found = told(payload)
    assert found.invalid == [("level", reason)]
    assert found.rows == [(RECEIPT, {"door": 1})]


@pytest.mark.parametrize("record", [b"\x01", b"\x80", b"\x61x", b"\xf6", b"\xd8\x1c\xa0", b"\xa1\x00\x01"])
def test_what_is_no_record_costs_itself(record: bytes) -> None:
    found = told(b"\x82" + record + b"\xa2\x00\x64door\x04\xf5")
    assert found.invalid == [("", "record_shape")]
    assert found.rows == [(RECEIPT, {"door": 1})]


def test_labels_that_nobody_has_are_no_news_but_one_that_must_be_understood_is() -> None:
    odd = b"\x81\xa6\x00\x64door\x04\xf5\x18\x63\x01\x63new\x01\x80\x02\xa0\x03"
    assert told(odd).rows == [(RECEIPT, {"door": 1})]
    assert told(b"\x81\xa3\x00\x64door\x04\xf5\x64new_\x01").refused == "senml_unknown_field"
    assert told(b"\x81\xa3\x00\x64door\x04\xf5\x20\x0b").refused == "senml_version"


@pytest.mark.parametrize(
    ("payload", "refused"),
    [
        (b"", "empty"), (b"\x80", "no_reading"), (b"\xa0", "wrong_shape"), (b"\x01", "wrong_shape"),
        (b"\xff", "unreadable"), (b"\x81", "unreadable"), (b"\x81\xa0\x00", "unreadable"),
        (b"\x81" * 60, "unreadable"), (b"\xd9\xd9\xf7", "unreadable"), (b"\x9b" + b"\xff" * 8, "unreadable"),
        (b"\x81\x7b\x7f" + b"\xff" * 7, "unreadable"), (b"\x81\xbf\x00", "unreadable"),
        (b"\x81\xa1\x02\xc4\x82\x01", "unreadable"),
        (b"\x95" + b"\xa0" * 21, "too_many_records"), (b"\x81\x98\xc9" + b"\x80" * 201, "too_many_records"),
        (b"\x81\x62\xff\xfe", "unreadable"), (b"[]", "unreadable"), (b"\x81\xa1\x21\x61x\x22", "unreadable"),
        (b"\x81\xa1\x22\x61x", "wrong_shape"), (b"\x81\xa1\x22\xf9\x7e\x00", "time_invalid"),
    ],
)  # fmt: skip
def test_a_pack_goes_only_where_it_cannot_be_read(payload: bytes, refused: str) -> None:
    found = told(payload, Bounds(max_records=20))
    assert found.refused == refused
    assert not found.rows


SCALARS = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans(),
    st.text(max_size=4), st.sampled_from(["level", "door", "mode", "auto", "m", "%"]), st.none(),
)  # fmt: skip
PACKS = st.lists(st.dictionaries(st.sampled_from(sorted(LABELS)), SCALARS, max_size=6), max_size=5)


@given(PACKS)
def test_the_same_pack_in_json_and_cbor_says_the_same(pack: list[dict[str, Any]]) -> None:
    try:
        text = json.dumps(pack).encode()
    except UnicodeEncodeError:
        return
    assert told(senml_cbor(pack)) == told_by(profile("senml"), text)


@given(st.integers(-(10**12), 10**12), st.integers(0, 12))
def test_a_decimal_fraction_is_the_number_that_it_writes(mantissa: int, decimals: int) -> None:
    payload = senml_cbor([{"n": "level", "u": "m", "v": Decimals(mantissa, decimals)}])
    assert told(payload).rows == [(RECEIPT, {"level": float(f"{mantissa}e-{decimals}")})]


@given(st.binary(max_size=60), st.booleans())
def test_no_bytes_do_worse_than_a_named_refusal(content: bytes, headed: bool) -> None:
    found = told((b"\x82\xa3\x00\x65level\x01\x61m\x02" if headed else b"") + content)
    assert found.refused or found.rows or found.invalid
