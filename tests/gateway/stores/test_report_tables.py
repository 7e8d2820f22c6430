"""Citizens' reports in records.db: where each stands, what happened, and a contact that stays where it is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest_asyncio

from gateway.engine.incidents.report_model import ReportChange
from gateway.stores.records import RecordsConfig, RecordsStore
from gateway.stores.report_tables import ReportFilter
from tests.support.blocks import Journal
from tests.support.city import HOUR, MINUTE, NEAR, add, advance, call, city
from tests.support.engine import START


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[RecordsStore]:
    made = RecordsStore(RecordsConfig(tmp_path / "records.db"))
    await made.open()
    yield made
    await made.close()


def life() -> list[ReportChange]:
    """Of three reports: one late, one resolved, one just taken."""
    engine = city()
    out = call(
        engine, add("r1", "no-water", **NEAR, text="'; DROP TABLE reports; --", contact="13800138000", who="王"),
        add("r2", "gas-smell", MINUTE, zone="tianhe"),
    ).reports  # fmt: skip
    out += call(engine, advance("r2", "resolved", 2 * MINUTE, who="li", note="valve"), at=2 * MINUTE).reports
    out += call(engine, at=HOUR).reports
    return out + call(engine, add("r3", "other", HOUR), at=HOUR).reports


async def test_a_report_stands_where_its_newest_change_left_it(store: RecordsStore) -> None:
    await store.write(replace(Journal().block(store), reports=life()))

    one, two = [(await store.reports(ReportFilter(report=name)))[0] for name in ("r1", "r2")]

    assert (one["state"], one["late"], one["target"], one["due"]) == (
        "received",
        "overdue",
        "accept",
        START + HOUR // 2,
    )
    assert (one["text"], one["lon"], one["has_contact"]) == ("'; DROP TABLE reports; --", 113.3265, True)
    assert (two["state"], two["late"], two["zone"], two["due"]) == ("resolved", "", "tianhe", 0)
    assert [c["change"] for c in await store.report_history("r1")] == ["received", "overdue"]
    assert [(c["change"], c["who"], c["note"]) for c in await store.report_history("r2")][1] == (
        "resolved",
        "li",
        "valve",
    )


async def test_the_contact_comes_only_by_name(store: RecordsStore) -> None:
    await store.write(replace(Journal().block(store), reports=life()))
    everything = f"{await store.reports(ReportFilter())} {await store.report_history('r1')}"
    assert "13800138000" not in everything
    assert await store.report_contact("r1") == "13800138000"
    assert await store.report_contact("r9") == ""


async def test_filters_narrow_and_what_is_urgent_comes_first(store: RecordsStore) -> None:
    await store.write(replace(Journal().block(store), reports=life()))

    async def ids(**terms: Any) -> list[str]:
        return [each["report"] for each in await store.reports(ReportFilter(**terms))]

    assert await ids(open=True) == ["r1", "r3"]
    assert await ids() == ["r3", "r2", "r1"]
    assert await ids(kind="gas-smell") == ["r2"]
    assert await ids(zone="tianhe") == ["r2"]
    assert await ids(late=True) == ["r1"]
    assert await ids(report="r") == ["r3", "r2", "r1"]
    assert await ids(report="%") == []
    assert await ids(limit=1) == ["r3"]


async def test_who_is_meant_comes_before_those_whose_names_begin_so(store: RecordsStore) -> None:
    """Others number theirs: of 1, 10, 11, 12 the first is as easily had as the last."""
    engine = city()
    changes = [
        change for k, name in enumerate(("call-1", "call-10", "call-11", "call-12"))
        for change in call(engine, add(name, "other", k * MINUTE), at=k * MINUTE).reports
    ]  # fmt: skip
    await store.write(replace(Journal().block(store), reports=changes))
    for among in (False, True):
        found = await store.reports(ReportFilter(open=among, report="call-1", limit=2))
        assert found[0]["report"] == "call-1"
        assert len(found) == 2


async def test_a_block_that_comes_twice_changes_nothing(store: RecordsStore) -> None:
    block = replace(Journal().block(store), reports=life())
    await store.write(block)
    before = await store.reports(ReportFilter()), await store.report_history("r2")
    await store.write(block)
    assert (await store.reports(ReportFilter()), await store.report_history("r2")) == before


async def test_a_warning_is_over_when_the_report_has_come_further(store: RecordsStore) -> None:
    engine = city()
    changes = call(engine, add("r1", "no-water")).reports + call(engine, at=25 * MINUTE).reports
    await store.write(replace(Journal().block(store), reports=changes))
    assert (await store.reports(ReportFilter()))[0]["late"] == "due_soon"
    journal = Journal()
    more = call(engine, advance("r1", "accepted", 26 * MINUTE), at=26 * MINUTE).reports
    await store.write(replace(journal.block(store), reports=changes[:0]))
    await store.write(replace(journal.block(store), reports=more))
    assert (await store.reports(ReportFilter()))[0]["late"] == ""
