"""The composition root: builds every part and runs them in one TaskGroup.

    MqttSource(s) -> Intake -> inbox -> Runner(engines) -> outbox -> StoreWriter(s), Reviser
                        |                    |                            |
                     PUBACK         LiveView, LiveHub                 Liveness, ledger, control door

What the arrows carry is in handovers.py, the order in which parts start and stop in course.py. Files are closed last.
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
from gateway.journal.inbox import IntakeCounts
from gateway.journal.opening import open_journal
from gateway.journal.versions import note_writer
from gateway.mqtt.backoff import Backoff
from gateway.mqtt.changeable import ChangeableSource
from gateway.rows import Row, RowKind, Rows
from gateway.runtime.clock_watch import ClockWatch
from gateway.runtime.control import serve
from gateway.runtime.course import Course
from gateway.runtime.desk import Desk
from gateway.runtime.faults import KillSwitch
from gateway.runtime.gauges import refresh
from gateway.runtime.handovers import HandOvers
from gateway.runtime.housekeeping import Housekeeping
from gateway.runtime.intake import Intake, Stamps
from gateway.runtime.live import LiveView
from gateway.runtime.live_parts import LiveParts
from gateway.runtime.liveness import Liveness, stall_secs
from gateway.runtime.lock import FolderLock
from gateway.runtime.notify_parts import NotifyParts
from gateway.runtime.offices import GatewayOffice
from gateway.runtime.parts import Journal
from gateway.runtime.readiness import reasons_not_ready
from gateway.runtime.rebirth_parts import RebirthParts
from gateway.runtime.recovery import Recovered, configure, recover
from gateway.runtime.reload import Origin, Reloader
from gateway.runtime.reviser import RawSource, Reviser
from gateway.runtime.room import RoomMaker
from gateway.runtime.runner import Runner
from gateway.runtime.session_notes import SessionNotes
from gateway.runtime.source_reports import SourceReports
from gateway.runtime.sources import make_sources
from gateway.runtime.stores import make_records, make_stores
from gateway.runtime.versions import refuse_newer_files
from gateway.runtime.writer import StoreWriter
from gateway.stores.base import BlockStore
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.process_events import (
    GatewayStarted,
    RecoveryFinished,
)
from gateway.telemetry.store_events import StoreForgotten
from gateway.telemetry.telemetry import Telemetry

__all__ = ["Gateway", "open_gateway"]

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
        self._handovers = told = HandOvers(self)
        self._inbox_thread = ThreadPoolExecutor(1, "gateway.inbox")
        self._engine_thread = ThreadPoolExecutor(1, "gateway.engine")
        self.liveness = Liveness(
            clock.now, int(settings.engine.idle_timeout_secs * 1e9), speed=clock.speed,
            stall_secs=stall_secs(clock, settings.engine.tick_secs, settings.engine.gather_ms / 1000),
        )  # fmt: skip
        self.stamps = Stamps(clock.now, self.inbox.last_received_at)
        self.intake = Intake(
            self.inbox, self._inbox_thread, self.stamps, journaled=told.journaled, full=told.inbox_full,
            acked=told.acked, committed=self.metrics.inbox_fsync.observe, passed=kill,
        )  # fmt: skip
        engine = settings.engine
        self.runner = Runner(
            self.engines, self.inbox, self.outbox, clock, self._engine_thread, gather_secs=engine.gather_ms / 1000,
            gather_messages=engine.gather_messages, tick_secs=engine.tick_secs, memory_rows=_MEMORY_ROWS,
            live=self._is_live, committed=told.committed, full=told.outbox_full,
        )  # fmt: skip
        self.records = make_records(settings, told.purged)
        self.stores = make_stores(settings)
        rng = np.random.default_rng()
        every: list[BlockStore] = [*self.stores, self.records]
        self.writers = [
            StoreWriter(store, self.outbox, telemetry, Backoff(0.2, 15.0, rng), max_readings=_WRITE_READINGS,
                        stored=told.stored, passed=kill)
            for store in every
        ]  # fmt: skip
        self.room = RoomMaker(
            self.outbox, self.writers, tuple(settings.enabled_stores),
            drops=settings.outbox.on_full == "drop_oldest_raw", write_readings=_WRITE_READINGS, told=told.dropped,
            stuck=told.stuck,
        )  # fmt: skip
        revise = settings.reviser
        sources = [
            RawSource(writer, store, settings.enabled_stores[store.name].retention_ns)
            for writer, store in zip(self.writers, self.stores, strict=False)
        ]
        self.reviser = Reviser(
            sources, self.outbox, clock, quiet_ns=int(revise.quiet_secs * 1e9),
            max_age_ns=int(revise.max_age_secs * 1e9), poll_secs=0.25, pane_of=self.engines.zone.pane_of,
            skipped=told.skipped,
            day_edges=lambda: self.engines.zone.day_edges, revised=told.revised, passed=kill,
        )  # fmt: skip
        self.reports = SourceReports(telemetry, session_expected=not new_session, lost=told.lost)
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
            serve(
                self.desk,
                self,
                self.telemetry.registry,
                self.settings.data_dir,
                http.host,
                http.port,
                self.live_parts.hub,
            ) as port,
            asyncio.TaskGroup() as group,
        ):
            self._tell_start(port)
            self._group = group
            for source in tuple(self.sources):
                self.open_source(source)
            course = Course(self, group)
            self.up.set()
            await stop.wait()
            await course.end()

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

    async def stop_sources(self, drain_secs: float) -> None:
        """Nothing more comes: let each have what it handed out acknowledged, and say goodbye."""
        await asyncio.gather(*(source.stop(drain_secs) for source in self.sources))
        await asyncio.gather(*self._source_tasks.values())

    async def feed(self, rows: Sequence[Row]) -> None:
        """Journal messages that bear their receipt already, as recordings do."""
        fed = Rows.of(rows)
        await self._journal(fed, {0: IntakeCounts(received=len(fed))})

    async def close_windows(self, until: int) -> None:
        """Say that nothing more comes before the event time `until` (UTC ns): the end of a recording."""
        end = msgspec.msgpack.encode(until)
        async with self.intake.lock:  # what was journaled while it was waited for came before
            await self._append(Rows.of([Row(self.inbox.last_received_at + 1, RowKind.CLOSE, 0, 0, "", end)]), {})

    async def _journal(self, rows: Rows, counts: dict[int, IntakeCounts]) -> None:
        async with self.intake.lock:
            await self._append(rows, counts)

    async def _append(self, rows: Rows, counts: dict[int, IntakeCounts]) -> None:
        loop = asyncio.get_running_loop()
        first = await loop.run_in_executor(self._inbox_thread, self.inbox.append, rows, counts, {})
        self._handovers.journaled(first, rows, monotonic())

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
        return reasons_not_ready(self)

    def refresh_metrics(self) -> None:
        """Bring the gauges up to date."""
        refresh(self, None)

    def close(self) -> None:
        """End the threads; idempotent. Files are closed by who opened them."""
        self._inbox_thread.shutdown(wait=True, cancel_futures=True)
        self._engine_thread.shutdown(wait=True, cancel_futures=True)

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
