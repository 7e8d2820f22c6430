"""Runs: rows of an open day that lie by series, so that a chart of one series reads a few of them and not the day.

    as they came        D1 D2 D3 D1 D2 D3 D1 D2 D3 ...      each row group has every series
    after `sort_some`   D1 D1 D1 D2 D2 D2 D3 D3 D3          DuckDB passes over row groups by their smallest and largest

What is in a row never changes by it, its position neither: the order in which rows lie says nothing. `runs` has how far
each day's table lies so; a table without an entry is sorted once more, which is no harm.
"""

# ruff: noqa: S608 - what is put into SQL text are ints and our own names
import duckdb

from gateway.stores.duckdb_tables import one_row, table_of

__all__ = ["RUN_ROWS", "loose_rows", "sort_some"]

RUN_ROWS = 1_000_000
"""A run is made where so many lie as they came: half a second of work, eight row groups."""
_COLUMNS = "position, series, ts, value, flag, why, rewrite"


def loose_rows(db: duckdb.DuckDBPyConnection, day: int) -> int:
    """Rows of a day's table that lie as they came."""
    return int(one_row(db, f"SELECT count(*) FROM {table_of(day)} WHERE position > {_sorted_to(db, day)}")[0])


def sort_some(db: duckdb.DuckDBPyConnection, day: int, most: int = RUN_ROWS) -> int:
    """Make a run of the oldest rows that lie as they came: of whole blocks, at most `most` rows where it has several.

    Gives how many it has. Within the caller's transaction.
    """
    table, first = table_of(day), _sorted_to(db, day)
    blocks = db.execute(
        f"SELECT position, count(*) FROM {table} WHERE position > {first} GROUP BY position ORDER BY position"
    ).fetchall()
    rows, last = 0, first
    for position, count in blocks:
        if rows and rows + count > most:
            break
        rows, last = rows + count, position
    if not rows:
        return 0
    which = f"position > {first} AND position <= {last}"
    db.execute(f"CREATE TEMP TABLE run AS SELECT {_COLUMNS} FROM {table} WHERE {which} ORDER BY series, ts, position")
    db.execute(f"DELETE FROM {table} WHERE {which}")
    db.execute(f"INSERT INTO {table} SELECT {_COLUMNS} FROM run")
    db.execute("DROP TABLE temp.run")
    db.execute("DELETE FROM runs WHERE day = ?", [day])
    db.execute("INSERT INTO runs VALUES (?, ?)", [day, last])
    return int(rows)


def _sorted_to(db: duckdb.DuckDBPyConnection, day: int) -> int:
    """The position of the last block that lies in a run; a merged day is one."""
    known = "SELECT position FROM runs WHERE day = ? UNION ALL SELECT position FROM compacted WHERE day = ?"
    (position,) = db.execute(f"SELECT coalesce(max(position), -1) FROM ({known})", [day, day]).fetchone() or (-1,)
    return int(position)
