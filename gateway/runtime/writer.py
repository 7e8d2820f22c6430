"""One store's writer: blocks after its cursor, in order, until the store has them.

A store that is slow, down or stopped delays nobody else: the outbox keeps its blocks, within its quota.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import numpy as np

from gateway.engine.results import Reject, SeriesName, StepResult
from gateway.errors import Halt, JournalCorrupt, JournalFull, Retry
from gateway.journal.cursors import StoreState
from gateway.journal.outbox import Outbox
from gateway.mqtt.backoff import Backoff
from gateway.reasons import Unstored
from gateway.stores.base import Block, BlockStore, Refused, StoreCursor
from gateway.stores.keys import prints
from gateway.telemetry.store_events import PointsRefused, StoreHaltedError, StoreRecovered, StoreRetrying
from gateway.telemetry.telemetry import Telemetry
from processors.columns import AggregateBatch, FlagRewrites, ReadingBatch
from processors.flags import Why

__all__ = ["StoreWriter"]

_HALT_RETRY_SECS = 60.0
_LEAST_RETRY_SECS = 0.1
"""Also where a store says that it may be asked again at once."""
_IDLE_SECS = 0.5
_GATHER_SECS = 0.25
_BUSY_GATHER_SECS = 0.5
_BUSY_READINGS = 50_000
"""A second; from here on a write is gathered for longer."""
_ENOUGH_READINGS = 75_000
"""Measured on DuckDB, CPU of all its threads: 3.6 us a reading in writes of 3,000, 1.2 in 15,000, 0.84 in 30,000, 0.62
in 60,000, 0.54 in 120,000."""

_LEAST_READINGS = 1_000
"""In a write after trouble."""


@dataclass(slots=True)
class _Merged:
    upto: int
    result: StepResult
    names: list[SeriesName]


class StoreWriter:
    """Never writes a block before the ones in front of it. `position` is what the store has durably."""

    def __init__(
        self, store: BlockStore, outbox: Outbox, telemetry: Telemetry, backoff: Backoff, *, max_readings: int,
        stored: Callable[[str, int], None], passed: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.store = store
        self.name = store.name
        self.state = "starting"
        self.problem = ""
        self.remedy = ""
        cursor = outbox.cursor(store.name)
        # as far as is known before the store answers: what lies before may be trimmed, and is not waited for
        self.position = cursor.position if cursor is not None else outbox.begin_position
        self._outbox = outbox
        self._tried = outbox.last_position
        """No block after this one can be in a store that got its blocks from this history of the journal."""
        self._opened = False
        self._taken: tuple[_Merged, list[Refused]] | None = None
        """What the store has and the outbox could not note, for want of room: noted before anything else is given."""
        self._telemetry = telemetry
        self._backoff = backoff
        self._max_readings = self._at_once = max_readings
        self._stored = stored
        self._passed = passed
        self._wake, self._moved = asyncio.Event(), asyncio.Event()
        self._stopping = False
        self._down_since: float | None = None
        self._began = 0.0
        self._gathered = 0

    def wake(self, readings: int = 0, *, urgent: bool = False) -> None:
        """The outbox has a new block with so many readings; `urgent`: somebody waits for what it says."""
        self._gathered = max(self._gathered + readings, _ENOUGH_READINGS if urgent else 0)
        self._wake.set()

    def stop(self) -> None:
        """Write what the outbox holds, then end; a store that is down ends at once."""
        self._stopping = True
        self._wake.set()

    async def reaches(self, position: int) -> None:
        """Wait until the store has everything up to a block; a store that is down has it when it is up again."""
        while self.position < position:
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        """Write until stopped."""
        if not await self._until(self._open):
            return
        while True:
            if self._outbox.last_position > self.position:
                if self._at_once == self._max_readings:
                    await self._gather()
                if not await self._until(self._write):
                    return
                continue
            if self._stopping:
                return
            self._wake.clear()
            if self._outbox.last_position > self.position:
                continue
            await self._nap(_IDLE_SECS)

    async def _gather(self) -> None:
        """A write costs a store much the same, small or large: in a stream of blocks several go together."""
        while self._gathered < _ENOUGH_READINGS and not self._stopping:
            passed = monotonic() - self._began
            busy = self._gathered >= _BUSY_READINGS * max(passed, _GATHER_SECS)
            left = (_BUSY_GATHER_SECS if busy else _GATHER_SECS) - passed
            if left <= 0:
                return
            self._wake.clear()
            await self._nap(left)

    async def _nap(self, secs: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(secs):
                await self._wake.wait()

    async def _until(self, act: Callable[[], Awaitable[None]]) -> bool:
        """Repeat `act` until the store takes it; False: stopped while the store was down."""
        while True:
            try:
                await act()
            except Retry as error:
                wait = self._backoff.next_delay() if error.after is None else max(error.after, _LEAST_RETRY_SECS)
                self._down("retrying", error.problem, error.remedy)
                self._telemetry.emit(StoreRetrying(self.name, error.problem, wait, error.remedy))
            except (Halt, JournalCorrupt) as error:
                # a damaged block halts whom it was for, and nobody else
                wait = _HALT_RETRY_SECS
                self._opened = False
                if (self.state, self.problem) != ("halted", error.problem):
                    await self._note_halt(error.problem)
                    self._telemetry.emit(StoreHaltedError(store=self.name, problem=error.problem, remedy=error.remedy))
                self._down("halted", error.problem, error.remedy)
            except JournalFull as error:
                wait = 1.0
                self._down("retrying", error.problem, error.remedy)
            else:
                if self.state != "writing":
                    await self._note_halt("")
                self._up()
                return True
            if self._stopping:
                return False
            if not await self._sleep(wait):
                return False

    async def _sleep(self, secs: float) -> bool:
        deadline = monotonic() + secs
        while (left := deadline - monotonic()) > 0:
            if self._stopping:
                return False
            self._wake.clear()
            await self._nap(min(left, _IDLE_SECS))
        return True

    def _down(self, state: str, problem: str, remedy: str) -> None:
        self._down_since = self._down_since or monotonic()
        self.state, self.problem, self.remedy = state, problem, remedy

    async def _note_halt(self, problem: str) -> None:
        """So that it can be told while nothing runs."""
        cursor = self._outbox.cursor(self.name)
        if cursor is not None and cursor.halted != problem:
            with suppress(JournalFull):
                await asyncio.to_thread(self._outbox.set_halted, self.name, problem)

    def _up(self) -> None:
        self._backoff.reset()
        if self._down_since is not None:
            self._telemetry.emit(StoreRecovered(store=self.name, secs=monotonic() - self._down_since))
        self._down_since = None
        self.state, self.problem, self.remedy = "writing", "", ""

    async def _open(self) -> None:
        """Also after a halt: an operator may have replaced the store, or the last write may have come through."""
        self._taken = None
        there = await self.store.open()
        ours = self._outbox.cursor(self.name)
        journal = self._outbox.journal_id
        if there is not None and there.journal_id != journal:
            raise Halt(
                f"{self.name} holds the data of another journal ({there.journal_id[:8]}, ours is {journal[:8]}).",
                f"Point [stores.{self.name}] at the store that belongs to this data folder, or at a new empty one.",
            )
        if there is not None and not self._is_ours(there, ours):
            raise Halt(
                f"{self.name} has block {there.position}, which is none of this data folder's:"
                " the folder is an older copy than the store.",
                f"Put back the newest data folder, or point [stores.{self.name}] at a new empty store."
                f" Was it only out of the configuration for a while: `cityloom stores adopt {self.name}`.",
            )
        if ours is not None and ours.stored > 0 and there is None:
            raise Halt(
                f"{self.name} is empty, but {ours.stored} readings were stored in it: it was deleted or replaced.",
                f"Restore it from a backup, or run `cityloom stores adopt {self.name}` to go on without them.",
            )
        if ours is None:
            self._outbox.register_store(self.name)
            ours = self._outbox.cursor(self.name)
            assert ours is not None
        self.position = ours.position
        if there is not None and there.position > ours.position:
            # the store committed, we died before we noted it
            missed = self._outbox.readings_between(ours.position, there.position)
            self._outbox.advance(self.name, there.position, missed, 0)
            self.position = there.position
            self._moved.set()
        elif there is not None and there.stored >= 0 and there.position < ours.position:
            raise Halt(
                f"{self.name} stands at block {there.position}, but block {ours.position} was written to it:"
                " an older copy was put in its place.",
                f"Restore the newest copy, or run `cityloom stores adopt {self.name}` to go on without the rest.",
            )
        await asyncio.to_thread(self._outbox.settle_store, self.name)
        self._opened = True

    def _is_ours(self, there: StoreCursor, ours: StoreState | None) -> bool:
        """Whether a store that is ahead of what we noted got its blocks from this history of the journal.

        Only a block that was there when we started, or that this process has tried to write, can be in it; and the
        readings up to it must be as many as the store has.
        """
        if there.position <= self.position:
            return True
        if there.position > self._tried:
            return False
        if there.stored <= 0 or ours is None:
            return True  # it keeps no count
        return there.stored == ours.stored + self._outbox.readings_between(ours.position, there.position)

    async def _write(self) -> None:
        self._began = monotonic()
        self._gathered = 0
        if not self._opened:
            await self._open()
        if self._taken is None:
            merged = await asyncio.to_thread(self._load)
            if merged is None:
                return
            self._taken = merged, await self._give(merged)
        merged, refused = self._taken
        readings, lost = len(merged.result.readings), sum(point.readings for point in refused)
        rejects = [_letter(self.name, merged.upto, index, point) for index, point in enumerate(refused)]
        await asyncio.to_thread(
            self._outbox.advance, self.name, merged.upto, readings - lost, lost, 0, rejects, self.store.by_day
        )
        self._taken = None
        self.position = merged.upto
        self._moved.set()
        if refused:
            self._telemetry.emit(PointsRefused(store=self.name, points=len(refused), detail=refused[0].detail))
        self._stored(self.name, merged.upto)

    async def _give(self, merged: _Merged) -> list[Refused]:
        result = merged.result
        block = Block(
            self._outbox.journal_id, merged.upto, result.readings, result.rewrites, result.aggregates,
            merged.names, result.rejects, result.devices, result.transitions,
            figures=result.figures, reports=result.reports, incidents=result.incidents,
        )  # fmt: skip
        self._tried = max(self._tried, merged.upto)
        self._passed("before-store-write")
        try:
            refused = await self.store.write(block)
        except Retry:
            # it may have been more than a slow store answers in time: less of it gets through, and that is kept
            self._at_once = min(max(len(result.readings) // 2, _LEAST_READINGS), self._max_readings)
            raise
        self._at_once = min(self._at_once + self._at_once // 8, self._max_readings)
        self._passed("after-store-write")
        return refused

    def _load(self) -> _Merged | None:
        blocks = self._outbox.blocks_after(self.position, self._at_once)
        if not blocks:
            return None
        results = _mergeable([result for _, result in blocks])
        return _Merged(
            blocks[len(results) - 1][0],
            StepResult(
                readings=ReadingBatch.concat([r.readings for r in results]),
                rewrites=FlagRewrites.concat([r.rewrites for r in results]),
                aggregates=AggregateBatch.concat([r.aggregates for r in results]),
                rejects=[reject for r in results for reject in r.rejects],
                devices=[device for r in results for device in r.devices],
                transitions=[change for r in results for change in r.transitions],
                figures=[figure for r in results for figure in r.figures],
                reports=[change for r in results for change in r.reports],
                incidents=[change for r in results for change in r.incidents],
            ),
            self._outbox.series_names(self.store.series_count),
        )


def _mergeable(results: list[StepResult]) -> list[StepResult]:
    """The first ones, up to a late reading whose earlier write was judged anew: merged, that verdict would stand."""
    judged = np.empty(0, np.uint64)
    for k, result in enumerate(results):
        came = result.readings
        late = (came.why & np.uint32(Why.LATE)) != 0 if len(judged) else np.zeros(len(came), np.bool_)
        if late.any() and np.isin(prints(came.series[late], came.ts[late]), judged).any():
            return results[:k]
        judged = np.concatenate([judged, prints(result.rewrites.series, result.rewrites.ts)])
    return results


def _letter(store: str, position: int, index: int, point: Refused) -> Reject:
    """The dead letter of a refused point. Its offset is made from block and place, so that a repeat gives it again."""
    reason = point.reason if point.reason in (Unstored.REFUSED, Unstored.RETENTION) else Unstored.REFUSED
    payload = f"{point.kind} {point.device} {point.ts} readings={point.readings}".encode()
    offset = -(position * 1_000_000 + index + 1)
    return Reject(offset, point.ts, reason, f"{store}: {point.detail}", -1, "", "", payload, point.device)
