"""Figures at the desk: pages that go on where the last one ended, and the bounds of a question."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.errors import CommandError
from gateway.runtime import figure_desk
from gateway.runtime.figure_desk import FigureDesk
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.records import RecordsConfig, RecordsStore
from tests.support.blocks import T0, Journal, figure

MINUTE = 60_000_000_000
LAST = T0 + 9 * MINUTE


class Office:
    """What the desk asks here: records.db and the stores."""

    def __init__(self, records: RecordsStore, store: DuckDbStore) -> None:
        self.records = records
        self.stores = [store]


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[FigureDesk]:
    records = RecordsStore(RecordsConfig(tmp_path / "records.db"))
    store = DuckDbStore(DuckDbConfig(tmp_path / "readings.duckdb", 366 * 86_400_000_000_000))
    journal = Journal()
    for each in (records, store):
        await each.open()
    told = [figure(f"r{k % 3}", "tpi", T0 + k // 3 * MINUTE, float(k)) for k in range(30)]
    block = journal.block(store, figures=told)
    await records.write(block)
    await store.write(block)
    made = FigureDesk()
    made._office = Office(records, store)  # type: ignore[assignment]
    yield made
    await records.close()
    await store.close()


async def test_pages_follow_each_other_under_the_span_that_the_first_one_named(desk: FigureDesk) -> None:
    page: dict[str, Any] = await desk.read_figures(limit=7)
    rows = page["rows"]
    assert (page["store"], page["start"], page["end"]) == ("duckdb", LAST + 1 - 86_400 * 10**9, LAST + 1)
    while page["next"] is not None:
        assert page["truncated"]
        page = await desk.read_figures(start=page["next"], end=page["end"], store=page["store"], limit=7)
        rows += page["rows"]
    assert [row[-1] for row in rows] == [float(k) for k in range(30)]
    assert [row[1] for row in rows[:4]] == ["r0", "r1", "r2", "r0"]


async def test_a_span_ends_with_the_newest_of_what_was_chosen(desk: FigureDesk) -> None:
    page = await desk.read_figures(assets=["r1"], last=61)

    assert [row[-2:] for row in page["rows"]] == [[LAST - MINUTE, 25.0], [LAST, 28.0]]


async def test_a_list_gives_as_many_as_are_asked_for(desk: FigureDesk) -> None:
    assert [each["asset"] for each in await desk.figures(limit=2)] == ["r0", "r1"]
    assert [each["value"] for each in await desk.figures(assets=["r2"])] == [29.0]


async def test_a_question_has_its_bounds(desk: FigureDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (0, 10**9):
        with pytest.raises(CommandError, match="can't have"):
            await desk.read_figures(limit=limit)
    monkeypatch.setattr(figure_desk, "_MOST", 2)
    with pytest.raises(CommandError, match="more than 2 figures"):
        await desk.read_figures()
    assert len((await desk.read_figures(assets=["r0", "r1"]))["rows"]) == 20
    assert len(await desk.figures(limit=100)) == 3, "one more than it lists tells that there are more"
