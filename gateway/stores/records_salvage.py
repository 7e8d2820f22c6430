"""A new records.db of the rows of a damaged one that can be read."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

__all__ = ["copy_readable"]

_HEADER_BYTES = 100
_MOST_BYTES = 1 << 40


def copy_readable(old: Path, new: Path) -> dict[str, str]:
    """Copy every row that can be read into the tables of `new`, which are empty; says of which tables some are gone."""
    lost: dict[str, str] = {}
    lengthened = new.with_name("records.whole-length")
    _lengthen(old, lengthened)
    with (
        closing(sqlite3.connect(lengthened)) as source,
        closing(sqlite3.connect(new, isolation_level=None)) as target,
    ):
        target.execute("PRAGMA synchronous=FULL")
        target.execute("BEGIN IMMEDIATE")
        triggers = _make_others(source, target)
        tables = target.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        for (table,) in tables.fetchall():
            names = [row[1] for row in target.execute(f'PRAGMA table_info("{table}")')]
            columns = ", ".join(f'"{name}"' for name in names)
            put = f'INSERT OR IGNORE INTO "{table}" ({columns}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608
            target.execute(f'DELETE FROM "{table}"')  # noqa: S608  (names of our own tables)
            try:
                for row in _rows(source, table, columns):
                    target.execute(put, row)
            except sqlite3.Error as error:
                lost[table] = str(error)
        for sql in triggers:  # which would refuse rows that come behind a gap, and have done their work on these
            target.execute(sql)
        target.execute("COMMIT")
    return lost


def _lengthen(old: Path, copy: Path) -> None:
    """A copy with its log, as long as its header says: of a file that was cut SQLite reads nothing."""
    for log in ("", "-wal"):
        if (path := old.with_name(old.name + log)).exists():
            shutil.copy(path, copy.with_name(copy.name + log))
    with copy.open("r+b") as file:
        head = file.read(_HEADER_BYTES)
        size = int.from_bytes(head[16:18], "big") * int.from_bytes(head[28:32], "big")
        if copy.stat().st_size < size <= _MOST_BYTES:
            file.truncate(size)


def _make_others(source: sqlite3.Connection, target: sqlite3.Connection) -> list[str]:
    """Tables that others keep here, with their indexes; gives the triggers on them."""
    there = {name for (name,) in target.execute("SELECT name FROM sqlite_master")}
    triggers = list[str]()
    everything = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'table' DESC"
    for kind, name, sql in source.execute(everything):
        if name in there or name.startswith("sqlite"):
            continue
        if kind == "trigger":
            triggers.append(sql)
        else:
            target.execute(sql)
    return triggers


def _rows(source: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """Forward up to the damage, then backward up to it; raises once that is done."""
    query = f'SELECT {columns} FROM "{table}"'  # noqa: S608
    try:
        yield from source.execute(query)
    except sqlite3.DatabaseError as damaged:
        error = damaged
    else:
        return
    keys = [row[1] for row in sorted(source.execute(f'PRAGMA table_info("{table}")'), key=lambda row: row[5]) if row[5]]
    order = ", ".join(f'"{key}" DESC' for key in keys) or "rowid DESC"
    yield from source.execute(f"{query} ORDER BY {order}")
    raise error
