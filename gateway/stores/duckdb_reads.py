"""Reads of the embedded store, each within one transaction, so that a merge or a drop beside it can't be half seen."""

# ruff: noqa: S608 - what is put into SQL text are ints and our own names
from collections.abc import Collection, Iterable, Sequence

import duckdb
import numpy as np

from gateway.stores.base import Account, SeriesId
from gateway.stores.duckdb_tables import DAY, day_tables, settled, table_of, transaction
from processors.columns import AggregateBatch, ReadingBatch

__all__ = [
    "among",
    "bound_of",
    "names_of",
    "numbers_of",
    "read_account",
    "read_aggregates",
    "read_copies",
    "read_days",
    "read_latest",
    "read_readings",
]

_MOST_DAYS = 32
"""Days of a bounded read that are looked into at once."""
_FEW_DAYS = 2
"""A day of any time zone."""
_LATELY = (900_000_000_000, 7_200_000_000_000)
"""How far back from a day's newest reading others are looked for before the whole day is."""
_AGGREGATE_COLUMNS = ", ".join(f'"{name}"' for name in AggregateBatch.DTYPES)


def numbers_of(db: duckdb.DuckDBPyConnection, series: Sequence[SeriesId]) -> dict[SeriesId, int]:
    """Numbers of those that the file knows, in their order. Looked up each time: a million in memory take 200 MB."""
    wanted = dict.fromkeys(series)
    devices = list(dict.fromkeys(device for device, _ in wanted))
    rows = db.execute(
        "SELECT device, quantity, id FROM series WHERE device IN (SELECT unnest(?::VARCHAR[]))", [devices]
    ).fetchall()
    found = {SeriesId(device, quantity): number for device, quantity, number in rows}
    return {name: found[name] for name in wanted if name in found}


def names_of(db: duckdb.DuckDBPyConnection, numbers: Collection[int]) -> dict[int, SeriesId]:
    """Names of some series."""
    rows = db.execute(
        "SELECT id, device, quantity FROM series WHERE id IN (SELECT unnest(?::INTEGER[]))", [list(numbers)]
    ).fetchall()
    return {number: SeriesId(device, quantity) for number, device, quantity in rows}


