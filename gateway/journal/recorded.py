"""What recovery starts from: the recorded calls of the engines, and the snapshots that stand for those before."""

from sqlite3 import Connection

import msgspec

from gateway.journal.sqlite import sealed, unsealed

__all__ = [
    "RECORDED_SCHEMA", "SnapshotRow", "StepRecord", "name_snapshot", "named_snapshots", "record_step",
    "recorded_steps", "trim_steps",
]  # fmt: skip

RECORDED_SCHEMA = (
    "CREATE TABLE step(step INTEGER PRIMARY KEY, kind TEXT NOT NULL, first_offset INTEGER NOT NULL,"
    " end_offset INTEGER NOT NULL, now INTEGER NOT NULL, live INTEGER NOT NULL, checksum INTEGER NOT NULL,"
    " engine TEXT NOT NULL, seal INTEGER NOT NULL)",
    "CREATE TABLE snapshot(name TEXT NOT NULL, step INTEGER PRIMARY KEY, end_offset INTEGER NOT NULL,"
    " now INTEGER NOT NULL, config_digest TEXT NOT NULL, bytes INTEGER NOT NULL, seal INTEGER NOT NULL)",
)
_SNAPSHOTS_KEPT = 2


class StepRecord(msgspec.Struct):
    """One call of an engine."""

    step: int
    """Dense from 1."""
    kind: str
    """`rows` or `tick`."""
    first_offset: int
    end_offset: int
    """Inbox rows [first_offset, end_offset); empty for a tick."""
    now: int
    live: bool
    checksum: int = 0
    """CRC-32 of the encoded outputs; `append_step` sets it."""
    engine: str = "zone"


class SnapshotRow(msgspec.Struct, frozen=True):
    """A snapshot file that recovery may start from."""

    name: str
    step: int
    end_offset: int
    now: int
    config_digest: str
    bytes: int


def record_step(connection: Connection, record: StepRecord) -> None:
    """Add a call."""
    values = sealed(msgspec.structs.astuple(record))
    connection.execute("INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)


def recorded_steps(connection: Connection, after: int, limit: int) -> list[StepRecord]:
    """Calls after `after`, in order, at most `limit`."""
    rows = connection.execute("SELECT * FROM step WHERE step > ? ORDER BY step LIMIT ?", (after, limit))
    # SQLite gives booleans back as numbers
    whole = (unsealed((*row[:5], bool(row[5]), *row[6:]), "the calls") for row in rows)
    return [StepRecord(*values) for values in whole]


def trim_steps(connection: Connection) -> None:
    """Drop the calls behind the older of two snapshots: should the newer file be damaged, recovery starts there."""
    named = named_snapshots(connection)
    if len(named) == _SNAPSHOTS_KEPT:
        connection.execute("DELETE FROM step WHERE step <= ?", (named[-1].step,))


def name_snapshot(connection: Connection, row: SnapshotRow) -> None:
    """Add a snapshot; only the newest two stay."""
    values = sealed(msgspec.structs.astuple(row))
    connection.execute("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    connection.execute(
        "DELETE FROM snapshot WHERE step NOT IN (SELECT step FROM snapshot ORDER BY step DESC LIMIT ?)",
        (_SNAPSHOTS_KEPT,),
    )


def named_snapshots(connection: Connection) -> list[SnapshotRow]:
    """The snapshots, newest first."""
    rows = connection.execute("SELECT * FROM snapshot ORDER BY step DESC")
    return [SnapshotRow(*unsealed(row, "the snapshots")) for row in rows]
