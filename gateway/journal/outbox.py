"""The outbox: each call of an engine with everything it gave, in one transaction, and the way from there to the stores.

    step, snapshot   the call, for recovery (recorded.py)        trimmed behind the older of two snapshots
    block            its outputs, by position (block_queue.py)   trimmed behind the slowest store
    series, ledger   names by index, totals (kept.py)           kept
    mark             windows to compute again (marks.py)         until revised
    store            where each store is (cursors.py)            until forgotten
    stored_day       what it got, by day (day_books.py)          until forgotten
    lost_hour        when readings were dropped (lost_hours.py)  kept

The file itself is in outbox_file.py, the stores' side in outbox_stores.py, what goes for want of room in
outbox_drops.py.
A step without outputs has no block. Blocks also come from the reviser (`revision`) and from stores (`refusals`).
"""

from collections.abc import Iterator, Sequence

import msgspec
from isal.isal_zlib import crc32

from gateway.engine.results import LedgerDelta, SeriesName, StepResult
from gateway.errors import JournalCorrupt
from gateway.journal.block_queue import BLOCK_SCHEMA, count_readings, drop_blocks, put_block, take_blocks
from gateway.journal.blocks import encode
from gateway.journal.cursors import CURSOR_SCHEMA
from gateway.journal.day_books import DAY_SCHEMA
from gateway.journal.kept import KEPT_SCHEMA, put_series, put_totals, series_from, series_of
from gateway.journal.lost_hours import LOST_SCHEMA
from gateway.journal.marks import MARK_SCHEMA, Mark, add_marks, clear_marks, due_marks, marks_of
from gateway.journal.outbox_drops import OutboxDrops
from gateway.journal.outbox_file import OutboxState
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
from gateway.journal.sqlite import SALVAGE
from processors.columns import AggregateBatch

__all__ = ["OUTBOX_SCHEMA", "OUTBOX_VERSION", "Outbox", "OutboxState", "SnapshotRow", "StepRecord", "has_outputs"]

OUTBOX_VERSION = 3
OUTBOX_SCHEMA = (
    *RECORDED_SCHEMA,
    *BLOCK_SCHEMA,
    *CURSOR_SCHEMA,
    *DAY_SCHEMA,
    *LOST_SCHEMA,
    *MARK_SCHEMA,
    *KEPT_SCHEMA,
)
_STEP_PAGE = 1_000
_TRIM_BLOCKS = 64


class Outbox(OutboxDrops):
    """Calls, blocks, marks and snapshots; see OutboxFile for threads."""

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
            position = old.last_position + 1 if has_outputs(result) else None
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
            raise JournalCorrupt(f"{self._path}: call {step + 1} is missing.", SALVAGE)

    def blocks_after(self, position: int, max_readings: int) -> list[tuple[int, StepResult]]:
        """Blocks after `position` with their positions, at least one if there is any.

        As many as hold `max_readings` readings and have `write_bytes` bytes.

        Raises:
            JournalMixedUp: blocks after `position` were trimmed.
            JournalCorrupt: bytes on disk are not what was written.
        """
        self._check_held(position)
        if recent := self._recent.after(position, max_readings, self.write_bytes):
            return recent
        last = self.last_position
        with self._db.reading() as connection:
            out = take_blocks(connection, self._path, position, max_readings, self.write_bytes)
        if not out and position < last:
            raise JournalCorrupt(f"{self._path}: block {position + 1} is missing.", SALVAGE)
        return out

    def series_names(self, start: int, device: str | None = None) -> list[SeriesName]:
        """Names of the series with index `start` and above, in order, of all devices or one."""
        with self._db.reading() as connection:
            return series_from(connection, start, device)

    def series_of(self, devices: Sequence[str]) -> list[SeriesName]:
        """Names of the series of some devices, in order."""
        with self._db.reading() as connection:
            return series_of(connection, devices)

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
                    gone = sum(count_readings(connection, self._path, self.begin_position, to))
                    state = msgspec.structs.replace(
                        self._state, begin_position=to, trimmed_readings=self._state.trimmed_readings + gone
                    )
                    drop_blocks(connection, to)
                    self._db.put_state(connection, state)
                self._state = state


def has_outputs(result: StepResult) -> bool:
    """Whether a call gave something for a store, so that it has a block."""
    columns = (result.readings, result.rewrites, result.aggregates)
    lists = (
        result.rejects, result.series, result.devices, result.transitions, result.figures, result.reports,
        result.incidents,
    )  # fmt: skip
    return any(len(part) for part in (*columns, *lists))
