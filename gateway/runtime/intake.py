"""From the sources to the inbox: commit as soon as the last commit is done, acknowledge what is durable.

Nothing is acknowledged that isn't fsynced, and PUBACKs leave in receive order. A full inbox is no error: nothing more
is acknowledged until there is room, and the broker holds.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic

from gateway.errors import JournalFull
from gateway.journal.inbox import Inbox, IntakeCounts
from gateway.mqtt.connection import MqttSource
from gateway.rows import Row

__all__ = ["REPLAY_SOURCE", "Intake", "Stamps"]

REPLAY_SOURCE = 255
"""`Row.source` of what comes through the control door."""
_FULL_RETRY_SECS = 0.25


class Stamps:
    """Receipt times: the clock's, but strictly increasing over all sources, to tell receipt-stamped readings apart."""

    def __init__(self, now: Callable[[], int], after: int) -> None:
        self._now = now
        self._last = after

    def take(self, count: int) -> int:
        """The first of `count` consecutive stamps."""
        first = max(self._now(), self._last + 1)
        self._last = first + max(count, 1) - 1
        return first


@dataclass(slots=True)
class _Batch:
    source: MqttSource
    rows: list[Row]
    came_at: float


@dataclass(slots=True)
class _Pending:
    batches: list[_Batch] = field(default_factory=list)
    counts: dict[int, IntakeCounts] = field(default_factory=dict)
    acts: list[tuple[list[Row], asyncio.Future[int]]] = field(default_factory=list)


class Intake:
    """One writer of the inbox. `put` and `submit` are called from the event loop only."""

    def __init__(
        self, inbox: Inbox, executor: ThreadPoolExecutor, stamps: Stamps, *,
        journaled: Callable[[int, Sequence[Row], float], None], full: Callable[[str], None],
        acked: Callable[[float, int], None], committed: Callable[[float], None], passed: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.lock = asyncio.Lock()
        """Held while a batch is being committed: whoever holds it sees counts and rows that agree."""
        self.full = False
        self.waiting = 0
        """Rows handed over and not yet durable."""
        self.fsync_secs = 0.0
        self.commits = 0
        self._inbox = inbox
        self._executor = executor
        self._stamps = stamps
        self._journaled = journaled
        self._on_full = full
        self._acked = acked
        self._committed = committed
        self._passed = passed
        self._pending = _Pending()
        self._wake = asyncio.Event()
        self._stopping = False

    def put(self, source: MqttSource, rows: list[Row], received: int, redelivered: int, shed: int) -> None:
        """Take what a source read in one go: its new rows in receive order, and how many messages it counted."""
        pending = self._pending
        pending.batches.append(_Batch(source, rows, monotonic()))
        counts = pending.counts.setdefault(source.source, IntakeCounts())
        counts.received += received
        counts.redelivered += redelivered
        counts.shed += shed
        self.waiting += len(rows)
        self._wake.set()

    async def submit(self, rows: Sequence[Row]) -> int:
        """Journal rows that no broker sent (acts, replayed dead letters); gives the first offset once durable."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending.acts.append((list(rows), done))
        self._wake.set()
        return await done

    def stop(self) -> None:
        """Commit what was handed over, then end."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until stopped."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            pending, self._pending = self._pending, _Pending()
            if pending.batches or pending.acts:
                await self._commit(pending)
            elif self._stopping:
                return
            if self._stopping:
                self._wake.set()

    async def _commit(self, pending: _Pending) -> None:
        rows = [row for batch in pending.batches for row in batch.rows]
        for act, _ in pending.acts:
            first = self._stamps.take(len(act))
            rows += [Row(first + k, r.kind, r.source, r.flags, r.topic, r.payload) for k, r in enumerate(act)]
            if replayed := sum(r.source == REPLAY_SOURCE for r in act):
                pending.counts.setdefault(REPLAY_SOURCE, IntakeCounts()).received += replayed
        confirmed = {batch.source.source: batch.source.confirmed_count for batch in pending.batches}
        async with self.lock:
            first_offset = await self._append(rows, pending, confirmed)
            self._passed("inbox-after-commit")
            self._journaled(first_offset, rows, pending.batches[0].came_at if pending.batches else monotonic())
        self._passed("before-puback")
        now = monotonic()
        for batch in pending.batches:
            batch.source.acknowledge(len(batch.rows))
            self.waiting -= len(batch.rows)
            self._acked(now - batch.came_at, len(batch.rows))
        offset = first_offset + sum(len(batch.rows) for batch in pending.batches)
        for act, done in pending.acts:
            if not done.done():
                done.set_result(offset)
            offset += len(act)

    async def _append(self, rows: list[Row], pending: _Pending, confirmed: dict[int, int]) -> int:
        loop = asyncio.get_running_loop()
        while True:
            started = monotonic()
            try:
                first = await loop.run_in_executor(self._executor, self._inbox.append, rows, pending.counts, confirmed)
            except JournalFull as error:
                self._set_full(pending, True)
                self._on_full(error.problem)
                await asyncio.sleep(_FULL_RETRY_SECS)
                continue
            self.fsync_secs = monotonic() - started
            self._committed(self.fsync_secs)
            self.commits += 1
            self._set_full(pending, False)
            return first

    def _set_full(self, pending: _Pending, full: bool) -> None:
        if self.full != full:
            self.full = full
            for batch in pending.batches:
                batch.source.shed_qos0 = full
