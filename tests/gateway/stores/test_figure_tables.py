"""The figures that there are, in records.db: the newest value of each, whatever order values come in."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from gateway.engine.figures import Figure
from gateway.stores.figure_tables import FigureFilter
from gateway.stores.records import RecordsConfig, RecordsStore
from tests.support.blocks import T0, Journal, figure

EVERYTHING = FigureFilter()
NAN = float("nan")


@pytest.fixture
def config(tmp_path: Path) -> RecordsConfig:
    return RecordsConfig(tmp_path / "records.db")


@pytest_asyncio.fixture
async def store(config: RecordsConfig) -> AsyncIterator[RecordsStore]:
    made = RecordsStore(config)
    await made.open()
    yield made
    await made.close()


async def write(store: RecordsStore, journal: Journal, *figures: Figure) -> None:
    await store.write(journal.block(store, figures=figures))


async def test_the_newest_value_is_kept_and_of_one_time_the_last_word(store: RecordsStore) -> None:
    journal = Journal()
    await write(store, journal, figure("r1", "tpi", T0 + 5, 1.0), figure("r1", "tpi", T0 + 9, 2.0))
    await write(store, journal, figure("r1", "tpi", T0 + 7, 3.0), figure("r2", "tpi", T0, 7.0))
    assert [(each.asset, each.ts, each.value) for each in await store.figures(EVERYTHING)] == [
        ("r1", T0 + 9, 2.0), ("r2", T0, 7.0),
    ]  # fmt: skip
    await write(
        store, journal, figure("r1", "tpi", T0 + 9, 4.0), figure("r1", "tpi", T0 + 9, 5.0),
        figure("r1", "tpi", T0 + 1, 6.0), figure("r2", "tpi", T0 + 1, NAN),
    )  # fmt: skip
    assert [(each.asset, each.ts, each.value) for each in await store.figures(EVERYTHING)] == [
        ("r1", T0 + 9, 5.0), ("r2", T0, 7.0),
    ]  # fmt: skip


async def test_unit_and_zone_are_those_of_the_newest_value(store: RecordsStore) -> None:
    journal = Journal()
    old = figure("r1", "tpi", T0, 1.0)
    moved = msgspec.structs.replace(old, zone="yuexiu", unit="km/h", ts=T0 + 1)
    await write(store, journal, old)
    await write(store, journal, moved, msgspec.structs.replace(old, value=9.0))
    assert await store.figures(EVERYTHING) == [moved]


async def test_the_same_block_twice_changes_nothing(store: RecordsStore, config: RecordsConfig) -> None:
    journal = Journal()
    first = journal.block(store, figures=[figure("r1", "tpi", T0, 1.0)])
    await store.write(first)
    await write(store, journal, figure("r1", "tpi", T0, 2.0))
    await store.write(first)
    await store.close()
    again = RecordsStore(config)
    await again.open()
    await again.write(first)
    assert await again.figures(EVERYTHING) == [figure("r1", "tpi", T0, 2.0)]
    await again.close()


async def test_figures_are_narrowed_and_in_order(store: RecordsStore) -> None:
    journal = Journal()
    told = [
        figure(asset, name, T0, 1.0, condition)
        for condition in ("traffic.b", "traffic.a") for asset in ("r2", "r1") for name in ("tpi", "delay")
    ]  # fmt: skip
    far = msgspec.structs.replace(told[0], zone="yuexiu", asset="r9'; --")
    await write(store, journal, *told, far)

    async def found(**which: object) -> list[tuple[str, str, str]]:
        return [(f.condition, f.asset, f.name) for f in await store.figures(FigureFilter(**which))]  # type: ignore[arg-type]

    everything = sorted((f.condition, f.asset, f.name) for f in [*told, far])
    assert await found() == everything
    assert await found(limit=3) == everything[:3]
    assert await found(condition="traffic.a") == everything[:4]
    assert await found(condition="traffic.a", name="tpi") == [everything[1], everything[3]]
    assert await found(assets=["r9'; --", "nobody"]) == [everything[-1]]
    assert await found(zone="yuexiu") == [everything[-1]]
    assert await found(assets=["nobody"]) == []


async def test_a_file_from_before_there_were_figures_gets_their_table(
    store: RecordsStore, config: RecordsConfig
) -> None:
    await store.close()
    with sqlite3.connect(config.path) as db:
        db.execute("DROP TABLE figures")
    db.close()
    again = RecordsStore(config)
    await again.open()
    await again.write(Journal().block(again, figures=[figure("r1", "tpi", T0, 1.0)]))
    assert len(await again.figures(EVERYTHING)) == 1
    await again.close()
