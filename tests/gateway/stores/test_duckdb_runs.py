"""Rows of an open day laid by series: nothing that is asked has another answer, and it happens where somebody reads."""

from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
import pytest_asyncio

from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.duckdb_runs import loose_rows, sort_some
from gateway.stores.duckdb_sorter import Sorter
from gateway.stores.duckdb_tables import DAY, day_tables, transaction
from processors.columns import ReadingBatch
from tests.support.blocks import T0, Journal, readings, rewrites
from tests.support.running import eventually

ALL = (-(2**62), 2**62)
MIDNIGHT = T0 // DAY * DAY
FAIL, LATE = 4, 8
SERIES = 5


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[DuckDbStore]:
    made = DuckDbStore(DuckDbConfig(tmp_path / "r.duckdb", 366 * DAY))
    made._sorter = Sorter(100)
    await made.open()
    yield made
    await made.close()


class Feed:
    """Blocks of two days with readings that come again and verdicts that change."""

    def __init__(self, store: DuckDbStore, rng: np.random.Generator) -> None:
        self._store, self._rng, self.journal = store, rng, Journal()
        self.series = [self.journal.series(f"D{k}") for k in range(SERIES)]

    async def block(self, most: int = 60) -> None:
        rng = self._rng
        keys = {(int(rng.choice(self.series)), MIDNIGHT + int(rng.integers(0, 190)) * DAY // 100) for _ in range(most)}
        rows = [(*key, float(rng.normal()), int(rng.choice([1, 3, 4])), LATE) for key in sorted(keys)]
        verdicts = [(*key, FAIL, 64) for key in sorted(keys)[::7]]
        await self.journal.write(self._store, readings(*rows), rewrites(*verdicts))


async def _answers(store: DuckDbStore, journal: Journal) -> list[object]:
    everything = (await store.read_readings(journal.ids(), *ALL)).batch
    page = await store.read_readings(journal.ids()[:2], MIDNIGHT, MIDNIGHT + 2 * DAY, 20)
    newest = (await store.latest(journal.ids())).batch
    return [
        *(column.tolist() for batch in (everything, page.batch, newest) for column in batch.arrays().values()),
        page.next, await store.account(), sorted(await store.copies()), await store.count_days(0, 1 << 20),
    ]  # fmt: skip


def _series_in_order(store: DuckDbStore) -> list[int]:
    assert store._db is not None
    return [series for (series,) in store._db.cursor().execute("SELECT series FROM readings_20231114").fetchall()]


async def test_no_answer_changes_and_rows_lie_by_series(store: DuckDbStore, rng: np.random.Generator) -> None:
    feed = Feed(store, rng)
    for _ in range(8):
        await feed.block()
    store._sorter._asked.clear()
    db = store._db
    assert db is not None
    for _ in range(4):
        before = await _answers(store, feed.journal)
        store._sorter._asked.clear()
        for day in day_tables(db):
            loose = loose_rows(db, day)
            with transaction(db):
                made = sort_some(db, day, 100)
            assert 0 < made <= max(100, loose)
            assert loose_rows(db, day) == loose - made
        assert await _answers(store, feed.journal) == before
        store._sorter._asked.clear()
        await feed.block()
    await store.compact(MIDNIGHT + 3 * DAY)
    assert [loose_rows(db, day) for day in day_tables(db)] == [0, 0]
    assert (await store.account()).distinct == len((await store.read_readings(feed.journal.ids(), *ALL)).batch)


async def test_a_day_that_is_read_from_is_sorted_and_another_is_not(
    store: DuckDbStore, rng: np.random.Generator
) -> None:
    feed = Feed(store, rng)
    for _ in range(8):
        await feed.block()
    came = _series_in_order(store)
    await feed.block(1)
    assert _series_in_order(store)[: len(came)] == came, "nobody has read"

    ids = feed.journal.ids()
    before = (await store.read_readings(ids, MIDNIGHT, MIDNIGHT + DAY)).batch
    await feed.block(1)
    await eventually(lambda: _series_in_order(store)[: len(came)] != came, "a run is made")
    db = store._db
    assert db is not None
    for _ in range(9):  # one between two blocks
        await feed.block(1)
        await store.distinct_readings()
    await eventually(lambda: loose_rows(db.cursor(), MIDNIGHT // DAY) < 150, "the day is sorted")
    assert store._sorter.idle
    after = (await store.read_readings(ids, MIDNIGHT, MIDNIGHT + DAY)).batch
    assert _known(before) <= _known(after)


async def test_an_hour_asks_for_nothing(store: DuckDbStore, rng: np.random.Generator) -> None:
    feed = Feed(store, rng)
    await feed.block()
    await store.read_readings(feed.journal.ids(), MIDNIGHT, MIDNIGHT + DAY // 24 - 1)
    assert store._sorter.idle


async def test_where_no_run_can_be_made_blocks_go_on(
    store: DuckDbStore, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def full(_: duckdb.DuckDBPyConnection, day: int, most: int) -> int:
        tried.append(day)
        raise duckdb.OutOfMemoryException("no room")

    monkeypatch.setattr("gateway.stores.duckdb_sorter.sort_some", full)
    feed = Feed(store, rng)
    for _ in range(8):
        await feed.block()
    before = await _answers(store, feed.journal)
    await feed.block(1)
    await eventually(lambda: bool(tried), "it was tried")
    await eventually(lambda: store._sorter.idle, "it was given up")
    await feed.block(1)
    await feed.block(1)
    assert len(tried) == 1, "not again at once"
    after = await _answers(store, feed.journal)
    assert len(after) == len(before)


def _known(batch: ReadingBatch) -> set[tuple[int, int]]:
    return set(zip(batch.series.tolist(), batch.ts.tolist(), strict=True))
