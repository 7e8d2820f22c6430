"""Read every file of a data folder through, and say what is damaged. Nothing is changed; no gateway may run."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import duckdb

from gateway.config.settings import Settings
from gateway.errors import JournalCorrupt
from gateway.journal.pages import user_version
from gateway.journal.salvage.inbox_wreck import InboxWreck
from gateway.journal.salvage.outbox_wreck import OutboxWreck
from gateway.journal.snapshots import Snapshots
from gateway.journal.sqlite import PAGE_BYTES, intact, unsealed
from gateway.journal.wal import check_log

__all__ = ["Damage", "examine"]

_SEALED = ("snapshot", "store", "stored_day", "lost_hour", "mark", "series", "ledger")
_MOST_SAID = 5


class Damage(NamedTuple):
    """What is wrong with one file."""

    part: str
    """`inbox.db`, `outbox.db`, `snapshots`, `records.db` or `readings.duckdb`."""
    problem: str
    needed: bool = True
    """False: a start does without what is damaged, and it goes by itself."""


def examine(settings: Settings) -> list[Damage]:
    """Everything that is damaged; the caller holds the folder's lock."""
    folder = settings.data_dir
    out: list[Damage] = []
    if any((folder / part).exists() for part in ("inbox.db", "outbox.db", "snapshots")):
        good, snapshots = _snapshots(folder)
        outbox = _outbox(folder / "outbox.db", min(good, default=0), max(good, default=0))
        out += [*_inbox(folder / "inbox.db"), *outbox, *snapshots]
    records = folder / "records.db"
    if records.exists():
        out += [Damage("records.db", problem) for problem in _sqlite_problems(records)]
    if settings.stores.duckdb.enabled and settings.duckdb_path.exists():
        out += [Damage("readings.duckdb", problem) for problem in _duckdb_problems(settings.duckdb_path)]
    return out


def _inbox(path: Path) -> Iterator[Damage]:
    if not path.exists() or user_version(path, PAGE_BYTES) is None:
        yield Damage("inbox.db", f"{path} is missing, empty or begins with other bytes than a database.")
        if not path.exists():
            return
    for problem in _sqlite_problems(path):
        yield Damage("inbox.db", problem)
    wreck = InboxWreck(path)
    if wreck.state is None:
        yield Damage("inbox.db", f"{path}: its running figures can't be read.")
    if not wreck.journal_id:
        yield Damage("inbox.db", f"{path} has lost its identity.")
    for gap in wreck.gaps(wreck.end(0))[:_MOST_SAID]:
        yield Damage("inbox.db", f"{path}: rows {gap.first:,} to {gap.end - 1:,} can't be read.")


def _outbox(path: Path, oldest: int, newest: int) -> Iterator[Damage]:
    """`oldest`, `newest`: calls of the snapshots that are whole."""
    if not path.exists() or user_version(path, PAGE_BYTES) is None:
        yield Damage("outbox.db", f"{path} is missing, empty or begins with other bytes than a database.")
        if not path.exists():
            return
    for problem in (*_sqlite_problems(path), *_seal_problems(path)):
        yield Damage("outbox.db", problem)
    wreck = OutboxWreck(path)
    state = wreck.state
    if not wreck.journal_id:
        yield Damage("outbox.db", f"{path} has lost its identity.")
    if state is None:
        yield Damage("outbox.db", f"{path}: its running figures can't be read.")
        return
    reached = min((each.position for each in wreck.stores.values()), default=state.begin_position)
    held, damaged = range(state.begin_position + 1, state.last_position + 1), set(_damaged_blocks(path))
    for at in [k for k in held if k not in wreck.blocks or k in damaged][:_MOST_SAID]:
        yield Damage("outbox.db", f"{path}: block {at} can't be read.", needed=at > reached)
    for step in [k for k in range(oldest + 1, state.last_step + 1) if k not in wreck.steps][:_MOST_SAID]:
        yield Damage("outbox.db", f"{path}: call {step} can't be read.", needed=step > newest)
    for index in [k for k in range(state.series) if k not in wreck.series][:_MOST_SAID]:
        yield Damage("outbox.db", f"{path}: the name of series {index} can't be read.")


def _snapshots(folder: Path) -> tuple[list[int], list[Damage]]:
    """Calls of those that are whole; what is wrong with the others."""
    there = Snapshots(folder / "snapshots")
    good, out = [], []
    for path in sorted((folder / "snapshots").glob("*.snap")):
        snapshot = there.load(path)
        if snapshot is not None:
            good.append(snapshot.step)
        else:
            out.append(path)
    return good, [Damage("snapshots", f"{path} is damaged.", needed=not good) for path in out]


def _sqlite_problems(path: Path) -> list[str]:
    try:
        check_log(path)
    except JournalCorrupt as error:
        return [error.problem]
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found = [row[0] for row in db.execute(f"PRAGMA integrity_check({_MOST_SAID})")]
    except sqlite3.Error as error:
        return [f"{path}: {error}."]
    return [] if found == ["ok"] else [f"{path}: {line.splitlines()[0]}." for line in found]


def _damaged_blocks(path: Path) -> Iterator[int]:
    """Blocks that SQLite finds and that are not what was written, whatever older copy lies in a freed page."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            for *figures, crc, body in db.execute("SELECT position, kind, readings, bytes, crc, body FROM block"):
                if not intact(tuple(figures), body, crc):
                    yield figures[0]
    except sqlite3.Error:
        return  # said by the check of its structure


def _seal_problems(path: Path) -> Iterator[str]:
    """Rows that SQLite finds, and that bear another seal than their values give."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in _SEALED:
                if table not in there:
                    continue
                for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608  (our own names)
                    try:
                        unsealed(row[1:] if table == "mark" else row, table)
                    except (JournalCorrupt, TypeError, OverflowError):
                        yield f"{path}: a record of {table} is damaged."
    except sqlite3.Error:
        return  # said by the check of its structure


def _duckdb_problems(path: Path) -> Iterator[str]:
    """DuckDB checks each block that it reads."""
    try:
        with closing(duckdb.connect(str(path), read_only=True, config={"threads": 1})) as db:
            for (table,) in db.execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall():
                try:
                    db.execute(f'SELECT bit_xor(hash(COLUMNS(*))) FROM "{table}"').fetchall()  # noqa: S608
                except duckdb.Error as error:
                    yield f"{path}: table {table}: {str(error).splitlines()[0]}"
                    return  # DuckDB refuses everything after such an error
    except (duckdb.Error, OSError) as error:
        yield f"{path}: {str(error).splitlines()[0]}"
