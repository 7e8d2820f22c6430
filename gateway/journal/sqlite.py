"""One SQLite file of the journal: a connection that writes, one that reads, and what their errors mean to us.

WAL with `synchronous=FULL`: a transaction is on disk when `transaction()` is left. A write that finds no room is
rolled back whole. After a failed sync nobody knows what the disk holds, so the file refuses every further write until a
restart.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from isal.isal_zlib import crc32

from gateway.errors import JournalCorrupt, JournalError, JournalFull, QuotaFull
from gateway.journal.files import is_read_only

__all__ = [
    "ANEW", "RESTORE", "SALVAGE", "Database", "Fault", "connect", "crc_of", "create", "intact", "no_fault",
    "read_state", "sealed", "translated", "unsealed",
]  # fmt: skip

T = TypeVar("T")

Fault = Callable[[str], None]
"""Called at named places, so that crash tests can end the process there."""

PAGE_BYTES = 8192
_GUESSES = 32
"""Transactions whose bytes are added up before they are measured again."""
_OVERHEAD = PAGE_BYTES
"""Of a transaction that adds a row: what it leaves free in its last page, and its share of the inner pages."""
CHECKPOINT_BYTES = 4 << 20
"""Measured: larger pages cost single messages more, a larger log makes a checkpoint hold acks up (16 MB: 20 ms)."""

RESTORE = "Restore the whole data folder from a backup"
ANEW = f"{RESTORE}, or move it away to start anew."
SALVAGE = (
    "`cityloom journal check` says what is damaged, `cityloom journal salvage` saves the rest and says what is gone;"
    f" or: {RESTORE[0].lower()}{RESTORE[1:]}, or move it away to start anew."
)
_MEND_DISK = "The system's log says why. Mend the disk, mount it for writing, then start again: nothing is lost."
_NO_ROOM = "Make room on the disk; nothing is acknowledged until there is some, and nothing acknowledged is lost."
# besides SQLITE_FULL: what quotas, file size limits and a full tmpfs give, before anything was committed
_FULL_CODES = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
_CLOSED_CODES = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}

_COMMON_SCHEMA = (
    "CREATE TABLE meta(journal_id TEXT NOT NULL, complete INTEGER NOT NULL)",
    "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK (id = 0), body BLOB NOT NULL, crc INTEGER NOT NULL)",
)


def no_fault(_point: str) -> None:
    """Nothing happens at any named place."""


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection with our settings. `mode`: `rw` never creates the file, `rwc` may."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False, timeout=5
    )
    try:
        for pragma in (
            "synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON", "secure_delete=OFF", "cell_size_check=ON",
            f"wal_autocheckpoint={CHECKPOINT_BYTES // PAGE_BYTES}",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def create(path: Path, version: int, schema: Sequence[str], journal_id: str, state: msgspec.Struct) -> None:
    """Make the file with its tables, in one transaction, not yet marked complete."""
    connection = connect(path, "rwc")
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise JournalError(
                f"{path} can't be written safely.", "Put the data folder on a local disk, not on a network share."
            )
        connection.execute("BEGIN IMMEDIATE")
        for statement in (*_COMMON_SCHEMA, *schema):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES (?, 0)", (journal_id,))
        body = msgspec.msgpack.encode(state)
        connection.execute("INSERT INTO state VALUES (0, ?, ?)", (body, crc32(body)))
        connection.execute(f"PRAGMA user_version={version}")
        connection.execute("COMMIT")
    finally:
        connection.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: the one place that does. So with what can't be decoded."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(path, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalCorrupt(f"{path} is damaged ({_printable(error)}).", SALVAGE) from error


def _printable(error: Exception) -> str:
    """What SQLite says, which may quote what stands on the disk."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(error))


