"""Recordings of what was heard come back as they were, byte for byte."""

from pathlib import Path

import pytest

from gateway.cli.messages import read_messages
from gateway.cli.recorder import Recorder
from gateway.cli.replay import read_recordings
from gateway.errors import CommandError
from gateway.workshop.message import Heard

PAYLOADS = [
    b'{"a":1}',
    b'{"a": 1}',
    b"21.5",
    b"",
    b"\xff\x00",
    b'{"a":1e3}',
    '{"ä":"日本"}'.encode(),
    b'{"a":"\\ud800"}',
    b"a\nb",
]


@pytest.mark.parametrize("name", ["heard.jsonl", "heard.jsonl.gz"])
def test_messages_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    heard = [Heard(1772366400 * 10**9 + k, f"a/{k}", payload) for k, payload in enumerate(PAYLOADS)]
    with Recorder(tmp_path / name) as recorder:
        for one in heard:
            recorder.write(one)

    assert list(read_messages([tmp_path / name], "", None)) == heard
    assert [row.payload for row in read_recordings([tmp_path / name])] == PAYLOADS


def test_a_recording_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "heard.jsonl").touch()

    with pytest.raises(CommandError, match="exists"):
        Recorder(tmp_path / "heard.jsonl")


def test_only_its_owner_may_read_a_recording(tmp_path: Path) -> None:
    with Recorder(tmp_path / "heard.jsonl"):
        pass

    assert (tmp_path / "heard.jsonl").stat().st_mode & 0o077 == 0
