"""One profile on messages: readings, flags, and what to write where it fails."""

import gzip

import pytest

import seeds
from gateway.codecs.compiled import compile_profile
from gateway.config.bounds import Bounds
from gateway.config.profiles import load_profiles
from gateway.workshop.message import Heard
from gateway.workshop.nearest import nearest
from gateway.workshop.trial import Trial, Tried
from processors.flags import Flag

NOON = 1772366400 * 10**9
TEXT = """
name = "stranger"
topic = "plant/{device}/spl"
interval_secs = 60
[identity]
topic = "{device}"
[time]
path = "utc"
format = "unix_ms"
[fields.leq]
path = "levels.leq"
unit = "dB"
range = [0, 140]
suspect_range = [20, 120]
[fields.state]
path = "state"
type = "enum"
enum = { ok = 0, fault = 1 }
required = false
"""
GOOD = b'{"utc":1772366399000,"levels":{"leq":61.3},"state":"ok"}'


def tried(payload: bytes, topic: str = "plant/n-1/spl", text: str = TEXT, received_at: int | None = NOON) -> Tried:
    trial = Trial(load_profiles({"stranger": text})[0], Bounds(), NOON)
    return trial.take(Heard(received_at, topic, payload))


def test_readings_have_device_time_unit_flag_and_state() -> None:
    found = tried(GOOD).readings

    assert [(one.device, one.quantity, one.ts, one.value, one.unit, one.flag, one.state) for one in found] == [
        ("n-1", "leq", NOON - 10**9, 61.3, "dB", Flag.GOOD, ""),
        ("n-1", "state", NOON - 10**9, 0.0, "1", Flag.GOOD, "ok"),
    ]


@pytest.mark.parametrize(
    ("value", "flag"), [(b"130", Flag.SUSPECT), (b"150", Flag.FAIL), (b"null", Flag.MISSING), (b"20", Flag.GOOD)]
)
def test_flags_are_those_of_the_spans(value: bytes, flag: Flag) -> None:
    found = tried(b'{"utc":1772366399000,"levels":{"leq":%s}}' % value)

    assert [one.flag for one in found.readings] == [flag]
    assert not found.failed


@pytest.mark.parametrize(
    ("payload", "path", "reason", "hint"),
    [
        (b'{"utc":1772366399000,"levels":{"leq":"61.3"}}', "levels.leq", "wrong_type", 'type = "numeric_string"'),
        (b'{"utc":1772366399000,"levels":{"leq":true}}', "levels.leq", "wrong_type", 'type = "boolean"'),
        (b'{"utc":1772366399000,"levels":{"leq":"high"}}', "levels.leq", "wrong_type", '"high" = 0'),
        (b'{"utc":1772366399000,"lvl":{"leq":61.3}}', "levels.leq", "required_absent", 'path = "lvl.leq"'),
        (b'{"utc":1772366399000,"levels":{"leq":1},"state":"dry"}', "state", "enum_unknown", '"dry" = 2'),
        (b'{"utc":1772366399,"at":1,"levels":{"leq":1}}', "message", "", ""),
        (b'{"time":1772366399000,"levels":{"leq":1}}', "message", "time_missing", 'path = "time", format = "unix_ms"'),
        (b'{"utc":"2026-03-01T12:00:00Z","levels":{"leq":1}}', "message", "time_invalid", 'format = "rfc3339"'),
        (b'[{"utc":1772366399000,"levels":{"leq":1}}]', "message", "wrong_shape", '[records] path = "[]"'),
        (b"utc=1772366399000;leq=61.3;state=1", "message", "unreadable", 'codec = "csv"'),
        (gzip.compress(GOOD, mtime=0), "message", "", 'compression = "gzip"'),
    ],
)
def test_what_fails_is_named_with_what_to_write_instead(payload: bytes, path: str, reason: str, hint: str) -> None:
    found = tried(payload)

    if not hint:  # 1970 is a time: nothing objects to it
        assert not found.failed
        return
    (trouble,) = found.troubles
    assert (trouble.path, reason in trouble.reason, hint in trouble.hint) == (path, True, True), trouble


def test_a_time_ahead_of_its_receipt_is_told() -> None:
    found = tried(b'{"utc":1772395200000,"levels":{"leq":61.3}}')

    assert [(one.path, one.reason) for one in found.troubles] == [("utc", "ahead_of_receipt")]
    assert "8 h" in found.troubles[0].detail


def test_a_topic_of_another_kind_is_told_level_by_level() -> None:
    found = tried(GOOD, topic="plant/n-1/temperature")

    assert found.outcome == "topic"
    assert 'level 3 is "temperature", not "spl"' in found.troubles[0].detail


def test_the_nearest_profile_is_found_by_topic_and_payload() -> None:
    profiles = [compile_profile(profile) for profile in load_profiles(seeds.profile_texts())]
    loop = b'{"ts":1772366400123,"speed":52.3,"flow":23,"occ":0.13}'

    by_topic = nearest(profiles, Heard(NOON, "city/tianhe/traffic/loop/loop-1/readings", loop))
    by_payload = nearest(profiles, Heard(NOON, "somewhere/else", loop))
    bridged = nearest(profiles, Heard(NOON, "bridge/city/tianhe/traffic/loop/loop-1/reading", loop))
    none = nearest(profiles, Heard(NOON, "somewhere/else", b'{"a":1}'))

    assert (by_topic.profile, by_payload.profile, none.profile) == ("loop-detector", "loop-detector", "")
    assert 'level 6 is "readings", not "reading"' in by_topic.what
    assert "3 of 3 fields" in by_payload.what
    assert 'it has "bridge" in front' in bridged.what
