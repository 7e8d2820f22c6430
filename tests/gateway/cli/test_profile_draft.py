"""`cityloom profile draft`."""

import json
from pathlib import Path

import pytest

from tests.support.command import asked


def recording(folder: Path, topics: dict[str, object], count: int = 3) -> Path:
    file = folder / "heard.jsonl"
    lines = [
        {"received_at": f"2026-03-01T12:0{k}:01Z", "topic": topic, "payload": payload}
        for k in range(count) for topic, payload in topics.items()
    ]  # fmt: skip
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_a_draft_is_written_and_becomes_a_profile_once_its_units_are_there(tmp_path: Path) -> None:
    heard, out = recording(tmp_path, {"plant/n-1/spl": {"leq": 61.3}}), tmp_path / "n.toml"

    drafted = asked("profile", "draft", heard, "--name", "spl", "--out", out)
    refused = asked("profile", "try", out, heard)
    out.write_text(out.read_text().replace("TODO", "dB"))
    done = asked("profile", "try", out, heard)

    assert (drafted.code, refused.code, done.code) == (0, 2, 0)
    assert "1 fields of 3 messages; 1 to fill in" in drafted.err


def test_the_most_numerous_kind_is_drafted_and_a_filter_picks_another(tmp_path: Path) -> None:
    heard = recording(
        tmp_path, {"plant/n-1/spl": {"leq": 61.3}, "plant/n-2/spl": {"leq": 1}, "plant/n-1/gps": {"alt": 3}}
    )

    most = asked("profile", "draft", heard)
    other = asked("profile", "draft", heard, "--topic", "plant/+/gps")

    assert 'topic = "plant/{device}/spl"' in most.out
    assert "plant/+/gps (3)" in most.err
    assert 'topic = "plant/{device}/gps"' in other.out
    assert 'name = "plant-gps"' in other.out


def test_a_raw_payload_is_drafted_too(tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"t|15.2|h|48")

    done = asked("profile", "draft", body, "--topic", "ul/lamp-1/attrs")

    assert done.code == 0
    assert 'codec = "ultralight"' in done.out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["body", "--topic", "a/b-1"], 1, "XML"),
        (["body"], 2, "--topic"),
        (["body", "--topic", "a/+"], 2, "is a filter"),
        (["body", "--topic", "a/#/b"], 2, "has a #"),
        (["body", "--topic", "a", "--name", "No!"], 2, "can't be a profile's name"),
        (["body", "--topic", "a", "--out", "body"], 2, "exists"),
        ([], 2, "Which messages?"),
    ],
)
def test_bad_input_is_said(
    words: list[str], code: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "body").write_bytes(b"<xml/>")

    done = asked("profile", "draft", *words)

    assert done.code == code
    assert sentence in done.err
