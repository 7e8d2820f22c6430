"""The head of the audit log is noted each hour and at the end; what is cut off after that shows."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.access.audit import AuditLog
from gateway.access.audit_chain import sealed_head
from gateway.access.database import AccessDatabase
from gateway.access.heads import AuditHeads
from gateway.access.principal import console
from gateway.clock import ManualClock
from gateway.runtime.audit_notes import AuditNotes
from gateway.telemetry.access_events import AuditHeadNoted
from tests.support.brokers import running_embedded
from tests.support.command import asked
from tests.support.running import RecordingTelemetry, running_gateway, settings_of

T0, MINUTE = 1_772_000_000_000_000_000, 60 * 10**9
ROOT = console("root")


def _act(folder: Path, times: int = 1, what: str = "a1") -> None:
    with closing(AccessDatabase(folder / "records.db")) as database:
        for _ in range(times):
            AuditLog(database).append(T0, ROOT, "alarms.ack", what)


def _cut(folder: Path, left: int) -> None:
    """As somebody does who knows how the log is made: the end goes, and the seal is made anew."""
    with closing(sqlite3.connect(folder / "records.db")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM audit WHERE seq > ?", (left,))
        log = db.execute("SELECT log FROM audit_head").fetchone()[0]
        last = db.execute("SELECT hash FROM audit WHERE seq = ?", (left,)).fetchone()[0]
        db.execute(
            "UPDATE audit_head SET entries = ?, hash = ?, seal = ? WHERE id = 0", sealed_head(log, left, last)[1:]
        )
        db.commit()


def _verified(folder: Path) -> tuple[int, str]:
    said = asked("audit", "verify", "--data-dir", folder)
    return said.code, said.out


def test_it_is_noted_once_an_hour_where_somebody_acted(tmp_path: Path) -> None:
    #  act   x                x x                                (none)
    #  look  |0    |59   |60      |119       |120      |180 min
    telemetry, clock = RecordingTelemetry(), ManualClock(T0)
    notes = AuditNotes(tmp_path, telemetry, clock)
    notes.due()  # there is no file yet
    assert telemetry.of(AuditHeadNoted) == []
    _act(tmp_path)
    clock.advance(59 * MINUTE)
    notes.due()
    assert telemetry.of(AuditHeadNoted) == []
    clock.advance(MINUTE)
    notes.due()
    assert [event.entries for event in telemetry.of(AuditHeadNoted)] == [1]
    _act(tmp_path, 2)
    clock.advance(59 * MINUTE)
    notes.due()
    clock.advance(MINUTE)
    notes.due()
    assert [event.entries for event in telemetry.of(AuditHeadNoted)] == [1, 3]
    clock.advance(60 * MINUTE)
    notes.due()
    assert len(telemetry.of(AuditHeadNoted)) == 2
    assert [anchor.seq for anchor in AuditHeads(tmp_path).read()] == [1, 3]
    assert AuditHeads(tmp_path).read()[-1].hash == telemetry.of(AuditHeadNoted)[-1].hash


def test_a_log_whose_end_was_cut_off_is_told_by_verify(tmp_path: Path) -> None:
    _act(tmp_path, 5)
    notes = AuditNotes(tmp_path, RecordingTelemetry(), ManualClock(T0))
    notes.note()
    assert _verified(tmp_path)[0] == 0
    _cut(tmp_path, 3)
    code, said = _verified(tmp_path)
    assert code == 1
    assert "entry 5, whose hash was noted, is missing" in said
    _act(tmp_path, 4, "another")  # and filled up again
    notes.note()
    code, said = _verified(tmp_path)
    assert code == 1
    assert "entry 5 is not the one whose hash was noted" in said


def test_what_can_not_be_noted_is_left_to_the_next_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _act(tmp_path)
    telemetry, clock = RecordingTelemetry(), ManualClock(T0)
    notes = AuditNotes(tmp_path, telemetry, clock)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _full)
        notes.due()
    assert telemetry.of(AuditHeadNoted) == []
    assert AuditHeads(tmp_path).read() == []
    clock.advance(60 * MINUTE)
    notes.due()
    assert len(telemetry.of(AuditHeadNoted)) == 1


def _full(_: int) -> None:
    raise OSError(28, "No space left on device")


async def test_a_gateway_notes_it_when_it_ends(data_folder: Path) -> None:
    telemetry = RecordingTelemetry()
    with running_embedded() as broker:
        async with running_gateway(settings_of(data_folder, broker.port), telemetry):
            _act(data_folder, 2)
            assert telemetry.of(AuditHeadNoted) == []
    assert [event.entries for event in telemetry.of(AuditHeadNoted)] == [2]
    assert [anchor.seq for anchor in AuditHeads(data_folder).read()] == [2]
