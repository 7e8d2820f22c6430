"""Bounds before decode: each with its reason, nothing refused that keeps them."""

import gzip
import json
from typing import Any

import pytest

from gateway.codecs.compiled import Bounds, CompiledProfile, compile_profile
from gateway.config.profiles import load_profiles
from gateway.reasons import Ignored, Rejected

BOUNDS = Bounds(max_payload_bytes=2000, max_depth=8, max_records=20, max_decompressed_bytes=5000)


def profile(**changes: Any) -> CompiledProfile:
    base = {
        "name": "thing", "topic": "x/{device}", "interval_secs": 60, "identity": {"topic": "{device}"},
        "time": {"format": "receipt"}, "fields": {"v": {"path": "v", "unit": "1"}},
    }  # fmt: skip
    return compile_profile(load_profiles({"thing": base | changes})[0], BOUNDS)


def outcome(payload: bytes, **changes: Any) -> Rejected | Ignored | float:
    """What becomes of a payload among two good ones: its reason, or the value."""
    good = b'{"v":1}' if changes.get("compression") != "gzip" else gzip.compress(b'{"v":1}')
    decoded = profile(**changes).decode([good, payload, good], ["x/1"] * 3)
    assert {0, 2} <= set(decoded.message.tolist())
    if decoded.rejected:
        [(message, reason, detail)] = decoded.rejected
        assert message == 1
        assert detail
        return reason
    if decoded.ignored:
        assert decoded.ignored[0][0] == 1
        return decoded.ignored[0][1]
    return float(decoded.value[1, 0])


def nested(depth: int) -> bytes:
    return b'{"v":2,"x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"v":2}' + b" " * 1993, 2.0),
        (b'{"v":2}' + b" " * 1994, Rejected.PAYLOAD_TOO_LARGE),
        (nested(8), 2.0),
        (nested(9), Rejected.NESTING_TOO_DEEP),
        (nested(150), Rejected.NESTING_TOO_DEEP),
        (json.dumps({"v": 2, "x": "[{" * 200 + '"\\'}).encode(), 2.0),
        (b'{"v":2,"x":[' + b"{}," * 50 + b"{}]}", 2.0),
        (b'{"v":2,"x":[' + b"{}," * 300 + b"{}]}", Rejected.TOO_MANY_RECORDS),
        (b'{"v":2,"x":"\xff"}', Rejected.NOT_UTF8),
        ('{"v":2,"x":"流"}'.encode(), 2.0),
        (b'\xef\xbb\xbf{"v":2}', Rejected.UNREADABLE),
        (b'{"v":2', Rejected.UNREADABLE),
        (b'{"v":2}{"v":3}', Rejected.UNREADABLE),
        (b'{"v":NaN}', Rejected.UNREADABLE),
        (b"   ", Rejected.UNREADABLE),
        (b"", Ignored.EMPTY),
        (b"[1]", Rejected.WRONG_SHAPE),
        (b"7", Rejected.WRONG_SHAPE),
        (b"null", Rejected.WRONG_SHAPE),
    ],
)
def test_each_bound_has_its_reason(payload: bytes, expected: Rejected | Ignored | float) -> None:
    assert outcome(payload) == expected


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (packed(b'{"v":2}'), 2.0),
        (packed(b'{"v":2}' + b" " * 4993), 2.0),
        (packed(b'{"v":2}' + b" " * 4994), Rejected.DECOMPRESSED_TOO_LARGE),
        (packed(b" " * 1_000_000), Rejected.DECOMPRESSED_TOO_LARGE),
        (packed(b'{"v":2}')[:-4], Rejected.COMPRESSION_BROKEN),
        (packed(b'{"v":2}') + b"x", Rejected.COMPRESSION_BROKEN),
        (packed(b'{"v":2}')[:-8] + b"\0" * 8, Rejected.COMPRESSION_BROKEN),
        (b"\x1f\x8b", Rejected.COMPRESSION_BROKEN),
        (packed(b""), Ignored.EMPTY),
        (packed(nested(9)), Rejected.NESTING_TOO_DEEP),
        (packed(b'{"v":"\xff"}'), Rejected.NOT_UTF8),
    ],
)
@pytest.mark.parametrize("compression", ["auto", "gzip"])
def test_gzip_is_bounded(payload: bytes, expected: Rejected | float, compression: str) -> None:
    assert outcome(payload, compression=compression) == expected


def test_plain_payloads_pass_only_where_compression_is_told_by_the_bytes() -> None:
    assert outcome(b'{"v":2}', compression="auto") == 2.0
    assert outcome(b'{"v":2}', compression="gzip") == Rejected.COMPRESSION_BROKEN
    assert outcome(packed(b'{"v":2}')) == Rejected.NOT_UTF8


@pytest.mark.parametrize(("records", "kept"), [(20, True), (21, False)])
@pytest.mark.parametrize("spoil", ["", ', {"v": "x"}'])
def test_records_of_one_message_are_bounded(records: int, kept: bool, spoil: str) -> None:
    listed = ",".join(['{"v":1}'] * (records - bool(spoil))) + spoil
    decoded = profile(records={"path": "[]"}).decode([f"[{listed}]".encode()], ["x/1"])
    assert len(decoded.message) == (records if kept else 0)
    assert [reason for _, reason, _ in decoded.rejected] == ([] if kept else [Rejected.TOO_MANY_RECORDS])
