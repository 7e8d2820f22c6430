"""What recovery starts from: the recorded calls of the engines, and the snapshots that stand for those before."""

from sqlite3 import Connection

import msgspec

__all__ = [
    "RECORDED_SCHEMA", "SnapshotRow", "StepRecord", "name_snapshot", "named_snapshots", "record_step",
    "recorded_steps", "trim_steps",
]  # fmt: skip

RECORDED_SCHEMA = (
    "CREATE TABLE step(step INTEGER PRIMARY KEY, kind TEXT NOT NULL, first_offset INTEGER NOT NULL,"
    " end_offset INTEGER NOT NULL, now INTEGER NOT NULL, live INTEGER NOT NULL, checksum INTEGER NOT NULL,"
    " engine TEXT NOT NULL)",
    "CREATE TABLE snapshot(step INTEGER PRIMARY KEY, name TEXT NOT NULL, end_offset INTEGER NOT NULL,"
    " now INTEGER NOT NULL, config_digest TEXT NOT NULL, bytes INTEGER NOT NULL)",
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
    connection.execute("INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(record))


def recorded_steps(connection: Connection, after: int, limit: int) -> list[StepRecord]:
    """Calls after `after`, in order, at most `limit`."""
    rows = connection.execute("SELECT * FROM step WHERE step > ? ORDER BY step LIMIT ?", (after, limit))
    return [
        StepRecord(step, kind, first, end, now, bool(live), checksum, engine)
        for step, kind, first, end, now, live, checksum, engine in rows
    ]


def trim_steps(connection: Connection) -> None:
    """Drop the calls behind the older of two snapshots: should the newer file be damaged, recovery starts there."""
    named = named_snapshots(connection)
    if len(named) == _SNAPSHOTS_KEPT:
        connection.execute("DELETE FROM step WHERE step <= ?", (named[-1].step,))


def name_snapshot(connection: Connection, row: SnapshotRow) -> None:
    """Add a snapshot; only the newest two stay."""
    connection.execute(
        "INSERT OR REPLACE INTO snapshot(name, step, end_offset, now, config_digest, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        msgspec.structs.astuple(row),
    )
    connection.execute(
        "DELETE FROM snapshot WHERE step NOT IN (SELECT step FROM snapshot ORDER BY step DESC LIMIT ?)",
        (_SNAPSHOTS_KEPT,),
    )


def named_snapshots(connection: Connection) -> list[SnapshotRow]:
    """The snapshots, newest first."""
    query = "SELECT name, step, end_offset, now, config_digest, bytes FROM snapshot ORDER BY step DESC"
    return [SnapshotRow(*row) for row in connection.execute(query)]
