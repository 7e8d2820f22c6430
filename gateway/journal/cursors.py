"""Where each store is in the outbox, and what became of the readings up to there."""

from sqlite3 import Connection

import msgspec

from gateway.journal.sqlite import sealed, unsealed

__all__ = ["CURSOR_SCHEMA", "StoreState", "put_store", "store_states"]

CURSOR_SCHEMA = (
    "CREATE TABLE store(name TEXT PRIMARY KEY, position INTEGER NOT NULL, stored INTEGER NOT NULL,"
    " refused INTEGER NOT NULL, dropped INTEGER NOT NULL, halted TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID",
)


class StoreState(msgspec.Struct, array_like=True, frozen=True):
    """One store: it has every block up to `position`; those readings were stored, refused or dropped."""

    name: str
    position: int
    stored: int = 0
    refused: int = 0
    dropped: int = 0
    halted: str = ""
    """Why it waits for an operator; "": it doesn't."""


def store_states(connection: Connection) -> list[StoreState]:
    """All stores, by name."""
    rows = connection.execute("SELECT * FROM store ORDER BY name")
    return [StoreState(*unsealed(row, "the stores")) for row in rows]


def put_store(connection: Connection, state: StoreState) -> None:
    """Add a store, or replace what is known of it."""
    connection.execute(
        "INSERT OR REPLACE INTO store VALUES (?, ?, ?, ?, ?, ?, ?)", sealed(msgspec.structs.astuple(state))
    )
