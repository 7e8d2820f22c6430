"""What both time-series stores do with readings."""

from collections.abc import Callable

import numpy as np
import pytest

from gateway.errors import Halt
from gateway.stores.base import SeriesId, Store, StoredReadings
from processors.columns import ReadingBatch
from processors.flags import Why
from tests.support.blocks import T0, Journal, readings, rewrites

GOOD, UNKNOWN, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9
LATE = int(Why.LATE)
NAN = float("nan")
ALL = (-(2**62), 2**62)
HARD_VALUES = [
    0.0, -0.0, 1.0, -1.5, 0.1, 12.34, 655.35, 1234567.25, 5e-324, -5e-324, 2.2250738585072014e-308, 1e22, -1e21, 1e-7,
    1.7976931348623157e308, -1.7976931348623157e308, 0.30000000000000004, 9007199254740993.0, 100000.0, 999.99,
]  # fmt: skip
HARD_NAMES = [
    "plain", "with space", "comma,equals=", "quo\"te'",
    "back\\slash", "ends with\\", "ends with\\\\", "\\n", "new\nline",
    "new%0Aline", "new%250Aline", "carriage\rreturn", "tab\there", "#hash", "100%", "%41", "华南路-β", "emoji-🚦",
    "a", "A",    "$(rm)", "';DROP TABLE series;--", "/.*/", "nul\x00", " leading", "trailing ", "\\", "\\ ", "\\,",
]  # fmt: skip


def same(stored: StoredReadings, expected: ReadingBatch) -> None:
    """Equal to the bit, NaN where NaN is."""
    for name, column in expected.arrays().items():
        got = getattr(stored.batch, name)
        assert got.dtype == column.dtype, name
        assert np.array_equal(got, column, equal_nan=name == "value"), (name, got, column)
    assert np.array_equal(np.signbit(stored.batch.value), np.signbit(expected.value))


async def test_values_times_and_flags_come_back_to_the_bit(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    written = readings(*((series, T0 + number, value, GOOD, 0) for number, value in enumerate(HARD_VALUES)))
    assert await journal.write(store, written) == []
    same(await store.read_readings(journal.ids(), *ALL), written)


async def test_random_doubles_come_back_to_the_bit(store: Store, journal: Journal, rng: np.random.Generator) -> None:
    series = journal.series("D1")
    bits = rng.integers(0, 2**64, 2000, dtype=np.uint64)
    values = bits.view(np.float64)[np.isfinite(bits.view(np.float64))]
    written = readings(*((series, T0 + 7 * k, float(value), GOOD, 0) for k, value in enumerate(values)))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), *ALL), written)


@pytest.mark.parametrize("ts", [-1, 0, 1, 86_400_000_000_000 - 1, 86_400_000_000_000, T0 + 999_999_999])
async def test_a_time_keeps_its_nanoseconds(store: Store, journal: Journal, ts: int) -> None:
    written = readings((journal.series("D1"), ts, 1.0, GOOD, 0))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), ts, ts + 1), written)


async def test_every_flag_and_all_bits_of_why_come_back(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    flags = (GOOD, UNKNOWN, SUSPECT, FAIL)
    written = readings(*((series, T0 + flag, 5.0, flag, 2**32 - 1 if flag == FAIL else flag) for flag in flags))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), *ALL), written)


async def test_a_missing_value_is_a_reading_without_one(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    written = readings((speed, T0, NAN, MISSING, 2), (flow, T0, 7.0, GOOD, 0))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), *ALL), written)
    assert await store.distinct_readings() == 2


async def test_quantities_of_a_device_do_not_meet(store: Store, journal: Journal) -> None:
    device = [journal.series("D1", quantity) for quantity in ("speed", "flow", "occupancy")]
    other = journal.series("D2", "speed")
    written = readings(
        (device[0], T0, 1.0, GOOD, 0), (device[0], T0 + 5, 2.0, FAIL, 1), (device[1], T0, 3.0, SUSPECT, 4),
        (device[2], T0 + 5, 4.0, GOOD, 0), (other, T0, 5.0, GOOD, 0),
    )  # fmt: skip
    order = [2, 4, 0, 3, 1]
    await journal.write(store, written.take(np.array(order)))
    same(await store.read_readings(journal.ids(), *ALL), written)


