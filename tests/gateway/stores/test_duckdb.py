"""The embedded store: one file, its days, its nightly compaction, and what can be wrong with it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
import pytest_asyncio

from gateway.errors import Halt
from gateway.stores.base import Account, StoreCursor
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.duckdb_tables import day_number, table_of
from processors.columns import AggregateBatch, ReadingBatch
from tests.support.blocks import T0, Journal, aggregates, readings, rewrites

DAY = 86_400_000_000_000
MIDNIGHT = T0 // DAY * DAY
ALL = (-(2**62), 2**62)
GOOD, FAIL, LATE = 1, 4, 8


@pytest.fixture
def config(tmp_path: Path) -> DuckDbConfig:
    return DuckDbConfig(tmp_path / "new folder" / "readings.duckdb", 10 * DAY, {60: 5 * DAY})


@pytest_asyncio.fixture
async def store(config: DuckDbConfig) -> AsyncIterator[DuckDbStore]:
    made = DuckDbStore(config)
    await made.open()
    yield made
    await made.close()


def tables(store: DuckDbStore) -> dict[str, int]:
    """Rows of each day's table."""
    assert store._db is not None
    found = store._db.cursor().execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    names = [name for (name,) in found if name.startswith("readings_")]
    return {name: store._db.cursor().execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in names}


async def test_the_cursor_is_exact_and_counts_readings(store: DuckDbStore, config: DuckDbConfig) -> None:
    journal = Journal()
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0), (series, T0 + 1, 2.0, GOOD, 0)))
    await journal.write(store, readings((series, T0 + 2, 1.0, GOOD, 0)), rewrites((series, T0, FAIL, 1)))
    await store.close()
    again = DuckDbStore(config)
    assert await again.open() == StoreCursor("journal-1", 2, 3)
    assert again.series_count == 1
    await again.close()


