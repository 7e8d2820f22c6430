"""The tables of records.db and the SQL over them; each function runs inside its caller's transaction.

state         one row: journal, position of the last block, schema version
devices       the newest record of each device
dead_letters  what could not be used, oldest first; bounded by number and bytes
purged        how many letters of each reason had to go
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from gateway.engine.results import DeviceRecord, Reject

__all__ = [
    "SCHEMA", "VERSION", "DeadLetter", "Held", "LetterFilter", "add_devices", "add_letters", "all_devices",
    "count_chosen", "count_letters", "find_letters", "held_letters", "last_number", "letter_id", "letters_between",
    "mark_replayed", "oldest_letters", "purge", "purged_counts", "trim_letters",
]  # fmt: skip

VERSION = 1
_OVERHEAD = 200
"""Bytes of a letter beside its texts, roughly: row, index, numbers."""

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS state(id INTEGER PRIMARY KEY CHECK (id = 0), journal TEXT NOT NULL, "
    "position INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS devices(id TEXT PRIMARY KEY, since INTEGER NOT NULL, record BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS dead_letters(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, "
    "row INTEGER NOT NULL, received_at INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, "
    "source INTEGER NOT NULL, profile TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, "
    "device TEXT NOT NULL, bytes INTEGER NOT NULL, replayed_at INTEGER)",
    "CREATE INDEX IF NOT EXISTS dead_letter_bytes ON dead_letters(bytes)",
    "CREATE TABLE IF NOT EXISTS purged(reason TEXT PRIMARY KEY, number INTEGER NOT NULL)",
)
_COLUMNS = "id, row, received_at, reason, detail, source, profile, topic, payload, device, replayed_at"


class Held(NamedTuple):
    """How many dead letters there are, or may be."""

    number: int
    bytes: int


class DeadLetter(NamedTuple):
    """A message, or a part of one, that could not be used."""

    id: str
    """Twelve characters, the same for the same letter after any crash or repetition."""
    offset: int
    """Its row in the inbox; negative where a store refused a point."""
    received_at: int
    reason: str
    detail: str
    source: int
    profile: str
    topic: str
    payload: bytes
    device: str
    replayed_at: int | None
    """UTC ns; None: never replayed."""


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters; what is None or empty doesn't narrow. `since` is UTC ns of receipt; `limit` takes the newest.

    `upto` is a number of `last_number`: no letter that came after it. `message`: those that hold one (a point that a
    store refused does not).
    """

    ids: Sequence[str] = ()
    reason: str | None = None
    profile: str | None = None
    device: str | None = None
    since: int | None = None
    replayed: bool | None = None
    upto: int | None = None
    message: bool | None = None
    before: str = ""
    """Older than the letter with this id."""
    limit: int | None = None

    def sql(self) -> tuple[str, list[object]]:
        """The numbers of the chosen letters, as a query with its parameters."""
        where, values = self.where()
        values.append(-1 if self.limit is None else self.limit)
        return f"SELECT number FROM dead_letters WHERE {where} ORDER BY number DESC LIMIT ?", values  # noqa: S608

    def where(self) -> tuple[str, list[object]]:
        """The condition on a letter, with its parameters; `limit` is not in it."""
        terms, values = ["1"], list[object]()
        if self.ids:
            terms.append("id IN (SELECT value FROM json_each(?))")
            values.append(msgspec.json.encode(list(self.ids)).decode())
        for column, value in (("reason", self.reason), ("profile", self.profile), ("device", self.device)):
            if value is not None:
                terms.append(f"{column} = ?")
                values.append(value)
        if self.since is not None:
            terms.append("received_at >= ?")
            values.append(self.since)
        if self.replayed is not None:
            terms.append("replayed_at IS NOT NULL" if self.replayed else "replayed_at IS NULL")
        if self.upto is not None:
            terms.append("number <= ?")
            values.append(self.upto)
        if self.before:
            # a letter that was purged for its age has none before it
            terms.append("number < (SELECT number FROM dead_letters WHERE id = ?)")
            values.append(self.before)
        if self.message is not None:
            terms.append("topic <> ''" if self.message else "topic = ''")
        return " AND ".join(terms), values


def letter_id(offset: int, reason: str, device: str) -> str:
    """The lasting id of a letter: the message's offset, the reason, and the device where one message names several."""
    name = f"{offset}\0{reason}\0{device}".encode()
    return hashlib.blake2s(name, digest_size=6).hexdigest()


def add_letters(db: sqlite3.Connection, rejects: Sequence[Reject], held: Held) -> Held:
    """Take in letters; one that is there already stays as it is."""
    number, size = held
    for reject in rejects:
        texts = (reject.detail, reject.profile, reject.topic, reject.device)
        weight = _OVERHEAD + len(reject.payload) + sum(len(text.encode()) for text in texts)
        added = db.execute(
            "INSERT OR IGNORE INTO dead_letters(id, row, received_at, reason, detail, source, profile, topic, payload, "
            "device, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                letter_id(reject.offset, reject.reason, reject.device), reject.offset, reject.received_at,
                str(reject.reason), reject.detail, reject.source, reject.profile, reject.topic, reject.payload,
                reject.device, weight,
            ),
        ).rowcount  # fmt: skip
        number += added
        size += added * weight
    return Held(number, size)