async def test_a_block_without_anything_changes_nothing(store: Store, journal: Journal) -> None:
    assert await journal.write(store) == []
    written = readings((journal.series("D1"), T0, 1.0, GOOD, 0))
    await journal.write(store, written)
    assert await journal.write(store) == []
    same(await store.read_readings(journal.ids(), *ALL), written)


async def test_a_block_written_again_has_no_effect(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    first = journal.block(store, readings((series, T0, 1.0, GOOD, 0)))
    await store.write(first)
    second = journal.block(store, readings((series, T0, 2.0, GOOD, LATE)))
    await store.write(second)
    await store.write(second)
    await store.write(first)
    same(await store.read_readings(journal.ids(), *ALL), second.readings)
    assert await store.distinct_readings() == 1


async def test_the_later_block_wins(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, FAIL, 1), (series, T0 + 1, 8.0, GOOD, 0)))
    await journal.write(store, readings((series, T0, 2.0, GOOD, LATE)))
    expected = readings((series, T0, 2.0, GOOD, LATE), (series, T0 + 1, 8.0, GOOD, 0))
    same(await store.read_readings(journal.ids(), *ALL), expected)


async def test_a_later_missing_value_stands_over_a_value(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0)))
    gone = readings((series, T0, NAN, MISSING, LATE | 2))
    await journal.write(store, gone)
    same(await store.read_readings(journal.ids(), *ALL), gone)
    assert await store.distinct_readings() == 1


async def test_within_a_block_the_later_row_wins(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    block = readings(
        (speed, T0, 1.0, FAIL, 1), (flow, T0, 10.0, GOOD, 0), (flow, T0 + 1, 11.0, GOOD, 0), (speed, T0, 2.0, GOOD, 0)
    )
    await journal.write(store, block)
    same(await store.read_readings(journal.ids(), *ALL), block.take(np.array([3, 1, 2])))
    assert await store.distinct_readings() == 3


async def test_a_rewrite_changes_the_verdict_and_not_the_value(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    await journal.write(store, readings((speed, T0, 1.0, GOOD, 0), (flow, T0, 2.0, GOOD, 0)))
    await journal.write(store, None, rewrites((speed, T0, SUSPECT, 64)))
    expected = readings((speed, T0, 1.0, SUSPECT, 64), (flow, T0, 2.0, GOOD, 0))
    same(await store.read_readings(journal.ids(), *ALL), expected)
    assert await store.distinct_readings() == 2


async def test_a_rewrite_may_make_a_reading_good_again(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, FAIL, 1)))
    await journal.write(store, None, rewrites((series, T0, SUSPECT, 2)))
    await journal.write(store, None, rewrites((series, T0, GOOD, 0)))
    same(await store.read_readings(journal.ids(), *ALL), readings((series, T0, 1.0, GOOD, 0)))


async def test_a_rewrite_stands_over_the_reading_of_its_own_block(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    new = readings((speed, T0, 1.0, GOOD, 0), (flow, T0, 2.0, GOOD, 0))
    await journal.write(store, new, rewrites((speed, T0, SUSPECT, 1), (speed, T0, FAIL, 64)))
    expected = readings((speed, T0, 1.0, FAIL, 64), (flow, T0, 2.0, GOOD, 0))
    same(await store.read_readings(journal.ids(), *ALL), expected)


async def test_a_reading_stands_over_an_earlier_rewrite(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0)))
    await journal.write(store, None, rewrites((series, T0, FAIL, 64)))
    await journal.write(store, readings((series, T0, 3.0, GOOD, LATE)))
    same(await store.read_readings(journal.ids(), *ALL), readings((series, T0, 3.0, GOOD, LATE)))


