"""records.db: everything that is no reading: devices, dead letters, alarms, newest figures, reports, incidents.

One SQLite file in WAL mode.

It is filled from blocks as any store is, rows and cursor in one transaction, and is never left out. One thread does
all its work; commands may open the file beside a running gateway, which SQLite sorts out.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.results import DeviceRecord
from gateway.errors import Halt, Retry
from gateway.journal.day_books import DayBook
from gateway.journal.sqlite import connect
from gateway.stores import records_tables as tables
from gateway.stores.alarm_tables import (
    ALARM_SCHEMA,
    AlarmFilter,
    add_transitions,
    alarm_changes,
    find_alarms,
    standing_alarms,
)
from gateway.stores.base import Block, Refused, StoreCursor
from gateway.stores.device_tables import DEVICE_SCHEMA, add_device_changes, device_history
from gateway.stores.figure_tables import FIGURE_SCHEMA, FigureFilter, add_figures, find_figures
from gateway.stores.incident_tables import (
    INCIDENT_SCHEMA,
    IncidentFilter,
    add_incident_changes,
    find_incidents,
    incident_history,
    incident_parts,
)
from gateway.stores.records_age import LEAST_NS, drop_older
from gateway.stores.records_tables import DeadLetter, Held, LetterFilter
from gateway.stores.report_tables import (
    REPORT_SCHEMA,
    ReportFilter,
    add_report_changes,
    find_reports,
    report_contact,
    report_history,
)

__all__ = [
    "DeadLetter", "Held", "LetterFilter", "RecordsConfig", "RecordsStore", "make_tables", "meaning_of",
]  # fmt: skip

T = TypeVar("T")
_NEEDS_NO_NAMES = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RecordsConfig:
    """Where the file is, how many dead letters it may hold, and for how long what is over."""

    path: Path
    max_letters: int = 100_000
    max_letter_bytes: int = 256 << 20
    retention_ns: int = 3650 * 86_400_000_000_000


class RecordsStore:
    """A `BlockStore`. It takes all of a block that is no reading, and refuses none."""

    def __init__(
        self, config: RecordsConfig, name: str = "records", *, purged: Callable[[int, int, int], None] | None = None
    ) -> None:
        """`purged` is told, on the store's thread: how many letters went for want of room, in all so far, are held."""
        self.name = name
        self.series_count = _NEEDS_NO_NAMES
        self.by_day: Mapping[int, DayBook] = {}
        self._config = config
        self._purged = purged
        self._most = Held(config.max_letters, config.max_letter_bytes)
        self._held = Held(0, 0)
        self._db: sqlite3.Connection | None = None
        self._cursor: StoreCursor | None = None
        self._thread = ThreadPoolExecutor(1, f"gateway.stores.{name}")

    async def open(self) -> StoreCursor | None:
        """Open or make the file; says where it is. Raises Retry or Halt."""
        return await self._in(self._open)

    async def write(self, block: Block) -> list[Refused]:
        """Take in a block and move the cursor; one at or before the cursor changes nothing."""
        await self._in(lambda: self._write(block))
        return []

    async def letters(self, which: LetterFilter) -> list[DeadLetter]:
        """Dead letters, the newest first."""
        return await self._in(lambda: tables.find_letters(self._open_db(), which))

    async def oldest(self, which: LetterFilter, most: Held) -> list[DeadLetter]:
        """The oldest dead letters first: a page, bounded by number and bytes, with one letter if there is any."""
        return await self._in(lambda: tables.oldest_letters(self._open_db(), which, most))

    async def count(self, which: LetterFilter) -> int:
        """How many dead letters are chosen."""
        return await self._in(lambda: tables.count_chosen(self._open_db(), which))

    async def last_number(self) -> int:
        """What `LetterFilter.upto` takes, so that letters that come from now on are left out."""
        return await self._in(lambda: tables.last_number(self._open_db()))

    async def mark_replayed(self, ids: Sequence[str], now: int) -> int:
        """Note at `now` (UTC ns) that letters went back into the inbox; gives how many there were."""
        return await self.transact(lambda db: tables.mark_replayed(db, ids, now))

    async def purge(self, which: LetterFilter) -> int:
        """Delete letters; gives how many."""
        return await self.transact(lambda db: tables.purge(db, which))

    async def held(self) -> Held:
        """How many dead letters there are, and their bytes."""
        return await self._in(lambda: tables.held_letters(self._open_db()))

    async def letter_counts(self) -> dict[str, int]:
        """Dead letters by reason."""
        return await self._in(lambda: tables.count_letters(self._open_db()))

    async def letters_between(self, start: int, end: int) -> list[tuple[str, str, int]]:
        """Reason, profile and number of the letters that are held of what was received in [start, end)."""
        return await self._in(lambda: tables.letters_between(self._open_db(), start, end))

    async def purged_counts(self) -> dict[str, int]:
        """Dead letters that had to go to keep the bounds, by reason."""
        return await self._in(lambda: tables.purged_counts(self._open_db()))

    async def devices(self) -> list[DeviceRecord]:
        """The newest record of every device, by id."""
        return await self._in(lambda: tables.all_devices(self._open_db()))

    async def device_history(self, device: str) -> list[DeviceRecord]:
        """The records that a device has had, the oldest first."""
        return await self._in(lambda: device_history(self._open_db(), device))

    async def alarms(self, which: AlarmFilter) -> list[dict[str, object]]:
        """Alarms as they stand."""
        return await self._in(lambda: find_alarms(self._open_db(), which))

    async def alarm_history(self, which: AlarmFilter) -> list[Transition]:
        """Changes of alarms, the newest first."""
        return [change for _, change in await self.alarm_changes(which)]

    async def alarm_changes(self, which: AlarmFilter) -> list[tuple[int, Transition]]:
        """Changes of alarms with their numbers, the newest first."""
        return await self._in(lambda: alarm_changes(self._open_db(), which))

    async def standing_alarms(self, at: int, limit: int) -> list[Transition]:
        """The newest change before `at` of each alarm that was open then."""
        return await self._in(lambda: standing_alarms(self._open_db(), at, limit))

    async def figures(self, which: FigureFilter) -> list[Figure]:
        """The figures that there are, with their newest values."""
        return await self._in(lambda: find_figures(self._open_db(), which))

    async def reports(self, which: ReportFilter) -> list[dict[str, Any]]:
        """Citizens' reports as they stand, without contacts."""
        return await self._in(lambda: find_reports(self._open_db(), which))

    async def report_history(self, report: str) -> list[dict[str, Any]]:
        """Changes of a report, the oldest first."""
        return await self._in(lambda: report_history(self._open_db(), report))

    async def report_contact(self, report: str) -> str:
        """How to reach whoever reported: a secret."""
        return await self._in(lambda: report_contact(self._open_db(), report))

    async def incidents(self, which: IncidentFilter) -> list[dict[str, Any]]:
        """Incidents as they stand."""
        return await self._in(lambda: find_incidents(self._open_db(), which))

    async def incident_history(self, incident: str) -> list[dict[str, Any]]:
        """Changes of an incident, the oldest first."""
        return await self._in(lambda: incident_history(self._open_db(), incident))

    async def incident_parts(self, incident: str) -> list[dict[str, Any]]:
        """Alarms and reports of an incident, in order of time."""
        return await self._in(lambda: incident_parts(self._open_db(), incident))

    async def drop_older(self, now: int) -> int:
        """Drop what has been over for longer than the retention at `now`; gives how many rows."""
        before = now - max(self._config.retention_ns, LEAST_NS)
        return await self.transact(lambda db: drop_older(db, before))

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` inside a transaction, for those who keep tables of their own here. Raises Retry or Halt."""

        def change() -> T:
            with self._transaction() as db:
                return work(db)

        return await self._in(change)

    async def close(self) -> None:
        """Close the file. Idempotent."""
        if self._db is not None:
            await self._in(self._close)
        self._thread.shutdown(wait=False)

    async def _in(self, work: Callable[[], T]) -> T:
        def translated() -> T:
            try:
                return work()
            except sqlite3.Error as error:
                raise meaning_of(error, self._config.path) from error
            except OSError as error:
                raise Halt(f"{self._config.path}: {error}", "Let the gateway's user write in that folder.") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, translated)

    # --- below: on the thread

    def _open(self) -> StoreCursor | None:
        path = self._config.path
        self._close()  # a writer opens again after a halt
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = db = connect(path, "rwc")
        db.execute("PRAGMA journal_mode=WAL")
        with self._transaction():
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > tables.VERSION:
                raise Halt(
                    f"{path} was written by a newer CityLoom (tables of version {version}; this one knows"
                    f" {tables.VERSION}).", "Install that version or a newer one.",
                )  # fmt: skip
            make_tables(db)
        self._held = tables.held_letters(db)
        row = db.execute("SELECT journal, position FROM state").fetchone()
        # it stores no readings, and says so: 0 tells that its own position is the exact one
        self._cursor = None if row is None else StoreCursor(row[0], row[1], 0)
        return self._cursor

    def _write(self, block: Block) -> None:
        cursor = self._cursor
        if cursor is not None and cursor.journal_id != block.journal_id:
            raise Halt(
                f"{self._config.path} belongs to journal {cursor.journal_id}, this is journal {block.journal_id}.",
                "Put the journal back that this file was written from, or move the file away.",
            )
        if cursor is not None and block.position <= cursor.position:
            return
        gone = 0
        with self._transaction() as db:
            held = tables.add_letters(db, block.rejects, self._held)
            if held.number > self._most.number or held.bytes > self._most.bytes:
                # counted anew: a command may have purged beside us
                held, gone = tables.trim_letters(db, tables.held_letters(db), self._most)
            add_device_changes(db, block.devices)
            tables.add_devices(db, block.devices)
            add_transitions(db, block.transitions)
            add_figures(db, block.figures)
            add_report_changes(db, block.reports)
            add_incident_changes(db, block.incidents)
            db.execute("INSERT OR REPLACE INTO state VALUES (0, ?, ?)", (block.journal_id, block.position))
        self._held = held
        self._cursor = StoreCursor(block.journal_id, block.position, 0)
        if gone and self._purged is not None:
            self._purged(gone, sum(tables.purged_counts(self._open_db()).values()), held.number)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._open_db()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise

    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise Halt(f"{self._config.path} is not open.", "Open the store first.")
        return self._db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def make_tables(db: sqlite3.Connection) -> None:
    """Make the tables that are not there yet, inside the caller's transaction."""
    for statement in (*tables.SCHEMA, *DEVICE_SCHEMA, *ALARM_SCHEMA, *FIGURE_SCHEMA, *REPORT_SCHEMA, *INCIDENT_SCHEMA):
        db.execute(statement)
    db.execute(f"PRAGMA user_version={tables.VERSION}")


def meaning_of(error: sqlite3.Error, path: Path) -> Retry | Halt:
    """What SQLite's error about the file at `path` means to us."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Retry(f"{path} is busy: {error}")
    if code == sqlite3.SQLITE_FULL:
        return Halt(f"{path}: there is no room on the disk.", "Make room; nothing is lost meanwhile.")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Halt(f"{path} is damaged ({error}).", "Stop it; `cityloom journal salvage` saves the rest.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return Halt(f"{path} can't be opened for writing ({error}).", "Let the gateway's user write in its folder.")
    return Halt(f"{path}: SQLite failed: {error}", "See the message; if the file is damaged, put back a backup.")
