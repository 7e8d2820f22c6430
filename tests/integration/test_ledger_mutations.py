"""The ledger can't lie: whatever a hand-over loses shows, as an imbalance or, inside a database, by `--verify`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import aiomqtt
import numpy as np
import pytest

from gateway.engine import candidates, profile_pass
from gateway.engine.acceptance import Acceptance
from gateway.engine.candidates import Candidates
from gateway.engine.profile_pass import ProfilePass
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.journal.outbox import Outbox, StepRecord
from gateway.rows import Rows
from gateway.runtime.app import Gateway
from gateway.runtime.broker import EmbeddedBroker
from gateway.runtime.intake import Intake
from gateway.runtime.writer import StoreWriter
from gateway.stores import duckdb_tables
from gateway.telemetry.reading_events import LedgerImbalanceError
from processors.columns import ReadingBatch
from tests.support.brokers import running_embedded
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of

SECOND = 1_000_000_000
MESSAGES = 40
Patch = pytest.MonkeyPatch


class Once:
    """True the first time that it is asked."""

    def __init__(self) -> None:
        self.happened = False

    def __call__(self, possible: bool = True) -> bool:
        now = possible and not self.happened
        self.happened |= now
        return now


def _source_to_intake(patch: Patch, once: Once) -> None:
    put = Intake.put

    def losing(self: Intake, source: Any, rows: Rows, received: int, redelivered: int, shed: int) -> None:
        if once(bool(rows)):
            put(self, source, rows[:-1], received, redelivered, shed)
            source.acknowledge(1)  # as if it had come through: nothing waits for it
        else:
            put(self, source, rows, received, redelivered, shed)

    patch.setattr(Intake, "put", losing)


def _intake_to_inbox(patch: Patch, once: Once) -> None:
    append = Intake._append

    async def losing(self: Intake, rows: Rows, pending: Any, confirmed: dict[int, int]) -> int:
        if once(bool(rows)):
            rows = rows[:-1]
        return await append(self, rows, pending, confirmed)

    patch.setattr(Intake, "_append", losing)


def _inbox_to_engine(patch: Patch, once: Once) -> None:
    take = ZoneEngine._take

    def losing(self: ZoneEngine, rows: Rows, out: Any) -> None:
        lost = once(bool(rows))
        take(self, rows[:-1] if lost else rows, out)
        self.offset += lost

    patch.setattr(ZoneEngine, "_take", losing)


def _decode_to_gate(patch: Patch, once: Once) -> None:
    gated = ProfilePass._gated

    def losing(self: ProfilePass, decoded: Any, device: Any, keep: Any, stamped: Any, valued: Any) -> Any:
        if once(bool(np.count_nonzero(keep) > 1)):
            keep[np.flatnonzero(keep)[-1]] = False
        return gated(self, decoded, device, keep, stamped, valued)

    patch.setattr(ProfilePass, "_gated", losing)


def _gate_to_windows(patch: Patch, once: Once) -> None:
    accept = Acceptance.accept

    def losing(self: Acceptance, came: Candidates, *rest: Any) -> None:
        if once():
            came = Candidates(*(getattr(came, field.name)[:-1] for field in fields(Candidates)))
        accept(self, came, *rest)

    patch.setattr(Acceptance, "accept", losing)


def _decoder_itself(patch: Patch, once: Once) -> None:
    flatten = candidates.flatten

    def losing(valued: Any, *columns: Any) -> Candidates:
        if once(bool(valued.any())):
            valued.flat[np.flatnonzero(valued)[0]] = False
        return flatten(valued, *columns)

    patch.setattr(profile_pass, "flatten", losing)


def _engine_to_outbox(patch: Patch, once: Once) -> None:
    append = Outbox.append_step

    def losing(self: Outbox, record: StepRecord, result: StepResult) -> int | None:
        if once(bool(len(result.readings))):
            result.readings = result.readings.take(np.arange(len(result.readings) - 1))
        return append(self, record, result)

    patch.setattr(Outbox, "append_step", losing)


def _reading_to_store(patch: Patch, once: Once) -> None:
    _lose_in_writer(patch, once, lambda batch: batch.take(np.arange(1, len(batch))))


def _block_to_store(patch: Patch, once: Once) -> None:
    _lose_in_writer(patch, once, lambda _: ReadingBatch.empty())


def _lose_in_writer(patch: Patch, once: Once, cut: Callable[[ReadingBatch], ReadingBatch]) -> None:
    load = StoreWriter._load

    def losing(self: StoreWriter) -> Any:
        merged = load(self)
        if merged is not None and once(self.name == "duckdb" and len(merged.result.readings) > 0):
            merged.result.readings = cut(merged.result.readings)
        return merged

    patch.setattr(StoreWriter, "_load", losing)


def _inside_the_store(patch: Patch, once: Once) -> None:
    append = duckdb_tables.append_readings

    def losing(db: Any, position: int, batch: ReadingBatch) -> int:
        return append(db, position, batch.take(np.arange(1, len(batch))) if once(len(batch) > 0) else batch)

    patch.setattr(duckdb_tables, "append_readings", losing)


@asynccontextmanager
async def _loaded(folder: Path, broker: EmbeddedBroker, telemetry: RecordingTelemetry) -> AsyncIterator[Gateway]:
    """A gateway that got some messages and has come to rest, with whatever it lost on the way."""
    async with running_gateway(settings_of(folder / "city", broker.port), telemetry) as gateway:
        start = gateway.clock.now() // 1_000_000 - 600_000
        async with aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            for k in range(MESSAGES):
                body = b'{"ts":%d,"speed":%d.5,"flow":%d,"occ":0.25}' % (start + k * 1000, k, k)
                await client.publish(f"city/tianhe/traffic/loop/probe-{k % 4}/reading", body, qos=1)

        async def at_rest() -> bool:
            ledger = await gateway.desk.ledger()
            stored = all(writer.position >= gateway.outbox.last_position for writer in gateway.writers)
            messages = ledger["messages"]
            return stored and messages["received"] - messages["redelivered"] == MESSAGES and not messages["waiting"]

        await eventually(at_rest, "everything is stored")
        yield gateway


@pytest.mark.parametrize(
    ("lose", "book", "lost"),
    [
        (_source_to_intake, "messages", 1),
        (_intake_to_inbox, "messages", 1),
        (_inbox_to_engine, "messages", 1),
        (_decode_to_gate, "readings of profile loop-detector", 3),
        (_decoder_itself, "readings of profile loop-detector", 1),
        (_gate_to_windows, "readings of profile loop-detector", 1),
        (_engine_to_outbox, "readings of store duckdb", 1),
        (_reading_to_store, "readings of store duckdb", 1),
        (_block_to_store, "readings of store duckdb", None),
    ],
)
async def test_what_a_hand_over_loses_is_an_imbalance_of_its_book(
    data_folder: Path, monkeypatch: Patch, lose: Callable[[Patch, Once], None], book: str, lost: int | None
) -> None:
    once, telemetry = Once(), RecordingTelemetry()
    lose(monkeypatch, once)
    with running_embedded() as broker:
        async with _loaded(data_folder, broker, telemetry) as gateway:
            assert once.happened
            ledger = await gateway.desk.ledger()
            assert not ledger["balanced"]
            assert ledger["off"][book] == (lost or ledger["off"][book]) > 0
            assert not (await gateway.desk.verify())["agrees"]
            await eventually(lambda: bool(telemetry.of(LedgerImbalanceError)), "it is told as an error")
            assert "the ledger does not balance" in gateway.not_ready()


async def test_what_is_lost_before_a_store_has_opened_shows_too(data_folder: Path, monkeypatch: Patch) -> None:
    once, open_store = Once(), StoreWriter._open
    _engine_to_outbox(monkeypatch, once)

    async def late(self: StoreWriter) -> None:
        await eventually(lambda: once.happened, "a reading is lost")
        await open_store(self)

    monkeypatch.setattr(StoreWriter, "_open", late)
    with running_embedded() as broker:
        async with _loaded(data_folder, broker, RecordingTelemetry()) as gateway:
            ledger = await gateway.desk.ledger()
            assert ledger["off"] == {"readings of store duckdb": 1}
            assert ledger["stores"]["duckdb"]["dropped"] == 0


async def test_what_a_store_loses_inside_is_seen_by_verify(data_folder: Path, monkeypatch: Patch) -> None:
    once = Once()
    _inside_the_store(monkeypatch, once)
    with running_embedded() as broker:
        async with _loaded(data_folder, broker, RecordingTelemetry()) as gateway:
            assert once.happened
            assert (await gateway.desk.ledger())["balanced"], "its books can't know"
            verdict = await gateway.desk.verify()
            assert not verdict["agrees"]
            assert verdict["stores"]["duckdb"]["distinct"] == verdict["stores"]["duckdb"]["stored"] - 1


async def test_without_a_loss_everything_balances(data_folder: Path) -> None:
    telemetry = RecordingTelemetry()
    with running_embedded() as broker:
        async with _loaded(data_folder, broker, telemetry) as gateway:
            ledger = await gateway.desk.ledger()
            assert ledger["balanced"]
            assert not ledger["off"]
            assert ledger["stores"]["duckdb"]["stored"] == 3 * MESSAGES
            assert (await gateway.desk.verify())["agrees"]
            assert not telemetry.of(LedgerImbalanceError)
