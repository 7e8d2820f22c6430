"""Messages of several devices: each fault is counted for its own device and kept in a letter of its own."""

from typing import Any

from gateway.config.content import Device
from gateway.engine.outputs import MOST_LETTERS
from gateway.engine.registry import DEVICE_TERMS
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.reasons import Invalid
from gateway.rows import Row
from tests.support.engine import SECOND, START, content, engine, message

TS = START // SECOND
BY_MEMBER: dict[str, Any] = {
    "name": "gateway", "topic": "v1/gateway/telemetry", "interval_secs": 60, "identity": {"object_key": True},
    "records": {"path": "{}[]"}, "time": {"path": "ts", "format": "unix_s"},
    "fields": {"v": {"path": "v", "unit": "1"}, "w": {"path": "w", "unit": "1", "required": False}},
}  # fmt: skip


KNOWN_BY_TOPIC: dict[str, Any] = {
    "name": "known", "interval_secs": 60, "identity": {"topic": "{device}"},
    "time": {"path": "ts", "format": "unix_s"}, "fields": {"v": {"path": "v", "unit": "1"}},
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


def test_a_broken_record_is_its_devices_also_after_a_restart() -> None:
    made = engine(content([KNOWN_BY_TOPIC | {"topic": "known/{device}", "records": {"path": "[]"}}]))
    made.step([message("known/d1", [{"ts": TS, "v": 1}], START)], START, False)
    made = ZoneEngine.restore(made.snapshot())
    result = made.step([message("known/d1", [{"v": 2}], START + 1)], START + 1, False)

    assert [(letter.device, str(letter.reason)) for letter in result.rejects] == [("d1", "record_time_missing")]
    assert counted(made, "d1") == 1


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


NODE: dict[str, Any] = {
    "name": "edge", "topics": ["spb/{group}/NDATA/{node}", "spb/{group}/DDATA/{node}/{device}"], "interval_secs": 60,
    "identity": {"path": "id"}, "time": {"path": "ts", "format": "unix_s"},
    "sequence": {"path": "seq", "modulus": 256, "of": "{group}/{node}"},
    "fields": {"v": {"path": "v", "unit": "1", "required": False}},
}  # fmt: skip


def missing(result: StepResult) -> int:
    return sum(n for key, n in result.counts.items() if key.term == "missing")


def of_node(numbers: list[int], node: str = "n1") -> list[Row]:
    """Messages of one node whose counter runs over all of them, about itself and three devices in turn."""
    topics = [f"spb/g/NDATA/{node}", *(f"spb/g/DDATA/{node}/d{k}" for k in range(3))]
    return [
        message(topics[k % 4], {"id": f"{node}-{k % 4}", "ts": TS + k, "v": 1, "seq": number}, START + k * SECOND)
        for k, number in enumerate(numbers)
    ]


def test_a_counter_over_a_whole_node_misses_nothing_between_its_devices() -> None:
    numbers = [k % 256 for k in range(600)]
    made = engine(content([NODE]))
    mixed = [row for pair in zip(of_node(numbers), of_node(numbers, "n2"), strict=True) for row in pair]
    assert missing(made.step(mixed, START + 600 * SECOND, False)) == 0
    # counted by device instead, three of four would be missing
    by_device = NODE | {"sequence": {"path": "seq", "modulus": 256}}
    assert missing(engine(content([by_device])).step(of_node(numbers), START + 600 * SECOND, False)) > 1000


def test_what_a_node_lost_is_missing_also_over_a_snapshot() -> None:
    made = engine(content([NODE]))
    assert missing(made.step(of_node([253, 254, 255, 0]), START + SECOND, False)) == 0
    again = ZoneEngine.restore(made.snapshot())
    late = [message("spb/g/NDATA/n1", {"id": "x", "ts": TS + 9, "seq": n}, START + 9 * SECOND) for n in (4, 2)]
    assert missing(again.step(late[:1], START + 9 * SECOND, False)) == 3
    assert missing(again.step(late[1:], START + 9 * SECOND, False)) == -1


def test_counters_named_by_topics_are_bounded() -> None:
    made = engine(content([NODE], max_devices=2))
    rows = [row for node in ("a", "b", "c") for row in of_node([0, 9], node)]
    assert missing(made.step(rows, START + SECOND, False)) == 16


def test_topics_that_are_ignored_are_counted_and_leave_no_letter() -> None:
    silent = BY_MEMBER | {"ignore": [{"topics": ["v1/gateway/connect"], "reason": "no_reading"}]}
    rows = [message("v1/gateway/connect", b"not json", START), message("v1/gateway/connect", b"", START)]
    result = engine(content([silent])).step(rows, START, False)

    assert not result.rejects
    assert {(key.term, key.reason, key.profile): n for key, n in result.counts.items()} == {
        ("ignored", "no_reading", "gateway"): 1, ("ignored", "empty", ""): 1,
    }  # fmt: skip


def test_a_device_that_speaks_under_two_topics_is_one() -> None:
    both = KNOWN_BY_TOPIC | {"topics": ["new/{device}", "old/{device}/state"]}
    made = engine(content([both]))
    rows = [message("new/d", {"ts": TS, "v": 1}, START), message("old/d/state", {"ts": TS + 1, "v": 2}, START)]
    result = made.step(rows, START + SECOND, False)

    assert [device.id for device in result.devices] == ["d"]
    assert result.readings.series.tolist() == [0, 0]
