"""Tell a log that a crash cut short from one whose bytes were changed afterwards.

SQLite ends a write-ahead log at the first frame that does not check, silently: right after a crash, since the last
commit may be half on disk, and wrong where whole commits lie behind it. Every commit is synced before the next one is
written, so more than one commit behind the break means damage, and acknowledged messages would vanish unseen.

Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log (header 32 bytes; frame = 24 bytes and a page).
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gateway.errors import JournalCorrupt
from gateway.journal.sqlite import SALVAGE

__all__ = ["check_log", "sound_frames"]

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682  # the lowest bit says that the sums read big-endian words
_MASK = 0xFFFFFFFF
_PAGE_SIZES = {512 << i for i in range(8)}

U32 = NDArray[np.uint32]
Sums = tuple[int, int]


class _Checksum:
    """SQLite's running sums over `words` 32-bit words: a += b + x0; b += a + x1, which is linear in (a, b, x)."""

    def __init__(self, words: int, big_endian: bool) -> None:
        self._dtype = np.dtype(">u4" if big_endian else "<u4")
        self._weights = np.empty((2, words), np.uint32)
        a0, a1, b0, b1 = 1, 0, 0, 1  # what the sums that far add to the final ones: [[1, 1], [1, 2]] to the power i
        for i in range(words - 2, -1, -2):
            self._weights[0, i : i + 2] = (a0 + a1) & _MASK, a1
            self._weights[1, i : i + 2] = (b0 + b1) & _MASK, b1
            a0, a1 = (a0 + a1) & _MASK, (a0 + 2 * a1) & _MASK
            b0, b1 = (b0 + b1) & _MASK, (b0 + 2 * b1) & _MASK
        self._carry = a0, a1, b0, b1

    def __call__(self, sums: Sums, data: bytes) -> Sums:
        own = (self._weights * np.frombuffer(data, self._dtype)).sum(axis=1, dtype=np.uint32)
        a0, a1, b0, b1 = self._carry
        a, b = sums
        return (a0 * a + a1 * b + int(own[0])) & _MASK, (b0 * a + b1 * b + int(own[1])) & _MASK


def check_log(database: Path) -> None:
    """Look at the log beside `database`, before SQLite does.

    Raises:
        JournalCorrupt: commits that were complete can't be read any more.
    """
    path = database.with_name(database.name + "-wal")
    if not path.exists():
        return
    with path.open("rb") as file:
        lost = _commits_behind_a_break(file)
    if lost > 1:
        raise JournalCorrupt(f"{path} is damaged: {lost - 1} or more of its commits can't be read any more.", SALVAGE)


def sound_frames(log: Path, page_size: int) -> dict[int, bytes]:
    """The newest version of each page in a log, up to its last whole commit, whatever lies damaged before it.

    Each frame is checked by the sums that its predecessor bears, so one that is damaged hides at most one more. Of a
    sound log this is what SQLite sees.
    """
    data = log.read_bytes()
    if len(data) < _HEADER.size or not any(data[: _HEADER.size]):
        return {}
    magic, _, _, _, salt1, salt2, a, b = _HEADER.unpack_from(data)
    checksum = _Checksum(2 + page_size // 4, bool(magic & 1))
    if _Checksum(6, bool(magic & 1))((0, 0), data[:24]) != (a, b) and len(data) >= _HEADER.size + _FRAME.size:
        # a damaged header: the first frame bears the salts too
        salt1, salt2 = _FRAME.unpack_from(data, _HEADER.size)[2:4]
    committed: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    sums = a, b
    for at in range(_HEADER.size, len(data) - _FRAME.size - page_size + 1, _FRAME.size + page_size):
        number, commit, frame_salt1, frame_salt2, a, b = _FRAME.unpack_from(data, at)
        if (frame_salt1, frame_salt2) != (salt1, salt2):
            continue
        page = data[at + _FRAME.size : at + _FRAME.size + page_size]
        if checksum(sums, data[at : at + 8] + page) == (a, b):
            pending[number] = page
            if commit:
                committed.update(pending)
                pending.clear()
        sums = a, b
    return committed


def _commits_behind_a_break(file: BinaryIO) -> int:
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or not any(head):
        return 0
    magic, _, page_size, _, salt1, salt2, a, b = _HEADER.unpack(head)
    big_endian = bool(magic & 1)
    sound = magic & ~1 == _MAGIC and page_size in _PAGE_SIZES
    sums = _Checksum(6, big_endian)((0, 0), head[:24])
    if not sound or sums != (a, b):
        # written and synced before any frame of its own: a crash doesn't leave this
        return 2
    checksum = _Checksum(2 + page_size // 4, big_endian)
    intact, behind = True, 0
    while len(frame := file.read(_FRAME.size + page_size)) == _FRAME.size + page_size:
        _, commit, frame_salt1, frame_salt2, a, b = _FRAME.unpack_from(frame)
        # other salts: left over from before the log last started over
        ours = (frame_salt1, frame_salt2) == (salt1, salt2)
        if intact and ours:
            sums = checksum(sums, frame[:8] + frame[_FRAME.size :])
        intact = intact and ours and sums == (a, b)
        behind += not intact and ours and commit != 0
    return behind
