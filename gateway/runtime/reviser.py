"""The reviser: computes emitted windows again from stored readings after late ones came.

It waits until its store has everything that a mark depends on, reads the raw readings, computes in time order with the
functions that the engine uses, and appends what differs in the transaction that clears the marks: all stores get the
same revision. While its store is down marks wait, visible, and the aggregates they touch read as pending.

Where readings were dropped before its store had them, another store that has them all is asked. Where there is none, a
window stands as it was first computed, when all of its readings but the late ones were there: of what is left it would
be computed wrong.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.clock import Clock
from gateway.engine.results import SeriesName
from gateway.errors import JournalFull, StoreError
from gateway.journal.lost_hours import HOUR
from gateway.journal.outbox import Outbox
from gateway.runtime.revision import LEVELS, Piece, complete, differing, pieces_of, recomputed
from gateway.runtime.writer import StoreWriter
from gateway.stores.base import SeriesId, Store, StoredAggregates
from processors.columns import AggregateBatch

__all__ = ["Reviser"]

_MARKS_A_ROUND = 256
_WINDOWS_A_BLOCK = 50_000
_RETRY_SECS = 2.0
_FINISH_POLL_SECS = 0.01


@dataclass(slots=True)
class RawSource:
    """A store that readings are read back from, and who writes to it."""

    writer: StoreWriter
    store: Store
    retention_ns: int
    lost: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Hours of which it lacks readings, in order."""

    def lacks(self, piece: Piece) -> bool:
        """Whether any of the piece's readings may have been dropped."""
        low, high = np.searchsorted(self.lost, [piece.start // HOUR, -(-piece.end // HOUR)])
        return bool(high > low)


class Reviser:
    """One task. Reads from the first of `sources` as a rule.

    `pane_of` gives a series' finest step; `day_edges` the local midnights, as the engine has them.
    """

    def __init__(
        self, sources: Sequence[RawSource], outbox: Outbox, clock: Clock, *, quiet_ns: int, max_age_ns: int,
        poll_secs: float, pane_of: Callable[[int], int], day_edges: Callable[[], NDArray[np.int64]],
        revised: Callable[[AggregateBatch], None], skipped: Callable[[int, str], None], passed: Callable[[str], None],
    ) -> None:  # fmt: skip
        """`skipped` hears of how many series windows could not be computed again: `retention` or `dropped`."""
        self.problem = ""
        self._sources = sources
        self._writer = sources[0].writer
        self._outbox = outbox
        self._clock = clock
        self._quiet_ns = quiet_ns
        self._max_age_ns = max_age_ns
        self._poll_secs = poll_secs
        self._pane_of = pane_of
        self._day_edges = day_edges
        self._revised = revised
        self._skipped = skipped
        self._passed = passed
        self._names: list[SeriesName] = []
        self._after = outbox.last_position
        """Revisions up to this position must be stored before their windows may be compared again."""
        self._one_round = asyncio.Lock()
        self._stopping = asyncio.Event()

    def tune(self, *, quiet_ns: int, max_age_ns: int) -> None:
        """Other waits from the next look on."""
        self._quiet_ns, self._max_age_ns = quiet_ns, max_age_ns

    def stop(self) -> None:
        """End after the block at hand; marks that wait are for the next start."""
        self._stopping.set()

    async def run(self) -> None:
        """Look for due marks until stopped."""
        while not self._stopping.is_set():
            wait = self._poll_secs
            try:
                if await self.round():
                    continue
                self.problem = ""
            except (StoreError, JournalFull) as error:
                self.problem = error.problem
                wait = _RETRY_SECS
            try:
                async with asyncio.timeout(wait):
                    await self._stopping.wait()
            except TimeoutError:
                pass

    async def finish(self) -> bool:
        """Revise everything that is marked, without waiting for quiet, and see it stored; False: the store is down."""
        while self._writer.state == "writing":
            if self._writer.position < self._outbox.last_position:
                await asyncio.sleep(_FINISH_POLL_SECS)
            elif not self._outbox.mark_count:
                return True
            else:
                await self.round(quiet_ns=0)
        return False

    async def round(self, quiet_ns: int | None = None) -> bool:
        """Revise some due marks; False: none is due."""
        async with self._one_round:
            if self._writer.state != "writing" or self._writer.position < self._after:
                return False
            quiet = self._quiet_ns if quiet_ns is None else quiet_ns
            now = self._clock.now()
            marks = await asyncio.to_thread(
                self._outbox.marks_due, self._writer.position, now, quiet, self._max_age_ns, _MARKS_A_ROUND
            )
            if not marks:
                return False
            if len(self._names) < self._outbox.series_count:
                self._names += await asyncio.to_thread(self._outbox.series_names, len(self._names))
            for source in self._sources:
                lost = await asyncio.to_thread(self._outbox.lost_hours, source.store.name)
                source.lost = np.fromiter(lost, np.int64, len(lost))
            pieces = await asyncio.to_thread(pieces_of, marks, self._pane_of, self._day_edges())
            await self._do(pieces)
            return True

    async def _do(self, pieces: list[Piece]) -> None:
        """A mark goes in the transaction of its last piece: a crash before does all of it again, to the same end."""
        left = Counter(each for piece in pieces for each in piece.ids)
        changed: list[AggregateBatch] = []
        done: list[int] = []
        for piece in pieces:
            changed.append(await self._revise(piece))
            left.subtract(piece.ids)
            done += [each for each in piece.ids if not left[each]]
            if sum(map(len, changed)) >= _WINDOWS_A_BLOCK or piece is pieces[-1] or self._stopping.is_set():
                await self._append(AggregateBatch.concat(changed), done)
                changed, done = [], []
            if self._stopping.is_set():
                return

    async def _append(self, revisions: AggregateBatch, done: list[int]) -> None:
        self._passed("revision-before-commit")
        position = await asyncio.to_thread(self._outbox.append_revision, revisions, done)
        if position is not None:
            self._after = position
            self._writer.wake()
            self._revised(revisions)

    def _source_of(self, piece: Piece) -> RawSource:
        """The first store, unless it lacks readings that another one has and can give just now."""
        first, *others = self._sources
        upto = max(self._after, *(mark.position for own in piece.marks.values() for mark in own))
        oldest = self._clock.now() - piece.start
        for source in others if first.lacks(piece) else ():
            up = source.writer.state == "writing" and source.writer.position >= upto
            if up and oldest <= source.retention_ns and not source.lacks(piece):
                return source
        return first

    async def _revise(self, piece: Piece) -> AggregateBatch:
        source = self._source_of(piece)
        if piece.start < self._clock.now() - source.retention_ns:
            # part of its readings may be gone: what is stored was computed from more than what is left
            self._skipped(len(piece.marks), "retention")
            return AggregateBatch.empty()
        series = np.fromiter(piece.marks, np.int32, len(piece.marks))
        names = [self._names[each] for each in piece.marks]
        ids = [SeriesId(name.device, name.quantity) for name in names]
        panes = np.fromiter(map(self._pane_of, piece.marks), np.int32, len(ids))
        store = source.store
        readings = await store.read_readings(ids, piece.start, piece.end)
        windows = await asyncio.to_thread(recomputed, piece, readings, panes, self._day_edges())
        if source.lacks(piece):
            whole = complete(windows, self._day_edges(), source.lost)
            if not whole.all():
                self._skipped(len(np.unique(windows.series[~whole])), "dropped")
            windows = windows.take(whole)
        parts = []
        for step in LEVELS:
            start = windows.start[windows.step == step]
            if len(start):
                parts.append((await store.read_aggregates(ids, step, int(start.min()), int(start.max()) + 1)).batch)
        fresh = await asyncio.to_thread(differing, windows, StoredAggregates(ids, AggregateBatch.concat(parts)))
        return AggregateBatch(**{**fresh.arrays(), "series": series[fresh.series]})