async def test_a_rewrite_of_a_reading_that_is_not_there_leaves_nothing(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    await journal.write(store, readings((flow, T0, 2.0, GOOD, 0)))
    await journal.write(store, None, rewrites((speed, T0, FAIL, 64), (speed, T0 + 1, FAIL, 64)))
    same(await store.read_readings(journal.ids(), *ALL), readings((flow, T0, 2.0, GOOD, 0)))
    assert await store.distinct_readings() == 1


async def test_names_keep_apart_whatever_is_in_them(store: Store, journal: Journal) -> None:
    rows = [(journal.series(name), T0, float(number), GOOD, 0) for number, name in enumerate(HARD_NAMES)]
    assert await journal.write(store, readings(*rows)) == []
    same(await store.read_readings(journal.ids(), *ALL), readings(*rows))
    assert await store.distinct_readings() == len(HARD_NAMES)
    same(await store.latest(journal.ids()), readings(*rows))


@pytest.mark.parametrize("name", ["with space", "comma,equals=", 'quo"te', "ends\\", "new\nline", "#hash", "流量"])
async def test_quantities_and_profiles_may_be_named_badly_too(store: Store, journal: Journal, name: str) -> None:
    series = journal.series("D1", name, profile=name)
    other = journal.series("D1", "speed", profile=name)
    written = readings((series, T0, 1.5, FAIL, 3), (other, T0, 2.5, GOOD, 0))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), *ALL), written)
    assert await store.distinct_readings() == 2


async def test_a_range_holds_its_start_and_not_its_end(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    written = readings(*((series, T0 + k, float(k), GOOD, 0) for k in range(5)))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), T0 + 1, T0 + 3), written.take(np.array([1, 2])))
    same(await store.read_readings(journal.ids(), T0 + 2, T0 + 2), ReadingBatch.empty())


