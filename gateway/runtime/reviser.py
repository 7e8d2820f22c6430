"""The reviser: computes emitted windows again from stored readings after late ones came.

It waits until its store has everything that a mark depends on, reads the raw readings, computes in time order with the
functions that the engine uses, and appends what differs in the transaction that clears the marks: all stores get the
same revision. While its store is down marks wait, visible, and the aggregates they touch read as pending.
"""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.clock import Clock
from gateway.engine.results import SeriesName
from gateway.errors import JournalFull, StoreError
from gateway.journal.marks import Mark
from gateway.journal.outbox import Outbox
from gateway.runtime.revision import LEVELS, Span, differing, recomputed, span_of
from gateway.runtime.writer import StoreWriter
from gateway.stores.base import SeriesId, Store, StoredAggregates
from processors.columns import AggregateBatch

__all__ = ["Reviser"]

_MARKS_A_ROUND = 256
_SERIES_A_READ = 32
_RETRY_SECS = 2.0


class Reviser:
    """One task. `pane_of` gives a profile's finest step; `day_edges` the local midnights, as the engine has them."""

    def __init__(
        self, writer: StoreWriter, store: Store, outbox: Outbox, clock: Clock, *, quiet_ns: int, max_age_ns: int,
        poll_secs: float, pane_of: Callable[[str], int], day_edges: Callable[[], NDArray[np.int64]],
        revised: Callable[[int], None], passed: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.problem = ""
        self._writer = writer
        self._store = store
        self._outbox = outbox
        self._clock = clock
        self._quiet_ns = quiet_ns
        self._max_age_ns = max_age_ns
        self._poll_secs = poll_secs
        self._pane_of = pane_of
        self._day_edges = day_edges
        self._revised = revised
        self._passed = passed
        self._names: list[SeriesName] = []
        self._after = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End after the round at hand; marks that wait are for the next start."""
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

    async def finish(self) -> None:
        """Revise everything that is marked now, without waiting for quiet: before a clean stop and in tests."""
        while self._outbox.mark_count and self._writer.position >= self._outbox.last_position:
            if not await self.round(quiet_ns=0):
                return

    async def round(self, quiet_ns: int | None = None) -> bool:
        """Revise some due marks; False: none is due."""
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
        changed = [await self._revise(group, span) for group, span in self._groups(marks)]
        revisions = AggregateBatch.concat(changed)
        self._passed("revision-before-commit")
        position = await asyncio.to_thread(self._outbox.append_revision, revisions, [mark.id for mark in marks])
        if position is not None:
            self._after = position
            self._writer.wake()
            self._revised(len(revisions))
        return True

    def _groups(self, marks: Sequence[Mark]) -> list[tuple[list[Mark], Span]]:
        """Marks read together: one a series, near in time, few enough to bound the memory."""
        edges = self._day_edges()
        spans = sorted(((span_of(mark, edges), mark) for mark in marks), key=lambda pair: (pair[0].start, pair[0].end))
        groups: list[tuple[list[Mark], Span]] = []
        for span, mark in spans:
            if not span.coarsest:
                continue
            for at, (members, around) in enumerate(groups):
                near = span.start < around.end and len(members) < _SERIES_A_READ
                if near and all(member.series != mark.series for member in members):
                    members.append(mark)
                    groups[at] = (
                        members,
                        Span(around.start, max(around.end, span.end), max(around.coarsest, span.coarsest)),
                    )
                    break
            else:
                groups.append(([mark], span))
        return groups

    async def _revise(self, marks: list[Mark], span: Span) -> AggregateBatch:
        names = [self._names[mark.series] for mark in marks]
        ids = [SeriesId(name.device, name.quantity) for name in names]
        store = self._store
        readings = await store.read_readings(ids, span.start, span.end)
        panes = np.fromiter((self._pane_of(name.profile) for name in names), np.int32, len(names))
        windows = await asyncio.to_thread(recomputed, marks, readings, panes, self._day_edges())
        if not len(windows):
            return windows
        steps = [step for step in LEVELS if (windows.step == step).any()]
        low, high = int(windows.start.min()), int(windows.start.max()) + 1
        parts = [(await store.read_aggregates(ids, step, low, high)).batch for step in steps]
        stored = StoredAggregates(ids, AggregateBatch.concat(parts))
        fresh = await asyncio.to_thread(differing, windows, stored)
        series = np.fromiter((mark.series for mark in marks), np.int32, len(marks))
        return AggregateBatch(**{**fresh.arrays(), "series": series[fresh.series]})
