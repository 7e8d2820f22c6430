"""The composition root: builds every part, runs them in one TaskGroup, stops them in order.

    MqttSource(s) -> Intake -> inbox -> Runner(engines) -> outbox -> StoreWriter(s), Reviser
                        |                    |                            |
                     PUBACK              LiveView                     Liveness, ledger, control door

Stop order: sources (nothing new), intake (what came is durable and acknowledged), runner (what is durable is judged),
reviser and writers (what is judged is stored, where the store is up), snapshot, files.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic

import numpy as np

from gateway.clock import Clock
from gateway.config.content import EngineContent
from gateway.config.settings import Settings
from gateway.engine.results import StepResult
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox
from gateway.journal.recorded import SnapshotRow
from gateway.journal.snapshots import Snapshot, Snapshots
from gateway.mqtt.backoff import Backoff
from gateway.mqtt.connection import MqttSource
from gateway.rows import Row
from gateway.runtime.control import serve
from gateway.runtime.desk import Desk
from gateway.runtime.faults import KillSwitch
from gateway.runtime.intake import Intake, Stamps
from gateway.runtime.live import LiveView
from gateway.runtime.liveness import Liveness
from gateway.runtime.lock import FolderLock
from gateway.runtime.offices import GatewayOffice
from gateway.runtime.recovery import Recovered, configure, recover
from gateway.runtime.reviser import Reviser
from gateway.runtime.runner import Runner
from gateway.runtime.sources import BrokerWatch, make_sources
from gateway.runtime.stages import Stages
from gateway.runtime.stores import RECORDS, make_records, make_stores
from gateway.runtime.writer import StoreWriter
from gateway.telemetry.events import (
    ClockSuspectError,
    InboxFull,
    LedgerImbalanceError,
    MessageRejected,
    OutboxFull,
    RecoveryFinished,
    RevisionWritten,
    ShutdownFinished,
    ShutdownStarted,
    SnapshotWritten,
)  # fmt: skip
from gateway.telemetry.telemetry import Telemetry

__all__ = ["Gateway", "open_gateway"]

_TRIM_SECS = 2.0
_MEMORY_ROWS = 200_000
_WRITE_READINGS = 60_000


@dataclass(slots=True)
class _Threads:
    inbox: ThreadPoolExecutor
    engine: ThreadPoolExecutor


class Gateway:
    """One running gateway. Made by `open_gateway`."""

    def __init__(
        self, settings: Settings, clock: Clock, telemetry: Telemetry, journal: tuple[object, Outbox, Snapshots],
        recovered: Recovered, kill: KillSwitch, *, new_session: bool,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.clock = clock
        self.telemetry = telemetry
        self.recovered = recovered
        self.started = monotonic()
        self.inbox, self.outbox, self.snapshots = journal  # type: ignore[assignment]
        self.engines = recovered.engines
        self.live_view = LiveView()
        self.stopping = ""
        """What is being waited for while it stops."""
        self._kill = kill
        self._stages = Stages()
        self._threads = _Threads(ThreadPoolExecutor(1, "gateway.inbox"), ThreadPoolExecutor(1, "gateway.engine"))
        self.liveness = Liveness(clock.now, int(settings.engine.idle_timeout_secs * 1e9))
        self.live = False
        stamps = Stamps(clock.now, self.inbox.last_received_at)
        self.intake = Intake(
            self.inbox, self._threads.inbox, stamps, journaled=self._on_journaled, full=self._on_inbox_full,
            acked=self.live_view.ack.observe, passed=kill,
        )  # fmt: skip
        engine = settings.engine
        self.runner = Runner(
            self.engines, self.inbox, self.outbox, clock, self._threads.engine, gather_secs=engine.gather_ms / 1000,
            gather_messages=engine.gather_messages, tick_secs=engine.tick_secs, memory_rows=_MEMORY_ROWS,
            live=self._is_live, committed=self._on_committed, full=self._on_outbox_full,
        )  # fmt: skip
        rng = np.random.default_rng()
        self.records = make_records(settings)
        self.stores = make_stores(settings)
        self.writers = [
            StoreWriter(store, self.outbox, telemetry, Backoff(0.2, 15.0, rng), max_readings=_WRITE_READINGS,
                        stored=self._on_stored, passed=kill)
            for store in (*self.stores, self.records)
        ]  # fmt: skip
        self.store_names = tuple(writer.name for writer in self.writers if writer.name != RECORDS)
        first = next(writer for writer in self.writers if writer.name != RECORDS)
        revise = settings.reviser
        self.reviser = Reviser(
            first, self.outbox, clock, quiet_ns=int(revise.quiet_secs * 1e9), max_age_ns=int(revise.max_age_secs * 1e9),
            poll_secs=0.25, pane_of=self.engines.zone.pane_of, day_edges=lambda: self.engines.zone.day_edges,
            revised=self._on_revised, passed=kill,
        )  # fmt: skip
        self._first_store = first.name
        self.watch = BrokerWatch(telemetry)
        self.sources: list[MqttSource] = make_sources(
            settings, self.engines, self.inbox, self.intake, stamps, self.watch, new_session=new_session
        )
        self.office = GatewayOffice(self)
        self.desk = Desk(self.office)

    # -- run ----------------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then drain. Cancelled: leave at once; what was acknowledged is durable."""
        http = self.settings.http
        recovered = self.recovered
        self.telemetry.emit(
            RecoveryFinished(steps=recovered.repeated_steps, rows=recovered.repeated_rows, secs=recovered.secs)
        )
        async with (
            serve(self.desk, self, self.telemetry.registry, self.settings.data_dir, http.host, http.port),
            asyncio.TaskGroup() as group,
        ):
            sources = [group.create_task(source.run(), name=f"gateway.mqtt.{source.name}") for source in self.sources]
            intake = group.create_task(self.intake.run(), name="gateway.intake")
            runner = group.create_task(self.runner.run(), name="gateway.engine")
            writers = [group.create_task(writer.run(), name=f"gateway.store.{writer.name}") for writer in self.writers]
            reviser = group.create_task(self.reviser.run(), name="gateway.reviser")
            timers = [
                group.create_task(self._every(self.settings.snapshots.interval_secs, self.snapshot)),
                group.create_task(self._every(_TRIM_SECS, self._trim)),
                group.create_task(self._every(self.settings.ledger.check_secs, self._check)),
            ]
            await stop.wait()
            started = monotonic()
            self.telemetry.emit(ShutdownStarted())
            self.stopping = "the broker connection"
            await asyncio.gather(*(source.stop() for source in self.sources))
            await asyncio.gather(*sources)
            self.stopping = "the inbox"
            self.intake.stop()
            await intake
            self.stopping = "the engine"
            self.runner.stop()
            await runner
            self.stopping = "the stores"
            for timer in timers:
                timer.cancel()
            self.reviser.stop()
            await reviser
            for writer in self.writers:
                writer.stop()
            await asyncio.gather(*writers)
            self.stopping = "the snapshot"
            await self.snapshot()
            await self._trim()
            self.stopping = ""
            self.telemetry.emit(ShutdownFinished(secs=monotonic() - started))

    @staticmethod
    async def _every(secs: float, act: object) -> None:
        while True:
            await asyncio.sleep(secs)
            await act()  # type: ignore[operator]

    async def snapshot(self) -> None:
        """Write the engines' state; it is copied between two calls and written beside them."""
        started = monotonic()
        if self.outbox.last_step == 0 or any(row.step == self.outbox.last_step for row in self.outbox.snapshots()):
            return

        def copied(_: object) -> Snapshot:
            engines = self.engines
            return Snapshot(
                self.outbox.journal_id, self.outbox.last_step, engines.offset, engines.now, engines.config_digest,
                engines.zone.content, engines.snapshot(),
            )  # fmt: skip

        taken = await self.runner.quiesced(copied)
        assert isinstance(taken, Snapshot)
        name = await asyncio.to_thread(self.snapshots.write, taken)
        row = SnapshotRow(name, taken.step, taken.end_offset, taken.now, taken.config_digest,
                          (self.settings.data_dir / "snapshots" / name).stat().st_size)  # fmt: skip
        await asyncio.to_thread(self.outbox.add_snapshot, row)
        await asyncio.to_thread(self.snapshots.prune, {kept.name for kept in self.outbox.snapshots()})
        self.telemetry.emit(SnapshotWritten(step=taken.step, secs=monotonic() - started))

    async def _trim(self) -> None:
        await asyncio.to_thread(self.outbox.trim)
        floor = self.outbox.inbox_floor
        await asyncio.get_running_loop().run_in_executor(self._threads.inbox, self.inbox.trim, floor)

    async def _check(self) -> None:
        ledger = await self.office.take()
        if not ledger.balanced:
            off = {balance.name: balance.off for balance in ledger.balances() if balance.off}
            self.telemetry.emit(LedgerImbalanceError(off=str(off)))
        if self.engines.zone.clock_suspect:
            self.telemetry.emit(ClockSuspectError(direction=self.engines.zone.clock_suspect))

    def close(self) -> None:
        """Close files and threads. Idempotent."""
        self._threads.inbox.shutdown(wait=True, cancel_futures=True)
        self._threads.engine.shutdown(wait=True, cancel_futures=True)
        self.inbox.close()
        self.outbox.close()

    # -- hand-overs ---------------------------------------------------------------------------------------------------

    def _on_journaled(self, first_offset: int, rows: Sequence[Row], came_at: float) -> None:
        self._stages.journaled(first_offset + len(rows), came_at, len(rows))
        self.runner.journaled(first_offset, rows)

    def _on_committed(self, rows: Sequence[Row], result: StepResult, position: int | None) -> None:
        self._kill("outbox-after-commit")
        self._stages.committed(self.engines.offset, position)
        self.live_view.committed(monotonic(), len(rows), result)
        for reject in result.rejects:
            self.telemetry.emit(MessageRejected(reason=reject.reason, profile=reject.profile, detail=reject.detail))
        if position is not None:
            for writer in self.writers:
                writer.wake()

    def _on_stored(self, store: str, position: int) -> None:
        if store == self._first_store:
            now = monotonic()
            for came_at, messages in self._stages.stored(position):
                self.live_view.stored.observe(now - came_at, messages)

    def _on_revised(self, windows: int) -> None:
        self.live_view.revised(windows)
        self.telemetry.emit(RevisionWritten(windows=windows))

    def _on_inbox_full(self, problem: str) -> None:
        self.telemetry.emit(InboxFull(problem=problem))

    def _on_outbox_full(self, problem: str) -> None:
        self.telemetry.emit(OutboxFull(problem=problem))

    def _is_live(self) -> bool:
        self.live = self.liveness.observe(
            connected=all(source.subscribed for source in self.sources),
            backlog=self.runner.behind > self.settings.engine.gather_messages,
            newest_event=self.engines.zone.newest_event,
            newest_receipt=self.inbox.last_received_at,
        )
        return self.live


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings, content: EngineContent, clock: Clock, telemetry: Telemetry, *, new_session: bool = False
) -> AsyncIterator[Gateway]:
    """Lock, open, recover. `new_session`: the broker can't know us, so that it doesn't is no loss.

    Raises:
        CommandError: another gateway runs on the folder.
        JournalError, RecoveryError: the folder can't be used as it is.
    """
    kill = KillSwitch.from_environment()
    with ExitStack() as stack:
        lock = FolderLock(settings.data_dir)
        stack.callback(lock.release)
        inbox, outbox, snapshots = await asyncio.to_thread(
            lambda: open_journal(settings.data_dir, inbox_quota=settings.inbox.quota_bytes,
                                 outbox_quota=settings.outbox.quota_bytes, fault=kill)
        )  # fmt: skip
        stack.callback(inbox.close)
        stack.callback(outbox.close)
        recovered = await asyncio.to_thread(recover, inbox, outbox, snapshots)
        await asyncio.to_thread(configure, recovered.engines, inbox, content, clock.now())
        gateway = Gateway(
            settings, clock, telemetry, (inbox, outbox, snapshots), recovered, kill, new_session=new_session
        )
        stack.callback(gateway.close)
        yield gateway
