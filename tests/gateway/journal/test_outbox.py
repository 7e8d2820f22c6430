"""The outbox: a call and all that it gave in one transaction, found again by whoever needs which part."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gateway.engine.results import LedgerKey, Reject, SeriesName, StepResult
from gateway.errors import JournalCorrupt, JournalFull, JournalMixedUp
from gateway.journal.blocks import checksum, encode
from gateway.journal.day_books import DayBook
from gateway.journal.outbox import Outbox, SnapshotRow, StepRecord
from tests.gateway.journal.support import DECODED, MB, aggregates, dirty, full_result, journal, readings, rows_from

LETTER = Reject(-1, 2, "refused", "out of range", -1, "", "", b"x")


def step(outbox: Outbox, result: StepResult, rows: int = 10) -> int | None:
    first = outbox.processed_offset
    record = StepRecord(outbox.last_step + 1, "rows", first, first + rows, 5_000 + outbox.last_step, True)
    return outbox.append_step(record, result)


def test_a_call_and_its_outputs_come_back(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 10), {}, {})
        record = StepRecord(1, "rows", 0, 10, 77, False)
        assert outbox.append_step(record, full_result()) == 1
        tick = StepRecord(2, "tick", 10, 10, 78, True)
        assert outbox.append_step(tick, StepResult()) is None
    with journal(tmp_path) as (_, outbox, _):
        assert list(outbox.steps_after(0)) == [
            StepRecord(1, "rows", 0, 10, 77, False, checksum(full_result())),
            StepRecord(2, "tick", 10, 10, 78, True, checksum(StepResult())),
        ]
        assert list(outbox.steps_after(1)) == [tick]
        assert (outbox.last_step, outbox.processed_offset, outbox.last_position) == (2, 10, 1)
        [(position, result)] = outbox.blocks_after(0, 100)
        assert position == 1
        assert encode(result) == encode(full_result())
        assert outbox.ledger() == full_result().counts
        assert outbox.series_names(0) == list(full_result().series)
        assert outbox.series_names(1) == []
        [one] = full_result().series
        assert outbox.series_names(0, one.device) == [one]
        assert outbox.series_names(0, "stranger") == []
        assert outbox.series_of([one.device, "stranger", one.device]) == [one]
        assert outbox.series_of([]) == []
        assert outbox.series_of(['"', "\u0000", "设备"]) == []
        assert outbox.mark_count == 1
        [mark] = outbox.marks_of([1])
        assert (mark.position, mark.first_now, mark.last_now) == (1, 77, 77)


def test_blocks_from_memory_are_those_of_the_file(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 10), {}, {})
        outbox.register_store("duckdb", 0)
        step(outbox, full_result())
        outbox.append_revision(aggregates(3), [])
        outbox.advance("duckdb", 1, 2, 1, 0, [LETTER])
        in_memory = outbox.blocks_after(0, 100)
    with journal(tmp_path) as (_, outbox, _):
        on_disk = outbox.blocks_after(0, 100)
    assert [position for position, _ in in_memory] == [position for position, _ in on_disk] == [1, 2, 3]
    assert [encode(result) for _, result in in_memory] == [encode(result) for _, result in on_disk]


def test_counts_of_a_call_without_a_block_reach_the_ledger(tmp_path: Path) -> None:
    ignored = LedgerKey("message", "ignored", "empty", "0", "")
    with journal(tmp_path) as (_, outbox, _):
        for _ in range(3):
            assert step(outbox, StepResult(counts={ignored: 2, DECODED: 1})) is None
        assert outbox.ledger() == {ignored: 6, DECODED: 3}
        assert outbox.last_position == 0


def test_a_call_that_does_not_continue_the_last_one_is_refused(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        step(outbox, StepResult())
        for record in (StepRecord(1, "rows", 10, 20, 1, True), StepRecord(2, "rows", 11, 20, 1, True)):
            with pytest.raises(ValueError, match="does not come after"):
                outbox.append_step(record, StepResult())
        gap = StepResult(series=[SeriesName(1, "d", "q", "p", "u")])
        with pytest.raises(ValueError, match="numbered from 0"):
            step(outbox, gap)
        assert outbox.last_step == 1


def test_blocks_are_handed_out_up_to_a_number_of_readings(tmp_path: Path, rng: np.random.Generator) -> None:
    sizes = rng.integers(0, 30, 40).tolist()
    with journal(tmp_path) as (_, outbox, _):
        for size in sizes:
            step(outbox, StepResult(readings=readings(0, size), aggregates=aggregates(1)))
        for _ in range(60):
            after, limit = int(rng.integers(0, 41)), int(rng.integers(0, 100))
            got = outbox.blocks_after(after, limit)
            assert [position for position, _ in got] == list(range(after + 1, after + 1 + len(got)))
            taken = [len(result.readings) for _, result in got]
            assert taken == sizes[after : after + len(got)]
            assert len(got) == min(1, 40 - after) or sum(taken) <= limit
            assert after + len(got) == 40 or sum(taken) + sizes[after + len(got)] > limit


def test_waiting_readings_are_counted_as_one_would_by_hand(tmp_path: Path, rng: np.random.Generator) -> None:
    sizes = rng.integers(0, 9, 30).tolist()
    with journal(tmp_path) as (_, outbox, _):
        for size in sizes:
            step(outbox, StepResult(readings=readings(0, size), aggregates=aggregates(1)))
        for _ in range(60):
            after, upto = sorted(rng.integers(0, 35, 2).tolist())
            assert outbox.readings_between(after, upto) == sum(sizes[after:upto])


def test_a_store_moves_with_its_counts_and_its_dead_letters(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 30), {}, {})
        outbox.register_store("duckdb", 0)
        outbox.register_store("influxdb", 0)
        outbox.register_store("duckdb", 0)
        for _ in range(3):
            step(outbox, StepResult(readings=readings(0, 10)))
        assert outbox.advance("duckdb", 2, 20, 0) is None
        assert outbox.advance("influxdb", 1, 9, 1, 0, [LETTER]) == 4
        outbox.advance("influxdb", 2, 8, 0, 2)
        outbox.set_halted("influxdb", "no token")
    with journal(tmp_path) as (_, outbox, _):
        assert [tuple(getattr(state, name) for name in state.__struct_fields__) for state in outbox.stores()] == [
            ("duckdb", 2, 20, 0, 0, ""),
            ("influxdb", 2, 17, 1, 2, "no token"),
        ]
        assert outbox.blocks_after(3, 0)[0][1].rejects == [LETTER]
        assert outbox.readings_between(3, 4) == 0
        outbox.forget_store("influxdb")
        assert outbox.cursor("influxdb") is None
        with pytest.raises(ValueError, match="can't move"):
            outbox.advance("influxdb", 3, 0, 0)
        with pytest.raises(ValueError, match="can't move"):
            outbox.advance("duckdb", 1, 0, 0)


def test_the_days_of_what_a_store_got_add_up(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 30), {}, {})
        for name in ("duckdb", "influxdb"):
            outbox.register_store(name, 0)
        for _ in range(3):
            step(outbox, StepResult(readings=readings(0, 10)))
        outbox.advance("influxdb", 1, 10, 0)
        outbox.advance("influxdb", 2, 9, 1, days={19_000: DayBook(5, 1), -3: DayBook(4)})
        outbox.advance("influxdb", 3, 10, 0, days={19_000: DayBook(10, 2)})
    with journal(tmp_path) as (_, outbox, _):
        state, days = outbox.stored_days("influxdb")
        assert state == outbox.cursor("influxdb")
        assert days == {-3: DayBook(4, 0), 19_000: DayBook(15, 3)}
        assert outbox.stored_days("duckdb")[1] == {}
        outbox.forget_store("influxdb")
        assert outbox.stored_days("influxdb") == (None, {})


def test_a_store_ahead_of_the_outbox_is_called_mixed_up(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        step(outbox, StepResult(readings=readings(0, 10)))
        with pytest.raises(JournalMixedUp, match="older copy"):
            outbox.register_store("duckdb", 2)
        outbox.register_store("duckdb", 1)
        with pytest.raises(JournalMixedUp, match="older copy"):
            outbox.advance("duckdb", 2, 0, 0)
        assert outbox.stores()[0].position == 1


def test_a_revision_clears_its_marks_in_the_same_transaction(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        step(outbox, StepResult(readings=readings(0, 1), dirty=dirty((1, 60, 0, 60, 0), (2, 60, 0, 60, 0))))
        one, other = outbox.marks_due(passed=1, now=9_000, quiet_ns=1_000, max_age_ns=99_999, limit=9)
        assert outbox.marks_due(passed=0, now=9_000, quiet_ns=1_000, max_age_ns=99_999, limit=9) == []
        assert outbox.append_revision(aggregates(3), [one.id]) == 2
        assert outbox.marks_of([1, 2]) == [other]
        assert outbox.append_revision(aggregates(0), [other.id]) is None
        assert outbox.mark_count == 0
        assert outbox.last_position == 2
        assert len(outbox.blocks_after(1, 0)[0][1].aggregates) == 3


def test_a_mark_of_a_call_without_a_block_depends_on_the_last_one(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        step(outbox, StepResult(readings=readings(0, 1)))
        assert step(outbox, StepResult(dirty=dirty((1, 60, 0, 60, 0)))) is None
        assert outbox.marks_of([1])[0].position == 1


def snapshot(at: int) -> SnapshotRow:
    return SnapshotRow(f"{at}.snap", at, at * 10, at, "digest", 99)


def test_trim_keeps_what_the_slowest_store_and_the_older_snapshot_need(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb", 0)
        outbox.register_store("influxdb", 0)
        for _ in range(200):
            step(outbox, StepResult(readings=readings(0, 100)))
        outbox.advance("duckdb", 200, 20_000, 0)
        outbox.trim()
        assert len(outbox.blocks_after(0, 1 << 30)) == 200
        used = outbox.bytes_used
        outbox.advance("influxdb", 150, 15_000, 0)
        outbox.add_snapshot(snapshot(70))
        outbox.trim()
        assert outbox.inbox_floor == 0
        assert len(list(outbox.steps_after(0))) == 200
        outbox.add_snapshot(snapshot(90))
        outbox.add_snapshot(snapshot(120))
        assert outbox.snapshots() == [snapshot(120), snapshot(90)]
        assert outbox.inbox_floor == 900
        outbox.trim()
        assert outbox.bytes_used < used * 2 / 3
        assert outbox.begin_position == 150
        assert [position for position, _ in outbox.blocks_after(150, 1 << 30)] == list(range(151, 201))
        assert [record.step for record in outbox.steps_after(90)] == list(range(91, 201))
        with pytest.raises(JournalCorrupt, match="call 90 is missing"):
            list(outbox.steps_after(89))
        with pytest.raises(JournalMixedUp, match="trimmed"):
            outbox.blocks_after(149, 1)
        with pytest.raises(JournalMixedUp, match="trimmed"):
            outbox.readings_between(149, 200)
        with pytest.raises(JournalMixedUp, match="trimmed"):
            outbox.register_store("late", 149)


def test_what_is_trimmed_while_it_is_counted_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # books and gauges are taken on other threads than stores are noted and blocks trimmed on
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 40), {}, {})
        outbox.register_store("duckdb")
        for k in range(4):
            step(outbox, StepResult(readings=readings(k * 100, 100)))
        looked = outbox._db.reading

        @contextmanager
        def trimmed_before() -> Iterator[sqlite3.Connection]:
            monkeypatch.setattr(outbox._db, "reading", looked)
            outbox.advance("duckdb", 3, 300, 0)
            outbox.trim()
            with looked() as connection:
                yield connection

        monkeypatch.setattr(outbox._db, "reading", trimmed_before)
        assert outbox.readings_between(0, 4) == 100
        with pytest.raises(JournalMixedUp, match="were trimmed"):
            outbox.readings_between(0, 4)


def test_a_store_that_comes_later_gets_what_is_held_and_the_rest_is_dropped(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 1_000), {}, {})
        outbox.register_store("duckdb")
        for size in range(1, 101):
            step(outbox, StepResult(readings=readings(0, size)))
        outbox.advance("duckdb", 70, sum(range(71)), 0)
        outbox.trim()
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("influxdb")
        state = outbox.cursor("influxdb")
        assert state is not None
        assert (state.position, state.stored, state.dropped) == (70, 0, sum(range(71)))
        assert outbox.readings_upto(90) == sum(range(91))


def test_after_everything_is_trimmed_numbers_go_on(tmp_path: Path) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 20), {}, {})
        outbox.register_store("duckdb", 0)
        for _ in range(2):
            step(outbox, full_result() if outbox.series_count == 0 else StepResult(readings=readings(0, 1)))
        (tmp_path / "snapshots" / "1.snap").touch()
        outbox.add_snapshot(snapshot(1))
        outbox.add_snapshot(snapshot(2))
        outbox.advance("duckdb", 2, 4, 0)
        outbox.trim()
    with journal(tmp_path) as (_, outbox, _):
        assert outbox.last_position == outbox.begin_position == 2
        assert step(outbox, StepResult(readings=readings(0, 1)), rows=0) == 3
        assert outbox.last_step == 3
        assert outbox.series_count == 1


def test_nothing_is_trimmed_while_no_store_is_known(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        step(outbox, StepResult(readings=readings(0, 1)))
        outbox.trim()
        assert len(outbox.blocks_after(0, 9)) == 1


def test_a_snapshot_newer_than_the_last_call_is_refused(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _), pytest.raises(ValueError, match="newer than call 0"):
        outbox.add_snapshot(snapshot(1))


def test_a_full_quota_leaves_nothing_of_the_call_behind(tmp_path: Path) -> None:
    result = StepResult(readings=readings(0, 1_000), dirty=dirty((1, 60, 0, 60, 0)), counts={DECODED: 1_000})
    with journal(tmp_path, quota=MB // 2) as (_, outbox, _):
        outbox.register_store("duckdb", 0)

        def until_full() -> None:
            for _ in range(1_000):
                step(outbox, result)

        with pytest.raises(JournalFull, match="is full"):
            until_full()
        calls = outbox.last_step
        assert 5 < calls < 1_000
        assert outbox.last_position == calls
        assert outbox.ledger() == {DECODED: calls * 1_000}
        assert len(list(outbox.steps_after(0))) == calls
        assert outbox.readings_between(0, calls) == calls * 1_000
        with pytest.raises(JournalFull):
            outbox.append_revision(aggregates(1_000), [outbox.marks_of([1])[0].id])
        assert outbox.mark_count == 1
        # advancing is what makes room, so it goes on
        assert outbox.advance("duckdb", calls, calls * 1_000 - 1, 1, 0, [LETTER]) == calls + 1
        outbox.trim()
        assert step(outbox, result) == calls + 2


def test_damage_of_a_block_is_found(tmp_path: Path, rng: np.random.Generator) -> None:
    with journal(tmp_path) as (inbox, outbox, _):
        inbox.append(rows_from(0, 30), {}, {})
        for _ in range(3):
            step(outbox, StepResult(readings=readings(0, 50)))
    data = sqlite3.connect(tmp_path / "outbox.db", isolation_level=None)
    body = bytearray(data.execute("SELECT body FROM block WHERE position = 2").fetchone()[0])
    for at in rng.integers(0, len(body), 10).tolist():
        bad = body.copy()
        bad[at] ^= 1 << int(rng.integers(0, 8))
        data.execute("UPDATE block SET body = ? WHERE position = 2", (bad,))
        with journal(tmp_path) as (_, outbox, _):
            assert [position for position, _ in outbox.blocks_after(0, 1_000)] == [1]
            with pytest.raises(JournalCorrupt, match="block 2 is damaged"):
                outbox.blocks_after(1, 1_000)
    data.execute("DELETE FROM block WHERE position = 2")
    data.execute("DELETE FROM step WHERE step = 2")
    with journal(tmp_path) as (_, outbox, _):
        with pytest.raises(JournalCorrupt, match="missing"):
            outbox.blocks_after(0, 1_000)
        with pytest.raises(JournalCorrupt, match="missing"):
            outbox.readings_between(0, 3)
        with pytest.raises(JournalCorrupt, match="call 2 is missing"):
            list(outbox.steps_after(0))
    data.execute("DELETE FROM block")
    data.close()
    with journal(tmp_path) as (_, outbox, _), pytest.raises(JournalCorrupt, match="block 1 is missing"):
        outbox.blocks_after(0, 1_000)


def test_a_call_larger_than_the_quota_is_taken_where_no_store_waits(tmp_path: Path) -> None:
    large = StepResult(readings=readings(0, 20_000), counts={DECODED: 20_000})
    with journal(tmp_path, quota=MB // 4) as (_, outbox, _):
        outbox.register_store("duckdb", 0)
        position = step(outbox, large)
        assert position == 1
        with pytest.raises(JournalFull):
            step(outbox, large)
        outbox.advance("duckdb", position, 20_000, 0)
        outbox.trim()
        assert step(outbox, large) == 2


def test_the_bytes_that_use_up_the_quota_are_counted(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        result = StepResult(readings=readings(0, 50))
        step(outbox, result)
        step(outbox, StepResult())
        outbox.append_revision(aggregates(1), [])
        assert outbox.bytes_appended == len(encode(result)) + len(encode(StepResult(aggregates=aggregates(1))))
