"""The way from rows to revised aggregates in one process, without a broker: what a gateway does, called step by step.

feed(rows) --> inbox --> Engines.step --> outbox --> a StoreWriter per store
                                             ^            |
                                             +-- Reviser <+     settle() waits until all of it has come to rest
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np

from gateway.clock import ManualClock
from gateway.config.content import EngineContent
from gateway.engine.engines import Engines
from gateway.engine.ledger import Ledger
from gateway.engine.results import StepResult
from gateway.journal.inbox import Inbox, IntakeCounts
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox, StepRecord
from gateway.mqtt.backoff import Backoff
from gateway.rows import Row, RowKind
from gateway.runtime.accounts import take_ledger
from gateway.runtime.reviser import RawSource, Reviser
from gateway.runtime.writer import StoreWriter
from gateway.stores.base import SeriesId, Store
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from processors.columns import AggregateBatch
from tests.support.running import RecordingTelemetry, eventually

__all__ = ["STEPS", "Aggregates", "Line", "aggregates_of", "duckdb_in", "running_line", "same_bits"]

STEPS = (10, 60, 900, 3600, 86400)
QUOTA = 1 << 33
_YEARS = 5 * 366 * 86400 * 10**9
Aggregates = dict[tuple[SeriesId, int], AggregateBatch]
"""(series, step) -> its windows in order of time."""


def duckdb_in(folder: Path) -> DuckDbStore:
    """The embedded store on a file in `folder`."""
    return DuckDbStore(DuckDbConfig(folder / "readings.duckdb", _YEARS))


class Line:
    """Made by `running_line`. The clock is turned by `feed` to the newest receipt."""

    def __init__(self, inbox: Inbox, outbox: Outbox, stores: Sequence[Store], quiet_ns: int) -> None:
        self.inbox = inbox
        self.outbox = outbox
        self.stores = stores
        self.clock = ManualClock(0)
        self.engines = Engines()
        self.telemetry = RecordingTelemetry()
        self.writers = [
            StoreWriter(store, outbox, self.telemetry, Backoff(0.005, 0.02, np.random.default_rng(1)),
                        max_readings=200_000, stored=lambda *_: None, passed=lambda _: None)
            for store in stores
        ]  # fmt: skip
        self.revised = 0
        self.skipped: list[tuple[int, str]] = []
        self.reviser = Reviser(
            [RawSource(writer, store, 1 << 62) for writer, store in zip(self.writers, stores, strict=True)],
            outbox, self.clock, quiet_ns=quiet_ns, max_age_ns=3600 * 10**9, poll_secs=0.01,
            pane_of=self.engines.zone.pane_of, day_edges=lambda: self.engines.zone.day_edges,
            revised=self._count, passed=lambda _place: None, skipped=lambda *told: self.skipped.append(told),
        )  # fmt: skip

    def _count(self, windows: AggregateBatch) -> None:
        self.revised += len(windows)

    def feed(self, rows: Sequence[Row], now: int | None = None, *, live: bool = False) -> StepResult:
        """Journal rows and call the engine once; without rows it is a tick."""
        if rows:
            messages = sum(row.kind == RowKind.MESSAGE for row in rows)
            self.inbox.append(rows, {0: IntakeCounts(received=messages)} if messages else {}, {})
        now = max(now or 0, rows[-1].received_at if rows else 0, self.engines.now)
        self.clock.advance(max(now - self.clock.now(), 0))
        first = self.engines.offset
        result = self.engines.step(rows, now, live)
        record = StepRecord(
            step=self.outbox.last_step + 1, kind="rows" if rows else "tick", first_offset=first,
            end_offset=self.engines.offset, now=now, live=live,
        )  # fmt: skip
        self.outbox.append_step(record, result)
        for writer in self.writers:
            writer.wake()
        return result

    def configure(self, content: EngineContent, at: int = 0) -> None:
        """Journal a configuration, and let the engine take it."""
        received_at = max(at, self.inbox.last_received_at + 1)
        self.feed([Row(received_at, RowKind.CONFIG, 0, 0, content.digest, content.encode())])

    async def stored(self) -> None:
        """Wait until every store has everything."""
        await eventually(
            lambda: all(writer.position >= self.outbox.last_position for writer in self.writers), "all is stored"
        )

    async def settle(self) -> None:
        """Wait until everything is stored and revised, and the revisions stored."""
        await self.stored()
        assert await self.reviser.finish()
        await self.stored()

    def names(self) -> list[SeriesId]:
        """All series, in the engine's order."""
        return [SeriesId(name.device, name.quantity) for name in self.outbox.series_names(0)]

    async def aggregates(self, store: Store | None = None) -> Aggregates:
        """The newest revisions of every (series, step), in order of time."""
        return await aggregates_of(store or self.stores[0], self.names())

    def ledger(self) -> Ledger:
        """The books."""
        return take_ledger(self.inbox, self.outbox, [store.name for store in self.stores])


async def aggregates_of(store: Store, names: Sequence[SeriesId]) -> Aggregates:
    """The newest revisions of every (series, step), in order of time."""
    out = {}
    for step in STEPS:
        found = await store.read_aggregates(names, step, -(1 << 62), 1 << 62)
        for place, name in enumerate(found.names):
            mine = found.batch.take(found.batch.series == place)
            if len(mine):
                out[name, step] = mine
    return out


def same_bits(left: AggregateBatch, right: AggregateBatch) -> bool:
    """Whether all windows and statistics are equal to the bit; revisions and private indices are not compared."""
    return len(left) == len(right) and all(
        getattr(left, name).tobytes() == getattr(right, name).tobytes()
        for name in AggregateBatch.DTYPES
        if name not in ("series", "revision")
    )


@asynccontextmanager
async def running_line(
    folder: Path, content: EngineContent, stores: Sequence[Store] = (), *, start: int, quiet_ns: int = 0
) -> AsyncIterator[Line]:
    """A line on files in `folder`, configured at `start`; its writers run. `stores`: the one to read from first."""
    inbox, outbox, _ = open_journal(folder, inbox_quota=QUOTA, outbox_quota=QUOTA)
    async with AsyncExitStack() as stack:
        stack.callback(inbox.close)
        stack.callback(outbox.close)
        line = Line(inbox, outbox, stores or [duckdb_in(folder)], quiet_ns)
        for store in line.stores:
            stack.push_async_callback(store.close)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(writer.run()) for writer in line.writers]
        line.configure(content, start)
        yield line
        for writer in line.writers:
            writer.stop()
        await asyncio.gather(*tasks)
