"""The blocks that wait for stores: encoded outputs by dense position, checked when read, counted without reading.

A block that waits for long may be *packed*. One whose readings were dropped for want of room is *thinned*: its body,
packed, has all else, and `readings` still says how many there were. `bytes` is the length when it is not packed.
"""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

from gateway.engine.results import StepResult
from gateway.errors import JournalCorrupt
from gateway.journal.blocks import decode, pack, without_readings
from gateway.journal.sqlite import SALVAGE, crc_of, intact
from processors.columns import ReadingBatch

__all__ = [
    "BLOCK_INDEX", "BLOCK_SCHEMA", "PACKED", "THINNED", "Held", "count_readings", "drop_blocks", "pack_block",
    "put_block", "take_blocks", "thick_blocks", "thin_block", "unpacked_blocks", "write_end",
]  # fmt: skip

BLOCK_INDEX = "CREATE INDEX block_contents ON block(position, kind, readings)"
"""Counting must not read the bodies."""
BLOCK_SCHEMA = (
    "CREATE TABLE block(position INTEGER PRIMARY KEY, kind TEXT NOT NULL, readings INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL)",
    BLOCK_INDEX,
)
PACKED = "packed"
"""Kind of a block that is packed, whatever it was before."""
THINNED = "thinned"
"""Kind of a block whose readings were dropped."""


class Held(NamedTuple):
    """Readings of some blocks."""

    left: int
    """Still in them."""
    dropped: int
    """Were in blocks that are thinned now."""


def put_block(
    connection: Connection, position: int, kind: str, readings: int, body: bytes, size: int | None = None
) -> None:
    """Add a block. `kind`: `step`, `revision` or `refusals`; `size`: of a packed body when it is not packed."""
    figures = (position, kind, readings, len(body) if size is None else size)
    connection.execute("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", (*figures, crc_of(figures, body), body))


def take_blocks(
    connection: Connection, path: Path, after: int, max_readings: int, max_bytes: int
) -> list[tuple[int, StepResult]]:
    """Blocks after a position: up to `max_readings` readings and `max_bytes`, but at least one if there is any."""
    out: list[tuple[int, StepResult]] = []
    query = "SELECT position, kind, readings, bytes, crc, body FROM block WHERE position > ? ORDER BY position"
    for position, kind, number, length, crc, body in _first_of(
        connection.execute(query, (after,)), max_readings, max_bytes
    ):
        if not intact((position, kind, number, length), body, crc):
            if out:
                break  # a store gets what is whole up to here; the next call says it
            raise JournalCorrupt(f"{path}: block {position} is damaged.", SALVAGE)
        if position != after + len(out) + 1:
            raise JournalCorrupt(f"{path}: block {after + len(out) + 1} is missing.", SALVAGE)
        out.append((position, decode(body)))
    return out


def write_end(connection: Connection, after: int, max_readings: int, max_bytes: int) -> int:
    """The last position that `take_blocks` gives at most; `after`: it gives none."""
    query = "SELECT position, kind, readings, bytes FROM block WHERE position > ? ORDER BY position"
    for row in _first_of(connection.execute(query, (after,)), max_readings, max_bytes):
        after = row[0]
    return after


def _first_of(rows: Iterator[Any], max_readings: int, max_bytes: int) -> Iterator[Any]:
    readings = size = 0
    for count, row in enumerate(rows):
        _, kind, number, length = row[:4]
        readings, size = readings + (number if kind != THINNED else 0), size + length
        if count and (readings > max_readings or size > max_bytes):
            return
        yield row


def count_readings(connection: Connection, path: Path, after: int, upto: int) -> Held:
    """Readings of the blocks with after < position <= upto."""
    held, readings, dropped = connection.execute(
        "SELECT count(*), total(readings), total(readings) FILTER (WHERE kind = ?)"
        " FROM block INDEXED BY block_contents WHERE position > ? AND position <= ?",
        (THINNED, after, upto),
    ).fetchone()
    if held != max(upto - after, 0):
        raise JournalCorrupt(f"{path}: blocks are missing between {after} and {upto}.", SALVAGE)
    return Held(int(readings - dropped), int(dropped))


def unpacked_blocks(connection: Connection, after: int) -> Iterator[tuple[int, int]]:
    """Position and bytes of the blocks after a position that can be packed."""
    return _sizes(connection, "kind NOT IN (?, ?)", (after, PACKED, THINNED))


def thick_blocks(connection: Connection, after: int) -> Iterator[tuple[int, int]]:
    """Position and bytes of the blocks after a position that have readings."""
    return _sizes(connection, "kind != ? AND readings > 0", (after, THINNED))


def _sizes(connection: Connection, which: str, values: tuple[object, ...]) -> Iterator[tuple[int, int]]:
    query = f"SELECT position, bytes FROM block INDEXED BY block_contents WHERE position > ? AND {which}"  # noqa: S608
    found: Iterator[tuple[int, int]] = connection.execute(query + " ORDER BY position", values)
    return found


def pack_block(connection: Connection, path: Path, position: int) -> None:
    """Make a block smaller; it says the same.

    Raises:
        JournalCorrupt: it is not what was written.
    """
    _, number, length, body = _whole(connection, path, position)
    _replace(connection, (position, PACKED, number, length), pack(body))


def thin_block(connection: Connection, path: Path, position: int) -> ReadingBatch:
    """Take the readings out of a block; gives them.

    Raises:
        JournalCorrupt: it is not what was written.
    """
    _, number, _, body = _whole(connection, path, position)
    readings, rest = without_readings(body)
    _replace(connection, (position, THINNED, number, len(rest)), pack(rest))
    return readings


def _whole(connection: Connection, path: Path, position: int) -> tuple[str, int, int, bytes]:
    kind, number, length, crc, body = connection.execute(
        "SELECT kind, readings, bytes, crc, body FROM block WHERE position = ?", (position,)
    ).fetchone()
    if not intact((position, kind, number, length), body, crc):
        raise JournalCorrupt(f"{path}: block {position} is damaged.", SALVAGE)
    return kind, number, length, body


def _replace(connection: Connection, figures: tuple[int, str, int, int], body: bytes) -> None:
    # an update would leave a row that was large alone in its page, however small it is now: a removal joins pages
    connection.execute("DELETE FROM block WHERE position = ?", figures[:1])
    connection.execute("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", (*figures, crc_of(figures, body), body))


def drop_blocks(connection: Connection, upto: int) -> None:
    """Remove the blocks up to a position."""
    connection.execute("DELETE FROM block WHERE position <= ?", (upto,))
