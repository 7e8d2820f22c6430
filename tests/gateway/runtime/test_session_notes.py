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
    source: int = 0


def test_what_was_taken_is_read_by_the_next_process(tmp_path: Path) -> None:
    SessionNotes(tmp_path).take([_Source("main", ["a/#"], canary_proven=True), _Source("main-2", ["b/#"], source=254)])
    numbers = {"main": 0, "main-2": 254}
    assert SessionNotes(tmp_path).read() == Noted({"main": ["a/#"], "main-2": ["b/#"]}, ["main"], numbers)


def test_a_number_stays_with_the_name_of_a_connection_that_is_gone(tmp_path: Path) -> None:
    notes = SessionNotes(tmp_path)
    notes.take([_Source("main"), _Source("main-2", source=254)])
    notes.take([_Source("main")])
    assert SessionNotes(tmp_path).read().numbers == {"main": 0, "main-2": 254}
    notes.take([_Source("main"), _Source("other", source=254)])  # there was no other left
    assert SessionNotes(tmp_path).read().numbers == {"main": 0, "other": 254}


def test_of_a_source_that_is_not_connected_the_old_notes_stay(tmp_path: Path) -> None:
    SessionNotes(tmp_path).take([_Source("main", ["a/#"]), _Source("main-2", ["b/#"])])
    notes = SessionNotes(tmp_path)
    notes.take([_Source("main", [], subscribed=False), _Source("main-2", [])])
    assert notes.read().filters == {"main": ["a/#"], "main-2": []}


def test_notes_of_before_there_were_canaries_are_read(tmp_path: Path) -> None:
    (tmp_path / "sessions.json").write_text(json.dumps({"main": ["a/#"]}), encoding="utf-8")
    assert SessionNotes(tmp_path).read() == Noted({"main": ["a/#"]}, [], {})


def test_notes_that_can_not_be_read_are_none(tmp_path: Path) -> None:
    for text in (
        "",
        "[]",
        "5",
        '{"canaries": 5}',
        '{"filters": {"a": 1}, "canaries": []}',
        '{"filters": {}, "canaries": [], "numbers": 3}',
        "\udcff",
    ):
        (tmp_path / "sessions.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert SessionNotes(tmp_path).read() == Noted({}, [], {})
