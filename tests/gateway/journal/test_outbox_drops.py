"""A full outbox that lets the oldest readings go: whose they were, what stays, and that the books know of each."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gateway.engine.results import StepResult
from gateway.errors import JournalCorrupt, QuotaFull
from gateway.journal.blocks import encode
from gateway.journal.lost_hours import HOUR
from gateway.journal.outbox import Outbox, StepRecord
from gateway.journal.outbox_drops import Dropped
from processors.columns import ReadingBatch
from tests.gateway.journal.support import CHANGE, MB, aggregates, journal, readings, rows_from

SECOND = 1_000_000_000


def at(*ts: int) -> ReadingBatch:
    """A reading at each of these times."""
    count = len(ts)
    return ReadingBatch.of(
        series=np.arange(count), ts=ts, value=np.ones(count), flag=np.ones(count), why=np.zeros(count)
    )


def step(outbox: Outbox, result: StepResult) -> int | None:
    """A call that takes no row."""
    offset = outbox.processed_offset
    return outbox.append_step(StepRecord(outbox.last_step + 1, "tick", offset, offset, 1, True), result)


def figures(outbox: Outbox, store: str) -> tuple[int, int, int]:
    """Stored, dropped, waiting."""
    state = outbox.cursor(store)
    assert state is not None
    return state.stored, state.dropped, outbox.readings_between(state.position, outbox.last_position)


def sizes(outbox: Outbox, after: int) -> list[int]:
    """Readings that a store would get, block by block."""
    return [len(result.readings) for _, result in outbox.blocks_after(after, 1 << 40)]


def test_the_oldest_go_but_for_those_of_the_next_write(tmp_path: Path) -> None:
    #  blocks   1  2  3  4  5  6  7  8  9  10      each with 100 readings, the store takes 250 at once
    #           |next|xxxxxxxxxxx
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        for k in range(10):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        used = outbox.bytes_used
        lost = outbox.drop_readings(used - 1, spare_readings=250)
        assert lost == {"duckdb": Dropped(800, 200_000, 999_000)}, "a slice is dropped at once"
        assert sizes(outbox, 0) == [100, 100] + [0] * 8
        assert figures(outbox, "duckdb") == (0, 800, 200)
        assert outbox.drop_readings(0, spare_readings=250) == {}
        assert outbox.readings_upto(10) == 1_000


def test_everything_else_of_a_block_stays(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        step(outbox, StepResult(readings=readings(0, 1)))
        result = StepResult(readings=readings(0, 50), aggregates=aggregates(7), transitions=[CHANGE])
        position = step(outbox, result)
        step(outbox, StepResult(readings=readings(50, 50)))
        outbox.drop_readings(0, spare_readings=1)
        [thinned, last] = [block for _, block in outbox.blocks_after(1, 1 << 40)]
        assert position == 2
        assert len(thinned.readings) == len(last.readings) == 0
        assert thinned.transitions == [CHANGE]
        for name, column in aggregates(7).arrays().items():
            np.testing.assert_array_equal(getattr(thinned.aggregates, name), column)


def test_only_the_store_that_lags_loses(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        for name in ("duckdb", "influxdb", "records"):
            outbox.register_store(name)
        for k in range(10):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        outbox.advance("duckdb", 9, 900, 0)
        outbox.advance("records", 10, 1000, 0)
        lost = outbox.drop_readings(0, spare_readings=100)
        assert lost == {"influxdb": Dropped(800, 100_000, 899_000)}
        assert figures(outbox, "duckdb") == (900, 0, 100)
        assert figures(outbox, "influxdb") == (0, 800, 200)
        assert sizes(outbox, 9) == [100], "the next write of the store that is up is nobody's to drop"
        outbox.advance("duckdb", 10, 100, 0)
        lost = outbox.drop_readings(0, spare_readings=100)
        assert lost == {"influxdb": Dropped(100, 900_000, 999_000)}


def test_what_a_store_that_is_up_lacks_stays_however_much_it_is(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        for name in ("duckdb", "influxdb"):
            outbox.register_store(name)
        for k in range(10):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        outbox.advance("duckdb", 4, 400, 0)
        lost = outbox.drop_readings(0, spare_readings=100, spare_stores=["duckdb"])
        assert lost == {"influxdb": Dropped(300, 100_000, 399_000)}
        assert figures(outbox, "duckdb") == (400, 0, 600)


def test_what_two_stores_lack_is_lost_for_both(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        for name in ("duckdb", "influxdb"):
            outbox.register_store(name)
        for k in range(10):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        outbox.advance("duckdb", 4, 400, 0)
        lost = outbox.drop_readings(0, spare_readings=100)
        # influxdb: 2 to 4 and 6 to 10; duckdb: 6 to 10; 1 and 5 are their next writes
        assert {name: each.readings for name, each in lost.items()} == {"duckdb": 500, "influxdb": 800}
        assert figures(outbox, "duckdb") == (400, 500, 100)
        assert figures(outbox, "influxdb") == (0, 800, 200)


def test_nothing_goes_where_no_store_waits(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        step(outbox, StepResult(readings=readings(0, 10)))
        assert outbox.drop_readings(0, 0) == {}
        outbox.register_store("duckdb")
        outbox.advance("duckdb", 1, 10, 0)
        assert outbox.drop_readings(0, 0) == {}


def test_the_room_is_there_for_new_blocks_and_the_file_does_not_grow(tmp_path: Path) -> None:
    with journal(tmp_path, quota=2 * MB) as (_, outbox, _):
        outbox.register_store("duckdb")

        def fill() -> int:
            for count in range(1_000):
                try:
                    step(outbox, StepResult(readings=readings(0, 1_000), aggregates=aggregates(1)))
                except QuotaFull:
                    return count
            raise AssertionError("it never fills")

        first = fill()
        for _ in range(3):
            outbox.drop_readings(MB, spare_readings=1_000)
            assert outbox.bytes_used <= MB
            assert fill() > first / 3
        assert (tmp_path / "outbox.db").stat().st_size <= 2 * MB
        stored, dropped, waiting = figures(outbox, "duckdb")
        assert stored + dropped + waiting == outbox.last_step * 1_000
        assert sizes(outbox, outbox.last_position - 1) == [1_000], "the newest are there"


def test_small_blocks_share_their_pages_once_nothing_else_is_left_of_them(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        empty = outbox.bytes_used
        for _ in range(200):
            step(outbox, StepResult(readings=readings(0, 600)))
        assert outbox.bytes_used - empty > 200 * 8192
        outbox.drop_readings(0, spare_readings=600)
        assert outbox.bytes_used - empty < 20 * 8192


def test_the_bound_is_kept_in_slices_from_the_oldest_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.journal.outbox_drops._SLICE_BLOCKS", 3)
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        for k in range(20):
            step(outbox, StepResult(readings=readings(k * 1_000, 1_000)))
        lost = outbox.drop_readings(outbox.bytes_used - 100_000, spare_readings=1_000)
        gone = lost["duckdb"].readings // 1_000
        assert gone % 3 == 0
        assert 3 <= gone <= 9
        assert sizes(outbox, 0) == [1_000] + [0] * gone + [1_000] * (19 - gone)


def test_the_times_of_what_is_lost_are_kept_by_hour(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        for name in ("duckdb", "influxdb"):
            outbox.register_store(name)
        step(outbox, StepResult(readings=at(0)))
        step(outbox, StepResult(readings=at(5 * HOUR + 3, 5 * HOUR + 1, 7 * HOUR)))
        step(outbox, StepResult(readings=at(5 * HOUR + 9)))
        outbox.advance("duckdb", 3, 5, 0)
        outbox.drop_readings(0, spare_readings=1)
    with journal(tmp_path) as (_, outbox, _):
        assert outbox.lost_hours("duckdb") == {}
        assert outbox.lost_hours("influxdb") == {
            5: (3, 5 * HOUR + 1, 5 * HOUR + 9), 7: (1, 7 * HOUR, 7 * HOUR),
        }  # fmt: skip
        # what lacks in a database lacks after it is forgotten, too
        outbox.forget_store("influxdb")
        assert set(outbox.lost_hours("influxdb")) == {5, 7}


def test_a_store_that_comes_later_lacks_what_went_before_it_came(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("influxdb")
        for k in range(5):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        outbox.drop_readings(0, spare_readings=100)
        outbox.advance("influxdb", 1, 100, 0)
        outbox.trim()
        step(outbox, StepResult(readings=readings(500, 100)))
        outbox.register_store("duckdb")
        assert figures(outbox, "influxdb") == (100, 400, 100)
        assert figures(outbox, "duckdb") == (0, 500, 100)
        # of the hour it is known that it lacks something, not how much
        assert outbox.lost_hours("duckdb") == {0: (0, 100_000, 499_000)}


def test_memory_and_file_say_the_same_after_a_drop(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        for k in range(4):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        assert sizes(outbox, 0) == [100] * 4
        outbox.drop_readings(0, spare_readings=100)
        step(outbox, StepResult(readings=readings(400, 100)))
        assert sizes(outbox, 0) == [100, 0, 0, 0, 100]
        assert sizes(outbox, 4) == [100]


def test_packed_blocks_say_the_same_in_less_room(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        for name in ("duckdb", "influxdb"):
            outbox.register_store(name)
        result = StepResult(readings=readings(0, 3_000), aggregates=aggregates(500), transitions=[CHANGE])
        for _ in range(10):
            step(outbox, result)
        outbox.advance("duckdb", 10, 30_000, 0)
        used = outbox.bytes_used
        outbox.pack_blocks(0, spare_readings=3_000)
        assert outbox.bytes_used < used / 2
        assert figures(outbox, "influxdb") == (0, 0, 30_000)
        packed = outbox.bytes_used
        outbox.pack_blocks(0, spare_readings=3_000)
        assert outbox.bytes_used == packed
    with journal(tmp_path) as (_, outbox, _):
        got = outbox.blocks_after(0, 1 << 40)
        assert [encode(block) for _, block in got] == [encode(result)] * 10
        # and readings can go from them
        assert outbox.drop_readings(0, spare_readings=3_000)["influxdb"].readings == 27_000
        assert sizes(outbox, 0) == [3_000] + [0] * 9
        assert all(len(block.aggregates) == 500 for _, block in outbox.blocks_after(0, 1 << 40))


def test_a_write_of_packed_blocks_is_bounded_by_what_they_take_in_memory(tmp_path: Path) -> None:
    with journal(tmp_path, quota=4 * MB) as (_, outbox, _):
        outbox.register_store("duckdb")
        for _ in range(12):
            step(outbox, StepResult(readings=readings(0, 10_000)))
        length = len(encode(StepResult(readings=readings(0, 10_000))))
        outbox.pack_blocks(0, spare_readings=0)
    with journal(tmp_path, quota=4 * MB) as (_, outbox, _):
        assert outbox.write_bytes == MB
        assert len(outbox.blocks_after(1, 1 << 40)) == MB // length


def test_a_damaged_block_is_called_so_and_nothing_of_the_slice_goes(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        for k in range(4):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
    with sqlite3.connect(tmp_path / "outbox.db") as db:
        db.execute("UPDATE block SET body = zeroblob(bytes) WHERE position = 3")
    db.close()
    with journal(tmp_path) as (_, outbox, _):
        with pytest.raises(JournalCorrupt, match="block 3 is damaged"):
            outbox.pack_blocks(0, spare_readings=100)
        with pytest.raises(JournalCorrupt, match="block 3 is damaged"):
            outbox.drop_readings(0, spare_readings=100)
        assert figures(outbox, "duckdb") == (0, 0, 400)


def test_a_revision_and_dead_letters_are_no_readings(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 10), {}, {})
        outbox.register_store("duckdb")
        step(outbox, StepResult(readings=readings(0, 100)))
        outbox.append_revision(aggregates(100), [])
        before = outbox.bytes_used
        assert outbox.drop_readings(0, spare_readings=100) == {}
        assert outbox.bytes_used == before
