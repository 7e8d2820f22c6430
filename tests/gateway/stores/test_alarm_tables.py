"""The alarms in records.db: every change in order, and where each alarm stands."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from gateway.engine.alarm_model import Transition
from gateway.stores.alarm_tables import AlarmFilter
from gateway.stores.base import Block
from gateway.stores.records import RecordsConfig, RecordsStore
from tests.support.blocks import T0, Journal

SECOND = 1_000_000_000


@pytest.fixture
def config(tmp_path: Path) -> RecordsConfig:
    return RecordsConfig(tmp_path / "records.db")


@pytest_asyncio.fixture
async def store(config: RecordsConfig) -> AsyncIterator[RecordsStore]:
    made = RecordsStore(config)
    await made.open()
    yield made
    await made.close()


def change(alarm: str, what: str = "raised", state: str = "unacknowledged", secs: int = 0, **more: Any) -> Transition:
    plain = Transition(
        alarm, what, state, "gas.lel", "gas-0001", "tianhe", "gas", 2, 1, 26.5, T0 + secs * SECOND,
        T0 + secs * SECOND + 5, T0, False,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **more)


def block(journal: Journal, store: RecordsStore, *changes: Transition) -> Block:
    return replace(journal.block(store), transitions=changes)


async def ids(store: RecordsStore, **terms: Any) -> list[str]:
    return [str(alarm["alarm"]) for alarm in await store.alarms(AlarmFilter(**terms))]


async def test_changes_come_back_whole_and_the_newest_first(store: RecordsStore) -> None:
    odd = change("a1", "commented", secs=1, value=None, who="王 'li'", text='x"; DROP TABLE alarms; --', until=2**62,
                 historic=True)  # fmt: skip
    changes = [change("a1"), odd, change("a1", "returned", "returned", 2)]

    await store.write(block(Journal(), store, *changes))

    assert await store.alarm_history(AlarmFilter()) == changes[::-1]
    assert await store.alarm_history(AlarmFilter(limit=1)) == changes[2:]


async def test_an_alarm_stands_where_its_newest_change_left_it(store: RecordsStore) -> None:
    journal = Journal()
    await store.write(block(journal, store, change("a1"), change("b1", asset="gas-0002")))
    await store.write(block(journal, store, change("a1", "level", secs=3, level=3, value=60.0)))

    (one,) = await store.alarms(AlarmFilter(alarm="a1"))

    assert (one["state"], one["level"], one["value"], one["at"]) == ("unacknowledged", 3, 60.0, T0 + 3 * SECOND)
    assert (one["historic"], one["repeats"]) == (False, 0)


async def test_what_is_normal_is_not_open(store: RecordsStore) -> None:
    closed = [change("a1", "acknowledged", "normal"), change("b1", "retired", "normal")]
    open_ones = [change("c1", "shelved", "shelved"), change("d1", "returned", "latched")]

    await store.write(block(Journal(), store, change("a1"), change("b1"), *closed, *open_ones))

    assert set(await ids(store, open=True)) == {"c1", "d1"}
    assert set(await ids(store)) == {"a1", "b1", "c1", "d1"}


async def test_repeats_are_counted(store: RecordsStore) -> None:
    changes = [change("a1"), change("a1", "returned", "returned", 1), change("a1", "repeated", secs=2),
               change("a1", "returned", "returned", 3), change("a1", "repeated", secs=4)]  # fmt: skip

    await store.write(block(Journal(), store, *changes))

    assert [alarm["repeats"] for alarm in await store.alarms(AlarmFilter())] == [2]


async def test_the_same_block_twice_changes_nothing(store: RecordsStore, config: RecordsConfig) -> None:
    journal = Journal()
    first = block(journal, store, change("a1"), change("a1", "repeated", secs=1))
    second = block(journal, store, change("a1", "returned", "returned", 2))
    for each in (first, first, second, first, second):
        await store.write(each)
    expected = await store.alarms(AlarmFilter()), await store.alarm_history(AlarmFilter())

    await store.close()
    again = RecordsStore(config)
    await again.open()
    await again.write(second)

    assert (await again.alarms(AlarmFilter()), await again.alarm_history(AlarmFilter())) == expected
    assert len(expected[1]) == 3
    await again.close()


async def test_alarms_are_narrowed(store: RecordsStore) -> None:
    await store.write(block(
        Journal(), store, change("a1"), change("a2", zone="haizhu", priority=3, secs=5, since=T0 + 5),
        change("b1", condition="water.burst", domain="water", asset="dma-1", historic=True, since=T0 + 9),
    ))  # fmt: skip

    assert await ids(store) == ["b1", "a2", "a1"]
    assert await ids(store, open=True) == ["b1", "a1", "a2"]
    assert await ids(store, zone="haizhu") == ["a2"]
    assert await ids(store, domain="water") == ["b1"]
    assert await ids(store, condition="gas.lel", asset="gas-0001") == ["a2", "a1"]
    assert await ids(store, priority=1) == ["b1", "a1"]
    assert await ids(store, since=T0 + 1) == ["a2"]
    assert await ids(store, historic=False) == ["a2", "a1"]
    assert await ids(store, alarm="a") == ["a2", "a1"]
    assert await ids(store, alarm="a2") == ["a2"]
    assert await ids(store, limit=1) == ["b1"]
    for none in ({"limit": 0}, {"limit": -1}, {"zone": "' OR 1=1 --"}, {"alarm": "%"}, {"alarm": "_1"}):
        assert await ids(store, **none) == []


async def test_history_is_narrowed_in_the_same_way(store: RecordsStore) -> None:
    changes = [change("a1"), change("b1", condition="water.burst", domain="water"), change("a1", "returned", secs=9)]
    await store.write(block(Journal(), store, *changes))

    async def numbers(**terms: Any) -> list[int]:
        return [changes.index(each) for each in await store.alarm_history(AlarmFilter(**terms))]

    assert await numbers(alarm="a") == [2, 0]
    assert await numbers(domain="water") == [1]
    assert await numbers(since=T0 + SECOND) == [2]
    assert await numbers(alarm="%") == []
    assert await numbers(limit=-1) == []


async def test_a_file_without_alarms_gets_their_tables(config: RecordsConfig) -> None:
    first = RecordsStore(config)
    await first.open()
    await first.close()
    with sqlite3.connect(config.path) as db:
        db.execute("DROP TABLE transitions")
        db.execute("DROP TABLE alarms")
    db.close()
    second = RecordsStore(config)
    await second.open()

    await second.write(block(Journal(), second, change("a1")))

    assert await ids(second) == ["a1"]
    await second.close()


async def test_history_is_of_a_span_whose_end_is_not_in_it(store: RecordsStore) -> None:
    changes = [change(f"a{secs}", secs=secs) for secs in range(4)]
    await store.write(block(Journal(), store, *changes))

    found = await store.alarm_history(AlarmFilter(since=T0 + SECOND, until=T0 + 3 * SECOND))

    assert [each.alarm for each in found] == ["a2", "a1"]


#   secs     0         1         2         3
#   a1    raised            returned    reset to normal
#   a2              raised                              stands
async def test_what_stood_at_a_moment_is_told_as_it_was_then(store: RecordsStore) -> None:
    await store.write(block(
        Journal(), store, change("a1"), change("a2", secs=1, priority=2), change("a1", "returned", "returned", 2),
        change("a1", "reset", "normal", 3),
    ))  # fmt: skip

    async def at(secs: int, limit: int = 9) -> list[tuple[str, str]]:
        found = await store.standing_alarms(T0 + secs * SECOND, limit)
        return [(each.alarm, each.state) for each in found]

    assert await at(0) == []
    assert await at(1) == [("a1", "unacknowledged")]
    assert await at(3) == [("a1", "returned"), ("a2", "unacknowledged")]
    assert await at(4) == [("a2", "unacknowledged")]
    assert await at(3, limit=1) == [("a1", "returned")]
