"""Who loses readings where the outbox is full: nobody that is up, or has just been started and may be."""

import asyncio
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gateway.engine.results import SeriesName, StepResult
from gateway.errors import QuotaFull
from gateway.journal.outbox import Outbox, StepRecord
from gateway.runtime.room import RoomMaker
from processors.columns import ReadingBatch
from tests.gateway.journal.support import MB, journal
from tests.gateway.runtime.test_writer_restart import START, opened, run_until_stored, writer_of
from tests.support.running import eventually

EACH = 3_000


def fill(outbox: Outbox) -> QuotaFull:
    """Numbers that packing can do little with, until there is no room, nor could packing make any."""
    dice = np.random.default_rng(1)
    while True:
        full = _fill(outbox, dice)
        outbox.pack_blocks(0, EACH)
        if not outbox.fits(full.wanted):
            return full


def _fill(outbox: Outbox, dice: np.random.Generator) -> QuotaFull:
    while True:
        step = outbox.last_step + 1
        ts = START + np.sort(dice.integers(0, 10**12, EACH))
        readings = ReadingBatch.of(
            series=np.zeros(EACH), ts=ts, value=dice.random(EACH), flag=np.ones(EACH), why=np.zeros(EACH)
        )
        names = [SeriesName(0, "d0", "speed", "loop", "km/h")] if step == 1 else []
        try:
            outbox.append_step(StepRecord(step, "tick", 0, 0, step, True), StepResult(readings=readings, series=names))
        except QuotaFull as error:
            return error


def dropped(outbox: Outbox) -> int:
    state = outbox.cursor("duckdb")
    assert state is not None
    return state.dropped


@pytest.mark.parametrize("patience", [60.0, 0.0])
async def test_a_store_that_has_not_told_yet_how_far_it_is_loses_nothing_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr("gateway.runtime.room._PATIENCE_SECS", patience)
    with journal(tmp_path, quota=2 * MB) as (_, outbox, _):
        outbox.register_store("duckdb")
        full = fill(outbox)
        async with opened(tmp_path) as store:
            writer = writer_of(store, outbox)
            stuck: list[str] = []
            room = RoomMaker(outbox, [writer], ("duckdb",), drops=True, write_readings=EACH, told=lambda *_: None,
                             stuck=stuck.append)  # fmt: skip
            running = asyncio.create_task(room.run())
            room.full(full)
            await eventually(lambda: room._full_since is not None or dropped(outbox) > 0, "it has looked for room")
            room.full(full)  # as the engine does, for which there is none yet
            await eventually(lambda: not room._wake.is_set(), "it has looked again")
            room.stop()
            await running
            assert (dropped(outbox) > 0) == (patience == 0)
            await run_until_stored(writer, outbox)


async def test_a_damaged_block_that_room_can_t_be_made_of_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.runtime.room._PATIENCE_SECS", 0.0)
    with journal(tmp_path, quota=2 * MB) as (_, outbox, _):
        outbox.register_store("duckdb")
        full = fill(outbox)
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("UPDATE block SET body = zeroblob(bytes) WHERE position = 3")
    db.close()
    with journal(tmp_path, quota=2 * MB) as (_, outbox, _):
        async with opened(tmp_path) as store:
            stuck: list[str] = []

            def stand(problem: str) -> None:
                """As the engine does, which asks again."""
                stuck.append(problem)
                if len(stuck) < 3:
                    room.full(full)

            room = RoomMaker(
                outbox, [writer_of(store, outbox)], ("duckdb",), drops=True, write_readings=EACH,
                told=lambda *_: None, stuck=stand,
            )  # fmt: skip
            running = asyncio.create_task(room.run())
            room.full(full)
            await eventually(lambda: running.done() or len(stuck) == 3, "it has looked for room")
            room.stop()
            await running
            # the first time nothing is dropped yet
            assert all("block 3 is damaged" in problem for problem in stuck[1:])
