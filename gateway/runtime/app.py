"""The composition root: builds every part, runs them in one TaskGroup, stops them in order.

    MqttSource(s) -> Intake -> inbox -> Runner(engines) -> outbox -> StoreWriter(s), Reviser
                        |                    |                            |
                     PUBACK         LiveView, LiveHub                 Liveness, ledger, control door

Stop order: sources (nothing new), intake (what came is durable and acknowledged), runner (what is durable is judged),
reviser and writers (what is judged is stored, where the store is up), snapshot, files.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version
from time import monotonic

import msgspec
import numpy as np

from gateway.clock import Clock
from gateway.config.content import EngineContent
from gateway.config.settings import Settings
from gateway.engine.results import StepResult
from gateway.errors import JournalFull, QuotaFull
from gateway.journal.inbox import IntakeCounts
from gateway.journal.opening import open_journal
from gateway.journal.outbox_drops import Dropped
from gateway.journal.versions import note_writer
from gateway.mqtt.backoff import Backoff
from gateway.mqtt.changeable import ChangeableSource
from gateway.rows import Row, RowKind, Rows
from gateway.runtime.clock_watch import ClockWatch
from gateway.runtime.control import serve
from gateway.runtime.desk import Desk
from gateway.runtime.faults import KillSwitch
from gateway.runtime.flood_notes import tell_floods
from gateway.runtime.gauges import refresh
from gateway.runtime.housekeeping import Housekeeping
from gateway.runtime.intake import Intake, Stamps
from gateway.runtime.live import LiveView
from gateway.runtime.live_parts import LiveParts
from gateway.runtime.liveness import Liveness, stall_secs
from gateway.runtime.lock import FolderLock
from gateway.runtime.notify_parts import NotifyParts
from gateway.runtime.offices import GatewayOffice
from gateway.runtime.parts import Journal
from gateway.runtime.rebirth_parts import RebirthParts
from gateway.runtime.recovery import Recovered, configure, recover
from gateway.runtime.reload import Origin, Reloader
from gateway.runtime.reviser import RawSource, Reviser
from gateway.runtime.room import RoomMaker
from gateway.runtime.runner import Runner
from gateway.runtime.session_notes import SessionNotes
from gateway.runtime.source_reports import SourceReports
from gateway.runtime.sources import make_sources
from gateway.runtime.stages import Stages
from gateway.runtime.stores import RECORDS, make_records, make_stores
from gateway.runtime.versions import refuse_newer_files
from gateway.runtime.writer import StoreWriter
from gateway.stores.base import BlockStore
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.process_events import (
    GatewayStarted,
    InboxFull,
    OutboxFull,
    RecoveryFinished,
    ShutdownFinished,
    ShutdownStarted,
)
from gateway.telemetry.reading_events import (
    DeviceProvisioned,
    MessageRejected,
    ReadingsLate,
    RevisionSkipped,
    RevisionWritten,
)
from gateway.telemetry.store_events import DeadLettersPurgedError, ReadingsDroppedError, StoreForgotten
from gateway.telemetry.telemetry import Telemetry
from processors.columns import AggregateBatch

__all__ = ["Gateway", "open_gateway"]

_DRAIN_SECS, _FULL_DRAIN_SECS = 10.0, 0.5
_MEMORY_ROWS = 200_000
_WRITE_READINGS = 100_000


class Gateway:
    """One running gateway. Made by `open_gateway`."""

    def __init__(
        self, settings: Settings, content: EngineContent, clock: Clock, telemetry: Telemetry, journal: Journal,
        recovered: Recovered, kill: KillSwitch, *, new_session: bool, origin: Origin | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.clock = clock
        self.telemetry = telemetry
        self.metrics = Metrics(telemetry.registry)
        self.recovered = recovered
        self.started = monotonic()
        self.inbox, self.outbox, self.snapshots = journal
        self.engines = recovered.engines
        self.clock_watch = ClockWatch(clock, recovered.engines, int(settings.engine.clock_bound_secs * 1e9))
        self.view = LiveView()
        self.live = False
        """Nothing more comes: time may pass, however old the newest readings are."""
        self.balanced = True
        self.http_port = 0
        self.stopping = ""
        """What is being waited for while it stops."""
        self.passed = kill
        self._stages = Stages()
        self._inbox_thread = ThreadPoolExecutor(1, "gateway.inbox")
        self._engine_thread = ThreadPoolExecutor(1, "gateway.engine")
        self.liveness = Liveness(
            clock.now, int(settings.engine.idle_timeout_secs * 1e9), speed=clock.speed,
            stall_secs=stall_secs(clock, settings.engine.tick_secs, settings.engine.gather_ms / 1000),
        )  # fmt: skip
        self.stamps = Stamps(clock.now, self.inbox.last_received_at)
        self.intake = Intake(
            self.inbox, self._inbox_thread, self.stamps, journaled=self._on_journaled, full=self._on_inbox_full,
            acked=self._on_acked, committed=self.metrics.inbox_fsync.observe, passed=kill,
        )  # fmt: skip
        engine = settings.engine
        self.runner = Runner(
            self.engines, self.inbox, self.outbox, clock, self._engine_thread, gather_secs=engine.gather_ms / 1000,
            gather_messages=engine.gather_messages, tick_secs=engine.tick_secs, memory_rows=_MEMORY_ROWS,
            live=self._is_live, committed=self._on_committed, full=self._on_outbox_full,
        )  # fmt: skip
        self.records = make_records(settings, self._on_purged)
        self.stores = make_stores(settings)
        rng = np.random.default_rng()
        every: list[BlockStore] = [*self.stores, self.records]
        self.writers = [
            StoreWriter(store, self.outbox, telemetry, Backoff(0.2, 15.0, rng), max_readings=_WRITE_READINGS,
                        stored=self._on_stored, passed=kill)
            for store in every
        ]  # fmt: skip
        self.room = RoomMaker(
            self.outbox, self.writers, tuple(settings.enabled_stores),
            drops=settings.outbox.on_full == "drop_oldest_raw", write_readings=_WRITE_READINGS, told=self._on_dropped,
            stuck=lambda problem: telemetry.emit(OutboxFull(problem)),
        )  # fmt: skip
        revise = settings.reviser
        sources = [
            RawSource(writer, store, settings.enabled_stores[store.name].retention_ns)
            for writer, store in zip(self.writers, self.stores, strict=False)
        ]
        self.reviser = Reviser(
            sources, self.outbox, clock, quiet_ns=int(revise.quiet_secs * 1e9),
            max_age_ns=int(revise.max_age_secs * 1e9), poll_secs=0.25, pane_of=self.engines.zone.pane_of,
            skipped=self._on_skipped,
            day_edges=lambda: self.engines.zone.day_edges, revised=self._on_revised, passed=kill,
        )  # fmt: skip
        self.reports = SourceReports(telemetry, session_expected=not new_session, lost=self._on_lost)
        self.notes = SessionNotes(settings.data_dir)
        self.sources = make_sources(
            settings, content, self.inbox, self.intake, self.stamps, self.reports, self.notes, new_session=new_session
        )
        self._source_tasks: dict[ChangeableSource, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self.up = asyncio.Event()
        """Everything runs."""
        self.live_parts = LiveParts(self, content)
        self.rebirth_parts = RebirthParts(self)
        self.notify_parts = NotifyParts(self, content)
        self.reloader = Reloader(self, content, origin)
        self.office = GatewayOffice(self)
        self.desk = Desk(self.office)
        self.housekeeping = Housekeeping(self, self._inbox_thread)

    @property
    def store_names(self) -> tuple[str, ...]:
        """The time-series stores, which the ledger has accounts of."""
        return tuple(store.name for store in self.stores)

    # -- run ----------------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then drain. Cancelled: leave at once; what was acknowledged is durable."""
        http = self.settings.http
        recovered = self.recovered
        self.telemetry.emit(RecoveryFinished(recovered.repeated_steps, recovered.repeated_rows, recovered.secs))
        async with (
            serve(self.desk, self, self.telemetry.registry, self.settings.data_dir, http.host, http.port) as port,
            asyncio.TaskGroup() as group,
        ):
            self._tell_start(port)
            self._group = group
            for source in tuple(self.sources):
                self.open_source(source)
            intake = group.create_task(self.intake.run(), name="gateway.intake")
            runner = group.create_task(self.runner.run(), name="gateway.engine")
            writers = [group.create_task(writer.run(), name=f"gateway.store.{writer.name}") for writer in self.writers]
            reviser = group.create_task(self.reviser.run(), name="gateway.reviser")
            timers = self.housekeeping.start(group)
            room = group.create_task(self.room.run(), name="gateway.room")
            live, notify = self.live_parts.start(group), self.notify_parts.start(group)
            rebirths = self.rebirth_parts.start(group)
            self.up.set()
            await stop.wait()
            started = monotonic()
            self.telemetry.emit(ShutdownStarted())
            self.stopping = "a reload"
            await self.reloader.ended()
            self.stopping = "the broker connection"
            # a full inbox acknowledges nothing, however long it is waited for
            drain_secs = _FULL_DRAIN_SECS if self.intake.full else _DRAIN_SECS
            await asyncio.gather(*(source.stop(drain_secs) for source in self.sources))
            await asyncio.gather(*self._source_tasks.values())
            self.stopping = "the inbox"
            self.intake.stop()
            await intake
            self.stopping = "the engine"
            self.runner.stop()
            await runner
            self.room.stop()
            await room
            self.stopping = "the live view"
            rebirths.cancel()
            await self.live_parts.end(live)
            self.stopping = "the stores"
            await self.housekeeping.end(timers)
            self.reviser.stop()
            await reviser
            for writer in self.writers:
                writer.stop()
            await asyncio.gather(*writers)
            await self.notify_parts.end(notify)
            self.stopping = "the snapshot"
            await self.housekeeping.last()
            self.stopping = ""
            self.telemetry.emit(ShutdownFinished(monotonic() - started))

    def _tell_start(self, port: int) -> None:
        self.http_port = port
        host = self.settings.http.host
        folder, host_text = str(self.settings.data_dir.absolute()), f"[{host}]" if ":" in host else host
        self.telemetry.emit(GatewayStarted(version("cityloom"), folder, f"http://{host_text}:{port}"))

    def open_source(self, source: ChangeableSource) -> None:
        """Let it connect."""
        assert self._group is not None
        if source not in self.sources:
            self.sources.append(source)
        self._source_tasks[source] = self._group.create_task(source.run(), name=f"gateway.mqtt.{source.name}")

    async def close_source(self, source: ChangeableSource) -> None:
        """It was told to stop: wait for that, and know of it no more."""
        await self._source_tasks.pop(source)
        self.sources.remove(source)

    async def feed(self, rows: Sequence[Row]) -> None:
        """Journal messages that bear their receipt already, as recordings do."""
        fed = Rows.of(rows)
        counts = {0: IntakeCounts(received=len(fed))}
        async with self.intake.lock:
            loop = asyncio.get_running_loop()
            first = await loop.run_in_executor(self._inbox_thread, self.inbox.append, fed, counts, {})
            self._on_journaled(first, fed, monotonic())

    async def close_windows(self, until: int) -> None:
        """Say that nothing more comes before the event time `until` (UTC ns): the end of a recording."""
        end = msgspec.msgpack.encode(until)
        rows = Rows.of([Row(self.inbox.last_received_at + 1, RowKind.CLOSE, 0, 0, "", end)])
        async with self.intake.lock:
            loop = asyncio.get_running_loop()
            first = await loop.run_in_executor(self._inbox_thread, self.inbox.append, rows, {}, {})
            self._on_journaled(first, rows, monotonic())

    def register_stores(self) -> None:
        """Keep blocks for every configured store from now on, also while it is down, and for no other.

        What a store waits for would be trimmed behind those that are up; what nobody wants would fill the outbox.
        """
        names = {writer.name for writer in self.writers}
        for name in names:
            self.outbox.register_store(name)
        for state in self.outbox.stores():
            if state.name not in names:
                waiting = self.outbox.readings_between(state.position, self.outbox.last_position)
                self.outbox.forget_store(state.name)
                self.telemetry.emit(StoreForgotten(state.name, waiting))

    def not_ready(self) -> list[str]:
        """Why data does not flow, or can't be kept safely; empty: ready."""
        reasons = [
            f"source {source.name} is {source.state}" + (f": {source.problem}" if source.problem else "")
            for source in self.sources if not source.flowing
        ]  # fmt: skip
        reasons += [f"filter {f} was refused" for filters in self.reports.refused.values() for f in sorted(filters)]
        if self.intake.full:
            reasons.append("the inbox is full")
        reasons += [f"the outbox is full: readings of {name} are dropped" for name in self.room.losing]
        if self.runner.stalled:
            reasons.append("the outbox is full: the engine waits")
        # nothing is trimmed that the records lack
        reasons += [f"records.db is {w.state}" for w in self.writers if w.name == RECORDS and w.state != "writing"]
        if all(writer.state != "writing" for writer in self.writers if writer.name != RECORDS):
            reasons.append("no store takes data")
        reasons += filter(None, [self.clock_watch.reason()])
        if not self.balanced:
            reasons.append("the ledger does not balance")
        return reasons

    def refresh_metrics(self) -> None:
        """Bring the gauges up to date."""
        refresh(self, None)

    def close(self) -> None:
        """End the threads; idempotent. Files are closed by who opened them."""
        self._inbox_thread.shutdown(wait=True, cancel_futures=True)
        self._engine_thread.shutdown(wait=True, cancel_futures=True)

    # -- hand-overs ---------------------------------------------------------------------------------------------------

    def _on_journaled(self, first_offset: int, rows: Rows, came_at: float) -> None:
        self._stages.journaled(first_offset + len(rows), came_at, len(rows))
        self.runner.journaled(first_offset, rows)

    def _on_acked(self, secs: float, messages: int) -> None:
        self.view.ack.observe(secs, messages)
        self.metrics.ack.observe(secs, messages)

    def _on_committed(self, rows: Rows, result: StepResult, position: int | None) -> None:
        self._stages.committed(self.engines.offset, position)
        self.view.committed(monotonic(), len(rows), result)
        self.live_parts.hub.committed(result)
        self.rebirth_parts.committed(result)
        self.metrics.outbox_fsync.observe(self.runner.commit_secs)
        for reject in result.rejects:
            self.telemetry.emit(MessageRejected(reject.reason, reject.profile, reject.detail))
        for device in result.devices:
            if device.state != "known":
                self.telemetry.emit(DeviceProvisioned(device.id, device.profile, device.state))
        tell_floods(result, self.telemetry)
        late = sum(amount for key, amount in result.counts.items() if key.term == "late")
        if late:
            self.telemetry.emit(ReadingsLate(late))
        if position is not None:
            for writer in self.writers:
                # who is told of alarms is told from the records
                urgent = writer.name == RECORDS and len(result.transitions) > 0
                writer.wake(len(result.readings), urgent=urgent)

    def _on_stored(self, store: str, position: int) -> None:
        if store == RECORDS:
            self.notify_parts.stored()
        if store == self.stores[0].name:
            now = monotonic()
            for came_at, messages in self._stages.stored(position):
                self.view.stored.observe(now - came_at, messages)
                self.metrics.stored.observe(now - came_at, messages)

    def _on_revised(self, windows: AggregateBatch) -> None:
        self.view.revised(len(windows))
        self.live_parts.hub.revised(windows)
        self.telemetry.emit(RevisionWritten(len(windows)))

    def _on_skipped(self, series: int, reason: str) -> None:
        self.telemetry.emit(RevisionSkipped(series, reason))

    def _on_lost(self, source: str, messages: int) -> None:
        number = next(each.source for each in self.sources if each.name == source)
        self.intake.lost_at_broker(number, messages)

    def _on_purged(self, letters: int, purged: int, held: int) -> None:
        self.telemetry.emit(DeadLettersPurgedError(letters, purged, held))

    def _on_inbox_full(self, problem: str) -> None:
        self.telemetry.emit(InboxFull(problem))

    def _on_outbox_full(self, error: JournalFull) -> None:
        if isinstance(error, QuotaFull):
            self.room.full(error)
        else:
            self.telemetry.emit(OutboxFull(error.problem))

    def _on_dropped(self, store: str, lost: Dropped) -> None:
        writer = next(writer for writer in self.writers if writer.name == store)
        first, last = (str(np.datetime64(ts // 1_000_000, "ms")) for ts in (lost.first, lost.last))
        remedy = writer.remedy or f"Bring {store} back, or give [outbox] a larger `quota_bytes`."
        self.telemetry.emit(ReadingsDroppedError(store, lost.readings, first, last, writer.problem or "slow", remedy))

    def _is_live(self) -> bool:
        self.live = self.liveness.observe(
            connected=all(source.flowing for source in self.sources),
            backlog=self.runner.behind > self.settings.engine.gather_messages
            or self.intake.full
            or self.intake.held_secs > self.liveness.stall_secs,
            newest_event=self.engines.zone.newest_event,
            newest_receipt=self.engines.zone.newest_receipt,
        )
        return self.live


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings, content: EngineContent, clock: Clock, telemetry: Telemetry, *, new_session: bool = False,
    origin: Origin | None = None,
) -> AsyncIterator[Gateway]:  # fmt: skip
    """Lock, open, recover. `new_session`: the broker can't know us, so that it doesn't is no loss. `origin`: where a
    reload reads the configuration again.

    Raises:
        CommandError: another gateway runs on the folder.
        JournalError, RecoveryError: the folder can't be used as it is.
        VersionError: a newer version wrote it.
    """
    kill = KillSwitch.from_environment()
    with ExitStack() as stack:
        lock = FolderLock(settings.data_dir)
        stack.callback(lock.release)
        await asyncio.to_thread(refuse_newer_files, settings)
        journal = Journal(
            *await asyncio.to_thread(
                lambda: open_journal(settings.data_dir, inbox_quota=settings.inbox.quota_bytes,
                                     outbox_quota=settings.outbox.quota_bytes, fault=kill)
            )
        )  # fmt: skip
        stack.callback(journal.inbox.close)
        stack.callback(journal.outbox.close)
        note_writer(settings.data_dir, version("cityloom"))
        recovered = await asyncio.to_thread(recover, *journal)
        # what the engine stopped at for damage stops a start, before anything is acknowledged
        await asyncio.to_thread(journal.inbox.read, recovered.engines.offset, 1)
        await asyncio.to_thread(configure, recovered.engines, journal.inbox, content, clock.now())
        gateway = Gateway(
            settings, content, clock, telemetry, journal, recovered, kill, new_session=new_session, origin=origin
        )
        stack.callback(gateway.close)
        gateway.register_stores()
        standing = recovered.engines.zone.judge.standing()
        gateway.view.alarms.take(standing)
        gateway.live_parts.hub.standing(standing)
        gateway.view.troubles.begin(recovered.engines.city)
        try:
            yield gateway
        finally:
            for writer in gateway.writers:
                await writer.store.close()
