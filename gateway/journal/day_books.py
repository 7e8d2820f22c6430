"""What a store that keeps no count of its own got, a row a store and UTC day of event time.

Retention works by event time: of such a store only the days that it surely still has can be compared with what is in
it. A store's days add up to what its row says it stored, but for what was stored before days were counted.
"""

from collections.abc import Mapping
from sqlite3 import Connection
from typing import NamedTuple

from gateway.journal.sqlite import sealed, unsealed

__all__ = ["DAY_SCHEMA", "DayBook", "add_days", "days_of", "forget_days"]

DAY_SCHEMA = (
    "CREATE TABLE stored_day(store TEXT NOT NULL, day INTEGER NOT NULL, stored INTEGER NOT NULL, over INTEGER NOT NULL,"
    " seal INTEGER NOT NULL, PRIMARY KEY (store, day)) WITHOUT ROWID",
)


class DayBook(NamedTuple):
    """Readings of one day."""

    stored: int
    over: int = 0
    """How many of them stand over an earlier one of the same series and time, at most."""


def add_days(connection: Connection, store: str, days: Mapping[int, DayBook]) -> None:
    """Bring the days of a store up by what it stored just now."""
    for day, book in days.items():
        row = connection.execute("SELECT * FROM stored_day WHERE store = ? AND day = ?", (store, day)).fetchone()
        stored, over = unsealed(row, "the stored days")[2:] if row is not None else (0, 0)
        values = sealed((store, day, stored + book.stored, over + book.over))
        connection.execute("INSERT OR REPLACE INTO stored_day VALUES (?, ?, ?, ?, ?)", values)


def days_of(connection: Connection, store: str) -> dict[int, DayBook]:
    """A store's days, counted from 1970-01-01."""
    rows = connection.execute("SELECT * FROM stored_day WHERE store = ? ORDER BY day", (store,))
    return {day: DayBook(stored, over) for _, day, stored, over in (unsealed(row, "the stored days") for row in rows)}


def forget_days(connection: Connection, store: str) -> None:
    """Nothing is known of this store any longer."""
    connection.execute("DELETE FROM stored_day WHERE store = ?", (store,))
