"""The connections to records.db that access has to itself, beside the gateway's and other processes'.

Transactions are short and begin as writers (BEGIN IMMEDIATE), so that of two processes one waits and none is refused
half way. Whoever only asks, as every request does, waits for no write. Reading the audit log takes long, and has a
connection of its own.

    transaction(db) --> row of a token and its audit entry together, on disk when left
    reading(db)     --> one view
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from gateway.access.audit_chain import first_head
from gateway.access.tables import SCHEMA, VERSION
from gateway.errors import CommandError, Halt, Retry
from gateway.journal.sqlite import connect
from gateway.journal.versions import refuse_newer
from gateway.stores.records import meaning_of
from gateway.stores.records_tables import VERSION as RECORDS_VERSION

__all__ = ["AccessDatabase"]

_BUSY_SECS, _POLL_SECS = 5.0, 0.01


class AccessDatabase:
    """Two connections of this process, one that reads and one that writes; calls may come from any thread, and one at a
    time has each. So whoever only asks waits for nobody's sync to disk.

    Where records.db is put in another's place (a salvage, a backup), the next call is on the new one: a token that was
    revoked there counts nowhere any more.
    """

    def __init__(self, path: Path, *, make: bool = True, busy_secs: float = _BUSY_SECS) -> None:
        """`make`: records.db, where it isn't there yet; its folder has to be. `busy_secs`: how long others may write.

        Raises:
            CommandError: there is no such file, or folder.
            VersionError: it was written by a newer CityLoom; nothing was touched.
            Retry, Halt: SQLite can't open it.
        """
        self.path = path
        self._busy_secs = busy_secs
        self._reader = _Line(path, make=make, reads=True)
        self._writer = _Line(path, make=make, reads=False)
        with _translated(path), self._reader.lock:
            self._reader.current()

    @contextmanager
    def transaction(self, wait: float | None = None) -> Iterator[sqlite3.Connection]:
        """A write, on disk when left without an error, and undone otherwise. `wait`: seconds for others' writes.

        Raises:
            Retry: others wrote for longer than that.
            Halt: it can't be written.
        """
        wait = self._busy_secs if wait is None else wait
        if not self._writer.lock.acquire(timeout=wait):
            raise Retry(f"{self.path} is busy: others write for {wait:g} s.")
        try:
            with _translated(self.path):
                db = self._writer.current()
                db.execute(f"PRAGMA busy_timeout = {round(wait * 1000)}")
                db.execute("BEGIN IMMEDIATE")
                with _undone(db):
                    yield db
                    db.execute("COMMIT")
        finally:
            self._writer.lock.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view, for a moment. Raises Retry or Halt."""
        with self._reader.lock, _translated(self.path):
            db = self._reader.current()
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def apart(self) -> Iterator[sqlite3.Connection]:
        """One consistent view on a connection of its own, for what takes long: others go on. Raises Retry or Halt."""
        with _translated(self.path), closing(connect(self.path)) as db:
            db.execute("PRAGMA query_only=ON")
            db.execute("BEGIN")
            yield db

    def close(self) -> None:
        """Idempotent."""
        for line in (self._writer, self._reader):
            with line.lock:
                line.close()


class _Line:
    """A connection that follows its path. Whoever uses it holds the lock."""

    def __init__(self, path: Path, *, make: bool, reads: bool) -> None:
        self.lock = threading.Lock()
        self._path = path
        self._make = make
        self._reads = reads
        self._db: sqlite3.Connection | None = None
        self._identity = (0, 0)

    def current(self) -> sqlite3.Connection:
        """A connection to the file that is at the path now."""
        if self._db is None or not self._path.exists() or _identity(self._path) != self._identity:
            self.close()
            self._db = self._open()
        return self._db

    def close(self) -> None:
        """Idempotent."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open(self) -> sqlite3.Connection:
        there = self._path.exists()
        if not there and not self._path.parent.is_dir():
            raise CommandError(
                f"There is no data folder {self._path.parent}.",
                "Start the gateway once, which makes it, or name another by `-c FILE` or `--data-dir`.", 2,
            )  # fmt: skip
        if not there and not self._make:
            raise CommandError(
                f"There is no {self._path} yet.", "Start the gateway once, or name its data folder by `--data-dir`.", 2
            )
        if there:
            _refuse_newer(self._path)
        db = connect(self._path, "rwc" if self._make else "rw")
        try:
            self._identity = _identity(self._path)
            _make_tables(db, self._path)
            if self._reads:
                db.execute("PRAGMA query_only=ON")
        except BaseException:
            db.close()
            raise
        return db


def _refuse_newer(path: Path) -> None:
    """Before anything is opened for writing, and once more with what the log holds in `_make_tables`.

    Through SQLite: a file that is opened and closed beside it takes the locks of this process's connections away
    (POSIX), and then another process that closes its own believes itself the last one, and deletes the log under us.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        refuse_newer(path, db.execute("PRAGMA user_version").fetchone()[0], RECORDS_VERSION)


def _make_tables(db: sqlite3.Connection, path: Path) -> None:
    """What isn't there yet; a file that has everything is only read."""
    refuse_newer(path, db.execute("PRAGMA user_version").fetchone()[0], RECORDS_VERSION)
    written = _version(db)
    refuse_newer(path, written, VERSION, "tables of access")
    if written == VERSION:
        return
    _log_ahead(db)
    db.execute("BEGIN IMMEDIATE")
    with _undone(db):
        for statement in SCHEMA:
            db.execute(statement)
        # where a salvage could not save the seal of entries, the next entry makes it and says so
        if db.execute("SELECT 1 FROM audit_head UNION ALL SELECT 1 FROM audit").fetchone() is None:
            db.execute("INSERT INTO audit_head VALUES (0, ?, ?, ?, ?)", first_head())
        db.execute("INSERT OR REPLACE INTO access_state VALUES (0, ?)", (VERSION,))
        db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'access_state'").fetchone() is None:
        return 0
    row = db.execute("SELECT version FROM access_state").fetchone()
    return 0 if row is None else int(row[0])


def _log_ahead(db: sqlite3.Connection) -> None:
    """WAL, as the gateway has it. SQLite doesn't wait by itself where two make a new file at once."""
    deadline = time.monotonic() + _BUSY_SECS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECS)
        else:
            return


@contextmanager
def _undone(db: sqlite3.Connection) -> Iterator[None]:
    """Roll back on any error."""
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise meaning_of(error, path) from error
    except OSError as error:
        raise Halt(f"{path}: {error}", "Let this user read and write in that folder.") from error


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
