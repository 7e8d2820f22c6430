"""The outbox: each call of an engine with everything it gave, in one transaction, and the way from there to the stores.

    step, snapshot   the call, for recovery (recorded.py)        trimmed behind the older of two snapshots
    block            its outputs, by position (block_queue.py)   trimmed behind the slowest store
    series, ledger   names by index, totals (kept.py)           kept
    mark             windows to compute again (marks.py)         until revised
    store            where each store is (cursors.py)            until forgotten
    stored_day       what it got, by day (day_books.py)          until forgotten

A step without outputs has no block. Blocks also come from the reviser (`revision`) and from stores (`refusals`).
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection

import msgspec
from isal.isal_zlib import crc32

from gateway.engine.results import LedgerDelta, Reject, SeriesName, StepResult
from gateway.errors import JournalCorrupt, JournalMixedUp
from gateway.journal.block_queue import BLOCK_SCHEMA, count_readings, drop_blocks, put_block, take_blocks
from gateway.journal.blocks import encode
from gateway.journal.cursors import CURSOR_SCHEMA, StoreState, put_store, store_states
from gateway.journal.day_books import DAY_SCHEMA, DayBook, add_days, days_of, forget_days
from gateway.journal.kept import KEPT_SCHEMA, put_series, put_totals, series_from, totals
from gateway.journal.marks import MARK_SCHEMA, Mark, add_marks, clear_marks, due_marks, marks_of
from gateway.journal.recent_blocks import RecentBlocks
from gateway.journal.recorded import (
    RECORDED_SCHEMA,
    SnapshotRow,
    StepRecord,
    name_snapshot,
    named_snapshots,
    record_step,
    recorded_steps,
    trim_steps,
)  # fmt: skip
from gateway.journal.sqlite import ANEW, RESTORE, Database, Fault, no_fault, read_state
from processors.columns import AggregateBatch

__all__ = ["OUTBOX_SCHEMA", "OUTBOX_VERSION", "Outbox", "OutboxState", "SnapshotRow", "StepRecord"]

OUTBOX_VERSION = 2
OUTBOX_SCHEMA = (
    *RECORDED_SCHEMA,
    *BLOCK_SCHEMA,
    *CURSOR_SCHEMA,
    *DAY_SCHEMA,
    *MARK_SCHEMA,
    *KEPT_SCHEMA,
)
_STEP_PAGE = 1_000
_TRIM_BLOCKS = 64
_RECENT_BYTES = 16 << 20


class OutboxState(msgspec.Struct):
    """The row of running figures."""

    last_step: int = 0
    processed_offset: int = 0
    last_position: int = 0
    begin_position: int = 0
    """Blocks after this position are held."""
    series: int = 0
    trimmed_readings: int = 0
    """Readings of the blocks that are held no longer, counted when they were trimmed."""


class Outbox:
    """Any thread may call anything: writes wait for each other, reads have a connection of their own."""

    def __init__(
        self, path: Path, journal_id: str, quota_bytes: int, *, max_marks: int = 10_000, fault: Fault = no_fault
    ) -> None:
        self.journal_id = journal_id
        self.quota_bytes = quota_bytes
        self.bytes_appended = 0
        """Bytes of blocks appended since the file was opened: the rate at which the quota is used up."""
        self._path = path
        self._max_marks = max_marks
        self._recent = RecentBlocks(_RECENT_BYTES)
        self._db = Database(path, fault)
        self._lock = threading.RLock()
        try:
            with self._db.reading() as connection:
                self._state = read_state(connection, OutboxState, path)
                self._ledger = totals(connection)
                self._check_ends(connection)
        except BaseException:
            self.close()
            raise

    @property
    def last_step(self) -> int:
        """The newest recorded call; 0: none yet."""
        return self._state.last_step

    @property
    def processed_offset(self) -> int:
        """Inbox rows below this one have been processed."""
        return self._state.processed_offset

    @property
    def last_position(self) -> int:
        """Position of the newest block; 0: none yet."""
        return self._state.last_position

    @property
    def begin_position(self) -> int:
        """Blocks after this position are held; older ones every store has."""
        return self._state.begin_position

    @property
    def series_count(self) -> int:
        """How many series have a name; indices are dense from 0."""
        return self._state.series

    @property
    def bytes_used(self) -> int:
        """Bytes of the quota in use."""
        return self._db.bytes_used

    def append_step(self, record: StepRecord, result: StepResult) -> int | None:
        """Record a call and its outputs; returns the position of its block, None if it gave nothing for a store.

        Sets `record.checksum`.

        Raises:
            JournalFull: the quota or the disk is exhausted; nothing was written, and repeating the call is right.
            ValueError: the record does not continue the last one, or new series are not the next ones.
        """
        with self._lock:
            old = self._state
            if record.step != old.last_step + 1 or record.first_offset != old.processed_offset:
                raise ValueError(f"{record} does not come after call {old.last_step} at row {old.processed_offset}")
            if any(name.index != old.series + i for i, name in enumerate(result.series)):
                raise ValueError(f"new series must be numbered from {old.series} on")
            body = encode(result)
            record.checksum = crc32(body)
            position = old.last_position + 1 if _has_outputs(result) else None
            state = msgspec.structs.replace(
                old, last_step=record.step, processed_offset=record.end_offset,
                last_position=position or old.last_position, series=old.series + len(result.series),
            )  # fmt: skip
            changed = {key: self._ledger.get(key, 0) + number for key, number in result.counts.items()}
            if old.begin_position < old.last_position:
                # where no store waits a call always fits: one larger than the quota would stand for good
                self._db.room(len(body), self.quota_bytes)
            with self._db.transaction("outbox") as connection:
                record_step(connection, record)
                if position is not None:
                    put_block(connection, position, "step", len(result.readings), body)
                put_series(connection, result.series)
                put_totals(connection, changed)
                if len(result.dirty):
                    add_marks(connection, result.dirty, state.last_position, record.now, self._max_marks)
                self._db.put_state(connection, state)
            if position is not None:
                self._recent.put(position, len(body), result)
                self.bytes_appended += len(body)
            self._state = state
            self._ledger = {**self._ledger, **changed}
            return position

    def append_revision(self, aggregates: AggregateBatch, mark_ids: Sequence[int]) -> int | None:
        """Append recomputed aggregates and clear their marks; returns the block's position, None if nothing differed.

        Raises:
            JournalFull: nothing was written.
        """
        with self._lock:
            result = StepResult(aggregates=aggregates)
            body = encode(result) if len(aggregates) else b""
            if self.begin_position < self.last_position:
                self._db.room(len(body), self.quota_bytes)
            with self._db.transaction("revision") as connection:
                clear_marks(connection, mark_ids)
                state = self._appended(connection, "revision", body)
            return self._moved(state, body, result)

    def steps_after(self, step: int) -> Iterator[StepRecord]:
        """The recorded calls after `step`, in order.

        Raises:
            JournalCorrupt: one of them is missing.
        """
        while step < self.last_step:
            with self._db.reading() as connection:
                page = recorded_steps(connection, step, _STEP_PAGE)
            for record in page:
                if record.step != step + 1:
                    break
                step = record.step
                yield record
            else:
                if page:
                    continue
            raise JournalCorrupt(f"{self._path}: call {step + 1} is missing.", ANEW)

    def blocks_after(self, position: int, max_readings: int) -> list[tuple[int, StepResult]]:
        """Blocks after `position` with their positions: as many as hold `max_readings` readings, at least one if any.

        Raises:
            JournalMixedUp: blocks after `position` were trimmed.
            JournalCorrupt: bytes on disk are not what was written.
        """
        self._check_held(position)
        if recent := self._recent.after(position, max_readings):
            return recent
        last = self.last_position
        with self._db.reading() as connection:
            out = take_blocks(connection, self._path, position, max_readings)
        if not out and position < last:
            raise JournalCorrupt(f"{self._path}: block {position + 1} is missing.", ANEW)
        return out

    def readings_between(self, after: int, upto: int) -> int:
        """Readings in the blocks with after < position <= upto, counted from what is there."""
        self._check_held(after)
        with self._db.reading() as connection:
            return count_readings(connection, self._path, after, min(upto, self.last_position))

    def readings_upto(self, position: int) -> int:
        """Readings in all the blocks up to `position` that there ever were, counted from what is there and was."""
        with self._lock:
            return self._state.trimmed_readings + self.readings_between(self.begin_position, position)

    def series_names(self, start: int) -> list[SeriesName]:
        """Names of the series with index `start` and above, in order."""
        with self._db.reading() as connection:
            return series_from(connection, start)

    def ledger(self) -> LedgerDelta:
        """Totals of every account."""
        return dict(self._ledger)

    @property
    def mark_count(self) -> int:
        """How many marks wait."""
        with self._db.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM mark").fetchone()[0])

    def marks_of(self, series: Sequence[int]) -> list[Mark]:
        """The marks of some series: their aggregates are pending."""
        with self._db.reading() as connection:
            return marks_of(connection, series)

    def marks_due(self, passed: int, now: int, quiet_ns: int, max_age_ns: int, limit: int) -> list[Mark]:
        """Marks to revise now, oldest first.

        Args:
            passed: the position of the store that raw readings are read from: only marks at or below it.
            now: of the engine's clock, like the `now` of the calls.
            quiet_ns: nothing was added to the mark for so long,
            max_age_ns: or it waits for so long already.
            limit: at most so many.
        """
        with self._db.reading() as connection:
            return due_marks(connection, passed, now - quiet_ns, now - max_age_ns, limit)

    def register_store(self, name: str, position: int | None = None, dropped: int | None = None) -> None:
        """Make a store known, unless it is; from then on blocks after its cursor are kept.

        Args:
            name: the store's.
            position: its cursor; None: the oldest block that is held is its first.
            dropped: readings of earlier blocks, which it will never get; None: all of them.

        Raises:
            JournalMixedUp: `position` lies outside of what is held.
        """
        with self._lock:
            if self.cursor(name) is not None:
                return
            position = self.begin_position if position is None else position
            dropped = self.readings_upto(position) if dropped is None else dropped
            self._check_held(position)
            self._check_reached(name, position)
            with self._db.transaction("cursor") as connection:
                put_store(connection, StoreState(name, position, dropped=dropped))

    def forget_store(self, name: str) -> None:
        """Keep nothing for this store any longer."""
        with self._lock, self._db.transaction("cursor") as connection:
            connection.execute("DELETE FROM store WHERE name = ?", (name,))
            forget_days(connection, name)

    def stores(self) -> list[StoreState]:
        """All registered stores, by name."""
        with self._db.reading() as connection:
            return store_states(connection)

    def cursor(self, store: str) -> StoreState | None:
        """One store; None: not registered."""
        return next((state for state in self.stores() if state.name == store), None)

    def stored_days(self, store: str) -> tuple[StoreState | None, dict[int, DayBook]]:
        """A store, and the days of what it stored where they are counted: of one moment."""
        with self._db.reading() as connection:
            state = next((state for state in store_states(connection) if state.name == store), None)
            return state, days_of(connection, store)

    def advance(
        self, store: str, position: int, stored_delta: int, refused_delta: int, dropped_delta: int = 0,
        rejects: Sequence[Reject] = (), days: Mapping[int, DayBook] | None = None,
    ) -> int | None:  # fmt: skip
        """Note that `store` has everything up to `position`, with the dead letters of the points that it refused.

        `days`: the UTC days of what it stored, where it keeps no count of its own.

        Returns the position of the block with the dead letters, None if there are none. No quota applies: advancing
        is what makes room.

        Raises:
            JournalMixedUp: the store is ahead of the outbox.
            ValueError: the store is not registered, or would go back.
        """
        with self._lock:
            state = self.cursor(store)
            if state is None or position < state.position:
                raise ValueError(f"store {store} can't move to {position} from {state}")
            self._check_reached(store, position)
            moved = StoreState(
                store, position, state.stored + stored_delta, state.refused + refused_delta,
                state.dropped + dropped_delta, state.halted,
            )  # fmt: skip
            result = StepResult(rejects=rejects)
            body = encode(result) if rejects else b""
            with self._db.transaction("cursor") as connection:
                put_store(connection, moved)
                add_days(connection, store, days or {})
                appended = self._appended(connection, "refusals", body)
            return self._moved(appended, body, result)

    def set_halted(self, store: str, reason: str) -> None:
        """Note why a store waits for an operator ("": it no longer does), so that it can be told while nothing runs."""
        with self._lock:
            state = self.cursor(store)
            if state is None:
                raise ValueError(f"store {store} is not registered")
            with self._db.transaction("cursor") as connection:
                put_store(connection, msgspec.structs.replace(state, halted=reason))

    def add_snapshot(self, row: SnapshotRow) -> None:
        """Name a snapshot whose file is durable; the two newest stay named."""
        with self._lock:
            if row.step > self.last_step:
                raise ValueError(f"{row.name} is newer than call {self.last_step}")
            with self._db.transaction("cursor") as connection:
                name_snapshot(connection, row)

    def snapshots(self) -> list[SnapshotRow]:
        """The named snapshots, newest first."""
        with self._db.reading() as connection:
            return named_snapshots(connection)

    @property
    def inbox_floor(self) -> int:
        """Inbox rows below this one are no longer needed: the older of two snapshots stands for them."""
        named = self.snapshots()
        return named[-1].end_offset if len(named) > 1 else 0

    def trim(self) -> None:
        """Drop the blocks that every store has and the calls behind the older of two snapshots."""
        upto = min((state.position for state in self.stores()), default=0)
        with self._lock, self._db.transaction("trim") as connection:
            trim_steps(connection)
        while self.begin_position < upto:
            # in slices: calls must not wait long
            with self._lock:
                to = min(self.begin_position + _TRIM_BLOCKS, upto)
                with self._db.transaction("trim") as connection:
                    gone = count_readings(connection, self._path, self.begin_position, to)
                    state = msgspec.structs.replace(
                        self._state, begin_position=to, trimmed_readings=self._state.trimmed_readings + gone
                    )
                    drop_blocks(connection, to)
                    self._db.put_state(connection, state)
                self._state = state

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._db.close()

    def _appended(self, connection: Connection, kind: str, body: bytes) -> OutboxState:
        if not body:
            return self._state
        state = msgspec.structs.replace(self._state, last_position=self._state.last_position + 1)
        put_block(connection, state.last_position, kind, 0, body)
        self._db.put_state(connection, state)
        return state

    def _moved(self, state: OutboxState, body: bytes, result: StepResult) -> int | None:
        if body:
            self._recent.put(state.last_position, len(body), result)
        self._state = state
        self.bytes_appended += len(body)
        return state.last_position if body else None

    def _check_held(self, position: int) -> None:
        if position < self.begin_position:
            raise JournalMixedUp(
                f"{self._path}: blocks up to {self.begin_position} were trimmed, those after {position} are wanted.",
                f"{RESTORE}, or let the store start at {self.begin_position} without the older ones.",
            )

    def _check_reached(self, store: str, position: int) -> None:
        if position > self.last_position:
            raise JournalMixedUp(
                f"{store} has block {position}, but {self._path} ends at {self.last_position}: it is an older copy.",
                f"{RESTORE} that is not older than the store.",
            )

    def _check_ends(self, connection: Connection) -> None:
        state = self._state
        for query, end in (
            ("SELECT max(step) FROM step", state.last_step),
            ("SELECT max(position) FROM block", state.last_position),
            ("SELECT max(series) FROM series", state.series - 1),
        ):
            newest = connection.execute(query).fetchone()[0]
            if newest is not None and newest != end:
                raise JournalCorrupt(f"{self._path} ends at {newest} and not at {end} ({query}).", ANEW)


def _has_outputs(result: StepResult) -> bool:
    columns = (result.readings, result.rewrites, result.aggregates)
    lists = (
        result.rejects, result.series, result.devices, result.transitions, result.figures, result.reports,
        result.incidents,
    )  # fmt: skip
    return any(len(part) for part in (*columns, *lists))
