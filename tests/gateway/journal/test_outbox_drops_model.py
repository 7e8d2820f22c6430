"""Any order of calls, writes, drops, trims and crashes: every reading is stored or dropped, once, of every store.

A model database takes what the outbox gives, keyed by reading. Writes are under way while others happen, and end in
the database, in the books, in both or nowhere, as a crash leaves them.
"""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.engine.results import StepResult
from gateway.journal.lost_hours import HOUR
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox, StepRecord
from processors.columns import ReadingBatch
from tests.gateway.journal.support import MB, aggregates

AT_ONCE = 300
"""Readings of a write."""
_MEMORY = Path("/dev/shm")
STORES = st.sampled_from(["duckdb", "influxdb", "records", "late"])
CRASHES = st.sampled_from(["", "drop-before-commit", "drop-after-commit"])


class Crash(Exception):
    """The process ends here."""


@dataclass
class Database:
    """`position` and `stored` are its own; None: it keeps none, and gets again what it may have."""

    counts: bool
    begins: int
    position: int = 0
    stored: int = 0
    readings: set[int] = field(default_factory=set)
    windows: set[int] = field(default_factory=set)
    under_way: list[tuple[int, StepResult]] | None = None

    def take(self) -> None:
        """All or nothing of what is under way."""
        assert self.under_way is not None
        for position, result in self.under_way:
            if self.counts and position <= self.position:
                continue
            new = set(result.readings.ts.tolist())
            assert not (self.counts and new & self.readings), "a reading came twice"
            self.readings |= new
            self.windows.add(position)
            self.stored += len(result.readings)
        self.position = max(self.position, self.under_way[-1][0])


class DroppingOutbox(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        # in memory where there is such a folder: a disk's syncs are what would take most of the time
        self.folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
        self.opened = ExitStack()
        self.crash_at = ""
        self.told = 0
        self.blocks: dict[int, set[int]] = {}
        self.stores: dict[str, Database] = {}
        self.outbox: Outbox = self._open()
        for name in ("duckdb", "influxdb", "records"):
            self._add(name)
        self.call([250, 100, 500, 100, 0, 30])

    def teardown(self) -> None:
        if not hasattr(self, "outbox"):
            return
        try:
            for name in self.stores:
                for _ in range(1_000):
                    self.end_write(name)
                    self.start_write(name)
                    if self.stores[name].under_way is None:
                        break
                self._settled(name)
        finally:
            self.opened.close()
            shutil.rmtree(self.folder)

    @rule(sizes=st.lists(st.sampled_from([0, 1, 30, 100, 250, 500]), min_size=1, max_size=6))
    def call(self, sizes: list[int]) -> None:
        for size in sizes:
            ts = np.arange(self.told, self.told + size) * (HOUR // 400)
            batch = ReadingBatch.of(
                series=np.arange(size), ts=ts, value=np.ones(size), flag=np.ones(size), why=np.zeros(size)
            )
            result = StepResult(readings=batch, aggregates=aggregates(1))
            offset = self.outbox.processed_offset
            record = StepRecord(self.outbox.last_step + 1, "tick", offset, offset, 1, True)
            position = self.outbox.append_step(record, result)
            assert position is not None
            self.blocks[position] = set(ts.tolist())
            self.told += size

    @rule(name=STORES)
    def start_write(self, name: str) -> None:
        store = self.stores.get(name)
        if store is not None and store.under_way is None:
            store.under_way = self.outbox.blocks_after(self._cursor(name).position, AT_ONCE) or None

    @rule(name=STORES)
    def end_write(self, name: str) -> None:
        store = self.stores.get(name)
        if store is not None and store.under_way is not None:
            store.take()
            self._note(name)

    @rule(share=st.sampled_from([0.0, 0.9]))
    def pack(self, share: float) -> None:
        self.outbox.pack_blocks(int(self.outbox.bytes_used * share), AT_ONCE)

    @rule(
        share=st.sampled_from([0.0, 0.5, 0.9]), crash=st.sampled_from(["", "drop-before-commit", "drop-after-commit"])
    )
    def drop(self, share: float, crash: str) -> None:
        self.crash_at = crash
        try:
            self.outbox.drop_readings(int(self.outbox.bytes_used * share), AT_ONCE)
        except Crash:
            self._come_back()
        self.crash_at = ""

    @rule(reached=st.lists(STORES, max_size=4))
    def crash(self, reached: list[str]) -> None:
        for name in reached:
            store = self.stores.get(name)
            if store is not None and store.under_way is not None:
                store.take()  # and nobody noted it
        self._come_back()

    @rule()
    def trim(self) -> None:
        self.outbox.trim()

    @precondition(lambda self: "late" not in self.stores)
    @rule()
    def another_store(self) -> None:
        self._add("late")

    @precondition(lambda self: "late" in self.stores)
    @rule()
    def forget(self) -> None:
        self.outbox.forget_store("late")
        del self.stores["late"]

    @invariant()
    def balanced(self) -> None:
        for name in getattr(self, "stores", {}):
            state = self._cursor(name)
            waiting = self.outbox.readings_between(state.position, self.outbox.last_position)
            assert state.stored + state.dropped + waiting == self.told
        assert not hasattr(self, "told") or self.outbox.readings_upto(self.outbox.last_position) == self.told

    def _open(self) -> Outbox:
        def fault(point: str) -> None:
            if point == self.crash_at:
                raise Crash

        inbox, outbox, _ = open_journal(self.folder, inbox_quota=64 * MB, outbox_quota=64 * MB, fault=fault)
        self.opened.callback(inbox.close)
        self.opened.callback(outbox.close)
        return outbox

    def _come_back(self) -> None:
        self.crash_at = ""
        self.opened.close()
        self.outbox = self._open()
        for name, store in self.stores.items():
            store.under_way = None
            ours = self._cursor(name)
            if store.counts and store.position > ours.position:
                # as a writer does when it opens its store
                missed = self.outbox.readings_between(ours.position, store.position)
                assert store.stored == ours.stored + missed
                self.outbox.advance(name, store.position, missed, 0)

    def _add(self, name: str) -> None:
        self.outbox.register_store(name)
        begins = self._cursor(name).position
        self.stores[name] = Database(name != "influxdb", begins, begins)

    def _note(self, name: str) -> None:
        blocks = self.stores[name].under_way
        assert blocks is not None
        self.stores[name].under_way = None
        self.outbox.advance(name, blocks[-1][0], sum(len(result.readings) for _, result in blocks), 0)

    def _cursor(self, name: str) -> Any:
        state = self.outbox.cursor(name)
        assert state is not None
        return state

    def _settled(self, name: str) -> None:
        """At the end: what is stored is in the database, what is dropped is not, and its hours are known."""
        store, state = self.stores[name], self._cursor(name)
        assert state.stored == len(store.readings)
        assert state.stored + state.dropped == self.told
        wanted = {position for position in self.blocks if position > store.begins}
        assert store.windows == wanted
        lost = self.outbox.lost_hours(name)
        lacking = set().union(*(self.blocks[position] for position in wanted)) - store.readings
        assert {ts // HOUR for ts in lacking} <= set(lost)
        if name != "late":
            assert sum(hour.readings for hour in lost.values()) == len(lacking)
            for hour, (_, first, last) in lost.items():
                mine = [ts for ts in lacking if ts // HOUR == hour]
                assert (min(mine), max(mine)) == (first, last)


TestDroppingOutbox = DroppingOutbox.TestCase
TestDroppingOutbox.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