async def test_a_range_may_span_days(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    day = 86_400_000_000_000
    written = readings(*((series, T0 + k * day // 2, float(k), GOOD, 0) for k in range(6)))
    await journal.write(store, written)
    same(await store.read_readings(journal.ids(), *ALL), written)
    same(await store.read_readings(journal.ids(), T0 + day, T0 + 2 * day), written.take(np.array([2, 3])))


async def test_latest_is_the_newest_of_each_series(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    journal.series("D2")
    hour = 3_600_000_000_000
    await journal.write(store, readings((speed, T0 - 48 * hour, 9.0, GOOD, 0), (flow, T0 - 48 * hour, 1.0, GOOD, 0)))
    await journal.write(store, readings((speed, T0, 2.0, FAIL, 1), (speed, T0 - hour, 3.0, GOOD, 0)))
    await journal.write(store, None, rewrites((speed, T0, SUSPECT, 1)))
    expected = readings((speed, T0, 2.0, SUSPECT, 1), (flow, T0 - 48 * hour, 1.0, GOOD, 0))
    same(await store.latest(journal.ids()), expected)


async def test_latest_finds_who_has_been_silent_for_any_time(store: Store, journal: Journal) -> None:
    minute = 60_000_000_000
    silent = (0, 3, 14, 16, 119, 121, 400, 1600, 3000)  # minutes
    rows = [(journal.series(f"D{k}"), T0 - ago * minute, float(ago), GOOD, 0) for k, ago in enumerate(silent)]
    older = [(series, ts - 5 * minute, -1.0, GOOD, 0) for series, ts, *_ in rows]
    await journal.write(store, readings(*older))
    await journal.write(store, readings(*rows))
    same(await store.latest(journal.ids()), readings(*rows))


async def test_latest_may_be_a_missing_value(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    written = readings((series, T0, 1.0, GOOD, 0), (series, T0 + 1, NAN, MISSING, 2))
    await journal.write(store, written)
    same(await store.latest(journal.ids()), written.take(np.array([1])))


async def test_a_series_that_nobody_wrote_has_no_readings(store: Store, journal: Journal) -> None:
    unknown = [SeriesId("nobody", "speed")]
    same(await store.read_readings(unknown, *ALL), ReadingBatch.empty())
    same(await store.latest(unknown), ReadingBatch.empty())
    assert await store.distinct_readings() == 0
    await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0)))
    assert (await store.read_readings([*unknown, *journal.ids()], *ALL)).batch.series.tolist() == [1]


async def test_a_series_is_numbered_by_its_place_in_the_question(store: Store, journal: Journal) -> None:
    first, second = journal.series("D1"), journal.series("D2")
    await journal.write(store, readings((first, T0, 1.0, GOOD, 0), (second, T0, 2.0, GOOD, 0)))
    found = await store.read_readings([SeriesId("D2", "speed"), SeriesId("D1", "speed"), SeriesId("D2", "speed")], *ALL)
    assert found.names == (SeriesId("D2", "speed"), SeriesId("D1", "speed"))
    assert found.batch.series.tolist() == [0, 1]
    assert found.batch.value.tolist() == [2.0, 1.0]


async def test_everything_is_there_after_opening_again(
    new_store: Callable[[], Store], store: Store, journal: Journal
) -> None:
    speed = journal.series("D1")
    await journal.write(store, readings((speed, T0, 1.0, FAIL, 1)))
    await store.close()
    again = new_store()
    cursor = await again.open()
    assert cursor is not None
    assert cursor.journal_id == journal.journal_id
    assert cursor.position <= journal.position
    same(await again.read_readings(journal.ids(), *ALL), readings((speed, T0, 1.0, FAIL, 1)))
    same(await again.latest(journal.ids()), readings((speed, T0, 1.0, FAIL, 1)))
    flow = journal.series("D1", "flow")
    await journal.write(again, readings((flow, T0, 2.0, GOOD, 0)), rewrites((speed, T0, SUSPECT, 1)))
    assert again.series_count == 2
    same(
        await again.read_readings(journal.ids(), *ALL),
        readings((speed, T0, 1.0, SUSPECT, 1), (flow, T0, 2.0, GOOD, 0)),
    )
    await again.close()


async def test_a_store_that_was_never_written_has_no_cursor(new_store: Callable[[], Store]) -> None:
    store = new_store()
    assert await store.open() is None
    assert store.series_count == 0
    await store.close()
    await store.close()


async def test_opening_twice_is_opening_once(store: Store, journal: Journal) -> None:
    written = readings((journal.series("D1"), T0, 1.0, GOOD, 0))
    await journal.write(store, written)
    cursor = await store.open()
    assert cursor is not None
    assert cursor.journal_id == journal.journal_id
    same(await store.read_readings(journal.ids(), *ALL), written)


async def test_blocks_of_another_journal_are_not_taken(
    new_store: Callable[[], Store], store: Store, journal: Journal
) -> None:
    written = readings((journal.series("D1"), T0, 1.0, GOOD, 0))
    await journal.write(store, written)
    stranger = Journal("journal-2")
    stranger.position = 50
    foreign = readings((stranger.series("D1"), T0, 9.0, GOOD, LATE))
    with pytest.raises(Halt, match=r"journal-1.*journal-2"):
        await stranger.write(store, foreign)
    await store.close()
    again = new_store()
    await again.open()
    with pytest.raises(Halt, match=r"journal-1.*journal-2"):
        await stranger.write(again, foreign)
    same(await again.read_readings(journal.ids(), *ALL), written)
    await again.close()


async def test_a_hole_in_the_names_is_not_taken(store: Store, journal: Journal) -> None:
    journal.series("D1")
    second = journal.series("D2")
    block = journal.block(store, readings((second, T0, 1.0, GOOD, 0)))
    block.series = block.series[1:]
    with pytest.raises(Halt, match="knows 0 series"):
        await store.write(block)


async def test_random_blocks_leave_what_a_dictionary_holds(
    store: Store, journal: Journal, rng: np.random.Generator
) -> None:
    series = [journal.series(f"D{number // 3}", f"q{number % 3}") for number in range(9)]
    truth: dict[tuple[int, int], tuple[float, int, int]] = {}
    for _ in range(25):
        rows, verdicts = [], []
        for _ in range(rng.integers(0, 30)):
            key = int(rng.choice(series)), T0 + int(rng.integers(0, 6)) * 10_000_000_000
            flag = int(rng.choice([GOOD, UNKNOWN, SUSPECT, FAIL, MISSING]))
            # a second write of a key comes late, and says so
            value, why = (NAN if flag == MISSING else round(rng.normal(), 3)), (LATE if key in truth else 0)
            rows.append((*key, value, flag, why))
            truth[key] = (value, flag, why)
        for place in rng.permutation(len(truth))[:3].tolist():
            key = list(truth)[place]
            value, flag, _ = truth[key]
            if flag != MISSING:
                verdict = int(rng.choice([GOOD, SUSPECT, FAIL])), int(rng.integers(0, 8))
                verdicts.append((*key, *verdict))
                truth[key] = (value, *verdict)
        await journal.write(store, readings(*rows), rewrites(*verdicts))
    expected = readings(*((*key, *truth[key]) for key in sorted(truth)))
    same(await store.read_readings(journal.ids(), *ALL), expected)
    assert await store.distinct_readings() == len(truth)


async def test_readings_are_counted_by_utc_day(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    day = 86_400_000_000_000
    midnight = T0 // day * day
    rows = [(speed, midnight - 1, 1.0, GOOD, 0), (speed, midnight, 2.0, FAIL, 1), (flow, midnight, NAN, MISSING, 2)]
    rows += [(flow, midnight + day - 1, 3.0, GOOD, 0), (speed, midnight + day, 4.0, GOOD, 0)]
    await journal.write(store, readings(*rows), rewrites((speed, midnight + 2 * day, FAIL, 1)))
    await journal.write(store, readings((speed, midnight, 9.0, GOOD, LATE)))
    first = midnight // day
    assert await store.count_days(first - 1, first + 2) == {first - 1: 1, first: 3, first + 1: 1}
    assert await store.count_days(first, first + 1) == {first: 3}
    assert await store.count_days(first + 5, first + 9) == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
async def test_pages_of_readings_make_the_whole(store: Store, journal: Journal, limit: int) -> None:
    #  two devices of two quantities each, over three days, now and then without one
    day = 86_400_000_000_000
    series = [journal.series(f"D{k // 2}", ("speed", "flow")[k % 2]) for k in range(4)]
    rows = [
        (one, T0 + k * day // 5, float(k), GOOD, 0) for k in range(14) for one in series if (k * 7 + one * 3) % 5
    ]  # fmt: skip
    await journal.write(store, readings(*rows), rewrites((series[0], T0 + 1, FAIL, 1)))
    await journal.write(store, readings((series[1], rows[0][1], 99.0, GOOD, LATE)))
    start, end = T0, T0 + 12 * day // 5
    whole = await store.read_readings(journal.ids(), start, end)
    assert whole.next is None
    found, at = [], start
    for _ in range(100):
        page = await store.read_readings(journal.ids(), at, end, limit)
        found.append(page.batch)
        instants = len(np.unique(page.batch.ts))
        assert len(page.batch) <= limit or instants == 1
        if page.next is None:
            break
        assert len(page.batch)
        assert page.batch.ts.max() < page.next <= end
        at = page.next
    together = ReadingBatch.concat(found)
    same(StoredReadings(whole.names, together.take(np.lexsort((together.ts, together.series)))), whole.batch)
    assert limit < 1000 or len(found) == 1


async def test_a_page_of_nothing_is_the_last_one(store: Store, journal: Journal) -> None:
    journal.series("D1")
    assert (await store.read_readings(journal.ids(), *ALL, 5)).next is None
    await journal.write(store, readings((0, T0, 1.0, GOOD, 0)))
    page = await store.read_readings(journal.ids(), T0, T0 + 1, 1)
    assert (page.batch.value.tolist(), page.next) == ([1.0], None)
