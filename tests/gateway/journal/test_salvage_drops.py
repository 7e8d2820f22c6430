"""A damaged outbox of which blocks were packed, and readings dropped: what is rebuilt says the same as before."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from isal.isal_zlib import crc32

from gateway.engine.results import LedgerKey, SeriesName, StepResult
from gateway.journal.block_queue import THINNED
from gateway.journal.blocks import encode
from gateway.journal.lost_hours import HOUR, LostHour
from gateway.journal.outbox import Outbox, OutboxState, StepRecord
from gateway.journal.salvage.outbox_rebuild import OutboxPlan, rebuild_outbox
from gateway.journal.salvage.outbox_wreck import OutboxWreck
from gateway.runtime.examination import examine
from gateway.runtime.lost_blocks import assign
from tests.gateway.journal.support import MB, aggregates, journal, readings
from tests.support.running import settings_of

BLOCKS, EACH = 10, 100
ACCEPTED = LedgerKey("reading", "accepted", "", "0", "loop")
NAMES = [SeriesName(k, f"d{k}", "speed", "loop", "km/h") for k in range(10)]


def given(k: int) -> StepResult:
    """What call `k`, from 1 on, gave."""
    named = NAMES if k == 1 else []
    return StepResult(readings=readings(k * EACH, EACH), series=named, counts={ACCEPTED: EACH})


@contextmanager
def filled(folder: Path) -> Iterator[Outbox]:
    """Ten calls of a hundred readings each; a store has the first two blocks and nothing of the others."""
    with journal(folder) as (_, outbox, _):
        outbox.register_store("duckdb")
        for k in range(1, BLOCKS + 1):
            outbox.append_step(StepRecord(k, "tick", 0, 0, k, True), given(k))
        outbox.advance("duckdb", 2, 2 * EACH, 0)
        outbox.trim()
        yield outbox


def break_blocks(folder: Path, *positions: int) -> None:
    """Other bytes than were written; the index of blocks stays whole."""
    with closing(sqlite3.connect(folder / "outbox.db")) as db:
        for at in positions:
            db.execute("UPDATE block SET crc = crc + 1 WHERE position = ?", (at,))
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")  # no older copy is left in a freed page


def planned(folder: Path, stores: Sequence[str] = ("duckdb",)) -> OutboxPlan:
    return OutboxPlan(OutboxWreck(folder / "outbox.db"), stores, 0, 0)


@contextmanager
def rebuilt(plan: OutboxPlan, path: Path) -> Iterator[Outbox]:
    rebuild_outbox(plan, path, plan.wreck.journal_id, series=NAMES, steps=list(plan.wreck.steps.values()),
                   snapshots=[], dirty=[], books={})  # fmt: skip
    with closing(Outbox(path, plan.wreck.journal_id, 64 * MB)) as outbox:
        yield outbox


def balance(outbox: Outbox, store: str) -> tuple[int, int, int]:
    """Stored, dropped, waiting."""
    state = outbox.cursor(store)
    assert state is not None
    return state.stored, state.dropped, outbox.readings_between(state.position, outbox.last_position)


def test_a_lost_block_among_packed_ones_does_not_get_the_outputs_of_another(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.pack_blocks(0, spare_readings=EACH)  # all but the next write's
        outbox.append_step(StepRecord(BLOCKS + 1, "tick", 0, 0, BLOCKS + 1, True), given(BLOCKS + 1))
    break_blocks(tmp_path, 5)
    plan = planned(tmp_path)
    assert plan.missing == [5]
    # repeated from a snapshot of call 9 on: the call of block 5 is not among them
    assert assign(plan, {10: encode(given(10))}) == {}
    assert assign(plan, {k: encode(given(k)) for k in range(1, BLOCKS + 1)}) == {5: encode(given(5))}


def test_a_lost_revision_does_not_get_the_outputs_of_a_call(tmp_path: Path) -> None:
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        outbox.append_step(StepRecord(1, "tick", 0, 0, 1, True), given(1))
        outbox.append_revision(aggregates(3), [])
        outbox.append_step(StepRecord(2, "tick", 0, 0, 2, True), StepResult(readings=readings(200, EACH)))
        outbox.advance("duckdb", 1, EACH, 0)
        outbox.trim()
    break_blocks(tmp_path, 2)
    plan = planned(tmp_path)
    assert plan.missing == [2]
    assert assign(plan, {1: encode(given(1))}) == {}


def test_a_lost_block_among_those_whose_readings_were_dropped_is_told_by_its_place(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
    break_blocks(tmp_path, 3)
    plan = planned(tmp_path)
    assert plan.missing == [3]
    assert assign(plan, {4: encode(given(4))}) == {}
    assert assign(plan, {k: encode(given(k)) for k in range(3, BLOCKS + 1)}) == {3: encode(given(3))}


def test_what_was_dropped_ahead_of_a_store_is_counted_once(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
        outbox.append_step(StepRecord(BLOCKS + 1, "tick", 0, 0, BLOCKS + 1, True), given(BLOCKS + 1))
        assert balance(outbox, "duckdb") == (200, 700, 200)
    break_blocks(tmp_path, 11)
    with rebuilt(planned(tmp_path), tmp_path / "new.db") as outbox:
        assert balance(outbox, "duckdb") == (200, 800, 100)
        assert outbox.readings_upto(11) == 1_100
        outbox.register_store("influxdb")
        assert balance(outbox, "influxdb") == (0, 1_000, 100)


def test_a_block_that_was_thinned_and_is_lost_is_dropped_once(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
    break_blocks(tmp_path, 6)
    with rebuilt(planned(tmp_path), tmp_path / "new.db") as outbox:
        assert balance(outbox, "duckdb") == (200, 700, 100)
        outbox.register_store("influxdb")
        assert balance(outbox, "influxdb") == (0, 900, 100)


def test_a_thinned_block_that_is_had_again_comes_without_its_readings(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
    break_blocks(tmp_path, 6)
    plan = planned(tmp_path)
    plan.mended[6] = encode(given(6))
    with rebuilt(plan, tmp_path / "new.db") as outbox:
        assert balance(outbox, "duckdb") == (200, 700, 100)
        assert outbox.readings_upto(10) == 1_000


def test_a_store_whose_cursor_is_lost_does_not_wait_for_what_was_dropped(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
    plan = planned(tmp_path, ("duckdb", "influxdb"))
    assert plan.forgotten_stores == ["influxdb"]
    with rebuilt(plan, tmp_path / "new.db") as outbox:
        assert balance(outbox, "influxdb") == (200, 700, 100)


def test_an_older_copy_of_a_thinned_block_does_not_bring_its_readings_back(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
    plan = planned(tmp_path)
    assert plan.wreck.thinned == set(range(4, 11))
    assert {plan.wreck.blocks[at].kind for at in plan.wreck.thinned} == {THINNED}


def test_of_two_states_of_a_lost_hour_the_wider_one_stands() -> None:
    old, joined = LostHour(0, 5, HOUR - 1), LostHour(0, 2, HOUR - 1)
    assert old.widest(joined) == joined.widest(old) == joined


def test_a_damaged_block_is_found_though_an_older_copy_of_it_lies_in_a_freed_page(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.pack_blocks(0, spare_readings=EACH)
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as db:
        db.execute("UPDATE block SET crc = crc + 1 WHERE position = 5")
        db.commit()
    assert 5 in planned(tmp_path).wreck.blocks, "what is saved is the copy"
    assert [each.problem for each in examine(settings_of(tmp_path, 9))] == [
        f"{tmp_path / 'outbox.db'}: block 5 can't be read."
    ]


def test_a_damaged_lost_hour_is_found(tmp_path: Path) -> None:
    with filled(tmp_path) as outbox:
        outbox.drop_readings(0, spare_readings=EACH)
    assert examine(settings_of(tmp_path, 9)) == []
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as db:
        db.execute("UPDATE lost_hour SET first = first + 1")
        db.commit()
    assert [each.problem for each in examine(settings_of(tmp_path, 9))] == [
        f"{tmp_path / 'outbox.db'}: a record of lost_hour is damaged."
    ]


@pytest.mark.parametrize("noted", [(1, 2), (2, 1)], ids=["the smaller lies first", "the larger lies first"])
def test_of_running_figures_that_reach_as_far_those_stand_that_spare_the_most(
    tmp_path: Path, noted: tuple[int, int]
) -> None:
    with filled(tmp_path) as outbox:
        last = outbox.last_position
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as db:
        ((body,),) = db.execute("SELECT body FROM state").fetchall()
        state = msgspec.msgpack.decode(body, type=OutboxState)
        first, second = (msgspec.msgpack.encode(msgspec.structs.replace(state, write_bytes=k)) for k in noted)
        db.execute("UPDATE state SET body = ?, crc = ?", (first, crc32(first)))
        # as an older one lies on a page that was freed
        db.execute("CREATE TABLE freed(id INTEGER PRIMARY KEY, body BLOB, crc INTEGER)")
        db.execute("INSERT INTO freed VALUES (0, ?, ?)", (second, crc32(second)))
        db.commit()
    found = OutboxWreck(tmp_path / "outbox.db").state
    assert found is not None
    assert (found.last_position, found.write_bytes) == (last, 2)
