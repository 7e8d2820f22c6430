"""The tables of the embedded store and the SQL that fills, merges and drops them.

    state       one row: journal, position of the last block, readings stored, schema version; and of those readings,
                how many went because a later one stands over or repeats them (`merged`), how many with their day
                (`aged_out`);
                and up to which position figures have been merged (duckdb_figures.py has their tables)
    series      index -> device, quantity, profile, unit
    readings_D  a table a UTC day, append-only: a reading, or a rewrite (new flag and why of a reading, no value)
    aggregates  one row a revision
    compacted   how far each day's table has been merged
    runs        how far the rows of each open day lie by series (duckdb_runs.py)

Nothing is updated in place: a later row of a key stands over an earlier one, later meaning a higher outbox position
and, within a block, a rewrite after its reading. Functions here run inside the caller's transaction, so that what goes
and the figure that it is counted in can't part: stored = rows that are readings + merged + aged_out, always.
"""

# ruff: noqa: S608 - what is put into SQL text are ints and our own names; device and quantity go as parameters
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gateway.engine.results import SeriesName
from gateway.stores.keys import last_of_each
from gateway.stores.repetitions import late_rows, repeats, with_standing_verdicts
from processors.columns import AggregateBatch, FlagRewrites, ReadingBatch

__all__ = [
    "DAY", "VERSION", "append", "append_aggregates", "append_readings", "append_rewrites", "append_series", "create",
    "day_number", "day_tables", "drop_expired", "merge_aggregates", "merge_day", "one_row", "settled", "table_of",
    "transaction", "upgrade", "version_of",
]  # fmt: skip

DAY = 86_400_000_000_000
VERSION = 3

_SQL_TYPES = {"int32": "INTEGER", "int64": "BIGINT", "float64": "DOUBLE"}
_RANK = "position * 2 + rewrite::INTEGER"
_READINGS = (
    # run lengths, which DuckDB takes for times that several readings share, are slow to pick single ones from
    "position BIGINT NOT NULL, series INTEGER NOT NULL, ts BIGINT USING COMPRESSION bitpacking NOT NULL, value DOUBLE, "
    "flag UTINYINT NOT NULL, why UINTEGER NOT NULL, rewrite BOOLEAN NOT NULL"
)