async def test_a_block_that_fails_leaves_no_trace(store: DuckDbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    series = journal.series("D1")
    block = journal.block(store, readings((series, T0, 1.0, GOOD, 0)), None, aggregates((series, 60, T0, 0, 1, 1.0)))

    def fail(*_: object) -> None:
        raise duckdb.IOException("IO Error: Could not write file: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.stores.duckdb_tables.append_aggregates", fail)
        with pytest.raises(Halt, match="no room on the disk"):
            await store.write(block)
    assert store.series_count == 0
    assert tables(store) == {}
    await store.write(block)
    assert await store.distinct_readings() == 1


async def test_readings_lie_in_a_table_a_utc_day(store: DuckDbStore) -> None:
    journal = Journal()
    series = journal.series("D1")
    times = [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + DAY - 1, MIDNIGHT + DAY]
    await journal.write(store, readings(*((series, ts, 1.0, GOOD, 0) for ts in times)))
    assert tables(store) == {"readings_20231113": 1, "readings_20231114": 2, "readings_20231115": 1}


@pytest.mark.parametrize("day", [-25_567, -1, 0, 1, 19_675, 47_481])
def test_a_table_s_name_is_its_day(day: int) -> None:
    assert day_number(table_of(day)) == day


async def test_compaction_drops_whole_days_past_their_retention(store: DuckDbStore) -> None:
    journal = Journal()
    series = journal.series("D1")
    await journal.write(store, readings(*((series, MIDNIGHT + day * DAY, 1.0, GOOD, 0) for day in range(4))))
    # the first day ended at MIDNIGHT + DAY; ten days later it may go, a nanosecond before it may not
    assert (await store.compact(MIDNIGHT + 11 * DAY - 1)).days_dropped == 0
    assert (await store.compact(MIDNIGHT + 11 * DAY)).days_dropped == 1
    assert list(tables(store)) == ["readings_20231115", "readings_20231116", "readings_20231117"]
    assert await store.distinct_readings() == 3


async def test_compaction_drops_aggregates_step_by_step(store: DuckDbStore) -> None:
    journal = Journal()
    series = journal.series("D1")
    rows = [(series, step, MIDNIGHT + day * DAY, 0, 1, 1.0) for step in (60, 3600) for day in range(4)]
    await journal.write(store, windows=aggregates(*rows))
    assert (await store.compact(MIDNIGHT + 7 * DAY)).aggregates_dropped == 2
    for step, days in ((60, [2, 3]), (3600, [0, 1, 2, 3])):
        found = await store.read_aggregates(journal.ids(), step, *ALL)
        assert ((found.batch.start - MIDNIGHT) // DAY).tolist() == days


async def test_compaction_merges_closed_days_and_changes_no_answer(
    store: DuckDbStore, rng: np.random.Generator
) -> None:
    journal = Journal()
    series = [journal.series(f"D{k}") for k in range(5)]

    async def everything() -> tuple[ReadingBatch, AggregateBatch]:
        windows = await store.read_aggregates(journal.ids(), 60, *ALL)
        return (await store.read_readings(journal.ids(), *ALL)).batch, windows.batch

    for _ in range(6):
        keys = {(int(rng.choice(series)), MIDNIGHT + int(rng.integers(0, 200)) * DAY // 100) for _ in range(60)}
        rows = [(*key, float(rng.normal()), int(rng.choice([1, 3, 4])), LATE) for key in sorted(keys)]
        verdicts = [(*key, FAIL, 64) for key in sorted(keys)[::7]]
        windows = [(one, 60, MIDNIGHT, journal.position, 1, float(rng.normal())) for one in series]
        await journal.write(store, readings(*rows), rewrites(*verdicts), aggregates(*windows))
    before, windows_before = await everything()
    newest = await store.latest(journal.ids())
    raw_rows = sum(tables(store).values())
    done = await store.compact(MIDNIGHT + DAY)
    assert done.days_merged == 1
    assert sum(tables(store).values()) == raw_rows - done.rows_saved
    assert done.revisions_saved == 5 * 5
    assert tables(store)["readings_20231114"] == int((before.ts < MIDNIGHT + DAY).sum())
    assert (await store.compact(MIDNIGHT + DAY)).rows_saved == 0
    assert (await store.compact(MIDNIGHT + 2 * DAY)).days_merged == 1
    assert sum(tables(store).values()) == len(before) == await store.distinct_readings()
    after, windows_after = await everything()
    for name, column in before.arrays().items():
        assert np.array_equal(getattr(after, name), column), name
    for name, column in windows_before.arrays().items():
        assert np.array_equal(getattr(windows_after, name), column), name
    assert np.array_equal((await store.latest(journal.ids())).batch.ts, newest.batch.ts)


async def test_a_merged_day_takes_late_readings_and_rewrites(store: DuckDbStore) -> None:
    journal = Journal()
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0), (series, T0 + 1, 2.0, GOOD, 0)))
    await store.compact(MIDNIGHT + DAY)
    await journal.write(store, readings((series, T0, 9.0, GOOD, LATE)), rewrites((series, T0 + 1, FAIL, 64)))
    for _ in range(2):
        found = await store.read_readings(journal.ids(), *ALL)
        assert found.batch.value.tolist() == [9.0, 2.0]
        assert found.batch.flag.tolist() == [GOOD, FAIL]
        assert (await store.compact(MIDNIGHT + DAY)).rows_saved in (2, 0)


async def test_the_account_says_where_every_reading_went(store: DuckDbStore, config: DuckDbConfig) -> None:
    journal = Journal()
    one, two = journal.series("D1"), journal.series("D2")
    assert await store.account() == Account(0, 0, 0, 0)
    # a key twice in a block, and again in the next; a rewrite is no reading
    await journal.write(store, readings((one, T0, 1.0, GOOD, 0), (two, T0, 1.0, GOOD, 0), (one, T0, 2.0, GOOD, LATE)))
    await journal.write(store, readings((one, T0, 3.0, GOOD, LATE)), rewrites((two, T0, FAIL, 1), (two, T0 + 9, 4, 1)))
    await journal.write(store, readings((one, T0 + 2 * DAY, 5.0, GOOD, 0)))
    assert await store.account() == Account(stored=5, distinct=3, written_over=2, aged_out=0)
    done = await store.compact(MIDNIGHT + 2 * DAY)
    assert (done.rows_saved, done.readings_dropped) == (3, 0)
    assert await store.account() == Account(stored=5, distinct=3, written_over=2, aged_out=0)
    assert (await store.compact(MIDNIGHT + 12 * DAY)).readings_dropped == 2
    await store.close()
    again = DuckDbStore(config)
    await again.open()
    assert await again.account() == Account(stored=5, distinct=1, written_over=2, aged_out=2)
    assert (await again.account()).missing == 0
    await again.close()


async def test_a_late_reading_that_says_what_stands_is_not_held_twice(store: DuckDbStore) -> None:
    journal = Journal()
    series = journal.series("D1")
    nan = float("nan")
    await journal.write(
        store, readings((series, T0, 1.0, GOOD, 0), (series, T0 + 1, 2.0, GOOD, 0), (series, T0 + 2, nan, 9, 0))
    )
    await journal.write(store, readings(), rewrites((series, T0 + 1, FAIL, 64)))
    again = ((series, T0, 1.0, GOOD, LATE), (series, T0 + 1, 2.0, GOOD, LATE), (series, T0 + 2, nan, 9, LATE))
    await journal.write(store, readings(*again, *again))
    assert await store.copies() == []
    assert await store.account() == Account(stored=9, distinct=3, written_over=6, aged_out=0)
    found = (await store.read_readings(journal.ids(), *ALL)).batch
    assert found.flag.tolist() == [GOOD, FAIL, 9]
    await journal.write(store, readings((series, T0, 7.0, GOOD, LATE)))  # says something new
    assert [rows for _, _, rows in await store.copies()] == [2]
    await journal.write(store, readings((series, T0, 1.0, GOOD, LATE)))  # and back again
    assert (await store.read_readings(journal.ids(), *ALL)).batch.value.tolist()[:2] == [1.0, 2.0]
    assert (await store.account()).missing == 0


async def test_a_lost_row_stays_missing_through_compaction_and_retention(
    store: DuckDbStore, rng: np.random.Generator
) -> None:
    journal = Journal()
    series = [journal.series(f"D{k}") for k in range(3)]
    for _ in range(8):
        rows = [
            (int(rng.choice(series)), MIDNIGHT + int(rng.integers(0, 40)) * DAY // 10, float(rng.normal()), GOOD, LATE)
            for _ in range(40)
        ]
        await journal.write(store, readings(*rows), rewrites(*((one, MIDNIGHT, FAIL, 64) for one in series)))
        assert (await store.account()).missing == 0
    assert store._db is not None
    table = sorted(tables(store))[1]
    # one that others stand over hides nothing either
    store._db.cursor().execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table} WHERE NOT rewrite)")
    for now in (MIDNIGHT, MIDNIGHT + 2 * DAY, MIDNIGHT + 4 * DAY, MIDNIGHT + 12 * DAY, MIDNIGHT + 40 * DAY):
        await store.compact(now)
        account = await store.account()
        assert (account.stored, account.missing) == (320, 1)
    assert account.distinct == 0


