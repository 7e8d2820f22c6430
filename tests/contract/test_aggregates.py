"""What both time-series stores do with aggregates."""

import numpy as np
import pytest

from gateway.stores.base import SeriesId, Store, StoredAggregates
from processors.columns import STATS, AggregateBatch
from tests.support.blocks import T0, Journal, aggregates

ALL = (-(2**62), 2**62)
MINUTE = 60_000_000_000
START = T0 // MINUTE * MINUTE


def same(stored: StoredAggregates, expected: AggregateBatch) -> None:
    """Equal to the bit, NaN where NaN is."""
    for name, column in expected.arrays().items():
        got = getattr(stored.batch, name)
        assert got.dtype == column.dtype, name
        assert np.array_equal(got, column, equal_nan=column.dtype == np.float64), (name, got, column)


async def test_every_statistic_comes_back_to_the_bit(store: Store, journal: Journal, rng: np.random.Generator) -> None:
    series = [journal.series("D1", "speed"), journal.series("D1", "flow"), journal.series("D 2", "speed")]
    count = 60
    written = AggregateBatch.of(
        series=np.repeat(series, 20), step=np.full(count, 60), start=START + np.tile(np.arange(20) * MINUTE, 3),
        revision=np.zeros(count), count=rng.integers(1, 2**40, count),
        **{stat: rng.normal(0, 1e3, count) * 10.0 ** rng.integers(-300, 300, count) for stat in STATS[1:]},
    )  # fmt: skip
    assert await journal.write(store, windows=written) == []
    same(await store.read_aggregates(journal.ids(), 60, *ALL), written)


async def test_a_statistic_that_is_not_known_comes_back_as_nan(store: Store, journal: Journal) -> None:
    written = aggregates((journal.series("D1"), 60, START, 0, 0, 0.0))
    for stat in STATS[2:]:
        getattr(written, stat)[:] = np.nan
    await journal.write(store, windows=written)
    same(await store.read_aggregates(journal.ids(), 60, *ALL), written)


async def test_the_latest_revision_wins(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    first = aggregates((speed, 60, START, 0, 5, 1.0), (flow, 60, START, 0, 6, 2.0))
    await journal.write(store, windows=first)
    await journal.write(store, windows=aggregates((speed, 60, START, 1, 7, 30.0)))
    expected = aggregates((speed, 60, START, 1, 7, 30.0), (flow, 60, START, 0, 6, 2.0))
    same(await store.read_aggregates(journal.ids(), 60, *ALL), expected)


async def test_the_latest_revision_of_a_block_wins(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    block = aggregates(
        (speed, 60, START, 0, 1, 1.0), (flow, 60, START, 0, 2, 2.0), (speed, 60, START, 2, 4, 4.0),
        (speed, 60, START, 1, 3, 3.0), (speed, 60, START + MINUTE, 0, 9, 9.0),
    )  # fmt: skip
    await journal.write(store, windows=block)
    same(await store.read_aggregates(journal.ids(), 60, *ALL), block.take(np.array([2, 4, 1])))


async def test_a_revision_may_leave_a_window_without_a_usable_reading(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, windows=aggregates((series, 60, START, 0, 5, 1.0)))
    emptied = aggregates((series, 60, START, 1, 0, 0.0))
    for stat in STATS[2:]:
        getattr(emptied, stat)[:] = np.nan
    await journal.write(store, windows=emptied)
    same(await store.read_aggregates(journal.ids(), 60, *ALL), emptied)


async def test_a_block_written_again_has_no_effect(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    first = journal.block(store, windows=aggregates((series, 60, START, 0, 5, 1.0)))
    await store.write(first)
    second = journal.block(store, windows=aggregates((series, 60, START, 1, 6, 2.0)))
    await store.write(second)
    await store.write(second)
    await store.write(first)
    same(await store.read_aggregates(journal.ids(), 60, *ALL), second.aggregates)


@pytest.mark.parametrize("step", [10, 60, 900, 3600, 86400])
async def test_steps_do_not_meet(store: Store, journal: Journal, step: int) -> None:
    series = journal.series("D1")
    steps = (10, 60, 900, 3600, 86400)
    written = aggregates(*((series, one, START, 0, one, float(one)) for one in steps))
    await journal.write(store, windows=written)
    same(await store.read_aggregates(journal.ids(), step, *ALL), written.take(written.step == step))


async def test_a_range_holds_its_start_and_not_its_end(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    written = aggregates(*((series, 60, START + k * MINUTE, 0, 1 + k, float(k)) for k in range(5)))
    await journal.write(store, windows=written)
    found = await store.read_aggregates(journal.ids(), 60, START + MINUTE, START + 3 * MINUTE)
    same(found, written.take(np.array([1, 2])))


async def test_a_series_that_nobody_wrote_has_no_aggregates(store: Store, journal: Journal) -> None:
    unknown = [SeriesId("nobody", "speed")]
    same(await store.read_aggregates(unknown, 60, *ALL), AggregateBatch.empty())
    await journal.write(store, windows=aggregates((journal.series("D1"), 60, START, 0, 5, 1.0)))
    found = await store.read_aggregates([*unknown, *journal.ids()], 60, *ALL)
    assert found.batch.series.tolist() == [1]


async def test_aggregates_are_there_after_opening_again(store: Store, journal: Journal) -> None:
    written = aggregates((journal.series("D 1", "a speed", "a profile"), 900, START, 3, 5, 1.0))
    await journal.write(store, windows=written)
    await store.open()
    same(await store.read_aggregates(journal.ids(), 900, *ALL), written)


@pytest.mark.parametrize("limit", [1, 3, 8, 1000])
async def test_pages_of_aggregates_make_the_whole(store: Store, journal: Journal, limit: int) -> None:
    series = [journal.series(f"D{k // 2}", ("speed", "flow")[k % 2]) for k in range(4)]
    rows = [
        (one, 60, START + k * MINUTE, 0, 1, float(k)) for k in range(12) for one in series if (k * 7 + one * 3) % 5
    ]  # fmt: skip
    await journal.write(store, windows=aggregates(*rows))
    await journal.write(store, windows=aggregates(*((one, 60, start, 1, 2, 7.0) for one, _, start, *_ in rows[::3])))
    end = START + 10 * MINUTE
    whole = await store.read_aggregates(journal.ids(), 60, START, end)
    found, at = [], START
    for _ in range(100):
        page = await store.read_aggregates(journal.ids(), 60, at, end, limit)
        found.append(page.batch)
        assert len(page.batch) <= limit or len(np.unique(page.batch.start)) == 1
        if page.next is None:
            break
        assert page.batch.start.max() < page.next <= end
        at = page.next
    together = AggregateBatch.concat(found)
    order = np.lexsort((together.start, together.series))
    same(StoredAggregates(whole.names, together.take(order)), whole.batch)
    assert limit < 1000 or len(found) == 1