@contextmanager
def transaction(db: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """All or nothing."""
    db.execute("BEGIN")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a failed commit has rolled back already
            db.execute("ROLLBACK")
        raise


def create(db: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there yet."""
    aggregates = ", ".join(f'"{name}" {_SQL_TYPES[dtype]}' for name, dtype in AggregateBatch.DTYPES.items())
    db.execute(
        "CREATE TABLE IF NOT EXISTS state (journal VARCHAR, position BIGINT, stored BIGINT, version INTEGER, "
        "merged BIGINT, aged_out BIGINT, figures_merged BIGINT)"
    )
    db.execute(
        "CREATE TABLE IF NOT EXISTS series "
        "(id INTEGER NOT NULL, device VARCHAR NOT NULL, quantity VARCHAR NOT NULL, profile VARCHAR, unit VARCHAR)"
    )
    db.execute(f"CREATE TABLE IF NOT EXISTS aggregates (position BIGINT NOT NULL, {aggregates})")
    db.execute("CREATE TABLE IF NOT EXISTS compacted (day INTEGER NOT NULL, position BIGINT NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS runs (day INTEGER NOT NULL, position BIGINT NOT NULL)")


def version_of(db: duckdb.DuckDBPyConnection) -> int:
    """The version that the tables are of; 0: there are none, or nothing was ever written."""
    if not db.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'state'").fetchone():
        return 0
    found = db.execute("SELECT version FROM state").fetchone()
    return 0 if found is None else int(found[0])


def upgrade(db: duckdb.DuckDBPyConnection) -> None:
    """From older versions: 1 didn't count what went, 2 had no figures.

    That all that had gone went rightly is taken on trust, once. A file that was never written may be of any version.
    """
    for column in ("merged", "aged_out", "figures_merged"):
        db.execute(f"ALTER TABLE state ADD COLUMN IF NOT EXISTS {column} BIGINT")
    (version,) = db.execute("SELECT version FROM state").fetchone() or (VERSION,)
    if version == 1:
        rows = sum(_readings_in(db, day) for day in day_tables(db))
        db.execute("UPDATE state SET merged = stored - ?, aged_out = 0", [rows])
    if version in (1, 2):
        db.execute("UPDATE state SET version = 3, figures_merged = 0")


def table_of(day: int) -> str:
    """The table of a UTC day, counted from 1970-01-01."""
    return f"readings_{np.datetime64(day, 'D').astype(str).replace('-', '')}"


def day_number(table: str) -> int:
    """The UTC day of a table, the inverse of `table_of`."""
    digits = table.removeprefix("readings_")
    return int(np.datetime64(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", "D").astype(np.int64))


def day_tables(db: duckdb.DuckDBPyConnection) -> list[int]:
    """The days that have a table, oldest first."""
    found = db.execute(
        "SELECT table_name FROM duckdb_tables() WHERE regexp_full_match(table_name, 'readings_\\d{8}')"
    ).fetchall()
    return sorted(day_number(name) for (name,) in found)


def append_series(db: duckdb.DuckDBPyConnection, names: Sequence[SeriesName]) -> None:
    """Take in new names."""
    if names:
        columns = zip(
            *((name.index, name.device, name.quantity, name.profile, name.unit) for name in names), strict=True
        )
        table = pa.table([pa.array(column) for column in columns], ["id", "device", "quantity", "profile", "unit"])
        append(db, "series", "id, device, quantity, profile, unit", table)


def append_readings(db: duckdb.DuckDBPyConnection, position: int, batch: ReadingBatch) -> int:
    """Append readings to their days' tables; of a key that is twice in the block, the later row, and nothing that
    stands already. Gives how many were left out.
    """
    late = batch.take(late_rows(batch))
    standing = _standing(db, late) if len(late) else late
    batch = with_standing_verdicts(batch, standing)
    keep = last_of_each(batch.series, batch.ts)
    came = len(batch)
    batch = batch if keep is None else batch.take(keep)
    if len(standing) and len(known := repeats(batch, standing)):
        batch = batch.take(np.delete(np.arange(len(batch)), known))
    # numpy's NaN arrives as NULL, which arg_max would pass over
    columns = "series, ts, coalesce(value, 'nan'::DOUBLE), flag, why, false"
    _append_by_day(db, position, batch.arrays(), columns)
    return came - len(batch)


def _standing(db: duckdb.DuckDBPyConnection, late: ReadingBatch) -> ReadingBatch:
    """What is stored under the keys of `late`."""
    parts = []
    of_day = late.ts // DAY
    for day in sorted(set(day_tables(db)) & set(np.unique(of_day).tolist())):
        mine = late.take(of_day == day)
        # the outer bounds let DuckDB pass over row groups: rows of open days are in order of time, those of runs and of
        # merged days of series
        where = (
            f"ts BETWEEN {mine.ts.min()} AND {mine.ts.max()} AND series BETWEEN {mine.series.min()} AND "
            f"{mine.series.max()} AND (series, ts) IN (SELECT (series, ts) FROM wanted)"
        )
        db.register("wanted", {"series": mine.series, "ts": mine.ts})
        try:
            rows = db.execute(settled([day], where)).fetchnumpy()
        finally:
            db.unregister("wanted")
        parts.append(ReadingBatch.of(**{name: rows[name] for name in ReadingBatch.DTYPES}))
    return ReadingBatch.concat(parts)


def append_rewrites(db: duckdb.DuckDBPyConnection, position: int, batch: FlagRewrites) -> None:
    """Append new verdicts on stored readings."""
    keep = last_of_each(batch.series, batch.ts)
    batch = batch if keep is None else batch.take(keep)
    _append_by_day(db, position, batch.arrays(), "series, ts, NULL, flag, why, true")


def _append_by_day(db: duckdb.DuckDBPyConnection, position: int, arrays: dict[str, NDArray[Any]], columns: str) -> None:
    ts = arrays["ts"]
    if not len(ts):
        return
    first, last = int(ts.min()) // DAY, int(ts.max()) // DAY
    days = ts // DAY if last > first else ts
    for day in np.unique(days).tolist() if last > first else [first]:
        part = arrays if last == first else {name: array[days == day] for name, array in arrays.items()}
        db.execute(f"CREATE TABLE IF NOT EXISTS {table_of(day)} ({_READINGS})")
        append(db, table_of(day), f"{position}, {columns}", part)


def append_aggregates(db: duckdb.DuckDBPyConnection, position: int, batch: AggregateBatch) -> None:
    """Append revisions."""
    if len(batch):
        columns = ", ".join(
            f"coalesce(\"{name}\", 'nan'::DOUBLE)" if dtype == "float64" else f'"{name}"'
            for name, dtype in batch.DTYPES.items()
        )
        append(db, "aggregates", f"{position}, {columns}", batch.arrays())


def append(db: duckdb.DuckDBPyConnection, table: str, columns: str, arrays: dict[str, NDArray[Any]] | pa.Table) -> None:
    """Append rows; `columns` says in SQL what becomes of them."""
    db.register("block", arrays)
    try:
        db.execute(f"INSERT INTO {table} SELECT {columns} FROM block")
    finally:
        db.unregister("block")


def settled(days: Iterable[int], where: str) -> str:
    """SQL for the readings of `days` that stand: series, ts, value, flag, why, and the position of their last word."""
    parts = [f"SELECT * FROM {table_of(day)} WHERE {where}" for day in days]
    return (
        f"SELECT series, ts, arg_max(value, {_RANK}) FILTER (WHERE NOT rewrite) AS value, "
        f"arg_max(flag, {_RANK}) AS flag, arg_max(why, {_RANK}) AS why, max(position) AS position "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY series, ts HAVING NOT bool_and(rewrite)"
    )


def drop_expired(
    db: duckdb.DuckDBPyConnection, now: int, raw_retention: int, aggregate_retention: Mapping[int, int]
) -> tuple[int, int, int]:
    """Drop days wholly past their retention and aggregates past theirs; gives days, their readings, aggregates."""
    old = [day for day in day_tables(db) if (day + 1) * DAY <= now - raw_retention]
    readings = 0
    for day in old:
        readings += _readings_in(db, day)
        db.execute(f"DROP TABLE {table_of(day)}")
        db.execute("DELETE FROM compacted WHERE day = ?", [day])
        db.execute("DELETE FROM runs WHERE day = ?", [day])
    dropped = 0
    for step, retention in aggregate_retention.items():
        row = db.execute("DELETE FROM aggregates WHERE step = ? AND start < ?", [step, now - retention]).fetchone()
        dropped += int((row or (0,))[0])
    db.execute("UPDATE state SET aged_out = aged_out + ?", [readings])
    return len(old), readings, dropped


def merge_day(db: duckdb.DuckDBPyConnection, day: int) -> int:
    """Rewrite a day's table without what later rows stand over, sorted by series; gives the rows saved."""
    table = table_of(day)
    before, readings, newest = one_row(
        db, f"SELECT count(*), count(*) FILTER (NOT rewrite), max(position) FROM {table}"
    )
    merged = one_row(db, f"SELECT coalesce(max(position), -1) FROM compacted WHERE day = {day}")[0]
    if newest is None or newest <= merged:
        return 0
    db.execute(f"CREATE TABLE merging ({_READINGS})")
    db.execute(
        "INSERT INTO merging SELECT position, series, ts, value, flag, why, false "
        f"FROM ({settled([day], 'true')}) ORDER BY series, ts"
    )
    db.execute(f"DROP TABLE {table}")
    db.execute(f"ALTER TABLE merging RENAME TO {table}")
    db.execute("DELETE FROM compacted WHERE day = ?", [day])
    db.execute("INSERT INTO compacted VALUES (?, ?)", [day, newest])
    after = one_row(db, f"SELECT count(*) FROM {table}")[0]
    db.execute("UPDATE state SET merged = merged + ?", [readings - after])
    return int(before - after)


def merge_aggregates(db: duckdb.DuckDBPyConnection) -> int:
    """Delete revisions that a newer one stands over; gives how many."""
    return int(
        one_row(
            db,
            "DELETE FROM aggregates USING (SELECT series, step, start, max(revision) AS newest FROM aggregates "
            "WHERE revision > 0 GROUP BY ALL) AS late WHERE aggregates.series = late.series "
            "AND aggregates.step = late.step AND aggregates.start = late.start AND aggregates.revision < late.newest",
        )[0]
    )


def _readings_in(db: duckdb.DuckDBPyConnection, day: int) -> int:
    return int(one_row(db, f"SELECT count(*) FROM {table_of(day)} WHERE NOT rewrite")[0])


def one_row(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The row of a statement that always gives one."""
    row = db.execute(sql).fetchone()
    assert row is not None
    return row
