"""The engine's loop: rows from the inbox, one call, one transaction in the outbox.

    inbox (memory of the newest rows, else the file) --> ZoneEngine.step --> Outbox.append_step --> live hub, stores

Calls run one after the other in a thread of their own, so that the event loop goes on moving bytes. The engine has
moved on once a call returns: a commit that finds no room is repeated until it does. Only a stop gives it up: the next
start goes on from the last call that was committed.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from time import monotonic, thread_time
from typing import TypeVar

from gateway.clock import Clock
from gateway.engine.engines import Engines
from gateway.engine.results import StepResult
from gateway.errors import JournalFull
from gateway.journal.inbox import Inbox
from gateway.journal.outbox import Outbox, StepRecord
from gateway.rows import RowKind, Rows

__all__ = ["Recent", "Runner", "gather_secs", "upto_configuration"]

T = TypeVar("T")

_FULL_RETRY_SECS = 0.25
_GATHER_TIMES = 3.0
"""A call costs much the same for one message as for a hundred: where it is long, more are gathered for it."""
_GATHER_MOST_SECS = 0.2
_CALL_BYTES = 8 << 20
"""Payloads of one call at most: its outputs, dead letters included, must fit in memory and in a block."""
_RECENT_BYTES = 64 << 20


def gather_secs(asked: float, took: float) -> float:
    """From the start of a call to that of the next, where the last one took so long; 0: not asked to gather."""
    return max(asked, min(_GATHER_TIMES * took, _GATHER_MOST_SECS)) if asked else 0.0


class Recent:
    """The newest journaled rows, in memory so that the engine need not read them back. Bounded by rows and bytes."""

    def __init__(self, limit: int) -> None:
        self._batches: deque[tuple[int, Rows, int]] = deque()
        self._rows = 0
        self._bytes = 0
        self._limit = limit

    def put(self, first_offset: int, rows: Rows) -> None:
        """Remember a batch just journaled; when full, forget everything: the file has it."""
        size = rows.payload_bytes
        if self._rows + len(rows) > self._limit or self._bytes + size > _RECENT_BYTES:
            self._batches.clear()
            self._rows = self._bytes = 0
        if size <= _RECENT_BYTES:
            self._batches.append((first_offset, rows, size))
            self._rows += len(rows)
            self._bytes += size

    def take(self, offset: int, limit: int) -> tuple[Rows, int]:
        """Rows from `offset` on, at most `limit`, and how many bytes they have at most; none: not in memory."""
        out: list[Rows] = []
        most = 0
        batches = self._batches
        while batches and limit > 0:
            first, rows, size = batches[0]
            if first + len(rows) <= offset:
                batches.popleft()
                self._rows -= len(rows)
                self._bytes -= size
                continue
            if first > offset:
                break
            part = rows[offset - first : offset - first + limit]
            out.append(part)
            offset += len(part)
            limit -= len(part)
            most += size
        return Rows.joined(out), most


class Runner:
    """One engine and its outbox. `run` ends after `stop` once every journaled row has been processed."""

    def __init__(
        self, engines: Engines, inbox: Inbox, outbox: Outbox, clock: Clock, executor: ThreadPoolExecutor, *,
        gather_secs: float, gather_messages: int, tick_secs: float, memory_rows: int, live: Callable[[], bool],
        committed: Callable[[Rows, StepResult, int | None], None],
        full: Callable[[JournalFull], None],
    ) -> None:  # fmt: skip
        self.engines = engines
        self.recent = Recent(memory_rows)
        self.steps = 0
        self.busy_secs = 0.0
        self.outbox_cpu_secs = 0.0
        """CPU that commits took of the engine's thread."""
        self.commit_secs = 0.0
        """How long the newest commit took."""
        self.stalled = False
        """A commit waits for room: the engine stands still."""
        self._inbox = inbox
        self._outbox = outbox
        self._clock = clock
        self._executor = executor
        self._gather_secs = gather_secs
        self._gather_messages = gather_messages
        self._tick_secs = tick_secs
        self._live = live
        self._committed = committed
        self._full = full
        self._wake = asyncio.Event()
        self._stopping = False
        self._pause = asyncio.Lock()
        self._uncommitted: tuple[Rows, StepRecord, StepResult] | None = None

    @property
    def behind(self) -> int:
        """Rows journaled and not yet processed."""
        return self._inbox.end_offset - self.engines.offset

    @property
    def whole(self) -> bool:
        """Engine and outbox stand at the same call; not so while a commit waits for room. Asked within `quiesced`."""
        return self._uncommitted is None

    def journaled(self, first_offset: int, rows: Rows) -> None:
        """Rows are durable in the inbox from `first_offset` on."""
        self.recent.put(first_offset, rows)
        self._wake.set()

    def tune(self, *, gather_secs: float, gather_messages: int, tick_secs: float) -> None:
        """Other figures from the next call on."""
        self._gather_secs, self._gather_messages, self._tick_secs = gather_secs, gather_messages, tick_secs

    def stop(self) -> None:
        """Finish what is journaled, then end; where the outbox has no room, it is for the next start."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Call the engine until stopped."""
        last = took = 0.0
        while True:
            if not self.behind:
                if self._stopping:
                    return
                await self._wait(self._tick_secs)
            pause = last + gather_secs(self._gather_secs, took) - monotonic()
            if self.behind and self.behind < self._gather_messages and pause > 0 and not self._stopping:
                await asyncio.sleep(pause)
            last = monotonic()
            async with self._pause:
                await self._call()
            took = monotonic() - last
            while self._uncommitted is not None:
                # the engine stops, the inbox fills, nothing more is acknowledged: backpressure without loss
                if self._stopping:
                    return
                await asyncio.sleep(_FULL_RETRY_SECS)
                async with self._pause:
                    await self._commit()

    async def quiesced(self, work: Callable[[], T]) -> T:
        """Run `work` in the engine's thread between two calls."""
        async with self._pause:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def _wait(self, secs: float) -> None:
        try:
            async with asyncio.timeout(secs):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _call(self) -> None:
        loop = asyncio.get_running_loop()
        rows, most = self.recent.take(self.engines.offset, self._gather_messages)
        # before `live`: a process that stands still in between has no time pass
        now = self._clock.now()
        live = self._live()
        started = monotonic()
        self._uncommitted = await loop.run_in_executor(self._executor, self._step, rows, most, now, live)
        self.busy_secs += monotonic() - started
        await self._commit()

    async def _commit(self) -> None:
        assert self._uncommitted is not None
        rows, record, result = self._uncommitted
        started = monotonic()
        try:
            position = await asyncio.get_running_loop().run_in_executor(self._executor, self._append, record, result)
        except JournalFull as error:
            self.stalled = True
            self._full(error)
            return
        self._uncommitted = None
        self.stalled = False
        self.steps += 1
        self.busy_secs += monotonic() - started
        self._committed(rows, result, position)

    def _step(self, rows: Rows, most: int, now: int, live: bool) -> tuple[Rows, StepRecord, StepResult]:
        first = self.engines.offset
        if not rows and self._inbox.end_offset > first:
            rows, most = self._inbox.read(first, self._gather_messages, _CALL_BYTES), _CALL_BYTES + 1
        if most > _CALL_BYTES:
            rows = _bounded(rows)
        rows = upto_configuration(rows)
        now = max(now, self.engines.now)
        result = self.engines.step(rows, now, live)
        record = StepRecord(
            step=self._outbox.last_step + 1, kind="rows" if rows else "tick", first_offset=first,
            end_offset=self.engines.offset, now=now, live=live,
        )  # fmt: skip
        return rows, record, result

    def _append(self, record: StepRecord, result: StepResult) -> int | None:
        started, began = thread_time(), monotonic()
        try:
            return self._outbox.append_step(record, result)
        finally:
            self.outbox_cpu_secs += thread_time() - started
            self.commit_secs = monotonic() - began


def upto_configuration(rows: Rows) -> Rows:
    """A configuration begins a call: what came before it is judged, whole, by the one before."""
    at = 0
    for run in rows.runs:
        if run.kind == RowKind.CONFIG and at:
            return rows[:at]
        at += len(run)
    return rows


def _bounded(rows: Rows) -> Rows:
    """As many of the first rows as fit in a call, at least one."""
    if rows.payload_bytes <= _CALL_BYTES:
        return rows
    sizes = accumulate(map(len, rows.payloads()))
    return rows[: max(1, sum(1 for size in sizes if size <= _CALL_BYTES))]
