"""records.db lets go of what was over long ago, and of nothing that stands."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.stores.alarm_tables import AlarmFilter
from gateway.stores.figure_tables import FigureFilter
from gateway.stores.incident_tables import IncidentFilter
from gateway.stores.records import RecordsConfig, RecordsStore
from gateway.stores.records_age import LEAST_NS
from gateway.stores.report_tables import ReportFilter
from tests.support.blocks import Journal
from tests.support.city import HOUR, MINUTE, NEAR, add, advance, call, city
from tests.support.engine import START

DAY = 24 * HOUR
YEAR = 365 * DAY


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[RecordsStore]:
    made = RecordsStore(RecordsConfig(tmp_path / "records.db", retention_ns=YEAR))
    await made.open()
    yield made
    await made.close()


def change(alarm: str, what: str, state: str, now: int) -> Transition:
    return Transition(alarm, what, state, "gas.lel", alarm, "tianhe", "gas", 1, 1, 26.5, now, now, START, False)


async def test_alarms_that_are_over_go_with_their_history_and_what_stands_stays(store: RecordsStore) -> None:
    changes = (
        change("a1", "raised", "unacknowledged", START), change("a1", "returned", "normal", START + HOUR),
        change("a2", "raised", "unacknowledged", START), change("a2", "level", "unacknowledged", START + HOUR),
        change("a3", "raised", "unacknowledged", START), change("a3", "returned", "normal", START + 2 * DAY),
    )  # fmt: skip
    await store.write(replace(Journal().block(store), transitions=changes))
    assert await store.drop_older(START + YEAR) == 0
    assert await store.drop_older(START + YEAR + DAY) == 5
    assert {alarm["alarm"] for alarm in await store.alarms(AlarmFilter())} == {"a2", "a3"}
    kept = [(each.alarm, each.change) for each in await store.alarm_history(AlarmFilter())]
    assert kept == [("a3", "returned"), ("a2", "level")]


async def test_numbers_of_transitions_never_come_again(store: RecordsStore) -> None:
    journal = Journal()
    for alarm in ("a1", "a2"):
        changes = (change(alarm, "raised", "unacknowledged", START), change(alarm, "returned", "normal", START))
        await store.write(replace(journal.block(store), transitions=changes))
        await store.drop_older(START + 2 * YEAR)
    numbers = await store.transact(lambda db: db.execute("SELECT number FROM transitions").fetchall())
    assert numbers == [(4,)]


async def test_reports_and_incidents_go_when_they_are_over_with_the_contact(store: RecordsStore) -> None:
    engine, journal = city(), Journal()
    results = [
        call(engine, add("r1", "no-water", **NEAR, contact="1380"), advance("r1", "resolved", 1), at=MINUTE),
        call(engine, add("r2", "gas-smell", zone="nansha"), at=MINUTE),
        call(engine, at=HOUR),
    ]
    for result in results:
        await store.write(replace(journal.block(store), reports=result.reports, incidents=result.incidents))
    assert len(await store.incidents(IncidentFilter())) == 2
    await store.drop_older(START + YEAR + DAY)
    assert [each["report"] for each in await store.reports(ReportFilter())] == ["r2"]
    assert [each["cause"] for each in await store.incidents(IncidentFilter())] == ["r2"]
    assert await store.report_contact("r1") == ""
    assert await store.report_history("r1") == []
    left = await store.transact(lambda db: db.execute("SELECT count(*) FROM incident_parts").fetchone())
    assert left == (1,)


async def test_figures_that_nobody_tells_any_more_go(store: RecordsStore) -> None:
    old = Figure("water.flow", "a", "dma-1", "night_flow", "m3/h", START, 1.0)
    new = Figure("water.flow", "b", "dma-1", "night_flow", "m3/h", START + YEAR, 1.0)
    await store.write(Journal().block(store, figures=(old, new)))
    await store.drop_older(START + YEAR + DAY)
    assert [each.asset for each in await store.figures(FigureFilter())] == ["b"]


@pytest.mark.parametrize("retention", [0, 2 * DAY])
async def test_what_could_come_again_stays_however_short_the_retention(tmp_path: Path, retention: int) -> None:
    store = RecordsStore(RecordsConfig(tmp_path / "records.db", retention_ns=retention))
    await store.open()
    over = (change("a1", "returned", "normal", START), change("a2", "returned", "normal", START + DAY))
    await store.write(replace(Journal().block(store), transitions=over))
    assert await store.drop_older(START + LEAST_NS) == 0
    assert await store.drop_older(START + LEAST_NS + HOUR) == 2
    await store.close()
