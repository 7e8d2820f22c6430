"""What each device's record was, in records.db; functions run inside the caller's transaction.

device_changes  a record of a device a row, each other than the one before it: where it stood, how it was called
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from gateway.engine.results import DeviceRecord

__all__ = ["DEVICE_SCHEMA", "add_device_changes", "device_history"]

DEVICE_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS device_changes(number INTEGER PRIMARY KEY, id TEXT NOT NULL, since INTEGER NOT NULL, "
    "record BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS device_change_device ON device_changes(id)",
)
_MOST = 100
"""Records of a device; of more the oldest go."""


def add_device_changes(db: sqlite3.Connection, devices: Sequence[DeviceRecord]) -> None:
    """Note what is another record than the one that stands; before it stands itself (`add_devices`)."""
    for device in devices:
        row = db.execute("SELECT record FROM devices WHERE id = ?", (device.id,)).fetchone()
        standing = None if row is None else msgspec.msgpack.decode(row[0], type=DeviceRecord)
        if standing is not None and msgspec.structs.replace(standing, since=device.since) == device:
            continue
        if standing is not None and not _known(db, device.id):
            _add(db, standing)  # of a file of a version that kept none
        _add(db, device)
        if standing is not None:
            db.execute(
                "DELETE FROM device_changes WHERE id = ? AND number NOT IN "
                "(SELECT number FROM device_changes WHERE id = ? ORDER BY number DESC LIMIT ?)",
                (device.id, device.id, _MOST),
            )


def device_history(db: sqlite3.Connection, device: str) -> list[DeviceRecord]:
    """Its records, the oldest first; empty where it has had one only, which a version before noted."""
    rows = db.execute("SELECT record FROM device_changes WHERE id = ? ORDER BY number", (device,))
    return [msgspec.msgpack.decode(record, type=DeviceRecord) for (record,) in rows]


def _known(db: sqlite3.Connection, device: str) -> bool:
    return db.execute("SELECT 1 FROM device_changes WHERE id = ? LIMIT 1", (device,)).fetchone() is not None


def _add(db: sqlite3.Connection, device: DeviceRecord) -> None:
    values = (device.id, device.since, msgspec.msgpack.encode(device))
    db.execute("INSERT INTO device_changes(id, since, record) VALUES (?, ?, ?)", values)
