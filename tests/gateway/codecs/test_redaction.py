"""Secrets that payloads and topics carry never reach a dead letter or a detail."""

import gzip
import json
from typing import Any

import pytest

from gateway.codecs.compiled import Bounds, CompiledProfile, compile_profile
from gateway.config.profiles import load_profiles


def compiled(**changes: Any) -> CompiledProfile:
    base: dict[str, Any] = {
        "name": "thing", "topic": "{apikey}/{device}/attrs", "interval_secs": 60, "identity": {"topic": "{device}"},
        "time": {"path": "ts", "format": "unix_s"}, "compression": "auto",
        "redact": {"paths": ["login.PW", "pin", "v"], "variables": ["apikey"]},
        "fields": {"v": {"path": "v", "unit": "1"}},
    }  # fmt: skip
    return compile_profile(load_profiles({"thing": base | changes})[0], Bounds(max_decompressed_bytes=10_000))


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (b'{"login":{"PW":"s3cret","user":"a"},"ts":1}', b'{"login":{"PW":"***","user":"a"},"ts":1}'),
        (b'{"PW" : "s3\\"cret" ,"pin":5313}', b'{"PW" : "***" ,"pin":"***"}'),
        (b'{"PW":"s3cret', b'{"PW":"***"'),
        (b'{"PW":null,"pin":[1],"x":"PW"}', b'{"PW":"***","pin":[1],"x":"PW"}'),
        (b'{"ts":1}', b'{"ts":1}'),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_values_under_secret_keys_are_blanked_even_in_broken_documents(payload: bytes, kept: bytes) -> None:
    assert compiled().redact("4jggokgpepnvsb2uv4s40d59ov/dev-1/attrs", payload) == ("***/dev-1/attrs", kept)


def test_packed_payloads_are_packed_again_and_broken_ones_dropped() -> None:
    packed = gzip.compress(json.dumps({"PW": "s3cret", "ts": 1}).encode())
    _, kept = compiled().redact("k/d/attrs", packed)
    assert json.loads(gzip.decompress(kept)) == {"PW": "***", "ts": 1}
    assert compiled().redact("k/d/attrs", packed[:-9])[1] == b""


def test_profiles_without_secrets_leave_everything_as_it_is() -> None:
    payload = b'{"PW":"x"}'
    topic, kept = compiled(redact={}).redact("k/d/attrs", payload)
    assert (topic, kept) == ("k/d/attrs", payload)
    assert kept is payload


def test_details_never_show_a_secret() -> None:
    decoded = compiled().decode([b'{"ts":1,"v":"s3cret"}'], ["k/d/attrs"])
    [(_, _, _, detail)] = decoded.invalid
    assert "s3cret" not in detail
    assert "***" in detail
