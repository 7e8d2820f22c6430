"""What is remembered of our sessions at the brokers."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from gateway.runtime.session_notes import Noted, SessionNotes


@dataclass
class _Source:
    name: str
    session_filters: list[str] = field(default_factory=list)
    subscribed: bool = True
    canary_proven: bool = False


def test_what_was_taken_is_read_by_the_next_process(tmp_path: Path) -> None:
    SessionNotes(tmp_path).take([_Source("main", ["a/#"], canary_proven=True), _Source("main-2", ["b/#"])])
    assert SessionNotes(tmp_path).read() == Noted({"main": ["a/#"], "main-2": ["b/#"]}, ["main"])


def test_of_a_source_that_is_not_connected_the_old_notes_stay(tmp_path: Path) -> None:
    SessionNotes(tmp_path).take([_Source("main", ["a/#"]), _Source("main-2", ["b/#"])])
    notes = SessionNotes(tmp_path)
    notes.take([_Source("main", [], subscribed=False), _Source("main-2", [])])
    assert notes.read().filters == {"main": ["a/#"], "main-2": []}


def test_notes_of_before_there_were_canaries_are_read(tmp_path: Path) -> None:
    (tmp_path / "sessions.json").write_text(json.dumps({"main": ["a/#"]}), encoding="utf-8")
    assert SessionNotes(tmp_path).read() == Noted({"main": ["a/#"]}, [])


def test_notes_that_can_not_be_read_are_none(tmp_path: Path) -> None:
    for text in ("", "[]", "5", '{"canaries": 5}', '{"filters": {"a": 1}, "canaries": []}', "\udcff"):
        (tmp_path / "sessions.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert SessionNotes(tmp_path).read() == Noted({}, [])
