"""The reviser beside stores that are slow, down or several, and what readers see meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import pytest_asyncio

from gateway.errors import Retry
from gateway.runtime.desk import Desk
from gateway.runtime.office import Office
from gateway.stores.base import Block, Refused, SeriesId, Store
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.influxdb import InfluxStore
from tests.support.engine import content
from tests.support.influxd import influxd
from tests.support.line import Line, running_line, same_bits
from tests.support.running import eventually
from tests.support.speakers import PROFILES, SECOND, say, stamps, utc

__all__ = ["influxd"]

NOW = utc("2026-03-04T09:40:00")
YEAR = 366 * 86400 * SECOND
LEVEL = SeriesId("a", "level")


class MovableStore(DuckDbStore):
    """Takes no block while `down`."""

    def __init__(self, path: Path, name: str = "duckdb") -> None:
        super().__init__(DuckDbConfig(path, YEAR), name)
        self.down = False

    async def write(self, block: Block) -> list[Refused]:
        """See DuckDbStore."""
        if self.down:
            raise Retry("the test says that it is down")
        return await super().write(block)


def _minutes(line: Line, first: int, after: int, device: str = "a", value: float | None = None) -> None:
    """Readings of the minutes [first, after) counted from NOW, one call."""
    ts = stamps(NOW + first * 60 * SECOND, NOW + after * 60 * SECOND, 60.0) + 5 * SECOND
    values = (
        np.full(len(ts), value, np.float64) if value is not None else np.arange(first, after, dtype=np.float64) * 1.5
    )
    line.feed([say("minute", device, ts, values, max(int(ts[-1]), line.inbox.last_received_at) + SECOND)])


async def _pending(line: Line, step: int) -> dict[int, bool]:
    """Window start -> pending, as `cityloom read` tells it."""
    desk = Desk(cast(Office, line))
    found = await desk.read("a", "level", start=NOW - 86400 * SECOND, end=NOW + 86400 * SECOND, step=step)
    at, waits = found["columns"].index("time"), found["columns"].index("pending")
    return {row[at]: row[waits] for row in found["rows"]}


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Line, MovableStore, MovableStore]]:
    """A line with two stores; revisions are read from the first."""
    stores = MovableStore(tmp_path / "one.duckdb", "one"), MovableStore(tmp_path / "two.duckdb", "two")
    async with running_line(tmp_path, content(PROFILES), stores, start=NOW - SECOND) as line:
        yield line, *stores


async def test_marks_wait_while_the_store_is_down_and_are_done_when_it_is_back(
    pair: tuple[Line, MovableStore, MovableStore],
) -> None:
    line, one, two = pair
    _minutes(line, 0, 10)
    _minutes(line, 25, 60)
    await line.settle()
    before = await line.aggregates()
    one.down = True
    _minutes(line, 10, 25)
    await eventually(lambda: line.writers[0].state == "retrying", "the writer notices")
    assert not await line.reviser.round(quiet_ns=0)
    assert not await line.reviser.finish()
    assert line.outbox.mark_count == 1
    pending = await _pending(line, 900)
    assert pending == {NOW - 600 * SECOND: False, NOW + 300 * SECOND: True, NOW + 1200 * SECOND: True,
                       NOW + 2100 * SECOND: False}  # fmt: skip
    assert all(same_bits(window, before[key]) for key, window in (await line.aggregates()).items())
    one.down = False
    await line.settle()
    assert not line.outbox.mark_count
    assert not any((await _pending(line, 900)).values())
    after = await line.aggregates()
    assert after[LEVEL, 900].count.tolist() == [5, 15, 15, 15]
    assert after[LEVEL, 900].revision.tolist() == [0, 1, 1, 0]
    second = await line.aggregates(two)
    assert after.keys() == second.keys()
    for key, windows in after.items():
        assert same_bits(windows, second[key])
        assert windows.revision.tolist() == second[key].revision.tolist()


async def test_a_store_that_was_down_during_a_revision_gets_the_same_one(
    pair: tuple[Line, MovableStore, MovableStore],
) -> None:
    line, one, two = pair
    _minutes(line, 0, 60)
    await line.settle()
    two.down = True
    for value in (5.0, 6.0, 7.0):
        _minutes(line, 30, 31, value=value)
        await eventually(lambda: line.writers[0].position == line.outbox.last_position, "the first has it")
        assert await line.reviser.round(quiet_ns=0)
    await line.reviser.finish()
    two.down = False
    await line.settle()
    first, second = await line.aggregates(one), await line.aggregates(two)
    assert first[LEVEL, 60].revision.max() == 3
    for key, windows in first.items():
        assert same_bits(windows, second[key])
        assert windows.revision.tolist() == second[key].revision.tolist()


async def test_a_revision_that_changes_nothing_is_none(pair: tuple[Line, MovableStore, MovableStore]) -> None:
    line, _, _ = pair
    _minutes(line, 0, 60)
    await line.settle()
    _minutes(line, 10, 20)  # all of them again, after their panes have closed
    assert line.outbox.mark_count == 1
    blocks = line.outbox.last_position
    await line.settle()
    assert (line.revised, line.outbox.mark_count, line.outbox.last_position) == (0, 0, blocks)


async def test_many_marks_in_a_day_give_each_window_once(pair: tuple[Line, MovableStore, MovableStore]) -> None:
    line, one, _ = pair
    _minutes(line, 0, 600)
    line.feed([], NOW + 2 * 86400 * SECOND, live=True)
    line.feed([], NOW + 2 * 86400 * SECOND + 60 * SECOND, live=True)
    await line.settle()
    for minute in range(10, 590, 20):
        _minutes(line, minute, minute + 1, value=1000.0 + minute)
    assert line.outbox.mark_count == 29
    await line.settle()
    after = await line.aggregates()
    assert after[LEVEL, 86400].revision.tolist() == [1, 1]
    assert after[LEVEL, 3600].revision.max() == 1
    changed = sum(int((windows.revision > 0).sum()) for windows in after.values())
    assert line.revised == changed
    query = "SELECT count(*), count(DISTINCT (series, step, start, revision)) FROM aggregates"
    rows = await one._read(lambda lane: lane.db.execute(query).fetchone())
    assert rows is not None
    assert rows[0] == rows[1], "no window was written twice under one revision"


async def test_marks_wait_for_quiet_but_not_for_ever(tmp_path: Path) -> None:
    async with running_line(tmp_path, content(PROFILES), start=NOW - SECOND, quiet_ns=660 * SECOND) as line:
        _minutes(line, 0, 120)
        await line.stored()
        waited = 0
        for minute in range(10, 75):
            _minutes(line, minute, minute + 1, value=-1.0)
            line.clock.advance(600 * SECOND)
            line.feed([], line.clock.now())
            await line.stored()
            if await line.reviser.round():
                break
            waited += 600
        assert waited == 3000, "an hour after the first of them, though more came every ten minutes"


async def test_a_series_keeps_the_panes_that_it_was_met_with(tmp_path: Path) -> None:
    async with running_line(tmp_path, content(PROFILES), start=NOW - SECOND) as line:
        _minutes(line, 0, 60)
        await line.settle()
        faster = [profile | {"interval_secs": 10} if profile["name"] == "minute" else profile for profile in PROFILES]
        changed = content(faster)
        line.configure(changed)
        _minutes(line, 10, 20, value=4.0)
        await line.settle()
        after = await line.aggregates()
        assert (LEVEL, 10) not in after
        assert after[LEVEL, 60].revision.sum() == 10


@pytest.mark.parametrize("kind", ["duckdb", "influxdb"])
async def test_of_late_duplicates_the_last_write_wins_and_the_window_follows(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    store: Store
    if kind == "duckdb":
        store = MovableStore(tmp_path / "one.duckdb")
    else:
        store = InfluxStore(request.getfixturevalue("influxd").config())
    async with running_line(tmp_path, content(PROFILES), [store], start=NOW - SECOND) as line:
        _minutes(line, 0, 30)
        _minutes(line, 5, 6, value=100.0)
        _minutes(line, 5, 6, value=200.0)
        await line.settle()
        first = await line.aggregates()
        _minutes(line, 5, 6, value=300.0)
        await line.settle()
        second = await line.aggregates()
        at = NOW + 300 * SECOND
        held = (await store.read_readings([LEVEL], at, at + 60 * SECOND)).batch
        assert held.value.tolist() == [300.0]
        for windows, value, revision in ((first, 200.0, 1), (second, 300.0, 2)):
            minute = windows[LEVEL, 60]
            which = minute.start == at
            assert (minute.mean[which].tolist(), minute.revision[which].tolist()) == ([value], [revision])
            assert windows[LEVEL, 900].max[windows[LEVEL, 900].start == NOW + 300 * SECOND].tolist() == [value]
        ledger = line.ledger()
        assert ledger.balanced
        assert ledger.total("beside", "late") == 3
        assert await store.distinct_readings() == ledger.stores[store.name].stored - 3