async def test_days_are_counted_each_by_itself(store: DuckDbStore) -> None:
    journal = Journal()
    series, first = journal.series("D1"), MIDNIGHT // DAY
    times = [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + DAY - 1, MIDNIGHT + DAY]
    await journal.write(store, readings(*((series, ts, 1.0, GOOD, 0) for ts in times)))
    await journal.write(store, readings((series, MIDNIGHT, 2.0, GOOD, LATE)))
    assert await store.count_days(first - 5, first + 5) == {first - 1: 1, first: 2, first + 1: 1}
    assert await store.count_days(first, first + 1) == {first: 2}


async def test_a_file_of_version_1_is_taken_over_as_it_is(store: DuckDbStore, config: DuckDbConfig) -> None:
    journal = Journal()
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0), (series, T0, 2.0, GOOD, LATE)))
    await store.close()
    with duckdb.connect(str(config.path)) as db:
        db.execute("ALTER TABLE state DROP merged")
        db.execute("ALTER TABLE state DROP aged_out")
        db.execute("ALTER TABLE state DROP figures_merged")
        db.execute("UPDATE state SET version = 1")
    again = DuckDbStore(config)
    assert await again.open() == StoreCursor("journal-1", 1, 2)
    assert await again.account() == Account(stored=2, distinct=1, written_over=1, aged_out=0)
    await journal.write(again, readings((series, T0, 3.0, GOOD, LATE)))
    assert await again.account() == Account(stored=3, distinct=1, written_over=2, aged_out=0)
    await again.close()


