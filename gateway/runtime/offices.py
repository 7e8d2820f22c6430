"""The two offices behind a desk: a running gateway, and the files that one left."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.clock import Clock
from gateway.config.content import EngineContent
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.engine.engines import Engines
from gateway.engine.ledger import Ledger
from gateway.errors import CommandError, StoreError
from gateway.journal.inbox import Inbox, IntakeCounts
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox
from gateway.journal.snapshots import Snapshots
from gateway.rows import Row
from gateway.runtime.accounts import take_ledger
from gateway.runtime.adoption import adopt
from gateway.runtime.cpu import cpu_figures
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.runtime.lock import FolderLock
from gateway.runtime.losses import losses
from gateway.runtime.recovery import recover
from gateway.runtime.stores import RECORDS, make_records, make_stores
from gateway.runtime.versions import refuse_newer_files
from gateway.stores.base import BlockStore, Store
from gateway.stores.records import RecordsStore

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["FileOffice", "GatewayOffice", "file_office"]

_RECORDED_SECS = 5.0
_URGENT = 10
_HOUR = 3600.0


class GatewayOffice:
    """A running gateway."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self.inbox = gateway.inbox
        self.outbox = gateway.outbox
        self.records = gateway.records
        self.clock = gateway.clock

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._gateway.settings

    @property
    def stores(self) -> Sequence[Store]:
        """The time-series stores that are open."""
        down = {writer.name for writer in self._gateway.writers if writer.state == "starting"}
        return [store for store in self._gateway.stores if store.name not in down]

    async def recorded(self) -> None:
        """Its writer gathers for a moment; one that is down keeps nobody waiting for long."""
        upto = self.outbox.last_position
        writer = next(each for each in self._gateway.writers if each.name == RECORDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(_RECORDED_SECS):
                await writer.reaches(upto)

    async def take(self) -> Ledger:
        """The books, with intake and engine held between two hand-overs."""
        gateway = self._gateway
        async with gateway.intake.lock:
            return await gateway.runner.quiesced(lambda: take_ledger(self.inbox, self.outbox, gateway.store_names))

    async def engines(self) -> Engines:
        """The live engines."""
        return self._gateway.engines

    async def submit(self, rows: Sequence[Row]) -> int:
        """Through the intake, like everything."""
        return await self._gateway.intake.submit(rows)

    async def content(self) -> EngineContent:
        """The configuration in force."""
        found = self._gateway.engines.zone.configuration
        if found is None:
            raise CommandError("The gateway has not begun to work yet.", "Do it again in a moment.")
        return found

    async def adopt(self, store: str) -> dict[str, Any]:
        """Only while nothing runs: the store's writer may be at work."""
        raise CommandError("A store can be adopted only while the gateway is stopped.", "Stop it, adopt, start it.")

    async def reload(self, *, check: bool) -> dict[str, Any]:
        """See Reloader."""
        return await self._gateway.reloader.reload(check=check)

    def hours_left(self) -> float | None:
        """Hours until the outbox is full at the rate of the last minutes, were no store to take any; None: no rate."""
        growth = self._gateway.view.outbox.per_second(monotonic(), self.outbox.bytes_appended)
        return (self.outbox.quota_bytes - self.outbox.bytes_used) / growth / _HOUR if growth else None

    def status(self) -> dict[str, Any]:
        """The figures of the moment."""
        gateway, view = self._gateway, self._gateway.view
        now = monotonic()
        uptime = now - gateway.started
        zone = gateway.engines.zone
        states = {state.name: state for state in self.outbox.stores()}
        return {
            "version": version("cityloom"), "running": True, "live": gateway.live, "stopping": gateway.stopping,
            "uptime_secs": uptime, "data_dir": str(gateway.settings.data_dir),
            "clock": {"now": self.clock.now(), "speed": self.clock.speed},
            "sources": [
                {
                    "name": source.name, "state": source.state, "problem": source.problem, "address": source.address,
                    "canary": str(source.canary),
                    "in_flight": source.in_flight, "reconnects": source.reconnects, "received": source.received,
                }
                for source in gateway.sources
            ],
            "rates": {
                "messages_per_s": view.messages.per_second(now),
                "readings_per_s": view.readings.per_second(now),
            },
            "latency_ms": view.latency_ms(),
            "inbox": {
                "waiting": gateway.runner.behind + gateway.intake.waiting, "bytes": self.inbox.bytes_used,
                "quota_bytes": self.inbox.quota_bytes, "full": gateway.intake.full,
                "fsync_ms": gateway.intake.fsync_secs * 1000, "commits": gateway.intake.commits,
            },
            "outbox": {
                "bytes": self.outbox.bytes_used, "quota_bytes": self.outbox.quota_bytes,
                "on_full": self.settings.outbox.on_full, "hours_left": self.hours_left(),
                "marks": self.outbox.mark_count,
            },
            "stores": {
                writer.name: {
                    "state": writer.state, "problem": writer.problem, "remedy": writer.remedy,
                    "position": writer.position, "behind": self.outbox.last_position - writer.position,
                    "stored": states[writer.name].stored if writer.name in states else 0,
                    "refused": states[writer.name].refused if writer.name in states else 0,
                    "dropped": states[writer.name].dropped if writer.name in states else 0,
                    "lost": losses(self.outbox, writer.name),
                    "waiting": self.outbox.readings_between(
                        max(writer.position, self.outbox.begin_position), self.outbox.last_position
                    ),
                }
                for writer in gateway.writers if writer.name != RECORDS
            },
            "records": next(
                {"state": writer.state, "problem": writer.problem, "remedy": writer.remedy,
                 "behind": self.outbox.last_position - writer.position}
                for writer in gateway.writers if writer.name == RECORDS
            ),
            "engine": {
                "devices": len(zone.registry), "series": len(zone.registry.series), "lanes": len(zone.registry.lanes),
                "steps": gateway.runner.steps, "busy": gateway.runner.busy_secs / max(uptime, 0.001),
                "clock_suspect": gateway.clock_watch.suspect, "flooding": zone.flooding(_URGENT),
            },
            "cpu": cpu_figures(sum(source.cpu_secs for source in gateway.sources), gateway.runner.outbox_cpu_secs),
            "aggregates": {"written": view.aggregates_written, "revised": view.aggregates_revised},
            "city": [msgspec.structs.asdict(figure) for figure in gateway.engines.figures()],
            "city_totals": gateway.engines.totals(),
            "alarms": {
                "states": view.alarms.counts(),
                "urgent": [msgspec.structs.asdict(alarm) for alarm in view.alarms.most_urgent(_URGENT)],
            },
            "troubles": view.troubles.counts(),
            "live_hub": gateway.live_parts.status(), "sparkplug": gateway.rebirth_parts.status(),
            "notify": gateway.notify_parts.status(),
            "rejects": [
                {"received_at": r.received_at, "reason": r.reason, "topic": r.topic, "detail": r.detail}
                for r in view.newest_rejects()
            ],
        }  # fmt: skip


class FileOffice:
    """The files of a gateway that doesn't run. Made by `file_office`, which holds the folder's lock meanwhile."""

    def __init__(
        self, settings: Settings, inbox: Inbox, outbox: Outbox, snapshots: Snapshots,
        records: RecordsStore | StoreError, stores: Sequence[Store], clock: Clock,
    ) -> None:  # fmt: skip
        self.inbox = inbox
        self.outbox = outbox
        self.stores = stores
        self.clock = clock
        self.settings = settings
        self._records = records
        self._snapshots = snapshots

    @property
    def records(self) -> RecordsStore:
        """records.db. Raises CommandError where it can't be read; what the journal tells goes on without it."""
        if isinstance(self._records, StoreError):
            raise CommandError(self._records.problem, self._records.remedy)
        return self._records

    async def recorded(self) -> None:
        """Nobody writes."""

    async def take(self) -> Ledger:
        """The books as they were left."""
        names = tuple(self.settings.enabled_stores)
        return await asyncio.to_thread(take_ledger, self.inbox, self.outbox, names)

    async def engines(self) -> Engines:
        """The engines as a start would rebuild them."""
        return (await asyncio.to_thread(recover, self.inbox, self.outbox, self._snapshots)).engines

    async def submit(self, rows: Sequence[Row]) -> int:
        """Straight into the inbox; the next start works on them."""
        first = max(self.clock.now(), self.inbox.last_received_at + 1)
        stamped = [Row(first + k, r.kind, r.source, r.flags, r.topic, r.payload) for k, r in enumerate(rows)]
        counts = {REPLAY_SOURCE: IntakeCounts(received=sum(row.source == REPLAY_SOURCE for row in stamped))}
        return await asyncio.to_thread(self.inbox.append, stamped, counts, {})

    async def content(self) -> EngineContent:
        """The configuration that the next start has."""
        return await asyncio.to_thread(lambda: load_seed_files(self.settings).content(self.settings))

    async def reload(self, *, check: bool) -> dict[str, Any]:
        """Nothing runs that could read them again."""
        raise CommandError(
            f"No gateway runs on {self.settings.data_dir}.",
            "The next `cityloom run` reads the files; `cityloom check` looks at them now.",
        )

    async def adopt(self, store: str) -> dict[str, Any]:
        """What the store lost is dropped; it goes on from where it is, or the oldest block that the outbox holds."""
        every: list[BlockStore] = [*self.stores]
        if not isinstance(self._records, StoreError):
            every.append(self._records)
        return await adopt(self.outbox, store, next((each for each in every if each.name == store), None))

    def status(self) -> dict[str, Any]:
        """What can be told without a gateway."""
        states = {state.name: state for state in self.outbox.stores()}
        return {
            "version": version("cityloom"), "running": False, "live": False, "stopping": "", "uptime_secs": 0.0,
            "data_dir": str(self.settings.data_dir), "clock": {"now": self.clock.now(), "speed": self.clock.speed},
            "sources": [],
            "rates": {"messages_per_s": 0.0, "readings_per_s": 0.0},
            "latency_ms": {"ack_p50": None, "ack_p99": None, "stored_p50": None, "stored_p99": None},
            "inbox": {
                "waiting": self.inbox.end_offset - self.outbox.processed_offset, "bytes": self.inbox.bytes_used,
                "quota_bytes": self.inbox.quota_bytes, "full": False, "fsync_ms": None, "commits": None,
            },
            "outbox": {
                "bytes": self.outbox.bytes_used, "quota_bytes": self.outbox.quota_bytes,
                "on_full": self.settings.outbox.on_full, "hours_left": None, "marks": self.outbox.mark_count,
            },
            "stores": {
                name: {
                    "state": "halted" if state.halted else "stopped", "problem": state.halted, "remedy": "",
                    "position": state.position, "behind": self.outbox.last_position - state.position,
                    "stored": state.stored, "refused": state.refused, "dropped": state.dropped,
                    "lost": losses(self.outbox, name),
                    "waiting": self.outbox.readings_between(state.position, self.outbox.last_position),
                }
                for name, state in states.items() if name != RECORDS
            },
            "records": {
                "state": "halted", "problem": self._records.problem, "remedy": self._records.remedy, "behind": 0,
            } if isinstance(self._records, StoreError) else next(
                ({"state": "halted" if state.halted else "stopped", "problem": state.halted, "remedy": "",
                  "behind": self.outbox.last_position - state.position}
                 for name, state in states.items() if name == RECORDS), None,
            ),
            "engine": {
                "devices": None, "series": self.outbox.series_count, "lanes": None, "steps": self.outbox.last_step,
                "busy": 0.0, "clock_suspect": "", "flooding": [],
            },
            "cpu": {"process_secs": 0.0, "stages": {}, "peak_rss_bytes": 0},
            "aggregates": {"written": None, "revised": None}, "city": [], "city_totals": {},
            "alarms": {"states": {}, "urgent": []}, "troubles": {}, "live_hub": None, "sparkplug": None,
            "notify": {"enabled": self.settings.notify.enabled, "problem": "", "channels": {}}, "rejects": [],
        }  # fmt: skip


@asynccontextmanager
async def file_office(settings: Settings, clock: Clock) -> AsyncIterator[FileOffice]:
    """Open the files; stores that can't be opened are left out of reads.

    Raises:
        CommandError: there is no journal, or a gateway holds the folder after all.
        VersionError: a newer version wrote it.
    """
    if not any((settings.data_dir / part).exists() for part in ("inbox.db", "outbox.db", "snapshots")):
        raise CommandError(
            f"There is no journal in {settings.data_dir}, and no gateway runs on it.",
            "Name the folder by `-c FILE` or `--data-dir`, or start a gateway with `cityloom run`.",
        )
    async with AsyncExitStack() as stack:
        lock = FolderLock(settings.data_dir)
        stack.callback(lock.release)
        refuse_newer_files(settings)
        inbox, outbox, snapshots = open_journal(
            settings.data_dir, inbox_quota=settings.inbox.quota_bytes, outbox_quota=settings.outbox.quota_bytes,
            make=False,
        )  # fmt: skip
        stack.callback(inbox.close)
        stack.callback(outbox.close)
        made = make_records(settings)
        stack.push_async_callback(made.close)
        records: RecordsStore | StoreError = made
        try:
            await made.open()
        except StoreError as error:
            records = error
        stores = []
        for store in make_stores(settings):
            stack.push_async_callback(store.close)
            try:
                await store.open()
            except StoreError:
                continue
            stores.append(store)
        yield FileOffice(settings, inbox, outbox, snapshots, records, stores, clock)
