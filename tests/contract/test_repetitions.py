"""What both time-series stores do with readings that come again when their pane has closed.

block 1  50 good     block 2  rewrite: fail, spike     block 3  50 good late   ->  50 fail spike
                                                       block 3  51 good late   ->  51 good late
"""

from gateway.stores.base import Store
from processors.columns import ReadingBatch
from processors.flags import Why
from tests.contract.test_readings import ALL, FAIL, GOOD, LATE, MISSING, NAN, SUSPECT, same
from tests.support.blocks import T0, Journal, readings, rewrites

SPIKE, FLAT = int(Why.SPIKE), int(Why.FLAT_LINE)


async def test_a_repetition_keeps_the_flag_and_why_that_stand(store: Store, journal: Journal) -> None:
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    written = readings((speed, T0, 1.0, SUSPECT, FLAT), (flow, T0, 2.0, GOOD, 0))
    await journal.write(store, written)
    await journal.write(store, readings((speed, T0, 1.0, GOOD, LATE), (flow, T0, 2.0, GOOD, LATE)))
    same(await store.read_readings(journal.ids(), *ALL), written)
    assert await store.distinct_readings() == 2


async def test_a_verdict_that_came_later_outlives_a_repetition(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0)))
    await journal.write(store, None, rewrites((series, T0, FAIL, SPIKE)))
    for _ in range(2):
        await journal.write(store, readings((series, T0, 1.0, GOOD, LATE)))
    same(await store.read_readings(journal.ids(), *ALL), readings((series, T0, 1.0, FAIL, SPIKE)))


async def test_another_value_is_judged_by_itself_and_then_stands(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, FAIL, SPIKE)))
    await journal.write(store, readings((series, T0, 2.0, GOOD, LATE)))
    await journal.write(store, readings((series, T0, 1.0, SUSPECT, LATE | 1)))
    same(await store.read_readings(journal.ids(), *ALL), readings((series, T0, 1.0, SUSPECT, LATE | 1)))


async def test_zero_missing_and_absent_repeat_only_themselves(store: Store, journal: Journal) -> None:
    zero, missing, absent = (journal.series(name) for name in ("zero", "missing", "absent"))
    await journal.write(store, readings((zero, T0, 0.0, SUSPECT, FLAT), (missing, T0, NAN, MISSING, 2 | FLAT)))
    again = readings((zero, T0, 0.0, GOOD, LATE), (missing, T0, NAN, MISSING, 2 | LATE), (absent, T0, 0.0, GOOD, LATE))
    await journal.write(store, again)
    expected = readings(
        (zero, T0, 0.0, SUSPECT, FLAT), (missing, T0, NAN, MISSING, 2 | FLAT), (absent, T0, 0.0, 1, LATE)
    )
    same(await store.read_readings(journal.ids(), *ALL), expected)
    swapped = readings((zero, T0, NAN, MISSING, 2 | LATE), (missing, T0, 0.0, GOOD, LATE))
    await journal.write(store, swapped)
    same(await store.read_readings(journal.ids()[:2], *ALL), swapped)


async def test_a_repetition_within_a_merged_block_keeps_the_verdict_of_the_first(
    store: Store, journal: Journal
) -> None:
    series = journal.series("D1")
    rows = [(series, T0, 1.0, SUSPECT, FLAT), (series, T0 + 1, 5.0, GOOD, 0), (series, T0, 1.0, GOOD, LATE)]
    await journal.write(store, readings(*rows))
    same(await store.read_readings(journal.ids(), *ALL), readings(rows[0], rows[1]))
    await journal.write(store, readings((series, T0, 3.0, GOOD, LATE), (series, T0, 1.0, GOOD, LATE)))
    same(await store.read_readings(journal.ids(), *ALL), readings((series, T0, 1.0, GOOD, LATE), rows[1]))


async def test_a_rewrite_in_the_block_of_the_repetition_stands(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, SUSPECT, FLAT)))
    await journal.write(store, readings((series, T0, 1.0, GOOD, LATE)), rewrites((series, T0, FAIL, FLAT | SPIKE)))
    same(await store.read_readings(journal.ids(), *ALL), readings((series, T0, 1.0, FAIL, FLAT | SPIKE)))


async def test_a_repeated_message_of_a_wide_device_keeps_every_verdict(store: Store, journal: Journal) -> None:
    names = [journal.series("D1", f"q{k}") for k in range(4)]
    flags = [(GOOD, 0), (SUSPECT, FLAT), (FAIL, SPIKE), (GOOD, 0)]
    written = readings(*((s, T0, 1.0 + s, *verdict) for s, verdict in zip(names, flags, strict=True)))
    await journal.write(store, written)
    await journal.write(store, readings((names[0], T0 + 9, 1.0, GOOD, 0)))
    await journal.write(store, ReadingBatch.of(**(written.arrays() | {"flag": [GOOD] * 4, "why": [LATE] * 4})))
    same(await store.read_readings(journal.ids(), T0, T0 + 1), written)


async def test_a_repetition_days_later_is_known_after_compaction_and_restart(store: Store, journal: Journal) -> None:
    series = journal.series("D1")
    await journal.write(store, readings((series, T0, 1.0, GOOD, 0)), rewrites((series, T0, FAIL, SPIKE)))
    day = 86_400_000_000_000
    await journal.write(store, readings((series, T0 + 3 * day, 1.0, GOOD, 0)))
    if hasattr(store, "compact"):
        await store.compact(T0 + 3 * day)
    await journal.write(store, readings((series, T0, 1.0, GOOD, LATE)))
    expected = readings((series, T0, 1.0, FAIL, SPIKE), (series, T0 + 3 * day, 1.0, GOOD, 0))
    same(await store.read_readings(journal.ids(), *ALL), expected)