def _meaning(path: Path, error: sqlite3.Error) -> JournalError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & 0xFF
    if code == sqlite3.SQLITE_IOERR_WRITE and is_read_only(path.parent):
        return JournalError(f"{path} can't be written: its disk has become read-only.", _MEND_DISK)
    if primary == sqlite3.SQLITE_FULL or code in _FULL_CODES:
        return JournalFull(f"No room to write {path}.", _NO_ROOM)
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalCorrupt(f"{path} is damaged ({_printable(error)}).", SALVAGE)
    if primary in _CLOSED_CODES:
        return JournalError(
            f"{path} can't be opened for writing ({_printable(error)}).", "Give this user the right to write there."
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalError(f"{path} is in use by another process.", "Stop the other one first.")
    return JournalError(f"{path} failed ({_printable(error)}).", "Look at the disk, then start again.")


def read_state(connection: sqlite3.Connection, kind: type[T], path: Path) -> T:
    """The file's one row of running figures, checked."""
    row = connection.execute("SELECT body, crc FROM state WHERE id = 0").fetchone()
    if row is None or not isinstance(row[0], bytes) or crc32(row[0]) != row[1]:
        raise JournalCorrupt(f"{path}: its running figures are damaged.", SALVAGE)
    return msgspec.msgpack.decode(row[0], type=kind)


def crc_of(figures: tuple[object, ...], body: bytes) -> int:
    """The checksum of a row: its figures and its body."""
    return crc32(body, crc32(msgspec.msgpack.encode(figures)))


def intact(figures: tuple[object, ...], body: object, crc: object) -> bool:
    """Whether a row that was written with its checksum is as it was. Of a damaged page a column may be of any type."""
    return isinstance(body, bytes) and crc_of(figures, body) == crc


def sealed(values: Sequence[object]) -> tuple[object, ...]:
    """The values of a row, and last their checksum."""
    return (*values, crc32(msgspec.msgpack.encode(values)))


def unsealed(row: Sequence[Any], what: str) -> tuple[Any, ...]:
    """The values of a row that `sealed` wrote.

    Raises:
        JournalCorrupt: they are not what was written.
    """
    *values, seal = row
    if crc32(msgspec.msgpack.encode(values)) != seal:
        raise JournalCorrupt(f"A record of {what} is damaged.", SALVAGE)
    return tuple(values)


class Database:
    """The file once it is open. The caller makes sure that one thread at a time writes; reads may come from any."""

    def __init__(self, path: Path, fault: Fault) -> None:
        self.path = path
        self.bytes_used = 0
        """Pages in use, free ones not counted; the log beside the file comes on top."""
        self.fault = fault
        self._guesses = _GUESSES
        self._broken = ""
        self._read_lock = threading.Lock()
        with translated(path), ExitStack() as opened:
            self._write = opened.enter_context(closing(connect(path)))
            self._read = opened.enter_context(closing(connect(path)))
            self._read.execute("PRAGMA query_only=ON")
            # a log left by a crash must not mix with new transactions: `wal.check_log` relies on it
            self._write.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.bytes_used = self._used()
            opened.pop_all()

    @contextmanager
    def transaction(self, point: str, grown: int | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction, durable when left without an error and without any trace otherwise. `point` names its faults.

        grown: about how many bytes it adds; then `bytes_used` is measured now and then only: asking costs a tenth of a
        commit.

        Raises:
            JournalFull: no room; rolled back.
            JournalCorrupt, JournalError: as their names say; rolled back.
        """
        if self._broken:
            raise JournalError(f"{self.path} failed before ({self._broken}).", "Look at the disk, then start again.")
        connection = self._write
        with translated(self.path):
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                used = self._used() if grown is None or not self._guesses else self.bytes_used + grown + _OVERHEAD
                self.fault(f"{point}-before-commit")
                connection.execute("COMMIT")
            except BaseException as error:
                code = getattr(error, "sqlite_errorcode", 0)
                if code & 0xFF == sqlite3.SQLITE_IOERR and code not in _FULL_CODES:
                    self._broken = str(error)
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise
        self.bytes_used = used
        self._guesses = _GUESSES if grown is None or not self._guesses else self._guesses - 1
        self.fault(f"{point}-after-commit")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view. Keep it short: the log can't start over while somebody reads."""
        with self._read_lock, translated(self.path):
            self._read.execute("BEGIN")
            try:
                yield self._read
            except (TypeError, OverflowError) as error:
                # zeros in a record are NULLs, and other bytes are other types, which SQLite doesn't mind
                raise JournalCorrupt(
                    f"{self.path} is damaged: it holds other values than were written.", SALVAGE
                ) from error
            finally:
                if self._read.in_transaction:
                    self._read.execute("ROLLBACK")

    def put_state(self, connection: sqlite3.Connection, state: msgspec.Struct) -> None:
        """Replace the row of running figures."""
        body = msgspec.msgpack.encode(state)
        connection.execute("UPDATE state SET body = ?, crc = ? WHERE id = 0", (body, crc32(body)))

    def fits(self, more: int, quota: int) -> bool:
        """Whether `more` bytes fit in the quota."""
        return self.bytes_used + more + 8 * PAGE_BYTES <= quota

    def room(self, more: int, quota: int) -> None:
        """Raises QuotaFull unless `more` bytes fit in the quota."""
        if not self.fits(more, quota) and self._guesses < _GUESSES:
            with translated(self.path):
                self.bytes_used, self._guesses = self._used(), _GUESSES
        if not self.fits(more, quota):
            raise QuotaFull(
                f"{self.path} is full: {self.bytes_used:,} of {quota:,} bytes are used and {more:,} more are wanted.",
                "See what holds it up with `cityloom status`, or give it a larger quota.",
                more,
            )

    def close(self) -> None:
        """Close both connections. Idempotent."""
        self._read.close()
        self._write.close()

    def _used(self) -> int:
        pages = self._write.execute("PRAGMA page_count").fetchone()[0]
        free = self._write.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages - free) * PAGE_BYTES
