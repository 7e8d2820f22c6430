"""Messages of several devices: each fault is counted for its own device and kept in a letter of its own."""

from typing import Any

from gateway.config.content import Device
from gateway.engine.outputs import MOST_LETTERS
from gateway.engine.registry import DEVICE_TERMS
from gateway.engine.zone import ZoneEngine
from gateway.reasons import Invalid
from tests.support.engine import SECOND, START, content, engine, message

TS = START // SECOND
BY_MEMBER: dict[str, Any] = {
    "name": "gateway", "topic": "v1/gateway/telemetry", "interval_secs": 60, "identity": {"object_key": True},
    "records": {"path": "{}[]"}, "time": {"path": "ts", "format": "unix_s"},
    "fields": {"v": {"path": "v", "unit": "1"}, "w": {"path": "w", "unit": "1", "required": False}},
}  # fmt: skip


def counted(made: ZoneEngine, device: str) -> int:
    return int(made.registry.counts[made.registry.by_id(device), DEVICE_TERMS.index("invalid")])


def test_each_device_of_a_message_has_its_own_letters_and_counts() -> None:
    made = engine(content([BY_MEMBER]))
    body = {
        "m1": [{"ts": TS, "v": "bad"}, {"ts": TS + 1, "v": 1}],
        "m2": [{"ts": TS, "v": "bad", "w": "bad"}],
        "m3": [{"ts": TS, "v": 1}, {"ts": TS + 1}],
    }
    result = made.step([message("v1/gateway/telemetry", body, START)], START + SECOND, False)

    assert [(letter.device, letter.reason) for letter in result.rejects] == [
        ("m1", Invalid.WRONG_TYPE), ("m2", Invalid.WRONG_TYPE), ("m3", Invalid.REQUIRED_ABSENT),
    ]  # fmt: skip
    assert [counted(made, device) for device in ("m1", "m2", "m3")] == [1, 2, 1]


def test_a_record_without_a_time_is_counted_for_the_device_that_its_key_names() -> None:
    made = engine(content([BY_MEMBER]))
    body = {
        "m1": [{"ts": TS, "v": 1}],
        "m2": [{"ts": TS, "v": 1}, {"v": 2}],
        "m3": "broken",
        "m4": [{"ts": TS, "v": 1}],
    }
    result = made.step([message("v1/gateway/telemetry", body, START)], START + SECOND, False)

    assert {(letter.device, str(letter.reason)) for letter in result.rejects} == {
        ("m2", "record_time_missing"), ("", "record_shape"),
    }  # fmt: skip
    assert [counted(made, device) for device in ("m1", "m2", "m4")] == [0, 1, 0]
    # a broken record provisions nobody, but one that is known gets it
    assert made.registry.by_id("m3") == -1


def test_a_broken_record_of_a_known_device_is_its_own() -> None:
    known = Device("M-3", "gateway", ("m3",), "a", None, None, "", "", "")
    made = engine(content([BY_MEMBER], [known]))
    body = {"m1": [{"ts": TS, "v": 1}], "m3": [5]}
    result = made.step([message("v1/gateway/telemetry", body, START)], START + SECOND, False)

    assert [(letter.device, str(letter.reason)) for letter in result.rejects] == [("M-3", "record_shape")]
    assert (counted(made, "m1"), counted(made, "M-3")) == (0, 1)


def test_identity_by_a_path_of_the_record_is_told_apart_too() -> None:
    by_path = BY_MEMBER | {"identity": {"path": "id"}, "records": {"path": "[]"}}
    made = engine(content([by_path]))
    body = [{"id": "a", "ts": TS, "v": "bad"}, {"id": "b", "ts": TS, "v": 1}, {"id": "c", "ts": TS, "v": "bad"}]
    result = made.step([message("v1/gateway/telemetry", body, START)], START + SECOND, False)

    assert [letter.device for letter in result.rejects] == ["a", "c"]
    assert [counted(made, device) for device in "abc"] == [1, 0, 1]


def test_one_message_makes_only_so_many_letters_but_every_fault_is_counted() -> None:
    made = engine(content([BY_MEMBER]))
    body = {f"m{k}": [{"ts": TS, "v": "bad"}] for k in range(3 * MOST_LETTERS)}
    result = made.step([message("v1/gateway/telemetry", body, START)], START + SECOND, False)

    assert len(result.rejects) == MOST_LETTERS
    assert sum(n for key, n in result.counts.items() if key.term == "invalid") == 3 * MOST_LETTERS
    assert counted(made, f"m{3 * MOST_LETTERS - 1}") == 1


def test_devices_that_are_refused_are_named() -> None:
    closed = BY_MEMBER | {"provisioning": {"policy": "closed"}}
    known = Device("m1", "gateway", ("m1",), "a", None, None, "", "", "")
    body = {"m1": [{"ts": TS, "v": 1}], "流": [{"ts": TS, "v": 1}], "y": [{"ts": TS, "v": 1}]}
    result = engine(content([closed], [known])).step([message("v1/gateway/telemetry", body, START)], START, False)

    (letter,) = result.rejects
    assert letter.reason == Invalid.DEVICE_REFUSED
    assert letter.detail.endswith(r": '\u6d41', 'y'")
