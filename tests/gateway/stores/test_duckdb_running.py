"""Reads of the embedded store that are cancelled: DuckDB stops, and who comes next has an answer at once."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from time import monotonic

import duckdb
import pytest
import pytest_asyncio

from gateway.stores.base import SeriesId
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.duckdb_lanes import Lane
from gateway.stores.duckdb_running import Running, Stopped
from gateway.stores.duckdb_tables import transaction
from tests.support.blocks import T0, Journal, readings
from tests.support.running import eventually

ENDLESS = "SELECT sum(a.range * b.range) FROM range(100000000) a, range(100000000) b"
D1 = SeriesId("D1", "speed")


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[DuckDbStore]:
    made, journal = DuckDbStore(DuckDbConfig(tmp_path / "r.duckdb", 366 * 86_400 * 10**9)), Journal()
    await made.open()
    await journal.write(made, readings((journal.series("D1"), T0, 1.0, 1, 0)))
    yield made
    await made.close()


class Endless:
    """A read that ends when it is interrupted, some statements on."""

    def __init__(self, statements: int = 1) -> None:
        self.begun = threading.Event()
        self.ended: list[BaseException] = []
        self._statements = statements

    def __call__(self, lane: Lane) -> None:
        db = lane.db
        self.begun.set()
        with transaction(db) if self._statements == 1 else nullcontext():
            for _ in range(self._statements):
                try:
                    db.execute(ENDLESS).fetchall()
                except duckdb.InterruptException as error:
                    self.ended.append(error)
            raise self.ended[-1]


@pytest.mark.parametrize("statements", [1, 3])
async def test_a_read_that_is_cancelled_ends_and_the_next_has_its_answer(store: DuckDbStore, statements: int) -> None:
    work = Endless(statements)
    reading = asyncio.create_task(store._read(work))
    await eventually(work.begun.is_set, "it has begun")
    reading.cancel()
    began = monotonic()
    with pytest.raises(asyncio.CancelledError):
        await reading
    found = await store.read_readings([D1], 0, T0 + 1)
    assert monotonic() - began < 10
    assert found.batch.value.tolist() == [1.0]
    assert len(work.ended) == statements
    assert (await store.latest([D1])).batch.value.tolist() == [1.0]


async def test_a_long_read_holds_up_no_short_one(store: DuckDbStore) -> None:
    go, begun = threading.Event(), threading.Event()

    def slow(lane: Lane) -> int:
        begun.set()
        go.wait(30)
        return int((lane.db.execute("SELECT 7").fetchone() or (0,))[0])

    long = asyncio.create_task(store._read(slow))
    await eventually(begun.is_set, "the long one has begun")
    for _ in range(3):
        assert (await store.latest([D1])).batch.value.tolist() == [1.0]
    assert not long.done()
    go.set()
    assert await long == 7


async def test_who_waits_for_the_thread_and_is_cancelled_disturbs_nobody(store: DuckDbStore) -> None:
    go, begun = threading.Event(), threading.Event()

    def slow(lane: Lane) -> int:
        begun.set()
        go.wait(30)
        return int((lane.db.execute("SELECT sum(range) FROM range(1000)").fetchone() or (0,))[0])

    first = asyncio.create_task(store._read(slow))
    await eventually(begun.is_set, "the first has begun")
    second = asyncio.create_task(store.latest([D1]))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    go.set()
    assert await first == 499_500
    assert second.cancelled()


def test_what_was_stopped_before_it_began_does_not_begin() -> None:
    running = Running()
    assert not running.stop()
    with pytest.raises(Stopped):
        running.run(duckdb.connect(), lambda _: pytest.fail("it began"))
