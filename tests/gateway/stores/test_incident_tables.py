"""Incidents in records.db: where each stands, what belongs to it, also after a merge."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest_asyncio

from gateway.engine.city import CityResult
from gateway.stores.incident_tables import IncidentFilter
from gateway.stores.records import RecordsConfig, RecordsStore
from gateway.stores.report_tables import ReportFilter
from tests.support.blocks import Journal
from tests.support.city import HOUR, MINUTE, Alarm, add, advance, call, city
from tests.support.engine import START

BURST = Alarm("water.burst", "dma-1", "dma-1", at=7 * MINUTE, priority=1)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[RecordsStore]:
    made = RecordsStore(RecordsConfig(tmp_path / "records.db"))
    await made.open()
    yield made
    await made.close()


async def written(store: RecordsStore, *results: CityResult) -> None:
    journal = Journal()
    for result in results:
        await store.write(replace(journal.block(store), reports=result.reports, incidents=result.incidents))


def merged() -> list[CityResult]:
    """Two incidents that a burst joins; then one elsewhere."""
    engine = city()
    return [
        call(engine, add("r1", "road-flooded", 5 * MINUTE), add("r2", "no-water", 6 * MINUTE), at=6 * MINUTE),
        call(engine, BURST.raised(), at=8 * MINUTE),
        call(engine, BURST.returned(HOUR), add("r3", "gas-smell", HOUR, zone="nansha"), at=HOUR),
    ]


async def found(store: RecordsStore, **terms: Any) -> list[dict[str, Any]]:
    return await store.incidents(IncidentFilter(**terms))


async def test_an_incident_stands_where_its_newest_change_left_it(store: RecordsStore) -> None:
    await written(store, *merged())
    gas, burst = await found(store, open=True)
    assert (gas["cause_kind"], gas["zone"], gas["priority"]) == ("gas-smell", "nansha", 1)
    assert (burst["state"], burst["parts"], burst["standing"], burst["reports"]) == ("open", 3, 2, 2)
    assert (burst["cause_type"], burst["cause_kind"], burst["cause_asset"]) == ("alarm", "water.burst", "dma-1")
    assert (burst["domains"], burst["priority"]) == ("drainage,water", 2)


async def test_the_parts_of_one_that_was_merged_are_those_of_the_one_it_is_in(store: RecordsStore) -> None:
    results = merged()
    await written(store, *results)
    first, second = (change.incident for change in results[0].incidents)

    (gone,) = await found(store, incident=second[:14])

    assert (gone["state"], gone["into"]) == ("merged", first)
    members = await store.incident_parts(first)
    assert [(m["part"], m["kind"], m["over"]) for m in members] == [
        ("r1", "road-flooded", None), ("r2", "no-water", None), (BURST.id, "water.burst", START + HOUR),
    ]  # fmt: skip
    assert await store.incident_parts(second) == []
    reports = {each["report"]: each["incident"] for each in await store.reports(ReportFilter())}
    assert reports["r1"] == reports["r2"] == first != reports["r3"]


async def test_what_happened_is_kept_in_order(store: RecordsStore) -> None:
    results = merged()
    await written(store, *results)
    first, second = (change.incident for change in results[0].incidents)
    history = await store.incident_history(first)
    assert [each["change"] for each in history] == ["opened", "joined", "cause", "over"]
    assert [each["change"] for each in await store.incident_history(second)] == ["opened", "merged"]
    assert history[1]["part"] == BURST.id


async def test_filters_narrow(store: RecordsStore) -> None:
    await written(store, *merged())
    assert [each["cause_kind"] for each in await found(store)] == ["gas-smell", "water.burst"]
    assert [each["cause_kind"] for each in await found(store, domain="water")] == ["water.burst"]
    assert await found(store, domain="wat") == []
    assert [each["cause_kind"] for each in await found(store, zone="nansha")] == ["gas-smell"]
    assert len(await found(store, limit=1)) == 1


async def test_a_part_that_came_again_stands(store: RecordsStore) -> None:
    engine = city()
    results = [
        call(engine, add("r1", "no-water")), call(engine, advance("r1", "resolved", 1)),
        call(engine, advance("r1", "reopened", MINUTE), at=MINUTE),
    ]  # fmt: skip
    await written(store, *results)
    (one,) = await found(store)
    assert [(m["part"], m["over"]) for m in await store.incident_parts(one["incident"])] == [("r1", None)]
    assert one["state"] == "open"
