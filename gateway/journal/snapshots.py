"""Snapshots: the whole state of an engine between two calls, as files that are there whole or not at all.

Written beside its name, synced, renamed, folder synced. The outbox names a file only after that, so whatever it names
was once complete; what was damaged since is found by the checksum and passed over for the older one.

    magic 8 | journal id 32 | step 8 | length 8 | crc 4 | msgpack of the snapshot     (integers little-endian)
"""

import os
import struct
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from isal.isal_zlib import crc32, crc32_combine

from gateway.errors import JournalMixedUp
from gateway.journal.files import sync_folder, translated_os
from gateway.journal.snapshot_bytes import pieces, unpacked
from gateway.journal.sqlite import RESTORE, Fault, no_fault
from gateway.journal.versions import refuse_newer

__all__ = ["Snapshot", "SnapshotHead", "Snapshots", "refuse_newer_snapshots"]

_KIND, _VERSION = b"CLSNAP", 1
_MAGIC = _KIND + b"%02d" % _VERSION
_HEAD = struct.Struct("<8s32sqQI")
_SUFFIX = ".snap"


class Snapshot(msgspec.Struct):
    """An engine after call `step`, with the configuration that it then had."""

    journal_id: str
    step: int
    end_offset: int
    """The first inbox row that it has not seen."""
    now: int
    config_digest: str
    config: bytes
    state: dict[str, Any]
    """dicts, lists, numbers, strings, bytes and numpy arrays of plain dtypes; tuples and sets come back as lists."""


class SnapshotHead(NamedTuple):
    """What can be told without reading the state."""

    name: str
    journal_id: str
    step: int


def refuse_newer_snapshots(folder: Path) -> None:
    """Nothing where this program knows the format of every snapshot in `folder`.

    Raises:
        VersionError: one was written by a newer version.
    """
    if not folder.is_dir():
        return
    with translated_os(folder):
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            with path.open("rb") as file:
                magic = file.read(len(_MAGIC))
            if magic.startswith(_KIND) and (number := magic.removeprefix(_KIND)).isdigit():
                refuse_newer(path, int(number), _VERSION, "format")


class Snapshots:
    """The folder of snapshots; one thread at a time writes."""

    def __init__(self, folder: Path, fault: Fault = no_fault) -> None:
        self._folder = folder
        self._fault = fault

    def write(self, snapshot: Snapshot) -> str:
        """Make the file durable; returns its name, for the outbox to note.

        Raises:
            JournalFull: no room; nothing is left behind.
        """
        name = f"{snapshot.step}{_SUFFIX}"
        path, temporary = self._folder / name, self._folder / f"{name}.tmp"
        head = [_MAGIC, snapshot.journal_id.encode(), snapshot.step]
        with translated_os(path):
            try:
                length, body_crc = 0, 0
                with temporary.open("wb") as file:
                    file.write(bytes(_HEAD.size))  # it is known at the end: of a state of gigabytes there is no second
                    for piece in pieces(snapshot):
                        file.write(piece)
                        length, body_crc = length + len(piece), crc32(piece, body_crc)
                    crc = crc32_combine(crc32(_HEAD.pack(*head, length, 0)), body_crc, length)
                    file.seek(0)
                    file.write(_HEAD.pack(*head, length, crc))
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            self._fault("snapshot-before-rename")
            temporary.replace(path)
            sync_folder(self._folder)
        self._fault("snapshot-after-rename")
        return name

    def newest_good(self, journal_id: str) -> tuple[Snapshot | None, list[str]]:
        """The newest snapshot that is whole (None: there is none), and the names of damaged ones that were passed over.

        Raises:
            JournalMixedUp: it belongs to another journal.
        """
        damaged: list[str] = []
        for name in self._names():
            found = self.load(self._folder / name)
            if found is None:
                damaged.append(name)
            elif found.journal_id != journal_id:
                raise JournalMixedUp(f"{self._folder / name} belongs to another journal.", f"{RESTORE}.")
            else:
                return found, damaged
        return None, damaged

    def heads(self) -> list[SnapshotHead]:
        """All files whose first bytes can be read, newest first."""
        out = []
        with translated_os(self._folder):
            for name in self._names():
                with (self._folder / name).open("rb") as file:
                    head = file.read(_HEAD.size)
                if len(head) == _HEAD.size and head.startswith(_MAGIC):
                    _, journal_id, step, _, _ = _HEAD.unpack(head)
                    out.append(SnapshotHead(name, journal_id.decode("ascii", "replace"), step))
        return out

    def prune(self, keep: Collection[str]) -> None:
        """Remove every file but those in `keep`: older ones and what a crash left half-written."""
        with translated_os(self._folder):
            for path in self._folder.iterdir():
                if path.name not in keep and path.name.endswith((_SUFFIX, ".tmp")):
                    path.unlink()

    def _names(self) -> list[str]:
        found = [path.name for path in self._folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal()]
        return sorted(found, key=lambda name: int(name.removesuffix(_SUFFIX)), reverse=True)

    def load(self, path: Path) -> Snapshot | None:
        """A snapshot by its file; None: it is damaged."""
        with translated_os(path):
            data = path.read_bytes()
        if len(data) < _HEAD.size or not data.startswith(_MAGIC):
            return None
        magic, journal_id, step, length, crc = _HEAD.unpack_from(data)
        body = memoryview(data)[_HEAD.size :]
        if len(body) != length or crc32(body, crc32(_HEAD.pack(magic, journal_id, step, length, 0))) != crc:
            return None
        return msgspec.msgpack.decode(body, type=Snapshot, ext_hook=unpacked)
