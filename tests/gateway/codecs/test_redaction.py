"""Secrets that payloads and topics carry never reach a dead letter or a detail."""

import gzip
import json
from typing import Any

import pytest

from gateway.codecs.compiled import Bounds, CompiledProfile, compile_profile
from gateway.codecs.compression import Packing, pack, packing_of, unpack
from gateway.codecs.redaction import StrangerRedactor
from gateway.config.profiles import load_profiles
from seeds import profile_texts


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
        (b'{"\\u0050W":"s3cret","\\u0070\\u0069\\u006E":1}', b'{"\\u0050W":"***","\\u0070\\u0069\\u006E":"***"}'),
        (b'{"P\\u0057" : "s3cret', b'{"P\\u0057" : "***"'),
        (b'{"\\u0050V":"kept","\\\\u0050W":"kept"}', b'{"\\u0050V":"kept","\\\\u0050W":"kept"}'),
        (b'{"ts":1}', b'{"ts":1}'),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_values_under_secret_keys_are_blanked_even_in_broken_documents(payload: bytes, kept: bytes) -> None:
    assert compiled().redact("4jggokgpepnvsb2uv4s40d59ov/dev-1/attrs", payload) == ("***/dev-1/attrs", kept)


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("key", ["密钥", "🔑/x", 'q"uo\\te', "tab\t", "a.b"])
def test_a_key_is_found_however_json_spells_it(key: str, ascii_only: bool) -> None:
    path = json.dumps(key, ensure_ascii=False) if "\t" not in key else '"tab\t"'
    profile = compiled(redact={"paths": [path]})
    payload = json.dumps({key: "s3cret", "ts": 1}, ensure_ascii=ascii_only)
    for spelt in (payload, payload.replace("/", "\\/")):
        _, kept = profile.redact("k/d/attrs", spelt.encode())
        assert json.loads(kept) == {key: "***", "ts": 1}


def strangers(**changes: Any) -> StrangerRedactor:
    plain = compiled(name="plain", topic="city/{zone}/{device}", redact={})
    return StrangerRedactor([plain.redactor, compiled(**changes).redactor])


@pytest.mark.parametrize(
    ("template", "topic", "kept"),
    [
        ("/json/{apikey}/{device}/attrs", "/json/s3cret/dev-1/status", "/json/***/dev-1/status"),
        ("/json/{apikey}/{device}/attrs", "/json/s3cret", "/json/***"),
        ("/json/{apikey}/{device}/attrs", "/json/s3cret/d/attrs/more/levels", "/json/***/d/attrs/more/levels"),
        ("/json/{apikey}/{device}/attrs", "city/tianhe/loop/7", "city/tianhe/loop/7"),
        ("/json/{apikey}/{device}/attrs", "/json//dev-1/x", "/json//dev-1/x"),
        ("ul/{device}/k-{apikey}/attrs", "ul//k-s3cret", "ul//k-***"),
        ("ul/{device}/k-{apikey}/attrs", "ul/d/other/attrs", "ul/d/other/attrs"),
        ("{apikey}/{device}/attrs", "s3cret/dev-1/other", "***/dev-1/other"),
        ("z/{device...}/{apikey}", "z/a/s3cret/", "z/***/***/***"),
        ("z/{apikey}/{device...}/state", "z/s3cret/a/b", "z/***/a/b"),
    ],
)
def test_a_topic_of_nobody_loses_what_may_be_a_secret_of_somebody(template: str, topic: str, kept: str) -> None:
    assert strangers(topic=template).redact(topic, b"") == (kept, b"")


@pytest.mark.parametrize(
    ("topic", "kept"),
    [
        # the second level is a key as well, as far as UltraLight without "ul" goes: more is blanked than need be
        ("/json/s3cret/dev-1/status", "/***/***/dev-1/status"),
        ("/json/s3cret/traffic-1", "/***/***/traffic-1"),
        ("/ul/s3cret/dev-1/attrs/t", "/***/***/dev-1/attrs/t"),
        ("ul/s3cret/dev-1/configuration", "ul/***/dev-1/configuration"),
        ("/s3cret/dev-1/configuration", "/***/dev-1/configuration"),
        ("/sys/product/dev-1/thing/event/lost", "/***/product/dev-1/thing/event/lost"),
        ("city/tianhe/loop/7", "city/tianhe/loop/7"),
        ("tele/plug/SENSOR/more", "tele/plug/SENSOR/more"),
    ],
)
def test_no_key_of_a_built_in_profile_stays_in_a_topic_of_nobody(topic: str, kept: str) -> None:
    profiles = [compile_profile(profile) for profile in load_profiles(profile_texts())]
    redactor = StrangerRedactor([profile.redactor for profile in profiles])
    assert redactor.redact(topic, b"t|1") == (kept, b"t|1")


def test_a_payload_of_nobody_is_redacted_where_its_topic_begins_like_one_with_secrets() -> None:
    redactor = strangers(topic="x/{device}", redact={"paths": ["pin"]})
    payload = b'{"pin":5313}'
    assert redactor.redact("x/1/other", payload) == ("x/1/other", b'{"pin":"***"}')
    assert redactor.redact("y/1", payload) == ("y/1", payload)


def test_packed_payloads_are_packed_again_and_broken_ones_dropped() -> None:
    packed = gzip.compress(json.dumps({"PW": "s3cret", "ts": 1}).encode())
    _, kept = compiled().redact("k/d/attrs", packed)
    assert json.loads(gzip.decompress(kept)) == {"PW": "***", "ts": 1}
    assert compiled().redact("k/d/attrs", packed[:-9])[1] == b""


@pytest.mark.parametrize(
    ("packing", "compression"),
    [(Packing.ZLIB, "auto"), (Packing.ZSTD, "auto"), (Packing.ZLIB, "deflate"), (Packing.RAW, "deflate"),
     (Packing.ZSTD, "zstd"), (Packing.GZIP, "gzip")],
)  # fmt: skip
def test_every_packing_is_kept_as_it_came(packing: Packing, compression: str) -> None:
    packed = pack(b'{"PW":"s3cret","ts":1}', packing)
    _, kept = compiled(compression=compression).redact("k/d/attrs", packed)
    assert packing_of(kept, compression) is packing
    assert unpack(kept, packing, Bounds()) == b'{"PW":"***","ts":1}'
    assert compiled(compression=compression).redact("k/d/attrs", packed[:-5])[1] == b""


@pytest.mark.parametrize("compression", ["gzip", "deflate", "zstd"])
def test_what_should_have_been_packed_is_redacted_all_the_same(compression: str) -> None:
    assert compiled(compression=compression).redact("k/d/attrs", b'{"PW":"s3cret"}')[1] == b'{"PW":"***"}'


def test_profiles_without_secrets_leave_everything_as_it_is() -> None:
    payload = b'{"PW":"x"}'
    topic, kept = compiled(redact={}).redact("k/d/attrs", payload)
    assert (topic, kept) == ("k/d/attrs", payload)
    assert kept is payload


def test_details_never_show_a_secret() -> None:
    decoded = compiled().decode([b'{"ts":1,"v":"s3cret"}'], ["k/d/attrs"])
    [fault] = decoded.invalid
    detail = fault.detail
    assert "s3cret" not in detail
    assert "***" in detail
