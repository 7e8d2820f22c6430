"""What both time-series stores do with conditions' figures."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest

from gateway.engine.figures import Figure
from gateway.stores.base import Store
from gateway.stores.figures import FigureBatch, FigureId, StoredFigures, figure_id
from tests.contract.test_readings import HARD_NAMES, HARD_VALUES
from tests.support.blocks import T0, Journal, figure, readings

ALL = (-(2**62), 2**62)
MINUTE = 60_000_000_000
TPI, DELAY = FigureId("traffic.congestion", "road-1", "tpi"), FigureId("traffic.congestion", "road-1", "delay")


async def write(store: Store, journal: Journal, *figures: Figure) -> None:
    """A block of figures only, all of which the store takes."""
    assert await store.write(journal.block(store, figures=figures)) == []


def told(found: StoredFigures) -> list[tuple[FigureId, int, float]]:
    """(name, ts, value) a row, as the store orders them."""
    batch = found.batch
    names = [found.names[number] for number in batch.figure.tolist()]
    return list(zip(names, batch.ts.tolist(), batch.value.tolist(), strict=True))


def ids(figures: Sequence[Figure]) -> list[FigureId]:
    """What they are values of, each once."""
    return list(dict.fromkeys(map(figure_id, figures)))


async def test_every_value_comes_back_to_the_bit(store: Store, journal: Journal) -> None:
    written = [figure("road-1", "tpi", T0 + k, value) for k, value in enumerate(HARD_VALUES)]
    await write(store, journal, *written)
    found = await store.read_figures([TPI], *ALL)
    assert found.batch.value.tobytes() == np.array(HARD_VALUES).tobytes()
    assert found.batch.ts.tolist() == [each.ts for each in written]
    assert found.batch.figure.dtype == np.int32


async def test_figures_of_one_time_are_each_their_own(store: Store, journal: Journal) -> None:
    written = [
        figure(asset, name, T0, float(k), condition)
        for k, (asset, name, condition) in enumerate(
            product(("road-1", "road-2"), ("tpi", "delay"), ("traffic.congestion", "traffic.queue"))
        )
    ]
    await write(store, journal, *written)
    found = await store.read_figures(ids(written), *ALL)
    assert told(found) == [(figure_id(each), each.ts, each.value) for each in written]
    assert told(await store.read_figures([DELAY], *ALL)) == [(DELAY, T0, 2.0)]


async def test_the_last_word_stands(store: Store, journal: Journal) -> None:
    await write(store, journal, figure("road-1", "tpi", T0, 1.0), figure("road-1", "delay", T0, 0.5))
    await write(store, journal, figure("road-1", "tpi", T0, 3.0))
    await write(store, journal, figure("road-1", "tpi", T0, 2.0), figure("road-1", "tpi", T0 + 1, 9.0))
    assert told(await store.read_figures([TPI, DELAY], *ALL)) == [(TPI, T0, 2.0), (TPI, T0 + 1, 9.0), (DELAY, T0, 0.5)]


async def test_the_last_word_of_a_block_stands(store: Store, journal: Journal) -> None:
    await write(
        store, journal, figure("road-1", "tpi", T0, 1.0), figure("road-1", "delay", T0, 0.5),
        figure("road-1", "tpi", T0, 7.0),
    )  # fmt: skip
    assert told(await store.read_figures([TPI, DELAY], *ALL)) == [(TPI, T0, 7.0), (DELAY, T0, 0.5)]


async def test_what_is_not_known_is_not_written_and_takes_nothing_away(store: Store, journal: Journal) -> None:
    await write(store, journal, figure("road-1", "tpi", T0, 1.0))
    await write(
        store, journal, figure("road-1", "tpi", T0, float("nan")), figure("road-1", "delay", T0, float("inf")),
        figure("road-1", "delay", T0 + 1, 0.25), figure("road-1", "tpi", T0 + 1, float("nan")),
    )  # fmt: skip
    assert told(await store.read_figures([TPI, DELAY], *ALL)) == [(TPI, T0, 1.0), (DELAY, T0 + 1, 0.25)]


async def test_a_block_written_again_has_no_effect(store: Store, journal: Journal) -> None:
    first = journal.block(store, figures=[figure("road-1", "tpi", T0, 1.0)])
    await store.write(first)
    second = journal.block(store, figures=[figure("road-1", "tpi", T0, 2.0), figure("road-1", "delay", T0, 0.5)])
    await store.write(second)
    await store.write(second)
    await store.write(first)
    assert told(await store.read_figures([TPI, DELAY], *ALL)) == [(TPI, T0, 2.0), (DELAY, T0, 0.5)]


async def test_names_keep_apart_whatever_is_in_them(store: Store, journal: Journal) -> None:
    written = [figure(name, "tpi", T0, float(number)) for number, name in enumerate(HARD_NAMES)]
    for number, name in enumerate(["with space", "comma,equals=", 'quo"te', "ends\\", "new\nline", "#hash", "流量"]):
        written += [figure(f"road-{number}", name, T0, 0.5 + number), figure("road-1", "tpi", T0, 1.5, condition=name)]
    await write(store, journal, *written)
    found = await store.read_figures(ids(written), *ALL)
    assert told(found) == [(figure_id(each), T0, each.value) for each in written]


async def test_readings_and_figures_of_a_block_keep_apart(store: Store, journal: Journal) -> None:
    # a device, its profile and a quantity that are named as a figure is
    series = journal.series("road-1", "tpi", profile="traffic.congestion")
    new = readings((series, T0, 80.0, 1, 0))
    await store.write(journal.block(store, new, figures=[figure("road-1", "tpi", T0, 3.0)]))
    assert told(await store.read_figures([TPI], *ALL)) == [(TPI, T0, 3.0)]
    assert (await store.read_readings(journal.ids(), *ALL)).batch.value.tolist() == [80.0]
    assert await store.distinct_readings() == 1


async def test_a_range_holds_its_start_and_not_its_end(store: Store, journal: Journal) -> None:
    await write(store, journal, *(figure("road-1", "tpi", T0 + k * MINUTE, float(k)) for k in range(5)))
    assert told(await store.read_figures([TPI], T0 + MINUTE, T0 + 3 * MINUTE)) == [
        (TPI, T0 + MINUTE, 1.0), (TPI, T0 + 2 * MINUTE, 2.0),
    ]  # fmt: skip
    assert told(await store.read_figures([TPI], T0 + MINUTE, T0 + MINUTE)) == []


async def test_what_nobody_told_has_no_figures(store: Store, journal: Journal) -> None:
    assert told(await store.read_figures([TPI], *ALL)) == []
    assert told(await store.read_figures([], *ALL)) == []
    await write(store, journal, figure("road-1", "delay", T0, 0.5))
    found = await store.read_figures([TPI, DELAY, TPI], *ALL)
    assert (list(found.names), found.batch.figure.tolist()) == ([TPI, DELAY], [1])


async def test_figures_are_there_after_opening_again(
    new_store: Callable[[], Store], store: Store, journal: Journal
) -> None:
    await write(store, journal, figure("road-1", "tpi", T0, 1.0), figure("road-2", "tpi", T0, 5.0))
    await store.close()
    again = new_store()
    await again.open()
    journal.position += 1  # what InfluxDB has noted for sure is a block behind
    await write(again, journal, figure("road-1", "delay", T0, 0.5), figure("road-1", "tpi", T0, 2.0))
    other = FigureId("traffic.congestion", "road-2", "tpi")
    assert told(await again.read_figures([TPI, DELAY, other], *ALL)) == [
        (TPI, T0, 2.0), (DELAY, T0, 0.5), (other, T0, 5.0),
    ]  # fmt: skip
    await again.close()


async def test_random_blocks_leave_what_a_dictionary_holds(
    store: Store, journal: Journal, rng: np.random.Generator
) -> None:
    truth: dict[tuple[FigureId, int], float] = {}
    for _ in range(25):
        block = []
        for _ in range(rng.integers(0, 12)):
            asset, name = f"road-{rng.integers(4)}", str(rng.choice(["tpi", "delay"]))
            block.append(figure(asset, name, T0 + int(rng.integers(6)), rng.normal()))
        truth.update({(figure_id(each), each.ts): each.value for each in block})
        await write(store, journal, *block)
    names = sorted({name for name, _ in truth})
    assert told(await store.read_figures(names, *ALL)) == [(*key, truth[key]) for key in sorted(truth)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
async def test_pages_of_figures_make_the_whole(store: Store, journal: Journal, limit: int) -> None:
    written = [
        figure(f"road-{asset}", name, T0 + k * MINUTE, float(k))
        for k in range(14) for asset in range(2) for place, name in enumerate(("tpi", "delay"))
        if (k * 7 + asset * 3 + place) % 5
    ]  # fmt: skip
    await write(store, journal, *written)
    await write(store, journal, *(figure(each.asset, each.name, each.ts, 50.0) for each in written[::4]))
    names, end = ids(written), T0 + 12 * MINUTE
    whole = await store.read_figures(names, T0, end)
    assert whole.next is None
    pages, at = [], T0
    for _ in range(100):
        page = await store.read_figures(names, at, end, limit)
        pages.append(page.batch)
        assert len(page.batch) <= limit or len(np.unique(page.batch.ts)) == 1
        if page.next is None:
            break
        assert len(page.batch)
        assert page.batch.ts.max() < page.next <= end
        at = page.next
    together = FigureBatch.concat(pages)
    order = np.lexsort((together.ts, together.figure))
    assert told(StoredFigures(whole.names, together.take(order))) == told(whole)
    assert limit < 1000 or len(pages) == 1
