"""What can still be read of an outbox: every record that bears its seal, wherever it lies.

Freed pages still hold older records. Calls and names never change, blocks only get smaller, totals only grow and
cursors only move on: so of several records of one thing the farthest one stands.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from isal.isal_zlib import crc32

from gateway.engine.results import LedgerDelta, LedgerKey, SeriesName
from gateway.errors import JournalCorrupt
from gateway.journal.block_queue import PACKED, THINNED
from gateway.journal.blocks import unpack
from gateway.journal.cursors import StoreState
from gateway.journal.day_books import DayBook
from gateway.journal.lost_hours import LostHour
from gateway.journal.marks import Mark
from gateway.journal.outbox import OutboxState
from gateway.journal.pages import Pages, Record
from gateway.journal.recorded import SnapshotRow, StepRecord
from gateway.journal.salvage.inbox_wreck import identity
from gateway.journal.sqlite import PAGE_BYTES, crc_of, unsealed

__all__ = ["BlockFacts", "OutboxWreck"]

_BLOCK, _STEP, _SNAPSHOT, _MARK, _SERIES, _SEVEN, _HOUR, _DAY = 6, 9, 7, 10, 6, 7, 6, 5


class BlockFacts(msgspec.Struct, frozen=True):
    """A block that is whole, without its body."""

    position: int
    kind: str
    readings: int
    size: int
    """Of its body when it is not packed."""
    checksum: int
    """CRC-32 of its body, not packed: that of the call that gave it, unless it is thinned."""


class OutboxWreck:
    """`state` None: its running figures can't be read; `journal_id` "": nor can that."""

    def __init__(self, path: Path) -> None:
        self._pages = Pages(path, PAGE_BYTES)
        self.state: OutboxState | None = None
        self.journal_id = ""
        self.frames_lost = self._pages.frames_lost
        self.steps: dict[int, StepRecord] = {}
        self.blocks: dict[int, BlockFacts] = {}
        self.told: dict[int, int] = {}
        """Readings of a block by the index of blocks, which bears no seal; of damaged blocks too."""
        self.thinned: set[int] = set()
        """Blocks whose readings were taken out: these are counted as dropped, and must not come back with an older copy
        of the block."""
        self.snapshots: dict[int, SnapshotRow] = {}
        self.series: dict[int, SeriesName] = {}
        self.ledger: LedgerDelta = {}
        self.stores: dict[str, StoreState] = {}
        self.days: dict[tuple[str, int], DayBook] = {}
        self.lost_hours: dict[tuple[str, int], LostHour] = {}
        self.marks: dict[int, Mark] = {}
        for record in self._pages.records():
            self._take(record)

    def bodies(self) -> Iterator[tuple[BlockFacts, bytes]]:
        """The whole blocks with their bodies, in no order; each once."""
        wanted = dict(self.blocks)
        for record in self._pages.records():
            found = _block(record)
            if found is not None and wanted.get(found[0].position) == found[0]:
                del wanted[found[0].position]
                yield found

    def _take(self, record: Record) -> None:
        if record.rowid is None:
            self._take_keyed(record.values)
        elif (found := _block(record)) is not None:
            facts, before = found[0], self.blocks.get(found[0].position)
            if before is None or before.kind != THINNED:
                self.blocks[facts.position] = facts
            if facts.kind == THINNED:
                self.thinned.add(facts.position)
        elif (state := _state_of(record)) is not None:
            if self.state is None or _reach(state) > _reach(self.state):
                self.state = state
        elif record.values and record.values[0] is None:
            self._take_numbered(record.rowid, record.values[1:])
        elif len(record.values) == _SNAPSHOT:
            self._take_snapshot(record)
        elif journal_id := identity(record):
            self.journal_id = journal_id

    def _take_numbered(self, number: int, values: tuple[Any, ...]) -> None:
        match len(values) + 1:
            case 9 if isinstance(values[4], int):
                whole = _unsealed((number, *values[:4], bool(values[4]), *values[5:]))
                if whole is not None:
                    self.steps[number] = StepRecord(*whole)
            case 10:
                whole = _unsealed(values)
                if whole is not None:
                    self.marks[number] = Mark(number, *whole)
            case 6:
                whole = _unsealed((number, *values))
                if whole is not None:
                    self.series[number] = SeriesName(*whole)

    def _take_snapshot(self, record: Record) -> None:
        # its key stands in the second column, as its number
        values = (record.values[0], record.rowid, *record.values[2:])
        whole = _unsealed(values)
        if whole is not None:
            row = SnapshotRow(*whole)
            self.snapshots[row.step] = row

    def _take_keyed(self, values: tuple[Any, ...]) -> None:
        match values:
            case (int(position), int(readings), int(number)) if position == number:  # of outbox 2 and before
                self.told[position] = readings
                return
            case (int(position), str(kind), int(readings), int(number)) if position == number:
                self.told[position] = readings
                if kind == THINNED:
                    self.thinned.add(position)
                return
        if len(values) not in (_SEVEN, _HOUR, _DAY) or not isinstance(values[0], str):
            return
        whole = _unsealed(values)
        if whole is None:
            return
        if len(values) == _DAY:
            book = DayBook(whole[2], whole[3])
            self.days[whole[0], whole[1]] = max(book, self.days.get((whole[0], whole[1]), book))
        elif len(values) == _HOUR:
            hour = LostHour(*whole[2:])
            self.lost_hours[whole[0], whole[1]] = hour.widest(self.lost_hours.get((whole[0], whole[1]), hour))
        elif isinstance(whole[1], str):
            key = LedgerKey(*whole[:5])
            self.ledger[key] = max(whole[5], self.ledger.get(key, 0))
        else:
            state = StoreState(*whole)
            if state.name not in self.stores or _far(state) > _far(self.stores[state.name]):
                self.stores[state.name] = state


def _reach(state: OutboxState) -> tuple[int, int, int, int]:
    # a store may have been given as much at once as any of equal reach says: all of that must be spared
    return state.last_step, state.last_position, state.begin_position, state.write_bytes


def _far(state: StoreState) -> tuple[int, int]:
    return state.position, state.stored + state.refused + state.dropped


def _unsealed(values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    try:
        return unsealed(values, "")
    except (JournalCorrupt, TypeError, OverflowError):
        return None


def _block(record: Record) -> tuple[BlockFacts, bytes] | None:
    match record.values:
        case (None, str(kind), int(readings), int(size), int(crc), bytes(body)) if record.rowid is not None:
            if crc_of((record.rowid, kind, readings, size), body) == crc:
                plain = unpack(body) if kind == PACKED else body
                return BlockFacts(record.rowid, kind, readings, size, crc32(plain)), body
    return None


def _state_of(record: Record) -> OutboxState | None:
    match record:
        case (0, (None, bytes(body), int(crc))) if crc32(body) == crc:
            try:
                return msgspec.msgpack.decode(body, type=OutboxState)
            except msgspec.DecodeError:
                return None
    return None
