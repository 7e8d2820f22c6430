"""The blocks that wait for stores: encoded outputs by dense position, checked when read, counted without reading."""

from pathlib import Path
from sqlite3 import Connection

from gateway.engine.results import StepResult
from gateway.errors import JournalCorrupt
from gateway.journal.blocks import decode
from gateway.journal.sqlite import SALVAGE, crc_of, intact

__all__ = ["BLOCK_SCHEMA", "count_readings", "drop_blocks", "put_block", "take_blocks"]

BLOCK_SCHEMA = (
    "CREATE TABLE block(position INTEGER PRIMARY KEY, kind TEXT NOT NULL, readings INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL)",
    # counting must not read the bodies
    "CREATE INDEX block_contents ON block(position, readings)",
)
_READ_BYTES = 64 << 20


def put_block(connection: Connection, position: int, kind: str, readings: int, body: bytes) -> None:
    """Add a block. `kind`: `step`, `revision` or `refusals`."""
    figures = (position, kind, readings, len(body))
    connection.execute("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", (*figures, crc_of(figures, body), body))


def take_blocks(connection: Connection, path: Path, after: int, max_readings: int) -> list[tuple[int, StepResult]]:
    """Blocks after a position: up to `max_readings` readings and 64 MB, but at least one if there is any."""
    out: list[tuple[int, StepResult]] = []
    readings = size = 0
    query = "SELECT position, kind, readings, bytes, crc, body FROM block WHERE position > ? ORDER BY position"
    for position, kind, number, length, crc, body in connection.execute(query, (after,)):
        if not intact((position, kind, number, length), body, crc):
            if out:
                break  # a store gets what is whole up to here; the next call says it
            raise JournalCorrupt(f"{path}: block {position} is damaged.", SALVAGE)
        readings, size = readings + number, size + length
        if out and (readings > max_readings or size > _READ_BYTES):
            break
        if position != after + len(out) + 1:
            raise JournalCorrupt(f"{path}: block {after + len(out) + 1} is missing.", SALVAGE)
        out.append((position, decode(body)))
    return out


def count_readings(connection: Connection, path: Path, after: int, upto: int) -> int:
    """Readings of the blocks with after < position <= upto."""
    held, readings = connection.execute(
        "SELECT count(*), total(readings) FROM block INDEXED BY block_contents WHERE position > ? AND position <= ?",
        (after, upto),
    ).fetchone()
    if held != max(upto - after, 0):
        raise JournalCorrupt(f"{path}: blocks are missing between {after} and {upto}.", SALVAGE)
    return int(readings)


def drop_blocks(connection: Connection, upto: int) -> None:
    """Remove the blocks up to a position."""
    connection.execute("DELETE FROM block WHERE position <= ?", (upto,))
