"""A new DuckDB file of what can be read of a damaged one. DuckDB checks each block that it reads."""

from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import duckdb

from gateway.errors import CommandError
from gateway.stores import duckdb_figures as figure_tables
from gateway.stores import duckdb_tables as tables

__all__ = ["DuckDbSaved", "copy_readable_duckdb"]

_ROWS = 122_880
"""A row group: what DuckDB keeps together."""


class DuckDbSaved(NamedTuple):
    """What became of it."""

    journal_id: str
    position: int
    stored: int
    """Readings that it counts as stored from now on."""
    lost: int
    """Readings that can't be read any more."""
    lost_days: dict[int, int]
    """These by UTC day, counted from 1970-01-01; where verdicts are gone too, by about as many."""
    lost_verdicts: dict[int, int]
    """Later verdicts that can't be read any more, likewise: the flags before them stand again."""
    newest: int | None
    """Time of the newest reading that is left."""


def copy_readable_duckdb(old: Path, new: Path) -> DuckDbSaved:
    """Write `new`, which is not there yet.

    Raises:
        CommandError: not even its own account can be read.
    """
    remedy = "Restore it from a backup, or move it away and run `cityloom stores adopt duckdb`."
    try:
        with closing(duckdb.connect(str(old), read_only=True)) as source:
            names = [row[0] for row in source.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            whole = "SELECT journal, position, stored, merged, aged_out FROM state"
            state = source.execute(whole).fetchone()
            source.execute("SELECT count(id), count(device), count(quantity) FROM series").fetchall()
    except duckdb.Error as error:
        raise CommandError(f"{old}: nothing of it can be read: {str(error).splitlines()[0]}", remedy) from error
    if state is None:
        raise CommandError(f"{old} holds nothing.", remedy)
    with closing(duckdb.connect(str(new))) as db:
        with tables.transaction(db):
            tables.create(db)
            figure_tables.create_figures(db)
        gone = {name: _copy(old, db, name) for name in sorted(names)}
        with tables.transaction(db):
            days = tables.day_tables(db)
            there = sum(
                int(tables.one_row(db, f"SELECT count(*) FROM {tables.table_of(day)} WHERE NOT rewrite")[0])  # noqa: S608
                for day in days
            )
            newest = [
                tables.one_row(db, f"SELECT max(ts) FROM {tables.table_of(day)} WHERE NOT rewrite")[0]  # noqa: S608
                for day in days
            ]
            lost = max(state[2] - state[3] - state[4] - there, 0)
            db.execute("UPDATE state SET stored = stored - ?", [lost])
        db.execute("CHECKPOINT")
    of_days = {day: gone[tables.table_of(day)] for day in days if gone[tables.table_of(day)]}
    verdicts = max(sum(of_days.values()) - lost, 0)
    return DuckDbSaved(
        state[0], state[1], state[2] - lost, lost, _parted(lost, of_days), _parted(verdicts, of_days),
        max((ts for ts in newest if ts is not None), default=None),
    )  # fmt: skip


def _parted(lost: int, rows: dict[int, int]) -> dict[int, int]:
    """Lost readings, or verdicts, by day, in the parts of the rows that are gone: these may be of both kinds."""
    out: dict[int, int] = {}
    left, rows_left = lost, sum(rows.values())
    if not lost:
        return out
    for day, number in rows.items():
        out[day] = left * number // rows_left
        left, rows_left = left - out[day], rows_left - number
    return out


def _copy(old: Path, db: duckdb.DuckDBPyConnection, name: str) -> int:
    """Copy a table, by row groups where not all of it can be read; gives how many rows are gone."""
    # a connection is of no use after such an error, so each part has one of its own
    read = f'SELECT * FROM "{name}"'  # noqa: S608  (names of our own tables)
    with closing(duckdb.connect(str(old), read_only=True)) as source:
        ((rows,),) = source.sql(f'SELECT count(*) FROM "{name}"').fetchall()  # noqa: S608
        empty = source.sql(f"{read} LIMIT 0").to_arrow_table()
        db.register("part", empty)
        db.execute(f'CREATE TABLE IF NOT EXISTS "{name}" AS SELECT * FROM part')  # noqa: S608
        db.unregister("part")
        with suppress(duckdb.Error):
            _append(db, name, source.sql(read).to_arrow_table())
            return 0
    gone = rows
    for first in range(0, rows, _ROWS):
        with closing(duckdb.connect(str(old), read_only=True)) as source, suppress(duckdb.Error):
            part = source.sql(f"{read} WHERE rowid >= {first} AND rowid < {first + _ROWS}").to_arrow_table()
            _append(db, name, part)
            gone -= part.num_rows
    return int(gone)


def _append(db: duckdb.DuckDBPyConnection, name: str, part: object) -> None:
    db.register("part", part)
    try:
        db.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM part')  # noqa: S608
    finally:
        db.unregister("part")
