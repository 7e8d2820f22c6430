"""A SQLite file read without SQLite: its pages as the newest whole commit left them, and the records on them.

What no index leads to any more is still on its page, and each record of a journal carries its checksum: so whatever is
whole can be found by looking at every page. Nothing is opened for writing and no log is brought in: looking changes
nothing, unlike a connection, which takes a log in when it closes.

    file -----+
              +--> page n --> leaf? --> cells --> record, over as many overflow pages as it takes
    its log --+    up to the last commit that checks

Format: https://www.sqlite.org/fileformat2.html (1.3 header, 1.6 b-tree pages, 2.1 records, 4 write-ahead log).
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.journal.wal import frames_told, sound_frames

__all__ = ["Pages", "Record", "user_version"]

Value = int | float | str | bytes | None
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_TRUNK_WORDS = 2
_MOST_COLUMNS = 64
_NUMBERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FLOAT, _ZERO, _ONE, _BLOB = 7, 8, 9, 12


class Record(NamedTuple):
    """A row of a table, or of a table WITHOUT ROWID (`rowid` None)."""

    rowid: int | None
    values: tuple[Value, ...]


class _Broken(ValueError):
    """These bytes are no record."""


class Pages:
    """A file and its log, of one moment. `size` is the page size that a damaged header no longer tells."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        with path.open("rb") as file:
            # gigabytes of a backlog are looked at, not held
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
        told = int.from_bytes(self._data[16:18], "big") or size
        self.sound_header = self._data[: len(_MAGIC)] == _MAGIC and (65536 if told == 1 else told) == size
        self.size = size
        log = path.with_name(path.name + "-wal")
        self._logged: dict[int, bytes] = {}
        self.frames_lost = 0
        """Frames that the end of the log lacks, though they were synced: nothing else tells what they held."""
        if log.exists():
            told = frames_told(path, log)
            self._logged, last = sound_frames(log, size, told)
            self.frames_lost = max(told - last, 0)
        self.count = max([-(-len(self._data) // size), *self._logged])

    def page(self, number: int) -> bytes:
        """Page `number`, from 1 on; what is cut off is zeros."""
        found = self._logged.get(number)
        if found is None:
            found = self._data[(number - 1) * self.size : number * self.size]
        return found.ljust(self.size, b"\0")

    def records(self) -> Iterator[Record]:
        """Every record that can be read from any leaf, freed pages too: who reads must know old from new."""
        for number in range(1, self.count + 1):
            page = self.page(number)
            start = _HEADER_BYTES if number == 1 else 0
            kind = page[start]
            if kind not in (_TABLE_LEAF, _INDEX_LEAF):
                continue
            cells = int.from_bytes(page[start + 3 : start + 5], "big")
            first = start + 8
            for k in range(min(cells, (self.size - first) // 2)):
                at = int.from_bytes(page[first + 2 * k : first + 2 * k + 2], "big")
                try:
                    yield self._cell(page, at, table=kind == _TABLE_LEAF)
                except (_Broken, IndexError, UnicodeDecodeError):
                    continue

    def _cell(self, page: bytes, at: int, *, table: bool) -> Record:
        length, at = _varint(page, at)
        rowid: int | None = None
        if table:
            rowid, at = _varint(page, at)
        return Record(rowid, _values(self._payload(page, at, length, table=table)))

    def _payload(self, page: bytes, at: int, length: int, *, table: bool) -> bytes:
        most = self.size - 35 if table else (self.size - 12) * 64 // 255 - 23
        if length <= most:
            if at + length > self.size:
                raise _Broken
            return page[at : at + length]
        if length > self.count * self.size:
            raise _Broken
        least = (self.size - 12) * 32 // 255 - 23
        here = least + (length - least) % (self.size - 4)
        here = here if here <= most else least
        if at + here + 4 > self.size:
            raise _Broken
        parts, left = [page[at : at + here]], length - here
        following = int.from_bytes(page[at + here : at + here + 4], "big")
        while left > 0:
            if not 0 < following <= self.count:
                raise _Broken
            page = self.page(following)
            parts.append(page[4 : 4 + min(left, self.size - 4)])
            left -= self.size - 4
            following = int.from_bytes(page[:4], "big")
        return b"".join(parts)


def user_version(path: Path, size: int) -> int | None:
    """`PRAGMA user_version` of a file, read without touching it or its log; None: it is empty or no database."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    log = path.with_name(path.name + "-wal")
    head = sound_frames(log, size)[0].get(1) if log.exists() else None
    if head is None:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES or not head.startswith(_MAGIC):
        return None
    (version,) = struct.unpack(">I", head[60:64])
    return int(version)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for k in range(9):
        byte = data[at + k]
        if k == 8:
            value = value << 8 | byte
            break
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return (value - (1 << 64) if value >= 1 << 63 else value), at + k + 1


def _values(payload: bytes) -> tuple[Value, ...]:
    head, at = _varint(payload, 0)
    if not 0 < head <= len(payload):
        raise _Broken
    kinds = []
    while at < head:
        kind, at = _varint(payload, at)
        kinds.append(kind)
        if len(kinds) > _MOST_COLUMNS:
            raise _Broken
    out: list[Value] = []
    at = head
    for kind in kinds:
        size = _NUMBERS.get(kind, 8 if kind == _FLOAT else (kind - _BLOB) // 2 if kind >= _BLOB else 0)
        if kind < 0 or at + size > len(payload):
            raise _Broken
        data = payload[at : at + size]
        at += size
        out.append(_value(kind, data))
    return tuple(out)


def _value(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind in _NUMBERS:
        return int.from_bytes(data, "big", signed=True)
    if kind == _FLOAT:
        (number,) = struct.unpack(">d", data)
        return float(number)
    if kind in (_ZERO, _ONE):
        return kind - _ZERO
    if kind < _BLOB:
        raise _Broken
    return data.decode() if kind % 2 else data
