"""Sparkplug bytes: bounds before decode, packed bodies, and our one message read by an independent decoder."""

import gzip
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.encoders.sparkplug_b import Metric, asks_for_birth, encode
from gateway.codecs.sparkplug_wire import REBIRTH, encode_rebirth, read_payload
from gateway.codecs.tolerant import Unusable
from gateway.config.bounds import Bounds
from gateway.reasons import Rejected

BOUNDS = Bounds(max_records=100)
AT = 1_772_366_400_000_000_000


def _refused(content: bytes, bounds: Bounds = BOUNDS) -> Rejected:
    with pytest.raises(Unusable) as found:
        read_payload(content, bounds)
    return found.value.reason


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def test_an_independent_decoder_reads_our_request_as_the_standard_has_it() -> None:
    payload = encode_rebirth(AT // 1_000_000)

    assert asks_for_birth(payload)
    read = read_payload(payload, BOUNDS)
    assert (read.seq, read.ts) == (None, AT // 1_000_000)
    (metric,) = read.metrics
    assert (metric.name, metric.alias, metric.value) == (REBIRTH, None, True)


def test_metrics_are_counted_before_any_is_made() -> None:
    assert len(read_payload(_field(2, b"") * 100, BOUNDS).metrics) == 100
    assert _refused(_field(2, b"") * 101) is Rejected.TOO_MANY_RECORDS


def test_a_payload_that_is_too_large_is_not_looked_at() -> None:
    assert _refused(b"\x00" * 11, Bounds(max_payload_bytes=10)) is Rejected.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize(
    "content",
    [b"\xff" * 11, b"\x12\x05abc", b"\x13", b'{"ts":1}', _field(2, b"\x08"), b"\x09\x00", struct.pack("<Q", 1 << 63)],
)
def test_what_is_no_sparkplug_is_unreadable(content: bytes) -> None:
    assert _refused(content) is Rejected.UNREADABLE


def test_templates_in_templates_are_bytes_to_us() -> None:
    nested = b""
    for _ in range(5000):
        nested = _field(2, nested)
    nested = _field(2, _field(18, nested))
    read = read_payload(nested, Bounds(max_payload_bytes=1 << 20))

    assert [metric.kind for metric in read.metrics] == ["template_value"]


def test_a_packed_body_is_unpacked_within_the_bounds() -> None:
    inner = encode(AT, 3, [Metric("Float", 1.5, "x")])
    packed = _field(4, b"SPBV1.0_COMPRESSED") + _field(5, gzip.compress(inner))

    assert read_payload(packed, BOUNDS).metrics[0].value == 1.5
    bomb = _field(4, b"SPBV1.0_COMPRESSED") + _field(5, gzip.compress(b"\x00" * 100_000))
    assert _refused(bomb, Bounds(max_decompressed_bytes=1000)) is Rejected.DECOMPRESSED_TOO_LARGE
    algorithm = _field(2, encode(None, None, [Metric("String", "DEFLATE", "algorithm")])[2:])
    assert _refused(algorithm + packed) is Rejected.COMPRESSION_BROKEN


def test_a_name_that_is_no_utf_8_costs_nothing_but_itself() -> None:
    read = read_payload(_field(2, _field(1, b"\xff\xfe")) + encode(AT, 1, [Metric("Float", 1.0, "x")]), BOUNDS)

    assert read.metrics[1].name == "x"
    assert read.metrics[0].name not in ("x", None)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(Unusable):
        assert len(read_payload(content, BOUNDS).metrics) <= BOUNDS.max_records
