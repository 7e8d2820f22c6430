"""Killed between a store's commit and its note in the outbox, and started again with another quota."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from gateway.engine.results import SeriesName, StepResult
from gateway.journal.outbox import Outbox, StepRecord
from gateway.mqtt.backoff import Backoff
from gateway.runtime.writer import StoreWriter
from gateway.stores.duckdb import DuckDbStore
from processors.columns import ReadingBatch
from tests.gateway.journal.support import MB, journal
from tests.support.line import duckdb_in
from tests.support.running import RecordingTelemetry

BLOCKS, MORE, EACH = 40, 15, 3_000
LARGE, SMALL = 8 * MB, 2 * MB
WRITE_READINGS = 200_000
START = 1_772_600_000_000_000_000


class Killed(BaseException):
    """The process ends here."""


def kill_after_commit(place: str) -> None:
    if place == "after-store-write":
        raise Killed


def fill(outbox: Outbox, blocks: int = BLOCKS) -> None:
    """Calls of one series; each gave a block."""
    for _ in range(blocks):
        step = outbox.last_step + 1
        ts = START + np.arange((step - 1) * EACH, step * EACH) * 1_000_000
        batch = ReadingBatch.of(
            series=np.zeros(EACH), ts=ts, value=np.ones(EACH), flag=np.ones(EACH), why=np.zeros(EACH)
        )
        names = [SeriesName(0, "d0", "speed", "loop", "km/h")] if step == 1 else []
        outbox.append_step(StepRecord(step, "tick", 0, 0, step, True), StepResult(readings=batch, series=names))


def writer_of(store: DuckDbStore, outbox: Outbox, *, kill: bool = False) -> StoreWriter:
    return StoreWriter(
        store, outbox, RecordingTelemetry(), Backoff(0.005, 0.02, np.random.default_rng(1)),
        max_readings=WRITE_READINGS, stored=lambda *_: None, passed=kill_after_commit if kill else lambda _: None,
    )  # fmt: skip


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[DuckDbStore]:
    store = duckdb_in(folder)
    try:
        yield store
    finally:
        await store.close()


async def killed_in_a_write(folder: Path, quota: int, raised_to: int = 0) -> None:
    """The store has a write that the outbox doesn't know of."""
    with journal(folder, quota=quota) as (_, outbox, _):
        outbox.register_store("duckdb")
        async with opened(folder) as store:
            if raised_to:
                await run_until_stored(writer_of(store, outbox), outbox)
                outbox.set_quota(raised_to)
            fill(outbox)
            try:
                writer = writer_of(store, outbox, kill=True)
                writer.stop()  # at once
                await writer.run()
            except Killed:
                return
    raise AssertionError("it was not killed")


async def run_until_stored(writer: StoreWriter, outbox: Outbox) -> None:
    writer.stop()
    await writer.run()
    assert (writer.state, writer.problem) == ("writing", "")
    assert writer.position == outbox.last_position


async def books_agree(store: DuckDbStore, outbox: Outbox) -> None:
    state = outbox.cursor("duckdb")
    assert state is not None
    assert state.stored + state.dropped == BLOCKS * EACH
    assert state.dropped > 0
    assert state.stored == await store.distinct_readings() == (await store.account()).stored


async def test_what_a_store_committed_unnoted_is_not_dropped_by_a_start_with_a_smaller_quota(tmp_path: Path) -> None:
    await killed_in_a_write(tmp_path, LARGE)
    with journal(tmp_path, quota=SMALL) as (_, outbox, _):
        outbox.drop_readings(0, WRITE_READINGS)
        async with opened(tmp_path) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
            await books_agree(store, outbox)


async def test_nor_where_a_reload_had_raised_the_quota(tmp_path: Path) -> None:
    await killed_in_a_write(tmp_path, SMALL, raised_to=LARGE)
    with journal(tmp_path, quota=SMALL) as (_, outbox, _):
        outbox.drop_readings(0, WRITE_READINGS)
        async with opened(tmp_path) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
            await books_agree(store, outbox)


async def test_nor_by_the_second_start_where_the_store_was_down_in_the_first(tmp_path: Path) -> None:
    await killed_in_a_write(tmp_path, LARGE)
    with journal(tmp_path, quota=SMALL) as (_, outbox, _):
        outbox.register_store("influxdb")
        outbox.settle_store("influxdb")
    with journal(tmp_path, quota=SMALL) as (_, outbox, _):
        outbox.drop_readings(0, WRITE_READINGS)
        async with opened(tmp_path) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
            await books_agree(store, outbox)


async def test_once_it_has_told_how_far_it_is_the_smaller_quota_holds(tmp_path: Path) -> None:
    await killed_in_a_write(tmp_path, LARGE)
    with journal(tmp_path, quota=SMALL) as (_, outbox, _):
        async with opened(tmp_path) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
        assert outbox.write_bytes == SMALL // 4
        outbox.trim()
        fill(outbox, MORE)
    with journal(tmp_path, quota=SMALL) as (_, outbox, _):
        size = len(outbox.blocks_after(BLOCKS, WRITE_READINGS))
        assert outbox.drop_readings(0, WRITE_READINGS)["duckdb"].readings == (MORE - size) * EACH
