"""What can still be read of an inbox: chunks that are whole, and what the rest says of itself.

Every page is looked at, so that a broken tree hides nothing; a chunk counts by its checksum. Freed pages still hold
older chunks and figures: what lies below `begin` is old, and of several figures the farthest ones stand.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from isal.isal_zlib import crc32

from gateway.journal.chunks import Stored, rows_of
from gateway.journal.inbox import InboxState
from gateway.journal.pages import Pages, Record
from gateway.journal.sqlite import PAGE_BYTES, crc_of
from gateway.rows import Rows

__all__ = ["Chunk", "Gap", "InboxWreck"]

_COLUMNS = 6
_DECODER = msgspec.msgpack.Decoder(list[Stored])


class Chunk(NamedTuple):
    """A chunk that is whole."""

    first: int
    rows: int
    messages: int
    qos1: dict[int, int]
    first_at: int
    last_at: int

    @property
    def end(self) -> int:
        """The offset behind its last row."""
        return self.first + self.rows


class Gap(NamedTuple):
    """Rows [first, end) that can't be read; they came between two moments (UTC ns), 0: not known."""

    first: int
    end: int
    after: int
    before: int


class InboxWreck:
    """`state` None: its running figures can't be read; `journal_id` "": nor can that."""

    def __init__(self, path: Path) -> None:
        self._pages = Pages(path, PAGE_BYTES)
        self.state: InboxState | None = None
        self.journal_id = ""
        self.frames_lost = self._pages.frames_lost
        chunks: dict[int, Chunk] = {}
        for record in self._pages.records():
            if (found := _whole(record)) is not None:
                chunks[found[0].first] = found[0]
            elif (state := _state_of(record)) is not None:
                if self.state is None or (state.end, state.begin) > (self.state.end, self.state.begin):
                    self.state = state
            elif record.rowid is not None and (journal_id := identity(record)):
                self.journal_id = journal_id
        begin = self.state.begin if self.state is not None else min(chunks, default=0)
        held = sorted(chunk for chunk in chunks.values() if chunk.end > begin)
        self.chunks = [chunk for chunk, before in zip(held, [None, *held], strict=False) if _follows(before, chunk)]
        self.begin = begin

    def end(self, at_least: int) -> int:
        """The offset behind the last row that there ever was, as far as anything tells."""
        told = self.state.end if self.state is not None else 0
        return max(at_least, told, self.chunks[-1].end if self.chunks else 0)

    def gaps(self, end: int) -> list[Gap]:
        """What is missing between the oldest row and `end`."""
        out: list[Gap] = []
        at, came = self.begin, 0
        for chunk in self.chunks:
            if chunk.first > at:
                out.append(Gap(at, chunk.first, came, chunk.first_at))
            at, came = max(at, chunk.end), chunk.last_at
        if at < end:
            out.append(Gap(at, end, came, 0))
        return out

    def bodies(self) -> Iterator[tuple[Chunk, bytes, Rows]]:
        """The whole chunks with what is in them, in no order; each once."""
        wanted = {chunk.first for chunk in self.chunks}
        for record in self._pages.records():
            found = _whole(record)
            if found is not None and found[0].first in wanted:
                wanted.discard(found[0].first)
                yield found


def identity(record: Record) -> str:
    """The journal's id, where the record is the one row of `meta`; else ""."""
    match record.values:
        case (str(text), int(complete)) if complete in (0, 1) and len(text) == 32 and text.isalnum():
            return text
    return ""


def _whole(record: Record) -> tuple[Chunk, bytes, Rows] | None:
    first = record.rowid
    if first is None or first < 0 or len(record.values) != _COLUMNS or record.values[0] is not None:
        return None
    match record.values[1:]:
        case (int(rows), int(messages), bytes(qos1), int(crc), bytes(body)):
            if crc_of((first, rows, messages, qos1), body) != crc:
                return None
        case _:
            return None
    try:
        content = rows_of(_DECODER.decode(body))
        figures = msgspec.msgpack.decode(qos1, type=dict[int, int])
    except msgspec.DecodeError:
        return None
    if len(content) != rows or not rows:
        return None
    return Chunk(first, rows, messages, figures, content.runs[0].first_at, content.runs[-1].last_at), body, content


def _state_of(record: Record) -> InboxState | None:
    match record:
        case (0, (None, bytes(body), int(crc))) if crc32(body) == crc:
            try:
                return msgspec.msgpack.decode(body, type=InboxState)
            except msgspec.DecodeError:
                return None
    return None


def _follows(before: Chunk | None, chunk: Chunk) -> bool:
    return before is None or chunk.first >= before.end