def held_letters(db: sqlite3.Connection) -> Held:
    """How many letters there are, counted."""
    return Held(*db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM dead_letters").fetchone())


def trim_letters(db: sqlite3.Connection, held: Held, most: Held) -> tuple[Held, int]:
    """Purge the oldest letters until the bounds hold, and count them by reason; gives the rest, and how many went."""
    number, size = held
    last = None
    gone = Counter[str]()
    oldest = db.execute("SELECT number, reason, bytes FROM dead_letters ORDER BY number")
    while number > most.number or size > most.bytes:
        last, reason, weight = oldest.fetchone()
        gone[reason] += 1
        number, size = number - 1, size - weight
    oldest.close()
    if last is not None:
        db.execute("DELETE FROM dead_letters WHERE number <= ?", (last,))
        db.executemany(
            "INSERT INTO purged VALUES (?, ?) ON CONFLICT(reason) DO UPDATE SET number = number + excluded.number",
            gone.items(),
        )
    return Held(number, size), gone.total()


def find_letters(db: sqlite3.Connection, which: LetterFilter) -> list[DeadLetter]:
    """The chosen letters, the newest first."""
    chosen, values = which.sql()
    sql = f"SELECT {_COLUMNS} FROM dead_letters WHERE number IN ({chosen}) ORDER BY number DESC"  # noqa: S608
    return [DeadLetter(*row) for row in db.execute(sql, values)]


def oldest_letters(db: sqlite3.Connection, which: LetterFilter, most: Held) -> list[DeadLetter]:
    """The oldest of the chosen letters, within a number and bytes, but one at least; `which.limit` has no say."""
    where, values = which.where()
    out, size = list[DeadLetter](), 0
    sql = f"SELECT bytes, {_COLUMNS} FROM dead_letters WHERE {where} ORDER BY number LIMIT ?"  # noqa: S608
    for weight, *columns in db.execute(sql, [*values, most.number]):
        size += weight
        if out and size > most.bytes:
            break
        out.append(DeadLetter(*columns))
    return out


def count_chosen(db: sqlite3.Connection, which: LetterFilter) -> int:
    """How many letters are chosen."""
    where, values = which.where()
    return int(db.execute(f"SELECT count(*) FROM dead_letters WHERE {where}", values).fetchone()[0])  # noqa: S608


def last_number(db: sqlite3.Connection) -> int:
    """The number of the newest letter; a letter that comes later gets a higher one."""
    return int(db.execute("SELECT coalesce(max(number), 0) FROM dead_letters").fetchone()[0])


def mark_replayed(db: sqlite3.Connection, ids: Sequence[str], now: int) -> int:
    """Note that letters went back into the inbox; gives how many there were."""
    chosen, values = LetterFilter(ids=ids or [""]).sql()
    sql = f"UPDATE dead_letters SET replayed_at = ? WHERE number IN ({chosen})"  # noqa: S608
    return db.execute(sql, [now, *values]).rowcount


def purge(db: sqlite3.Connection, which: LetterFilter) -> int:
    """Delete the chosen letters at an operator's word; gives how many."""
    chosen, values = which.sql()
    return db.execute(f"DELETE FROM dead_letters WHERE number IN ({chosen})", values).rowcount  # noqa: S608


def count_letters(db: sqlite3.Connection) -> dict[str, int]:
    """Letters by reason."""
    return dict(db.execute("SELECT reason, count(*) FROM dead_letters GROUP BY reason").fetchall())


def letters_between(db: sqlite3.Connection, start: int, end: int) -> list[tuple[str, str, int]]:
    """(reason, profile, number) of letters received in [start, end)."""
    query = (
        "SELECT reason, profile, count(*) FROM dead_letters WHERE received_at >= ? AND received_at < ? "
        "GROUP BY reason, profile ORDER BY reason, profile"
    )
    return [(reason, profile, number) for reason, profile, number in db.execute(query, (start, end))]


def purged_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Letters that went for want of room, by reason."""
    return dict(db.execute("SELECT reason, number FROM purged").fetchall())


def add_devices(db: sqlite3.Connection, devices: Sequence[DeviceRecord]) -> None:
    """The newest record of a device stands: the last one that came."""
    db.executemany(
        "INSERT INTO devices VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET since = excluded.since, "
        "record = excluded.record",
        [(device.id, device.since, msgspec.msgpack.encode(device)) for device in devices],
    )


def all_devices(db: sqlite3.Connection) -> list[DeviceRecord]:
    """All devices by id."""
    rows = db.execute("SELECT record FROM devices ORDER BY id")
    return [msgspec.msgpack.decode(record, type=DeviceRecord) for (record,) in rows]
