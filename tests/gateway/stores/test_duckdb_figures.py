"""Figures in the embedded store: files from before there were any, compaction, and a block that goes wrong."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import pytest_asyncio

from gateway.errors import Halt
from gateway.stores import duckdb_figures as figure_tables
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.figures import FigureId
from tests.support.blocks import T0, Journal, figure, readings

DAY = 86_400_000_000_000
MIDNIGHT = T0 // DAY * DAY
ALL = (-(2**62), 2**62)
TPI = FigureId("traffic.congestion", "road-1", "tpi")


@pytest.fixture
def config(tmp_path: Path) -> DuckDbConfig:
    return DuckDbConfig(tmp_path / "readings.duckdb", 10 * DAY)


@pytest_asyncio.fixture
async def store(config: DuckDbConfig) -> AsyncIterator[DuckDbStore]:
    made = DuckDbStore(config)
    await made.open()
    yield made
    await made.close()


def _without_figures(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("ALTER TABLE state DROP figures_merged")
    db.execute("DROP TABLE figures")
    db.execute("DROP TABLE figure_names")


@pytest.mark.parametrize("written", [True, False])
async def test_a_file_of_version_2_gets_figures(store: DuckDbStore, config: DuckDbConfig, written: bool) -> None:
    journal = Journal()
    series = journal.series("D1")
    if written:
        await journal.write(store, readings((series, T0, 1.0, 1, 0), (series, T0, 2.0, 1, 8)))
    await store.close()
    with duckdb.connect(str(config.path)) as db:
        _without_figures(db)
        db.execute("UPDATE state SET version = 2")
    for _ in range(2):
        again = DuckDbStore(config)
        assert (await again.open() is not None) == (written or journal.position > 1)
        journal.position += 1
        await again.write(journal.block(again, figures=[figure("road-1", "tpi", T0, 1.0)]))
        await again.write(journal.block(again, figures=[figure("road-1", "tpi", T0, 2.0)]))
        assert (await again.compact(T0)).figures_saved >= 1
        found = await again.read_figures([TPI], *ALL)
        assert found.batch.value.tolist() == [2.0]
        assert (await again.account()).missing == 0
        await again.close()


async def test_figures_are_merged_and_dropped_with_the_coarsest_aggregates(
    store: DuckDbStore, config: DuckDbConfig
) -> None:
    journal = Journal()
    times = [MIDNIGHT - 40 * DAY, MIDNIGHT - 5 * DAY, MIDNIGHT]
    for value in (1.0, 2.0, 3.0):
        await store.write(journal.block(store, figures=[figure("road-1", "tpi", ts, value) for ts in times]))
    await store.write(journal.block(store, figures=[figure("road-1", "delay", MIDNIGHT, 0.5)]))
    done = await store.compact(MIDNIGHT)
    assert (done.figures_dropped, done.figures_saved) == (0, 6)
    done = await store.compact(MIDNIGHT)
    assert (done.figures_dropped, done.figures_saved) == (0, 0)
    # one that comes to a merged time
    await store.write(journal.block(store, figures=[figure("road-1", "tpi", times[1], 4.0)]))
    assert (await store.compact(MIDNIGHT)).figures_saved == 1
    assert (await store.read_figures([TPI], *ALL)).batch.value.tolist() == [3.0, 4.0, 3.0]
    await store.close()

    short = DuckDbStore(replace(config, aggregate_retention={60: DAY, 900: 30 * DAY}))
    await short.open()
    done = await short.compact(MIDNIGHT)
    assert (done.figures_dropped, done.figures_saved) == (1, 0)
    assert (await short.read_figures([TPI], *ALL)).batch.ts.tolist() == times[1:]
    assert (await short.account()).missing == 0
    await short.close()


async def test_figures_go_with_their_block_or_not_at_all(store: DuckDbStore, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    await store.write(journal.block(store, figures=[figure("road-1", "tpi", T0, 1.0)]))
    block = journal.block(store, figures=[figure("road-2", "tpi", T0, 2.0), figure("road-1", "tpi", T0, 9.0)])
    with monkeypatch.context() as patch:
        patch.setattr(figure_tables, "append_figures", _fails)
        with pytest.raises(Halt, match="no room"):
            await store.write(block)
    other = FigureId("traffic.congestion", "road-2", "tpi")
    found = await store.read_figures([TPI, other], *ALL)
    assert found.batch.value.tolist() == [1.0]
    await store.write(block)
    found = await store.read_figures([TPI, other], *ALL)
    assert found.batch.value.tolist() == [9.0, 2.0]


def _fails(*_: object) -> None:
    raise OSError(28, "no room")
