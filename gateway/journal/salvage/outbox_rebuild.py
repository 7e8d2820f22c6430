"""A new outbox of what is whole in a damaged one; the stores that lack a lost block count its readings as dropped.

Readings up to a store's cursor are what it stored, refused and dropped, and all readings are the ledger's `accepted`:
so how many a lost block held is known even where nothing of it can be read. Of which time they were its neighbours
tell; these hours are noted like those of readings that were dropped for want of room, so that no window of them is
revised from what is left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

import msgspec
from isal.isal_zlib import crc32

from gateway.engine.results import LedgerDelta, LedgerKey, SeriesName, StepResult
from gateway.journal.block_queue import THINNED, put_block
from gateway.journal.blocks import decode, encode, without_readings
from gateway.journal.cursors import StoreState, put_store
from gateway.journal.day_books import add_days
from gateway.journal.kept import put_series, put_totals
from gateway.journal.lost_hours import add_lost_span, put_lost
from gateway.journal.marks import MARK_COLUMNS, add_marks
from gateway.journal.outbox import OUTBOX_SCHEMA, OUTBOX_VERSION, OutboxState
from gateway.journal.recorded import SnapshotRow, StepRecord, name_snapshot, record_step
from gateway.journal.salvage.lost_spans import spans_of
from gateway.journal.salvage.outbox_wreck import OutboxWreck
from gateway.journal.sqlite import connect, create, sealed, translated
from processors.columns import DirtyPanes

__all__ = ["LostBlock", "OutboxPlan", "rebuild_outbox"]

_MOST_MARKS = 10_000


class LostBlock(msgspec.Struct, frozen=True):
    """A block is gone that these stores have not got: they drop its readings."""

    position: int
    readings: int
    stores: tuple[str, ...]
    after: int
    """The readings are of times from here on (UTC ns; 0: not known, or there are none), but for late ones."""
    before: int
    """And up to here."""


class OutboxPlan:
    """What the new file is to hold. `blocks`, `last_*` and `processed` follow from the wreck."""

    def __init__(self, wreck: OutboxWreck, stores: Iterable[str], last_snapshot: int, end_offset: int) -> None:
        """`last_snapshot`, `end_offset`: of the newest snapshot that is whole, 0 for none."""
        state = wreck.state or OutboxState()
        self.wreck = wreck
        self.last_step = max([state.last_step, last_snapshot, *wreck.steps])
        last = wreck.steps.get(self.last_step)
        self.processed = max(state.processed_offset, last.end_offset if last is not None else end_offset)
        self.last_position = max([state.last_position, *wreck.blocks, *(s.position for s in wreck.stores.values())])
        begin = state.begin_position if wreck.state is not None else min(wreck.blocks, default=1) - 1
        self.accepted = sum(n for key, n in wreck.ledger.items() if (key.book, key.term) == ("reading", "accepted"))
        self.stores = dict(wreck.stores)
        held = sum(block.readings for block in wreck.blocks.values() if block.position > begin)
        for name in stores:
            if name not in self.stores:
                # whoever keeps a cursor of its own says at the next start whether this is right
                dropped = self.dropped_after(begin)
                self.stores[name] = StoreState(name, begin, stored=max(self.accepted - held, 0), dropped=dropped)
        self.forgotten_stores = sorted(set(self.stores) - set(wreck.stores))
        self.begin = max(begin, min((each.position for each in self.stores.values()), default=begin))
        self.missing = [at for at in range(self.begin + 1, self.last_position + 1) if at not in wreck.blocks]
        self.mended: dict[int, bytes] = {}
        """Blocks that could be computed again."""
        self.trimmed_readings = state.trimmed_readings
        for each in self.stores.values():
            if each.position == self.begin:
                # what was dropped of blocks that it has not come to is among its figures, too
                settled = each.stored + each.refused + each.dropped
                self.trimmed_readings = settled - self.dropped_after(self.begin)

    def dropped_after(self, position: int) -> int:
        """Readings that were taken out of blocks after a position."""
        return sum(self.dropped_of(at) for at in self.wreck.thinned if at > position)

    def dropped_of(self, position: int) -> int:
        """Readings that were taken out of a block."""
        if position not in self.wreck.thinned:
            return 0
        block = self.wreck.blocks.get(position)
        return block.readings if block is not None else self.wreck.told.get(position, 0)

    def may_be(self, position: int, body: bytes) -> bool:
        """Whether the index of blocks has nothing against it that this was the block."""
        told = self.wreck.told.get(position)
        return told is None or told == len(decode(body).readings)

    def lost(self) -> list[LostBlock]:
        """The blocks that are gone, with their readings."""
        blocks = self.wreck.blocks
        mended = {at: len(decode(body).readings) for at, body in self.mended.items()}
        gone = [at for at in self.missing if at not in self.mended]
        told = {at: self.wreck.told[at] for at in gone if at in self.wreck.told}
        held = sum(block.readings for block in blocks.values() if block.position > self.begin) + sum(mended.values())
        left = max(self.accepted - self.trimmed_readings - held - sum(told.values()), 0)
        spans = spans_of(
            self.wreck, self.mended,
            [at for at in gone if at not in self.wreck.thinned and told.get(at, left)],
        )  # fmt: skip
        out = []
        for at in gone:
            readings = told.get(at)
            if at in self.wreck.thinned:
                readings = 0  # they are counted as dropped
            elif readings is None:
                readings, left = left, 0
            lacking = tuple(sorted(each.name for each in self.stores.values() if each.position < at))
            out.append(LostBlock(at, readings, lacking, *spans.get(at, (0, 0))))
        return out


def rebuild_outbox(
    plan: OutboxPlan, path: Path, journal_id: str, *, series: Sequence[SeriesName], steps: Sequence[StepRecord],
    snapshots: Sequence[SnapshotRow], dirty: Sequence[tuple[DirtyPanes, int]], books: LedgerDelta,
) -> list[LostBlock]:  # fmt: skip
    """Write `path`; gives the blocks that are gone.

    Args:
        plan: what was read.
        path: where no file is yet.
        journal_id: of the journal.
        series: every name, by index.
        steps: the calls that a start is to repeat: those behind the newest of `snapshots`, or behind the older one.
        snapshots: the files that a start may begin from.
        dirty: windows to compute again, each with the `now` from which on.
        books: entries that make the ledger balance.
    """
    wreck, lost = plan.wreck, plan.lost()
    state = OutboxState(
        plan.last_step, plan.processed, plan.last_position, plan.begin, len(series), plan.trimmed_readings,
        wreck.state.write_bytes if wreck.state is not None else 0,
    )  # fmt: skip
    ledger: Mapping[LedgerKey, int] = {
        key: wreck.ledger.get(key, 0) + books.get(key, 0) for key in {**wreck.ledger, **books}
    }
    with translated(path):
        create(path, OUTBOX_VERSION, OUTBOX_SCHEMA, journal_id, OutboxState())
        with closing(connect(path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for step in steps:
                record_step(connection, step)
            _put_blocks(connection, plan, lost)
            for each in plan.stores.values():
                dropped = sum(block.readings for block in lost if each.name in block.stores)
                put_store(connection, msgspec.structs.replace(each, dropped=each.dropped + dropped))
            for (store, day), book in wreck.days.items():
                add_days(connection, store, {day: book})
            for (store, hour), lost_hour in wreck.lost_hours.items():
                put_lost(connection, store, hour, lost_hour)
            for (store, first, last), readings in _lost_times(lost).items():
                add_lost_span(connection, store, readings, first, last)
            marks = [sealed(msgspec.structs.astuple(mark)[1:]) for mark in wreck.marks.values()]
            columns = ", ".join(MARK_COLUMNS)
            places = ", ".join("?" * (len(MARK_COLUMNS) + 1))
            put = f"INSERT INTO mark({columns}, seal) VALUES ({places})"  # noqa: S608  (our own names)
            connection.executemany(put, marks)
            for panes, now in dirty:
                add_marks(connection, panes, plan.last_position, now, _MOST_MARKS)
            put_series(connection, series)
            put_totals(connection, ledger)
            for row in sorted(snapshots, key=lambda row: row.step):
                name_snapshot(connection, row)
            packed = msgspec.msgpack.encode(state)
            connection.execute("UPDATE state SET body = ?, crc = ? WHERE id = 0", (packed, crc32(packed)))
            connection.execute("UPDATE meta SET complete = 1")
            connection.execute("COMMIT")
    return lost


def _lost_times(lost: Sequence[LostBlock]) -> Counter[tuple[str, int, int]]:
    """Readings by store and span; blocks that lie side by side have the same."""
    out: Counter[tuple[str, int, int]] = Counter()
    for block in lost:
        if block.before:
            out.update({(store, block.after, block.before): block.readings for store in block.stores})
    return out


def _put_blocks(connection: Connection, plan: OutboxPlan, lost: Sequence[LostBlock]) -> None:
    thinned = plan.wreck.thinned
    for facts, body in plan.wreck.bodies():
        if facts.position <= plan.begin:
            continue
        if facts.position in thinned and facts.kind != THINNED:
            put_block(connection, facts.position, THINNED, facts.readings, without_readings(body)[1])
        else:
            put_block(connection, facts.position, facts.kind, facts.readings, body, facts.size)
    for at, body in plan.mended.items():
        number = len(decode(body).readings)
        if at in thinned:
            put_block(connection, at, THINNED, number, without_readings(body)[1])
        else:
            put_block(connection, at, "step", number, body)
    empty = encode(StepResult())
    for block in lost:
        # as one whose readings were dropped: a store that is added later must know of them
        number = block.readings or plan.dropped_of(block.position)
        put_block(connection, block.position, THINNED, number, empty)
