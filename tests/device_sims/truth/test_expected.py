"""The expected ledger, on messages whose fate can be told by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_sims.city.devices import load_city
from device_sims.faults import NAMES
from device_sims.fleet.message import Message
from device_sims.kinds import Reading
from device_sims.truth.folder import RunFolder, RunStory
from device_sims.truth.rules import REJECTING, RULES

S = 1_000_000_000
T = 1_772_625_600 * S
YEAR = 366 * 86_400 * S
CITY = load_city(5)

Sent = tuple[str, int, int | None]
"""Faults, the time that a reading carries, when it was acknowledged; every message is due and sent at T."""


def _expected(tmp_path: Path, sent: list[Sent], resent: int = 0, receipt: str = "city") -> dict[str, Any]:
    run = RunFolder(tmp_path / "run")
    run.begin(RunStory(1, T, T, 1.0, receipt), CITY, None)
    for fault, ts, acked_at in sent:
        gone = {"truncated", "invalid", "oversize", "wrong_topic"} & set(fault.split("+"))
        readings = () if gone else (Reading("speed", ts, 50.0),)
        message = Message(T, "loop-0001", 0, "topic", b"{}", readings, fault, readings, 1, "loop-detector")
        run.part.sent(message, T, acked_at)
    counts = {"messages": len(sent), "sent": len(sent), "readings": 0, "resent": resent}
    run.finish(counts, [], cleanly=True)
    found: dict[str, Any] = json.loads((tmp_path / "run" / "expected.json").read_text())
    return found


def test_every_fault_has_a_rule() -> None:
    assert RULES.keys() == set(NAMES)


def test_a_copy_is_stored_once_and_repeated_once(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("duplicate", T, T), ("duplicate", T, T), ("", T + S, T)])

    assert found["messages"]["received"] == found["messages"]["decoded"] == [3, 3]
    assert found["readings"]["stored_once"] == [2, 2]
    assert found["readings"]["repeated"] == [1, 1]


def test_what_nobody_can_read_is_rejected_by_its_reason(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("truncated", T, T), ("invalid", T, T), ("truncated+oversize", T, T), ("", T, T)])

    rejected = {each["reasons"][0]: each["count"] for each in found["messages"]["rejected"]}
    assert rejected == {"payload_too_large": [1, 1], "unreadable": [2, 2]}
    assert found["messages"]["decoded"] == [1, 1]
    assert found["readings"]["carried"] == [1, 1]


def test_what_carries_no_reading_by_design_is_ignored(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin(RunStory(1, T, T, 1.0, "city"), CITY, None)
    for said, acked_at in (((), T), ((Reading("flow", T, 1.0),), T), ((), None)):
        run.part.sent(Message(T, "n/p", 0, "topic", b"", said, "", said, 1, "pump"), T, acked_at)
    sessions = {"missing": [0, 1], "rebirths_asked": [0, 1]}
    run.finish(dict.fromkeys(("messages", "sent", "readings", "resent"), 0), [], cleanly=True, sessions=sessions)
    found = json.loads((tmp_path / "run" / "expected.json").read_text())

    assert found["messages"]["ignored"] == [1, 2]
    assert found["messages"]["decoded"] == [1, 1]
    assert found["messages"]["received"] == [2, 3]
    assert found["sessions"] == sessions


def test_the_clock_gate_and_the_late_horizon_refuse(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("clock", T + YEAR, T), ("wrong_clock", S, T), ("clock", T + 299 * S, T)])

    readings = found["readings"]
    assert readings["quarantined"] == readings["late_beyond"] == readings["stored_once"] == [1, 1]


def test_at_the_edge_of_the_clock_gate_the_receipt_decides(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("clock", T + 330 * S, T)])

    assert found["readings"]["quarantined"] == found["readings"]["stored_once"] == [0, 1]


def test_where_the_receipt_is_not_known_the_gate_is_not_either(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("clock", T + YEAR, T)], receipt="unknown")

    assert found["readings"]["quarantined"] == [0, 1]


@pytest.mark.parametrize("fault", ["", "truncated"])
def test_an_acknowledgement_that_never_came_leaves_it_open(tmp_path: Path, fault: str) -> None:
    found = _expected(tmp_path, [(fault, T, None), ("", T + S, T)])

    assert found["messages"]["received"] == [1, 2]


def test_what_was_sent_again_may_have_come_twice(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("", T, T), ("", T + S, T)], resent=1)

    assert found["messages"]["received"] == [2, 3]
    assert found["readings"]["stored_once"] == [2, 2]
    assert found["readings"]["repeated"] == [0, 1]


def test_a_wrong_topic_may_be_heard_or_not(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("wrong_topic", T, T), ("", T + S, T)])

    assert found["messages"]["received"] == [1, 2]
    assert found["messages"]["rejected"] == []


def test_one_field_is_invalid_of_each_wrong_type(tmp_path: Path) -> None:
    found = _expected(tmp_path, [("wrong_type", T, T), ("wrong_type+truncated", T, T)])

    assert found["readings"]["invalid"] == [1, 1]
    ought = {each["fault"]: each["ought"] for each in found["by_fault"]}
    assert "invalid" in ought["wrong_type"]


def test_half_a_line_without_its_time_is_expected_to_be_refused_for_that() -> None:
    line = "weather,station=wx-01 temperature=21.5,humidity=61 1772553600000000000"

    assert not line[: len(line) // 2].endswith("0"), "the time stands last, and is what half a line lacks first"
    assert "time_missing" in REJECTING["truncated"]
    assert REJECTING["truncated"] == REJECTING["invalid"], "one figure of the ledger: reasons are told once"
