"""Opening: made once, and afterwards never from parts that don't belong together."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from isal.isal_zlib import crc32

from gateway.engine.results import StepResult
from gateway.errors import JournalCorrupt, JournalError, JournalMixedUp, VersionError
from gateway.journal.opening import open_journal
from gateway.journal.outbox import SnapshotRow, StepRecord
from gateway.journal.snapshots import Snapshot
from gateway.rows import QOS1, RowKind
from tests.gateway.journal.support import MB, confirm, full_result, journal, process, readings, rows_from

PARTS = ("inbox.db", "outbox.db", "snapshots")


def used(folder: Path, rows: int = 20) -> str:
    """Put something in every part."""
    with journal(folder) as (inbox, outbox, snapshots):
        inbox.append(rows_from(inbox.end_offset, rows), {}, {})
        process(outbox, inbox.end_offset)
        step = outbox.last_step
        snapshots.write(Snapshot(inbox.journal_id, step, inbox.end_offset, 1, "digest", b"", {}))
        return inbox.journal_id


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def test_the_first_start_makes_everything_and_the_second_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    journal_id = used(folder)
    assert len(journal_id) == 32
    with journal(folder) as (inbox, outbox, _):
        assert inbox.journal_id == outbox.journal_id == journal_id
        assert inbox.end_offset == outbox.processed_offset == 20


def test_two_journals_have_different_ids(tmp_path: Path) -> None:
    assert used(tmp_path / "a") != used(tmp_path / "b")


def test_a_command_that_only_looks_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal"):
        open_journal(tmp_path / "data", inbox_quota=MB, outbox_quota=MB, make=False)
    assert not (tmp_path / "data").exists()


def test_an_outbox_of_version_1_goes_on_with_days(tmp_path: Path) -> None:
    used(tmp_path)
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("DROP TABLE stored_day")
        db.execute("DROP TABLE lost_hour")
        db.execute("PRAGMA user_version=1")
    db.close()
    for _ in range(2):
        with journal(tmp_path) as (_, outbox, _):
            assert outbox.processed_offset == 20
            assert outbox.stored_days("influxdb") == (None, {})


def test_an_outbox_of_version_2_keeps_its_blocks_and_can_drop_readings(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 30), {}, {})
        outbox.register_store("duckdb")
        for k in range(3):
            first, end = k * 10, (k + 1) * 10
            outbox.append_step(StepRecord(k + 1, "rows", first, end, 1, True), StepResult(readings=readings(first, 10)))
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("DROP TABLE lost_hour")
        db.execute("DROP INDEX block_contents")
        db.execute("CREATE INDEX block_contents ON block(position, readings)")
        db.execute("PRAGMA user_version=2")
    db.close()
    for dropped in (20, 0):
        with journal(tmp_path) as (_, outbox, _):
            assert outbox.readings_upto(3) == 30
            lost = outbox.drop_readings(0, spare_readings=10)
            assert sum(each.readings for each in lost.values()) == dropped
            assert outbox.readings_between(0, 3) == 10


def test_an_inbox_of_version_1_is_read_and_goes_on(tmp_path: Path) -> None:
    used(tmp_path)
    with sqlite3.connect(tmp_path / "inbox.db") as db:
        held = db.execute("SELECT first_offset, rows, messages, qos1 FROM chunk").fetchall()
        for first, count, messages, qos1 in held:
            body = msgspec.msgpack.encode(rows_from(first, count))  # a row each, as it was
            crc = crc32(body, crc32(msgspec.msgpack.encode((first, count, messages, qos1))))
            db.execute("UPDATE chunk SET body = ?, crc = ? WHERE first_offset = ?", (body, crc, first))
        db.execute("PRAGMA user_version=1")
    db.close()
    for end in (21, 22):
        with journal(tmp_path) as (inbox, _, _):
            inbox.append(rows_from(inbox.end_offset, 1), {}, {})
            assert inbox.read(0, 100) == rows_from(0, end)
            assert inbox.unconfirmed(0, 100) == [
                (row.topic, row.payload)
                for row in rows_from(0, end)
                if row.source == 0 and row.kind == RowKind.MESSAGE and row.flags & QOS1
            ]


@pytest.mark.parametrize("part", PARTS)
def test_one_deleted_part_stops_with_its_name_and_a_remedy(tmp_path: Path, part: str) -> None:
    used(tmp_path)
    remove(tmp_path / part)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(JournalMixedUp, match=part) as caught, journal(tmp_path):
        pass
    assert "backup" in caught.value.remedy
    assert "start anew" in caught.value.remedy
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("part", PARTS)
def test_a_deleted_part_of_a_journal_that_took_nothing_yet_stops_too(tmp_path: Path, part: str) -> None:
    with journal(tmp_path):
        pass
    remove(tmp_path / part)
    with pytest.raises(JournalMixedUp, match=part), journal(tmp_path):
        pass


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db"])
def test_an_emptied_file_stops_and_its_log_stays(tmp_path: Path, part: str) -> None:
    used(tmp_path)
    (tmp_path / part).write_bytes(b"")
    log = tmp_path / f"{part}-wal"
    log.write_bytes(b"evidence")
    with pytest.raises(JournalMixedUp, match=part), journal(tmp_path):
        pass
    assert log.read_bytes() == b"evidence"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_another_journal_is_found(tmp_path: Path, part: str) -> None:
    used(tmp_path / "ours")
    used(tmp_path / "theirs")
    remove(tmp_path / "ours" / part)
    (tmp_path / "theirs" / part).rename(tmp_path / "ours" / part)
    with pytest.raises(JournalMixedUp, match=r"different journals|another journal"), journal(tmp_path / "ours"):
        pass


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db"])
def test_an_older_copy_of_one_part_is_found(tmp_path: Path, part: str) -> None:
    used(tmp_path)
    shutil.copy(tmp_path / part, tmp_path / "copy")
    used(tmp_path)
    (tmp_path / "copy").replace(tmp_path / part)
    with pytest.raises(JournalMixedUp, match=r"older copy|is newer than"), journal(tmp_path):
        pass


def test_an_inbox_that_was_trimmed_beyond_an_older_outbox_is_found(tmp_path: Path) -> None:
    used(tmp_path)
    shutil.copy(tmp_path / "outbox.db", tmp_path / "copy")
    shutil.rmtree(tmp_path / "snapshots")
    (tmp_path / "snapshots").mkdir()
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(20, 20), {}, {})
        confirm(inbox)
        process(outbox, 40)
        inbox.trim(40)
    (tmp_path / "copy").replace(tmp_path / "outbox.db")
    with pytest.raises(JournalMixedUp, match="older copy"), journal(tmp_path):
        pass


def test_snapshots_that_the_outbox_names_and_nobody_has_stop_the_start(tmp_path: Path) -> None:
    used(tmp_path)
    with journal(tmp_path) as (_, outbox, _):
        outbox.add_snapshot(SnapshotRow("1.snap", 1, 20, 1, "digest", 9))
    with journal(tmp_path):
        pass
    (tmp_path / "snapshots" / "1.snap").unlink()
    with pytest.raises(JournalMixedUp, match="lost its snapshots"), journal(tmp_path):
        pass


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db"])
def test_a_newer_schema_stops_and_is_not_touched(tmp_path: Path, part: str) -> None:
    used(tmp_path)
    data = sqlite3.connect(tmp_path / part)
    data.execute("PRAGMA user_version = 99")
    data.close()
    log = tmp_path / f"{part}-wal"
    log.touch()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(VersionError, match=r"newer CityLoom \(tables of version 99") as caught, journal(tmp_path):
        pass
    assert part in caught.value.problem
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db"])
@pytest.mark.parametrize("damage", [lambda b: b"no database" * 1_000, lambda b: b[:100] + b"\xff" * (len(b) - 100)])
def test_a_file_that_is_no_database_is_called_corrupt(
    tmp_path: Path, part: str, damage: Callable[[bytes], bytes]
) -> None:
    used(tmp_path)
    path = tmp_path / part
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(JournalCorrupt, match=part), journal(tmp_path):
        pass


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db"])
def test_damaged_running_figures_are_called_corrupt(tmp_path: Path, part: str) -> None:
    used(tmp_path)
    data = sqlite3.connect(tmp_path / part, isolation_level=None)
    data.execute("UPDATE state SET crc = crc + 1")
    data.close()
    with pytest.raises(JournalCorrupt, match="running figures"), journal(tmp_path):
        pass


def test_a_folder_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # a file in the place of the folder refuses root as well
        folder = tmp_path / "file"
        folder.write_text("")
        folder = folder / "data"
    else:
        folder = tmp_path / "data"
        folder.mkdir(mode=0o555)
    with pytest.raises(JournalError) as caught, journal(folder):
        pass
    assert caught.value.remedy


class Stopped(Exception):
    """Stands for a crash."""


CREATION = ["create-inbox", "create-outbox", "create-snapshots", "create-outbox-complete", "create-inbox-complete"]


@pytest.mark.parametrize("place", CREATION)
def test_a_first_start_that_died_is_made_good_by_the_next(tmp_path: Path, place: str) -> None:
    def fault(point: str) -> None:
        if point == place:
            raise Stopped

    with pytest.raises(Stopped):
        open_journal(tmp_path, inbox_quota=MB, outbox_quota=MB, fault=fault)
    used(tmp_path)
    with journal(tmp_path) as (inbox, _, _):
        assert inbox.read(0, 99) == rows_from(0, 20)


@pytest.mark.parametrize("place", CREATION[:-1])
def test_what_lies_beside_a_half_made_inbox_is_never_removed(tmp_path: Path, place: str) -> None:
    def fault(point: str) -> None:
        if point == place:
            raise Stopped

    used(tmp_path / "full")
    with pytest.raises(Stopped):
        open_journal(tmp_path / "half", inbox_quota=MB, outbox_quota=MB, fault=fault)
    for part in PARTS[1:]:
        if (tmp_path / "half" / part).exists():
            remove(tmp_path / "half" / part)
        shutil.move(tmp_path / "full" / part, tmp_path / "half" / part)
    with pytest.raises(JournalMixedUp), journal(tmp_path / "half"):
        pass
    data = sqlite3.connect(tmp_path / "half" / "outbox.db")
    assert data.execute("SELECT count(*) FROM step").fetchone() == (1,)
    data.close()


def test_a_file_that_was_made_and_never_filled_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "inbox.db").touch()
    used(tmp_path)


def test_outputs_survive_opening_again(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 5), {}, {})
        outbox.append_step(StepRecord(1, "rows", 0, 5, 1, True), full_result())
    with journal(tmp_path) as (_, outbox, _):
        assert outbox.series_count == 1
