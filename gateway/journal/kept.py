"""What the outbox keeps for good: the lasting name of each series, and the totals of every account of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any

import msgspec

from gateway.engine.results import LedgerDelta, LedgerKey, SeriesName
from gateway.journal.sqlite import sealed, unsealed

__all__ = ["KEPT_SCHEMA", "put_series", "put_totals", "series_from", "series_of", "totals"]

KEPT_SCHEMA = (
    "CREATE TABLE series(series INTEGER PRIMARY KEY, device TEXT NOT NULL, quantity TEXT NOT NULL,"
    " profile TEXT NOT NULL, unit TEXT NOT NULL, seal INTEGER NOT NULL)",
    "CREATE TABLE ledger(book TEXT, term TEXT, reason TEXT, source TEXT, profile TEXT, number INTEGER NOT NULL,"
    " seal INTEGER NOT NULL, PRIMARY KEY (book, term, reason, source, profile)) WITHOUT ROWID",
)


def put_series(connection: Connection, names: Sequence[SeriesName]) -> None:
    """Add names."""
    rows = [sealed(msgspec.structs.astuple(name)) for name in names]
    connection.executemany("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?)", rows)


def series_from(connection: Connection, start: int, device: str | None = None) -> list[SeriesName]:
    """Names of the series with index `start` and above, in order, of all devices or one.

    Each text is there once, however many have it.
    """
    return _named(
        connection.execute(
            "SELECT * FROM series WHERE series >= ?1 AND (?2 IS NULL OR device = ?2) ORDER BY series", (start, device)
        )
    )


def series_of(connection: Connection, devices: Sequence[str]) -> list[SeriesName]:
    """Names of the series of some devices, in order: the table is looked through once, however many these are."""
    return _named(
        connection.execute(
            "SELECT * FROM series WHERE device IN (SELECT value FROM json_each(?)) ORDER BY series",
            (msgspec.json.encode(devices).decode(),),
        )
    )


def _named(rows: Iterable[tuple[Any, ...]]) -> list[SeriesName]:
    one: dict[str, str] = {}
    found = (unsealed(row, "the series") for row in rows)
    return [SeriesName(index, *(one.setdefault(text, text) for text in texts)) for index, *texts in found]


def put_totals(connection: Connection, changed: Mapping[LedgerKey, int]) -> None:
    """Replace the totals of some accounts."""
    rows = [sealed((*key, number)) for key, number in changed.items()]
    connection.executemany("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def totals(connection: Connection) -> LedgerDelta:
    """The totals of every account."""
    rows = (unsealed(row, "the ledger") for row in connection.execute("SELECT * FROM ledger"))
    return {LedgerKey(*row[:5]): row[5] for row in rows}