def read_readings(
    db: duckdb.DuckDBPyConnection, ids: Collection[int], start: int, end: int, limit: int | None = None
) -> tuple[ReadingBatch, int | None]:
    """Readings of the series with start <= ts < end, in no certain order, and from when on there are more.

    With a limit the days are read from the first one on, some at a time, until there are enough.
    """
    parts: list[ReadingBatch] = []
    with transaction(db):
        days = [day for day in day_tables(db) if start // DAY <= day <= (end - 1) // DAY]
        if not days or not ids or start >= end:
            return ReadingBatch.empty(), None
        where = f"ts >= {start} AND ts < {end} AND {among('series', ids)}"
        if limit is None:
            return _fetch(db, settled(days, where)), None
        if len(days) <= _FEW_DAYS and (plain := _plain(db, days, where, limit)) is not None:
            return plain, None
        left, at, width = limit, 0, 1
        while at < len(days):
            some = days[at : at + width]
            tables = " UNION ALL ".join(
                f"SELECT series, ts FROM {table_of(day)} WHERE {where} AND NOT rewrite" for day in some
            )
            bound = bound_of(db, f"SELECT DISTINCT series, ts FROM ({tables})", "ts", left, whole=left == limit)
            parts.append(_fetch(db, settled(some, where if bound is None else f"{where} AND ts < {bound}")))
            if bound is not None:
                return ReadingBatch.concat(parts), bound
            left, at, width = left - len(parts[-1]), at + width, min(2 * width, _MOST_DAYS)
    return ReadingBatch.concat(parts), None


def _plain(db: duckdb.DuckDBPyConnection, days: Sequence[int], where: str, limit: int) -> ReadingBatch | None:
    """All readings, where these are at most `limit` rows and each says itself: what a chart asks for, in one scan."""
    parts = (f"SELECT series, ts, value, flag, why, rewrite FROM {table_of(day)} WHERE {where}" for day in days)
    rows = db.execute(f"SELECT * FROM ({' UNION ALL '.join(parts)}) LIMIT {limit + 1}").fetchnumpy()
    if len(rows["ts"]) > limit or rows.pop("rewrite").any():
        return None
    order = np.lexsort((rows["ts"], rows["series"]))
    batch = ReadingBatch.of(**rows).take(order)
    again = (batch.series[1:] == batch.series[:-1]) & (batch.ts[1:] == batch.ts[:-1])
    return None if again.any() else batch


def bound_of(db: duckdb.DuckDBPyConnection, keys: str, time: str, limit: int, *, whole: bool) -> int | None:
    """The time before which at most `limit` of the keys lie, or the first instant if `whole`; None: all of them do."""
    past = db.execute(f"SELECT {time} FROM ({keys}) ORDER BY {time} LIMIT 1 OFFSET {limit}").fetchone()
    if past is None:
        return None
    first = db.execute(f"SELECT min({time}) FROM ({keys})").fetchone()
    return int(past[0]) + (whole and past == first)


def read_latest(db: duckdb.DuckDBPyConnection, ids: Collection[int]) -> ReadingBatch:
    """The newest reading of each series that has one, looked for from the newest day back.

    What still speaks is found in the last minutes of a day, which DuckDB reads nearly alone: rows lie as they came, or
    in runs of a short time.
    """
    missing = set(ids)
    parts = list[ReadingBatch]()
    with transaction(db):
        for age, day in enumerate(reversed(day_tables(db))):
            (end,) = db.execute(f"SELECT max(ts) FROM {table_of(day)}").fetchone() or (None,)
            lately = () if end is None or age >= _FEW_DAYS else tuple(end - back for back in _LATELY)
            for since in (*lately, None):
                if not missing:
                    return ReadingBatch.concat(parts)
                where = among("series", missing) + ("" if since is None else f" AND ts >= {since}")
                newest = f"SELECT series, max(ts) FROM {table_of(day)} WHERE {where} AND NOT rewrite GROUP BY series"
                found = _fetch(db, settled([day], f"{where} AND (series, ts) IN ({newest})"))
                parts.append(found)
                missing -= set(found.series.tolist())
    return ReadingBatch.concat(parts)


def read_days(db: duckdb.DuckDBPyConnection, first: int, end: int) -> dict[int, int]:
    """How many distinct (series, ts) each day with first <= day < end has."""
    with transaction(db):
        return {day: _counted(db, day)[1] for day in day_tables(db) if first <= day < end}


def read_account(db: duckdb.DuckDBPyConnection) -> Account:
    """What was stored, by the file's own figures, and what is there."""
    with transaction(db):
        figures = db.execute("SELECT stored, merged, aged_out FROM state").fetchone()
        counted = [_counted(db, day) for day in day_tables(db)]
    stored, merged, aged_out = (0, 0, 0) if figures is None else figures
    rows, distinct = sum(rows for rows, _ in counted), sum(distinct for _, distinct in counted)
    return Account(stored, distinct, merged + rows - distinct, aged_out)


def read_copies(db: duckdb.DuckDBPyConnection) -> list[tuple[int, int, int]]:
    """(series, ts, rows) of each reading that is held more than once: the last one stands, the rest was written over.

    Rightly so where a device sent it again after its window had closed.
    """
    out: list[tuple[int, int, int]] = []
    with transaction(db):
        for day in day_tables(db):
            out += db.execute(
                f"SELECT series, ts, count(*) FROM {table_of(day)} WHERE NOT rewrite GROUP BY series, ts "
                "HAVING count(*) > 1 ORDER BY series, ts"
            ).fetchall()
    return out


def _counted(db: duckdb.DuckDBPyConnection, day: int) -> tuple[int, int]:
    """Readings in a day's table, and their distinct keys."""
    keys = f"SELECT count(*) AS n FROM {table_of(day)} WHERE NOT rewrite GROUP BY series, ts"
    rows, distinct = db.execute(f"SELECT coalesce(sum(n), 0), count(*) FROM ({keys})").fetchone() or (0, 0)
    return int(rows), int(distinct)


def read_aggregates(
    db: duckdb.DuckDBPyConnection, ids: Collection[int], step: int, start: int, end: int, limit: int | None = None
) -> tuple[AggregateBatch, int | None]:
    """The newest revision of each window of `step` with start <= its start < end, and from when on there are more."""
    if not ids:
        return AggregateBatch.empty(), None
    among_these = f"step = {step} AND start >= {start} AND start < {end} AND {among('series', ids)}"
    few = f"SELECT position, {_AGGREGATE_COLUMNS} FROM aggregates WHERE {among_these}"
    rows = db.execute(few if limit is None else f"{few} LIMIT {limit + 1}").fetchnumpy()
    bound = None
    if limit is not None and len(rows["start"]) > limit:
        keys = f"SELECT DISTINCT series, start FROM aggregates WHERE {among_these}"
        bound = bound_of(db, keys, "start", limit, whole=True)
        rows = db.execute(few if bound is None else f"{few} AND start < {bound}").fetchnumpy()
    # chosen here, as DuckDB's window functions turn -0.0 into 0.0
    order = np.lexsort((rows.pop("position"), rows["revision"], rows["start"], rows["series"]))
    batch = AggregateBatch.of(**rows).take(order)
    last = np.ones(len(batch), np.bool_)
    last[:-1] = (batch.series[1:] != batch.series[:-1]) | (batch.start[1:] != batch.start[:-1])
    return batch.take(last), bound


def among(column: str, ids: Iterable[int]) -> str:
    """SQL for a column that is one of some numbers, at least one."""
    # the outer bounds let DuckDB pass over row groups of merged days, which are sorted by series
    numbers = sorted(ids)
    return f"{column} BETWEEN {numbers[0]} AND {numbers[-1]} AND {column} IN ({', '.join(map(str, numbers))})"


def _fetch(db: duckdb.DuckDBPyConnection, sql: str) -> ReadingBatch:
    rows = db.execute(sql).fetchnumpy()
    return ReadingBatch.of(**{name: rows[name] for name in ReadingBatch.DTYPES})
