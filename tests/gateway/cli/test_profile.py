"""`cityloom profile try`, `list` and `show`."""

import io
import json
from pathlib import Path

import pytest

from tests.support.command import asked

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
path = "leq"
unit = "dB"
"""
GOOD = {"received_at": "2026-03-01T12:00:01Z", "topic": "plant/n-1/spl", "payload": {"utc": 1772366400000, "leq": 61.3}}
BAD = {"received_at": "2026-03-01T12:00:02Z", "topic": "plant/n-1/spl", "payload": {"utc": 1772366401000, "leq": "61"}}


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    file = tmp_path / "stranger.toml"
    file.write_text(TEXT)
    return file


def recording(folder: Path, *messages: object) -> Path:
    file = folder / "heard.jsonl"
    file.write_text("".join(json.dumps(message) + "\n" for message in messages))
    return file


def test_good_messages_are_shown_as_readings_in_local_time(profile: Path, tmp_path: Path) -> None:
    done = asked("profile", "try", profile, recording(tmp_path, GOOD))

    assert done.code == 0
    assert "n-1  leq  2026-03-01 20:00:00  61.3  dB  good" in done.out
    assert "1 message: 1 decoded; 1 readings: 1 good" in done.out


def test_what_fails_is_shown_with_a_hint_and_the_exit_code_is_1(profile: Path, tmp_path: Path) -> None:
    done = asked("profile", "try", profile, recording(tmp_path, GOOD, BAD), "--json")

    assert done.code == 1
    assert done.json["failed"] == 1
    (failure,) = done.json["failures"]
    assert failure["troubles"][0]["path"] == "leq"
    assert "numeric_string" in failure["troubles"][0]["hint"]
    assert 'type = "numeric_string"' in done.err


def test_a_raw_payload_has_the_topic_that_is_given(profile: Path, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text(json.dumps(GOOD["payload"]) + "\n")

    without = asked("profile", "try", profile, body)
    given = asked("profile", "try", profile, body, "--topic", "plant/n-1/spl", "--received-at", "2026-03-01T20:00:01")

    assert (without.code, given.code) == (2, 0)
    assert "--topic" in without.err


def test_a_payload_may_come_through_standard_input(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"utc":1772366400000,"leq":61.3}')))

    done = asked("profile", "try", profile, "-", "--topic", "plant/n-1/spl")

    assert done.code == 0
    assert "61.3" in done.out


def test_a_built_in_profile_is_tried_by_name(tmp_path: Path) -> None:
    done = asked("profile", "try", "tasmota", recording(tmp_path, GOOD))

    assert done.code == 1
    assert 'level 3 is "spl"' in done.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no-such", "x"], "There is no profile 'no-such'"),
        (["no-such.toml", "x"], "no-such.toml can't be read"),
        (["tasmota", "no-such.jsonl"], "no-such.jsonl can't be read"),
        (["tasmota"], "Which messages?"),
        (["tasmota", "--jsn"], "There is no option --jsn"),
    ],
)
def test_bad_arguments_are_said(words: list[str], sentence: str) -> None:
    done = asked("profile", "try", *words)

    assert done.code == 2
    assert sentence in done.err


def test_a_wrong_profile_is_refused_with_all_that_is_wrong(profile: Path, tmp_path: Path) -> None:
    profile.write_text(TEXT.replace('unit = "dB"', 'unit = "TODO"').replace("interval_secs", "interval"))
    done = asked("profile", "try", profile, recording(tmp_path, GOOD))

    assert done.code == 2
    assert "fields.leq.unit: is left to fill in" in done.err
    assert "interval" in done.err


def test_nothing_of_a_hostile_message_reaches_the_terminal(profile: Path, tmp_path: Path) -> None:
    evil = GOOD | {"topic": "plant/\x1b[2Jn/spl", "payload": {"utc": 1, "leq": "\x1b]0;x\x07[bold]"}}
    done = asked("profile", "try", profile, recording(tmp_path, evil, evil | {"topic": "a\x9b1m"}))

    assert done.code == 1
    assert not {"\x1b", "\x07", "\x9b"} & set(done.out + done.err)


def test_profiles_are_listed_and_shown() -> None:
    listed, shown = asked("profile", "list", "--json"), asked("profile", "show", "tasmota")

    names = [row["name"] for row in listed.json["profiles"]]
    assert "tasmota" in names
    assert names == sorted(names)
    assert shown.out.startswith("# Tasmota")
    assert "[fields.temperature]" in shown.out
