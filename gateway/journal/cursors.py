"""Where each store is in the outbox, and what became of the readings up to there."""

from sqlite3 import Connection

import msgspec

__all__ = ["CURSOR_SCHEMA", "StoreState", "move_cursor", "slowest", "store_states"]

CURSOR_SCHEMA = (
    "CREATE TABLE store(name TEXT PRIMARY KEY, position INTEGER NOT NULL, stored INTEGER NOT NULL DEFAULT 0,"
    " refused INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0, halted TEXT NOT NULL DEFAULT '')"
    " WITHOUT ROWID",
)


class StoreState(msgspec.Struct, array_like=True, frozen=True):
    """One store: it has every block up to `position`; those readings were stored, refused or dropped."""

    name: str
    position: int
    stored: int
    refused: int
    dropped: int
    halted: str
    """Why it waits for an operator; "": it doesn't."""


def store_states(connection: Connection) -> list[StoreState]:
    """All stores, by name."""
    query = "SELECT name, position, stored, refused, dropped, halted FROM store ORDER BY name"
    return [StoreState(*row) for row in connection.execute(query)]


def slowest(connection: Connection) -> int | None:
    """The position that every store has reached; None: there is no store."""
    position: int | None = connection.execute("SELECT min(position) FROM store").fetchone()[0]
    return position


def move_cursor(connection: Connection, name: str, position: int, added: tuple[int, int, int]) -> None:
    """Advance one store; `added` readings were stored, refused and dropped."""
    connection.execute(
        "UPDATE store SET position = ?, stored = stored + ?, refused = refused + ?, dropped = dropped + ?"
        " WHERE name = ?", (position, *added, name),
    )  # fmt: skip
