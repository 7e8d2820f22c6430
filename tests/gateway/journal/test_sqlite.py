"""What every file of the journal does, whatever is in it."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.errors import JournalCorrupt, JournalError, JournalFull
from gateway.journal.sqlite import PAGE_BYTES, Database, crc_of, intact, no_fault, translated
from tests.gateway.journal.support import journal, rows_from


def test_every_commit_is_synced(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        for connection in (inbox._db._write, outbox._db._write):
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_log_left_by_a_crash_starts_anew_before_anything_is_written(tmp_path: Path) -> None:
    with journal(tmp_path / "live") as (inbox, _, _):
        inbox.append(rows_from(0, 500), {}, {})
        shutil.copytree(tmp_path / "live", tmp_path / "crashed")
    log = tmp_path / "crashed" / "inbox.db-wal"
    assert log.stat().st_size > 0
    database = Database(tmp_path / "crashed" / "inbox.db", no_fault)
    assert log.stat().st_size == 0
    database.close()


def test_bytes_that_are_added_up_are_never_too_few_and_measured_now_and_then(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        met = 0
        for size in [1, 40, 3, 200, 1] * 20:
            inbox.append(rows_from(inbox.end_offset, size), {}, {})
            exact = inbox._db._used()
            assert exact <= inbox.bytes_used <= exact + 40 * 2 * PAGE_BYTES
            met += exact == inbox.bytes_used
        assert met >= 3


def test_a_quota_is_asked_about_with_measured_bytes(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        for _ in range(20):
            inbox.append(rows_from(inbox.end_offset, 1), {}, {})
        exact = inbox._db._used()
        assert inbox.bytes_used > exact
        inbox.quota_bytes = exact + 9 * PAGE_BYTES
        inbox.append(rows_from(inbox.end_offset, 1), {}, {})  # by the sum alone it would be full
        inbox.quota_bytes = exact
        with pytest.raises(JournalFull):
            inbox.append(rows_from(inbox.end_offset, 1), {}, {})


def test_a_reading_connection_can_not_write(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        with pytest.raises(JournalError, match="readonly"), inbox._db.reading() as connection:
            connection.execute("DELETE FROM chunk")
        assert inbox.append(rows_from(0, 5), {}, {}) == 0


def test_another_process_that_writes_is_named_as_the_reason(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        other = sqlite3.connect(tmp_path / "inbox.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        inbox._db._write.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(JournalError, match="another process"):
            inbox.append(rows_from(0, 5), {}, {})
        other.close()
        assert inbox.append(rows_from(0, 5), {}, {}) == 0


def test_after_a_failed_sync_the_file_takes_nothing_more(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, _, _):
        inbox.append(rows_from(0, 5), {}, {})
        failed = sqlite3.OperationalError("disk I/O error")
        failed.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC

        def fail(_point: str) -> None:
            raise failed

        inbox._db.fault = fail
        with pytest.raises(JournalError, match="disk I/O error"):
            inbox.append(rows_from(5, 5), {}, {})
        inbox._db.fault = lambda _point: None
        with pytest.raises(JournalError, match="failed before"):
            inbox.append(rows_from(5, 5), {}, {})
        assert inbox.end_offset == 5
    with journal(tmp_path) as (inbox, _, _):
        assert inbox.append(rows_from(5, 5), {}, {}) == 5


def test_a_row_is_intact_with_its_own_checksum_only_and_never_without_a_body() -> None:
    figures = (1, 2, b"x")
    assert intact(figures, b"body", crc_of(figures, b"body"))
    assert not intact((1, 3, b"x"), b"body", crc_of(figures, b"body"))
    assert not intact((1, None, 2.5), b"body", crc_of(figures, b"body"))
    assert not any(intact(figures, body, crc) for body in (None, "body", 4) for crc in (None, 0, crc_of(figures, b"")))


def test_what_is_said_of_a_damaged_file_can_be_printed(tmp_path: Path) -> None:
    error = sqlite3.DatabaseError("malformed schema (\x1b[31m\x06)")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    with pytest.raises(JournalCorrupt) as caught, translated(tmp_path / "inbox.db"):
        raise error
    assert "(malformed schema (\\x1b[31m\\x06))" in caught.value.problem
