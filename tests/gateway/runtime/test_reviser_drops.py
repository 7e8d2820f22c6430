"""The reviser where readings were dropped before a store had them: no window is computed from what is left of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from gateway.errors import Retry
from gateway.runtime.revision import complete
from gateway.stores.base import Block, Refused, SeriesId
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.telemetry.store_events import StoreRetrying
from processors.columns import AggregateBatch
from tests.support.engine import content
from tests.support.line import Line, running_line, same_bits
from tests.support.running import eventually
from tests.support.speakers import PROFILES, SECOND, say, stamps, utc

NOW = utc("2026-03-04T09:40:00")
HOUR = 3600 * SECOND
YEAR = 366 * 86400 * SECOND
LEVEL = SeriesId("a", "level")


class MovableStore(DuckDbStore):
    """Takes no block while `down`."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(DuckDbConfig(path, YEAR), name)
        self.down = False

    async def write(self, block: Block) -> list[Refused]:
        """See DuckDbStore."""
        if self.down:
            raise Retry("the test says that it is down")
        return await super().write(block)


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Line, MovableStore, MovableStore]]:
    """A line with two stores; revisions are read from the first."""
    stores = MovableStore(tmp_path / "one.duckdb", "one"), MovableStore(tmp_path / "two.duckdb", "two")
    async with running_line(tmp_path, content(PROFILES), stores, start=NOW - SECOND) as line:
        yield line, *stores


def _minutes(line: Line, first: int, after: int, value: float | None = None) -> None:
    """Readings of the minutes [first, after) counted from NOW, one call."""
    ts = stamps(NOW + first * 60 * SECOND, NOW + after * 60 * SECOND, 60.0) + 5 * SECOND
    values = np.arange(first, after, dtype=np.float64) if value is None else np.full(len(ts), value)
    line.feed([say("minute", "a", ts, values, max(int(ts[-1]), line.inbox.last_received_at) + SECOND)])


async def _outage(line: Line, stores: list[MovableStore]) -> None:
    """The stores miss 10:10 to 11:40 and a late reading of 09:45; all but the first ten minutes is dropped.

         09:40       10:10                         11:40
    up    |===========|
    down              |=next=|......dropped.........|  late 09:45
    """
    _minutes(line, 0, 30)
    await line.settle()
    for store in stores:
        store.down = True
    for minute in range(30, 120, 10):
        _minutes(line, minute, minute + 10)
    _minutes(line, 5, 6, value=500.0)
    down = [writer for writer in line.writers if writer.store in stores]
    await eventually(lambda: all(writer.state == "retrying" for writer in down), "the writers notice")
    last = line.outbox.last_position
    await eventually(lambda: all(w.position == last for w in line.writers if w not in down), "the others have it")
    lost = line.outbox.drop_readings(0, spare_readings=1)
    assert {name: each.readings for name, each in lost.items()} == {store.name: 81 for store in stores}
    tries = len(line.telemetry.of(StoreRetrying))
    # nothing that was read before the drop is still on its way
    await eventually(lambda: len(line.telemetry.of(StoreRetrying)) > tries + 2 * len(stores), "they try again")
    for store in stores:
        store.down = False


async def test_a_window_whose_readings_were_dropped_stands_as_it_was_first_computed(
    pair: tuple[Line, MovableStore, MovableStore],
) -> None:
    line, one, two = pair
    await _outage(line, [one, two])
    assert line.outbox.mark_count == 1
    await line.settle()
    assert line.outbox.mark_count == 0
    assert line.skipped == [(1, "dropped")]
    assert line.revised == 0
    after = await line.aggregates()
    minutes = after[LEVEL, 60]
    assert minutes.mean.tolist() == list(range(len(minutes))), "complete: they came with the stream"
    ledger = line.ledger()
    assert ledger.balanced
    assert ledger.stores["one"].dropped == ledger.stores["two"].dropped == 81
    assert await one.distinct_readings() == ledger.stores["one"].stored == 40


async def test_a_late_reading_that_is_stored_changes_no_window_of_which_the_rest_was_dropped(
    pair: tuple[Line, MovableStore, MovableStore],
) -> None:
    line, one, two = pair
    await _outage(line, [one, two])
    await line.settle()
    before = await line.aggregates()
    _minutes(line, 45, 46, value=700.0)
    await line.settle()
    assert line.outbox.mark_count == 0
    after = await line.aggregates()
    quarter = after[LEVEL, 900].start == NOW + 35 * 60 * SECOND
    assert (after[LEVEL, 900].count[quarter].tolist(), after[LEVEL, 900].revision[quarter].tolist()) == ([15], [0])
    for key, windows in before.items():
        assert same_bits(windows, after[key])


async def test_hours_of_which_nothing_was_dropped_are_revised(pair: tuple[Line, MovableStore, MovableStore]) -> None:
    line, one, two = pair
    await _outage(line, [one, two])
    _minutes(line, 120, 300)
    await line.settle()
    line.skipped.clear()
    _minutes(line, 200, 201, value=900.0)  # 13:00
    await line.settle()
    assert line.skipped == []
    after = await line.aggregates()
    changed = after[LEVEL, 60].start[after[LEVEL, 60].revision > 0]
    assert changed.tolist() == [NOW + 200 * 60 * SECOND]
    assert after[LEVEL, 3600].revision.tolist()[-1:] == [1]


async def test_another_store_that_has_all_readings_is_asked_for_them(
    pair: tuple[Line, MovableStore, MovableStore],
) -> None:
    line, one, two = pair
    await _outage(line, [one])
    await line.settle()
    assert line.skipped == []
    assert line.revised > 0
    first, second = await line.aggregates(one), await line.aggregates(two)
    assert first.keys() == second.keys()
    for key, windows in first.items():
        assert same_bits(windows, second[key])
        assert windows.revision.tolist() == second[key].revision.tolist()
    late = first[LEVEL, 60].start == NOW + 5 * 60 * SECOND
    assert first[LEVEL, 60].mean[late].tolist() == [500.0]
    assert await two.distinct_readings() == 120
    assert line.ledger().stores["two"].dropped == 0


@pytest.mark.parametrize(
    ("step", "start", "whole"),
    [
        (60, 5 * HOUR - 60 * SECOND, True), (60, 5 * HOUR, False), (900, 6 * HOUR - 900 * SECOND, False),
        (3600, 6 * HOUR, True), (3600, 7 * HOUR, False), (86400, 0, False), (86400, 24 * HOUR, True),
    ],
)  # fmt: skip
def test_a_window_is_whole_if_it_touches_no_lost_hour(step: int, start: int, whole: bool) -> None:
    window = AggregateBatch.of(**{name: [0] for name in AggregateBatch.DTYPES} | {"step": [step], "start": [start]})
    edges = np.array([0, 24 * HOUR, 48 * HOUR], np.int64)
    assert complete(window, edges, np.array([5, 7], np.int64)).tolist() == [whole]
