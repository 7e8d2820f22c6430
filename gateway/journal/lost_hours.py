"""Of which hours readings were dropped before a store had them, for want of room or with a damaged block: a row a store
and UTC hour.

By event time: it tells an operator from when to when readings lack, and the reviser which windows can't be computed
again from what is left. So it stays when a store is forgotten: what lacks in a database lacks after it, too. The hours
are as many as readings may be old (the time gate's horizon), at most.
"""

from sqlite3 import Connection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.journal.sqlite import sealed, unsealed

__all__ = ["HOUR", "LOST_SCHEMA", "LostHour", "add_lost", "add_lost_span", "copy_lost", "lost_hours", "put_lost"]

HOUR = 3_600_000_000_000

LOST_SCHEMA = (
    "CREATE TABLE lost_hour(store TEXT NOT NULL, hour INTEGER NOT NULL, readings INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (store, hour)) WITHOUT ROWID",
)
_WHAT = "the lost hours"


class LostHour(NamedTuple):
    """Dropped readings of one hour."""

    readings: int
    """0: it is not known how many of them were this store's, or of this hour."""
    first: int
    """Time of the oldest."""
    last: int
    """And of the newest."""

    def widest(self, other: "LostHour") -> "LostHour":
        """Of two states of one row, what both say: it only ever grows."""
        return LostHour(max(self.readings, other.readings), min(self.first, other.first), max(self.last, other.last))


def add_lost(connection: Connection, store: str, ts: NDArray[np.int64]) -> None:
    """Note the times of readings that a store will never get."""
    ts = np.sort(ts)
    hours, at, numbers = np.unique(ts // HOUR, return_index=True, return_counts=True)
    for hour, first, number in zip(hours.tolist(), at.tolist(), numbers.tolist(), strict=True):
        _join(connection, store, hour, LostHour(number, int(ts[first]), int(ts[first + number - 1])))


def add_lost_span(connection: Connection, store: str, readings: int, first: int, last: int) -> None:
    """Note readings that a store will never get, of times between `first` and `last`: all counted in the last hour."""
    for hour in range(first // HOUR, last // HOUR + 1):
        number = readings if hour == last // HOUR else 0
        _join(connection, store, hour, LostHour(number, max(first, hour * HOUR), min(last, (hour + 1) * HOUR - 1)))


def copy_lost(connection: Connection, store: str) -> None:
    """What was lost of any store may be lost of this one."""
    others = connection.execute("SELECT DISTINCT store FROM lost_hour WHERE store != ?", (store,)).fetchall()
    for (other,) in others:
        for hour, lost in lost_hours(connection, other).items():
            _join(connection, store, hour, lost._replace(readings=0))


def lost_hours(connection: Connection, store: str) -> dict[int, LostHour]:
    """A store's lost hours, counted from 1970-01-01, in order."""
    rows = connection.execute("SELECT * FROM lost_hour WHERE store = ? ORDER BY hour", (store,))
    return {hour: LostHour(*lost) for _, hour, *lost in (unsealed(row, _WHAT) for row in rows)}


def _join(connection: Connection, store: str, hour: int, new: LostHour) -> None:
    row = connection.execute("SELECT * FROM lost_hour WHERE store = ? AND hour = ?", (store, hour)).fetchone()
    if row is not None:
        old = LostHour(*unsealed(row, _WHAT)[2:])
        new = LostHour(old.readings + new.readings, min(old.first, new.first), max(old.last, new.last))
    put_lost(connection, store, hour, new)


def put_lost(connection: Connection, store: str, hour: int, lost: LostHour) -> None:
    """Write an hour, over what it said before."""
    connection.execute("INSERT OR REPLACE INTO lost_hour VALUES (?, ?, ?, ?, ?, ?)", sealed((store, hour, *lost)))
