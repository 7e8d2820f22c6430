"""Figures in the embedded store: a number for each name, and one row a word; the word with the highest position stands.

    figure_names  number -> condition, asset, name
    figures       one row a word; never updated, like everything here

Functions run inside the caller's transaction, but for the read, which has its own.
"""

# ruff: noqa: S608 - what is put into SQL text are ints; names go as columns
from collections.abc import Collection, Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from gateway.engine.figures import Figure
from gateway.stores.duckdb_reads import among, bound_of
from gateway.stores.duckdb_tables import append, one_row, transaction
from gateway.stores.figures import FigureBatch, FigureId, figure_id

__all__ = [
    "append_figures", "append_names", "create_figures", "drop_figures", "merge_figures", "names_of", "read_figures",
]  # fmt: skip


def create_figures(db: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are not there yet."""
    db.execute(
        "CREATE TABLE IF NOT EXISTS figure_names "
        "(id INTEGER NOT NULL, condition VARCHAR NOT NULL, asset VARCHAR NOT NULL, name VARCHAR NOT NULL)"
    )
    db.execute(
        "CREATE TABLE IF NOT EXISTS figures "
        "(position BIGINT NOT NULL, figure INTEGER NOT NULL, ts BIGINT NOT NULL, value DOUBLE NOT NULL)"
    )


def names_of(db: duckdb.DuckDBPyConnection) -> dict[FigureId, int]:
    """The number of each name."""
    rows = db.execute("SELECT condition, asset, name, id FROM figure_names").fetchall()
    return {FigureId(*name): number for *name, number in rows}


def append_names(db: duckdb.DuckDBPyConnection, names: Iterable[FigureId], first: int) -> None:
    """Number new names from `first` on."""
    rows = [(first + place, *name) for place, name in enumerate(names)]
    if rows:
        columns = [pa.array(column) for column in zip(*rows, strict=True)]
        shown = ["id", "condition", "asset", "name"]
        append(db, "figure_names", ", ".join(shown), pa.table(columns, shown))


def append_figures(
    db: duckdb.DuckDBPyConnection, position: int, figures: Sequence[Figure], ids: dict[FigureId, int]
) -> None:
    """Append a block's figures, each of another key."""
    if figures:
        batch = FigureBatch.of(
            figure=[ids[figure_id(each)] for each in figures],
            ts=[each.ts for each in figures], value=[each.value for each in figures],
        )  # fmt: skip
        append(db, "figures", f"{position}, figure, ts, value", batch.arrays())


def read_figures(
    db: duckdb.DuckDBPyConnection, ids: Collection[int], start: int, end: int, limit: int | None = None
) -> tuple[FigureBatch, int | None]:
    """The last word of each figure with start <= ts < end, and from when on there are more."""
    if not ids:
        return FigureBatch.empty(), None
    where = f"{among('figure', ids)} AND ts >= {start} AND ts < "
    with transaction(db):
        bound = None
        if limit is not None:
            keys = f"SELECT DISTINCT figure, ts FROM figures WHERE {where}{end}"
            bound = bound_of(db, keys, "ts", limit, whole=True)
        rows = db.execute(
            f"SELECT position, figure, ts, value FROM figures WHERE {where}{end if bound is None else bound}"
        ).fetchnumpy()
    # chosen here, as DuckDB's window functions turn -0.0 into 0.0
    order = np.lexsort((rows.pop("position"), rows["ts"], rows["figure"]))
    batch = FigureBatch.of(**rows).take(order)
    last = np.ones(len(batch), np.bool_)
    last[:-1] = (batch.figure[1:] != batch.figure[:-1]) | (batch.ts[1:] != batch.ts[:-1])
    return batch.take(last), bound


def drop_figures(db: duckdb.DuckDBPyConnection, before: int) -> int:
    """Drop what is older; gives how many rows. Names stay: they are few, and their numbers are in use."""
    return int(one_row(db, f"DELETE FROM figures WHERE ts < {before}")[0])


def merge_figures(db: duckdb.DuckDBPyConnection) -> int:
    """Delete words that a later one stands over; gives how many. Only what was written since the last merge is new."""
    newest, merged = one_row(db, "SELECT (SELECT max(position) FROM figures), (SELECT max(figures_merged) FROM state)")
    if newest is None or merged is None or newest <= merged:
        return 0
    gone = one_row(
        db,
        f"DELETE FROM figures USING (SELECT figure, ts, max(position) AS newest FROM figures WHERE position > {merged} "
        "GROUP BY ALL) AS late WHERE figures.figure = late.figure AND figures.ts = late.ts "
        "AND figures.position < late.newest",
    )[0]
    db.execute("UPDATE state SET figures_merged = ?", [newest])
    return int(gone)
