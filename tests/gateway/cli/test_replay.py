"""What a recording may look like, and how a wrong one is said: file, line, and what to write."""

import gzip
import json
from pathlib import Path

import pytest

from gateway.cli import main as command
from gateway.cli.replay import read_recordings

GOOD = {"received_at": "2026-03-01T12:00:00Z", "topic": "a/b", "payload": {"x": 1}}


def _without(name: str) -> dict[str, object]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "Expecting property name"),
        ("[1]", "it is no JSON object"),
        (json.dumps(_without("received_at")), "received_at is missing"),
        (json.dumps(_without("topic")), "topic is missing"),
        (json.dumps(_without("payload")), "payload is missing"),
        (json.dumps(GOOD | {"topic": 5}), "topic must be a text"),
        (json.dumps(GOOD | {"topic": ""}), "topic must be a text"),
        (json.dumps(GOOD | {"received_at": "2026-03-01T12:00:00"}), "received_at must be RFC 3339 with its offset"),
        (json.dumps(GOOD | {"received_at": True}), "received_at must be RFC 3339 with its offset"),
        (json.dumps(GOOD | {"received_at": 1_772_366_400}), "received_at must lie between 2000 and 2100"),
        (json.dumps(GOOD | {"received_at": 10**30}), "received_at must lie between 2000 and 2100"),
        (json.dumps(_without("payload") | {"payload_base64": "!"}), ""),
        (json.dumps(GOOD | {"payload": "\ud800"}), "surrogates not allowed"),
        ("[" * 100_000, ""),
        ("\xff", ""),
    ],
)
def test_a_line_that_is_no_message_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, problem: str
) -> None:
    (tmp_path / "r.jsonl").write_bytes(f"{json.dumps(GOOD)}\n\n{line}\n".encode("latin-1"))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as left:
        command.main(["replay", "r.jsonl"])

    said = capsys.readouterr()
    assert left.value.code == 2
    assert said.err.startswith("error: r.jsonl, line 3 is no recorded message: ")
    assert problem in said.err
    assert not (tmp_path / "replayed").exists(), "nothing was sent before all was read"


def test_order_is_asked_for_and_equal_receipts_are_told_apart(tmp_path: Path) -> None:
    at = 1_772_366_400_000_000_000
    file = tmp_path / "r.jsonl"
    file.write_text("".join(json.dumps(GOOD | {"received_at": at + k}) + "\n" for k in (0, 0, 0, 1)))
    assert [row.received_at - at for row in read_recordings([file])] == [0, 1, 2, 3]

    earlier = tmp_path / "e.jsonl"
    earlier.write_text(json.dumps(GOOD | {"received_at": at - 1}))
    with pytest.raises(Exception, match=r"e\.jsonl, line 1: received before the message in front of it"):
        list(read_recordings([file, earlier]))


@pytest.mark.parametrize("broken", ["not gzip", "cut", "damaged"])
def test_a_damaged_archive_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str) -> None:
    packed = gzip.compress("".join(json.dumps(GOOD) + "\n" for _ in range(2000)).encode())
    middle = len(packed) // 2
    content = {
        "not gzip": b"{}",
        "cut": packed[:middle],
        "damaged": packed[:middle] + b"\0\0\0\0" + packed[middle + 4 :],
    }
    file = tmp_path / "r.jsonl.gz"
    file.write_bytes(content[broken])

    with pytest.raises(SystemExit) as left:
        command.main(["replay", str(file), "--data-dir", str(tmp_path / "out")])

    assert left.value.code == 2
    assert "Traceback" not in (said := capsys.readouterr().err)
    assert said.startswith(f"error: {file}")


@pytest.mark.parametrize("content", [None, b"", b"\n\n"])
def test_nothing_to_replay_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    file = tmp_path / "r.jsonl"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SystemExit) as left:
        command.main(["replay", str(file), "--data-dir", str(tmp_path / "out")])

    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_replay_without_files_asks_for_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(["replay"])

    assert left.value.code == 2
    assert "Which files?" in capsys.readouterr().err
