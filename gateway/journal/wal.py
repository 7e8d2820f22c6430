"""Tell a log that a crash cut short from one whose bytes were changed afterwards.

SQLite ends a write-ahead log at the first frame that does not check, silently: right after a crash, since the last
commit may be half on disk, and wrong where whole commits lie behind it. Every commit is synced before the next one is
written, so more than one commit behind the break means damage, and acknowledged messages would vanish unseen.

Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log (header 32 bytes; frame = 24 bytes and a page);
of the index https://www.sqlite.org/walformat.html (2.1, header of 48 bytes, twice).
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gateway.errors import JournalCorrupt
from gateway.journal.sqlite import SALVAGE

__all__ = ["check_log", "frames_told", "sound_frames"]

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_INDEX = struct.Struct("=3I2BH2I2I8s8s")
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
        intact, lost = _commits_behind_a_break(file)
    if lost > 1:
        raise JournalCorrupt(f"{path} is damaged: {lost - 1} or more of its commits can't be read any more.", SALVAGE)
    frames = frames_told(database, path)
    if frames > intact:
        raise JournalCorrupt(f"{path} is damaged: it had {frames} whole frames, {intact} are left.", SALVAGE)


def frames_told(database: Path, log: Path) -> int:
    """How many frames of the log were synced, as the index beside it says, which a killed process leaves; 0: unknown.

    SQLite writes this figure after a commit has been synced, so it is never ahead of the disk. It tells of a log that
    was cut, or whose very last commit was changed.
    """
    try:
        with database.with_name(database.name + "-shm").open("rb") as file:
            head, copy = file.read(_INDEX.size), file.read(_INDEX.size)
        with log.open("rb") as file:
            salts = file.read(_HEADER.size)[16:24]
    except OSError:
        return 0
    if len(copy) < _INDEX.size or head != copy:
        return 0
    _, _, _, ready, _, _, frames, _, _, _, told, _ = _INDEX.unpack(head)
    # an empty log: it was begun anew, then the figure is 0, or somebody emptied it
    return int(frames) if ready and (told == salts or not salts) else 0


def sound_frames(log: Path, page_size: int, told: int = 0) -> tuple[dict[int, bytes], int]:
    """The newest version of each page in a log, up to its last whole commit, whatever lies damaged before it.

    Each frame is checked by the sums that its predecessor bears, so one that is damaged hides at most one more. Of a
    sound log this is what SQLite sees. `told`: how many frames were synced, so that they count without their commit.

    Gives the pages, and the number of the last of these frames, from 1 on.
    """
    data = log.read_bytes()
    if len(data) < _HEADER.size or not any(data[: _HEADER.size]):
        return {}, 0
    magic, _, _, _, salt1, salt2, a, b = _HEADER.unpack_from(data)
    checksum = _Checksum(2 + page_size // 4, bool(magic & 1))
    if _Checksum(6, bool(magic & 1))((0, 0), data[:24]) != (a, b) and len(data) >= _HEADER.size + _FRAME.size:
        # a damaged header: the first frame bears the salts too
        salt1, salt2 = _FRAME.unpack_from(data, _HEADER.size)[2:4]
    committed: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    sums = a, b
    last = 0
    places = range(_HEADER.size, len(data) - _FRAME.size - page_size + 1, _FRAME.size + page_size)
    for frame, at in enumerate(places, 1):
        number, commit, frame_salt1, frame_salt2, a, b = _FRAME.unpack_from(data, at)
        if (frame_salt1, frame_salt2) != (salt1, salt2):
            continue
        page = data[at + _FRAME.size : at + _FRAME.size + page_size]
        if checksum(sums, data[at : at + 8] + page) == (a, b):
            pending[number] = page
            if commit or frame <= told:
                committed.update(pending)
                pending.clear()
                last = frame
        sums = a, b
    return committed, last


def _commits_behind_a_break(file: BinaryIO) -> tuple[int, int]:
    """Frames that are whole and committed, and commits behind them."""
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or not any(head):
        return 0, 0
    magic, _, page_size, _, salt1, salt2, a, b = _HEADER.unpack(head)
    big_endian = bool(magic & 1)
    sound = magic & ~1 == _MAGIC and page_size in _PAGE_SIZES
    sums = _Checksum(6, big_endian)((0, 0), head[:24])
    if not sound or sums != (a, b):
        # written and synced before any frame of its own: a crash doesn't leave this
        return 0, 2
    checksum = _Checksum(2 + page_size // 4, big_endian)
    intact, behind, frames, committed = True, 0, 0, 0
    while len(frame := file.read(_FRAME.size + page_size)) == _FRAME.size + page_size:
        _, commit, frame_salt1, frame_salt2, a, b = _FRAME.unpack_from(frame)
        # other salts: left over from before the log last started over
        ours = (frame_salt1, frame_salt2) == (salt1, salt2)
        if intact and ours:
            sums = checksum(sums, frame[:8] + frame[_FRAME.size :])
        intact = intact and ours and sums == (a, b)
        frames += intact
        committed = frames if intact and commit else committed
        behind += not intact and ours and commit != 0
    return committed, behind