async def test_reads_beside_writes_and_compaction_see_whole_blocks(store: DuckDbStore) -> None:
    journal = Journal()
    series = [journal.series(f"D{k}") for k in range(4)]

    async def read() -> None:
        while not done.is_set():
            found = await store.read_readings(journal.ids(), *ALL)
            assert len(found.batch) % len(series) == 0
            assert len({*np.bincount(found.batch.series, minlength=len(series)).tolist()}) == 1

    done = asyncio.Event()
    reading = asyncio.create_task(read())
    for k in range(30):
        await journal.write(store, readings(*((one, T0 + k, 1.0, GOOD, 0) for one in series)))
        if k % 10 == 5:
            await store.compact(MIDNIGHT + DAY)
    done.set()
    await reading


@pytest.fixture
def held_by_another(config: DuckDbConfig) -> Iterator[Callable[[], None]]:
    """Another process has the file open, until it is told to let go."""
    config.path.parent.mkdir()
    script = f"import duckdb; c = duckdb.connect({str(config.path)!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def let_go() -> None:
            holder.communicate("\n", timeout=20)

        yield let_go
        holder.kill()


async def test_a_file_that_another_process_holds_stops_the_store(
    config: DuckDbConfig, held_by_another: Callable[[], None]
) -> None:
    store = DuckDbStore(config)
    with pytest.raises(Halt, match="Another process holds the file") as caught:
        await store.open()
    assert "Stop it" in caught.value.remedy
    held_by_another()
    assert await store.open() is None
    await store.close()


async def test_a_file_that_is_no_database_stops_the_store(config: DuckDbConfig) -> None:
    config.path.parent.mkdir()
    config.path.write_bytes(b"not a database" * 1000)
    store = DuckDbStore(config)
    with pytest.raises(Halt, match="damaged or is no DuckDB database") as caught:
        await store.open()
    assert "backup" in caught.value.remedy
    assert config.path.read_bytes() == b"not a database" * 1000
    await store.close()


async def test_a_damaged_file_stops_the_store(config: DuckDbConfig, rng: np.random.Generator) -> None:
    store, journal = DuckDbStore(config), Journal()
    await store.open()
    series = journal.series("D1")
    await journal.write(store, readings(*((series, T0 + k, float(rng.normal()), GOOD, 0) for k in range(5000))))
    await store.close()
    data = bytearray(config.path.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    config.path.write_bytes(data)
    again = DuckDbStore(config)

    async def open_and_read() -> None:
        await again.open()
        await again.read_readings(journal.ids(), *ALL)

    with pytest.raises(Halt, match="damaged"):
        await open_and_read()
    await again.close()


@pytest.mark.parametrize("bad", ["folder", "under a file"])
async def test_a_path_that_holds_no_file_stops_the_store(tmp_path: Path, bad: str) -> None:
    (tmp_path / "file").write_text("x")
    path = tmp_path if bad == "folder" else tmp_path / "file" / "readings.duckdb"
    store = DuckDbStore(DuckDbConfig(path, DAY))
    with pytest.raises(Halt) as caught:
        await store.open()
    assert caught.value.remedy
    await store.close()


async def test_a_file_of_another_schema_stops_the_store(store: DuckDbStore, config: DuckDbConfig) -> None:
    journal = Journal()
    await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0)))
    await store.close()
    with duckdb.connect(str(config.path)) as db:
        db.execute("UPDATE state SET version = 99")
    again = DuckDbStore(config)
    with pytest.raises(Halt, match="version 99"):
        await again.open()
    await again.close()


async def test_a_store_that_is_not_open_says_so(config: DuckDbConfig) -> None:
    store, journal = DuckDbStore(config), Journal()
    with pytest.raises(Halt, match="not open"):
        await journal.write(store)
    with pytest.raises(Halt, match="not open"):
        await store.distinct_readings()
    await store.close()
