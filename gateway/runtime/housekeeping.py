"""What a gateway does beside the flow, by the clock: snapshots, making room, compaction, checking the ledger, noting
where the audit log is.

A full disk ends none of it: it is said, and tried again at the next turn.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from gateway.errors import JournalFull, StoreError
from gateway.journal.inbox import Inbox
from gateway.runtime.audit_notes import AuditNotes
from gateway.runtime.gauges import refresh
from gateway.runtime.snapshotting import take_snapshot
from gateway.runtime.stores import RECORDS
from gateway.stores.duckdb import DuckDbStore
from gateway.telemetry.process_events import JournalWriteFailedError, SnapshotWritten
from gateway.telemetry.reading_events import ClockSuspectError, LedgerImbalanceError
from gateway.telemetry.store_events import StoreCompacted, StoreRetrying

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["Housekeeping", "kept_from"]

_TRIM_SECS = 2.0
_COMPACT_LOOK_SECS = _AUDIT_LOOK_SECS = 20.0
_LOOK_SECS = 5.0
_DAY_SECS = 86_400.0
_HOUR = 3_600_000_000_000
_KEPT_ROWS = 10_000
_KEPT_BYTES, _KEPT_PART = 64 << 20, 8
"""Of the whole inbox: beyond these bytes, or that part of its quota, only what is needed stays."""
_NIGHT = (2.0, 5.0)
"""Hours of the local day in which the embedded store is compacted."""


def kept_from(floor: int, inbox: Inbox) -> int:
    """From which row on the inbox stays, where those below `floor` are needed no more: some of the newest stay for
    whoever looks at recent messages, as long as they take little room.
    """
    if inbox.bytes_used >= min(_KEPT_BYTES, inbox.quota_bytes // _KEPT_PART):
        return floor
    return max(min(floor, inbox.end_offset - _KEPT_ROWS), 0)


class Housekeeping:
    """Belongs to one gateway."""

    def __init__(self, gateway: "Gateway", inbox_thread: ThreadPoolExecutor) -> None:
        self._gateway = gateway
        self._inbox_thread = inbox_thread
        self._compacted = 0
        self._snapshotting = asyncio.Lock()
        self._audit = AuditNotes(gateway.settings.data_dir, gateway.telemetry)

    def start(self, group: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Set the timers going."""
        gateway = self._gateway
        turns: tuple[tuple[Callable[[], float], Callable[[], Awaitable[None]]], ...] = (
            (lambda: gateway.settings.snapshots.interval_secs, self.snapshot),
            (lambda: _TRIM_SECS, self.trim),
            (lambda: gateway.settings.ledger.check_secs, self.check),
            (lambda: _COMPACT_LOOK_SECS, self.compact),
            (lambda: _AUDIT_LOOK_SECS, self.note_audit),
        )
        names = ("snapshot", "trim", "check", "compact", "audit")
        return [
            group.create_task(self._every(secs, act), name=f"gateway.{name}")
            for name, (secs, act) in zip(names, turns, strict=True)
        ]

    async def end(self, timers: list["asyncio.Task[None]"]) -> None:
        """Stop the timers; a snapshot under way ends first, for its file is being written in a thread."""
        async with self._snapshotting:
            for timer in timers:
                timer.cancel()

    async def last(self) -> None:
        """Leave things so that the next start repeats nothing. Without room for it, it repeats."""
        for act in (self.snapshot, self.trim):
            await self._try(act)
        await asyncio.to_thread(self._audit.note)

    async def _every(self, secs: Callable[[], float], act: Callable[[], Awaitable[None]]) -> None:
        while True:
            began = monotonic()
            left = secs()
            while left > 0:
                await asyncio.sleep(min(left, _LOOK_SECS))
                left = began + secs() - monotonic()  # a reload may have made it shorter
            await self._try(act)

    async def _try(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except (JournalFull, OSError) as error:
            problem = error.problem if isinstance(error, JournalFull) else str(error)
            self._gateway.telemetry.emit(JournalWriteFailedError(getattr(act, "__name__", "journal"), problem))

    async def snapshot(self) -> None:
        """Write the engines' state; it is copied between two calls and written beside them."""
        gateway, started = self._gateway, monotonic()
        async with self._snapshotting:
            step = await take_snapshot(
                gateway.runner, gateway.engines, gateway.outbox, gateway.snapshots, gateway.settings.data_dir
            )
        if step is not None:
            gateway.telemetry.emit(SnapshotWritten(step, monotonic() - started))

    async def trim(self) -> None:
        """Let go of what nobody needs any more."""
        gateway = self._gateway
        full = gateway.intake.full
        if full:
            # rows are kept for the older of two snapshots: newer ones make room
            await self._try(self.snapshot)
        await asyncio.to_thread(gateway.outbox.trim)
        floor = gateway.outbox.inbox_floor
        if not full:
            floor = kept_from(floor, gateway.inbox)
        await asyncio.get_running_loop().run_in_executor(
            self._inbox_thread, lambda: gateway.inbox.trim(floor, for_room=full)
        )
        gateway.notes.take(gateway.sources)

    async def compact(self) -> None:
        """In the small hours of the city, once a night: drop what is past its retention, merge what was superseded."""
        gateway = self._gateway
        now, edges = gateway.clock.now(), gateway.engines.zone.day_edges
        midnight = int(np.searchsorted(edges, now, "right"))
        hours = (now - int(edges[midnight - 1])) / _HOUR if midnight else 0.0
        if midnight == self._compacted or not _NIGHT[0] <= hours < _NIGHT[1]:
            return
        self._compacted = midnight
        await self._forget(now)
        for store, writer in zip(gateway.stores, gateway.writers, strict=False):
            if isinstance(store, DuckDbStore) and writer.state == "writing":
                try:
                    done = await store.compact(now)
                except StoreError as error:
                    gateway.telemetry.emit(StoreRetrying(store.name, error.problem, _DAY_SECS))
                else:
                    gateway.telemetry.emit(
                        StoreCompacted(store.name, done.days_dropped, done.readings_dropped, done.rows_saved)
                    )

    async def _forget(self, now: int) -> None:
        """Let records.db drop what was over long ago."""
        gateway = self._gateway
        try:
            rows = await gateway.records.drop_older(now)
        except StoreError as error:
            gateway.telemetry.emit(StoreRetrying(RECORDS, error.problem, _DAY_SECS))
        else:
            if rows:
                gateway.telemetry.emit(StoreCompacted(RECORDS, 0, 0, rows))

    async def note_audit(self) -> None:
        """Once an hour: how long the audit log is."""
        await asyncio.to_thread(self._audit.due)

    async def check(self) -> None:
        """Take the ledger and say so where it doesn't balance, or where our own clock looks wrong."""
        gateway = self._gateway
        ledger = await gateway.office.take()
        gateway.balanced = ledger.balanced
        if not ledger.balanced:
            off = {balance.name: balance.off for balance in ledger.balances() if balance.off}
            gateway.telemetry.emit(LedgerImbalanceError(str(off)))
        if gateway.clock_watch.suspect:
            gateway.telemetry.emit(ClockSuspectError(gateway.clock_watch.suspect))
        gateway.view.outbox.per_second(monotonic(), gateway.outbox.bytes_appended)
        refresh(gateway, ledger)
