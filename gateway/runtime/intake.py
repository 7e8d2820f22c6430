"""From the sources to the inbox: commit as soon as the last commit is done and it pays, acknowledge what is durable.

Nothing is acknowledged that isn't fsynced, and PUBACKs leave in receive order. A full inbox is no error: nothing more
is acknowledged until there is room, and the broker holds. QoS 0 has no such brake and is shed meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic

from gateway.errors import CommandError, JournalFull
from gateway.journal.inbox import Inbox, IntakeCounts
from gateway.mqtt.connection import MqttSource
from gateway.rows import Row, Rows
from gateway.runtime.gathering import Gathering

__all__ = ["REPLAY_SOURCE", "Intake", "Stamps"]

REPLAY_SOURCE = 255
"""`Row.source` of what comes through the control door."""
_FULL_RETRY_SECS = 0.25
_QOS0_WAITING = 50_000
"""Rows in memory above which QoS 0 is shed: nothing else slows it down."""


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
    rows: Rows
    came_at: float


@dataclass(slots=True)
class _Pending:
    batches: list[_Batch] = field(default_factory=list)
    rows: int = 0
    counts: dict[int, IntakeCounts] = field(default_factory=dict)
    acts: list[tuple[list[Row], asyncio.Future[int]]] = field(default_factory=list)


class Intake:
    """One writer of the inbox. `put` and `submit` are called from the event loop only."""

    def __init__(
        self, inbox: Inbox, executor: ThreadPoolExecutor, stamps: Stamps, *,
        journaled: Callable[[int, Rows, float], None], full: Callable[[str], None],
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
        self._shedding: set[MqttSource] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._gathering = Gathering()
        self._committing = False
        self._held_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    @property
    def held_secs(self) -> float:
        """How long what is being committed has been waiting for the disk."""
        return monotonic() - self._held_since if self._held_since is not None else 0.0

    def put(self, source: MqttSource, rows: Rows, received: int, redelivered: int, shed: int) -> None:
        """Take what a source read in one go: its new rows in receive order, and how many messages it counted."""
        pending = self._pending
        # without rows it is counts only, which must not pile up while the inbox is full
        if rows or all(batch.source is not source for batch in pending.batches):
            pending.batches.append(_Batch(source, rows, monotonic()))
        counts = pending.counts.setdefault(source.source, IntakeCounts())
        counts.received += received
        counts.redelivered += redelivered
        counts.shed += shed
        self.waiting += len(rows)
        pending.rows += len(rows)
        self._gathering.came(source.source, source.in_flight)
        if self.full or self.waiting > _QOS0_WAITING:
            self._shed(source)
        if not self._committing:
            self._look()

    def lost_at_broker(self, source: int, count: int) -> None:
        """Count what a source's broker admits to have dropped; durable with the next commit, which this calls for."""
        self._pending.counts.setdefault(source, IntakeCounts()).lost_at_broker += count
        self._wake.set()

    async def submit(self, rows: Sequence[Row]) -> int:
        """Journal rows that no broker sent (acts, replayed dead letters); gives the first offset once durable.

        Raises:
            CommandError: the inbox is full, or it is to stop; nothing was journaled.
        """
        if self._stopping:
            raise CommandError("The gateway is stopping.", "Do it again when it has stopped or runs again.")
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending.acts.append((list(rows), done))
        self._wake.set()
        return await done

    def stop(self) -> None:
        """Commit what was handed over, then end; where there is no room for it, it stays the broker's."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Commit until stopped."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            pending, self._pending = self._pending, _Pending()
            if pending.batches or pending.acts or pending.counts:
                self._committing = True
                self._held_since = pending.batches[0].came_at if pending.batches else None
                done = await self._commit(pending)
                self._committing, self._held_since = False, None
                if not done:
                    return
                self._gathering.committed(monotonic(), pending.rows)
            elif self._stopping:
                return
            self._look()

    def _look(self) -> None:
        """Wake `run` now, or when it is time for what has come."""
        pending = self._pending
        if pending.acts or self._stopping:
            self._wake.set()
        elif pending.batches:
            due_at = self._gathering.due_at(pending.batches[0].came_at, pending.rows, _in_flight(pending))
            left = due_at - monotonic()
            if left <= 0:
                self._wake.set()
            elif self._timer is None or due_at < self._due_at:
                if self._timer is not None:
                    self._timer.cancel()
                self._due_at = due_at
                self._timer = asyncio.get_running_loop().call_later(left, self._waited)

    def _waited(self) -> None:
        self._timer = None
        self._gathering.waited(_in_flight(self._pending))
        self._wake.set()

    async def _commit(self, pending: _Pending) -> bool:
        """False: there is no room, and it is to stop."""
        while True:
            rows, counts = self._composed(pending)
            confirmed = {batch.source.source: batch.source.confirmed_count for batch in pending.batches}
            try:
                # held for an attempt only: while there is no room the books can be taken
                async with self.lock:
                    first_offset = await self._append(rows, counts, confirmed)
                    self._passed("inbox-after-commit")
                    self._journaled(first_offset, rows, pending.batches[0].came_at if pending.batches else monotonic())
                break
            except JournalFull as error:
                self._set_full(pending)
                self._on_full(error.problem)
                self._refuse(pending, error)
                if self._stopping:
                    self._refuse(self._pending, error)
                    return False
            if not (pending.batches or pending.counts):
                return True
            await asyncio.sleep(_FULL_RETRY_SECS)
            self._refuse(self._pending, None)
        self._set_room()
        self._passed("before-puback")
        now = monotonic()
        durable: dict[MqttSource, int] = {}
        for batch in pending.batches:
            durable[batch.source] = durable.get(batch.source, 0) + len(batch.rows)
            self._acked(now - batch.came_at, len(batch.rows))
        for source, amount in durable.items():  # one write of PUBACKs each
            source.acknowledge(amount)
            self.waiting -= amount
        offset = first_offset + sum(len(batch.rows) for batch in pending.batches)
        for act, done in pending.acts:
            if not done.done():
                done.set_result(offset)
            offset += len(act)
        return True

    def _composed(self, pending: _Pending) -> tuple[Rows, dict[int, IntakeCounts]]:
        parts = [batch.rows for batch in pending.batches]
        counts = dict(pending.counts)
        for act, _ in pending.acts:
            first = self._stamps.take(len(act))
            stamped = [Row(first + k, r.kind, r.source, r.flags, r.topic, r.payload) for k, r in enumerate(act)]
            parts.append(Rows.of(stamped))
            if replayed := sum(r.source == REPLAY_SOURCE for r in act):
                before = counts.get(REPLAY_SOURCE, IntakeCounts())
                counts[REPLAY_SOURCE] = IntakeCounts(received=before.received + replayed)
        return Rows.joined(parts), counts

    async def _append(self, rows: Rows, counts: dict[int, IntakeCounts], confirmed: dict[int, int]) -> int:
        loop = asyncio.get_running_loop()
        started = monotonic()
        first = await loop.run_in_executor(self._executor, self._inbox.append, rows, counts, confirmed)
        self.fsync_secs = monotonic() - started
        self._committed(self.fsync_secs)
        self.commits += 1
        return first

    def _refuse(self, pending: _Pending, error: JournalFull | None) -> None:
        """Somebody waits for the answer to an act; a broker does not."""
        problem = error.problem if error is not None else "The inbox is full."
        for _, done in pending.acts:
            if not done.done():
                done.set_exception(CommandError(problem, "Try again when `cityloom status` shows that there is room."))
        pending.acts.clear()

    def _set_full(self, pending: _Pending) -> None:
        self.full = True
        for batch in (*pending.batches, *self._pending.batches):
            self._shed(batch.source)

    def _set_room(self) -> None:
        self.full = False
        for source in self._shedding:
            source.shed_qos0 = False
        self._shedding.clear()

    def _shed(self, source: MqttSource) -> None:
        source.shed_qos0 = True
        self._shedding.add(source)


def _in_flight(pending: _Pending) -> dict[int, int]:
    return {batch.source.source: batch.source.in_flight for batch in pending.batches}
