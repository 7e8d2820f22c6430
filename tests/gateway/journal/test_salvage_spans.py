"""Lost blocks: of which hours their readings are is noted for the stores that lack them, as far as the rest tells."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from gateway.engine.results import LedgerKey, SeriesName, StepResult
from gateway.journal.lost_hours import HOUR
from gateway.journal.outbox import Outbox, SnapshotRow, StepRecord
from gateway.journal.salvage.outbox_rebuild import LostBlock, OutboxPlan, rebuild_outbox
from gateway.journal.salvage.outbox_wreck import OutboxWreck
from gateway.runtime.losses import losses
from processors.columns import ReadingBatch
from processors.flags import Why
from tests.gateway.journal.support import MB, aggregates, journal
from tests.gateway.journal.test_salvage_drops import break_blocks

ACCEPTED = LedgerKey("reading", "accepted", "", "0", "loop")
MINUTE = HOUR // 60
T = 400_000 * HOUR
LAST_CALL = T + 9 * HOUR


def batch(times: Sequence[int], why: int = 0) -> ReadingBatch:
    count = len(times)
    return ReadingBatch.of(
        series=np.zeros(count), ts=times, value=np.ones(count), flag=np.ones(count), why=np.full(count, why)
    )


def fill(folder: Path, *blocks: Sequence[int], late: Sequence[int] = ()) -> None:
    """A block of readings at each of these times, minutes from T on; `late` ones come with the first. A store that
    is up has the first block, one that is down has none."""
    with journal(folder) as (_, outbox, _):
        for name in ("duckdb", "influxdb"):
            outbox.register_store(name)
        for k, minutes in enumerate(blocks, 1):
            readings = batch([T + minute * MINUTE for minute in minutes])
            if k == 1 and late:
                readings = ReadingBatch.concat([readings, batch([T + m * MINUTE for m in late], Why.LATE)])
            result = StepResult(
                readings=readings, counts={ACCEPTED: len(readings)},
                series=[SeriesName(0, "d0", "speed", "loop", "km/h")] if k == 1 else [],
            )  # fmt: skip
            now = LAST_CALL if k == len(blocks) else T + k * MINUTE
            outbox.append_step(StepRecord(k, "tick", 0, 0, now, True), result)
        outbox.advance("duckdb", 1, len(blocks[0]) + len(late), 0)


def mended(folder: Path) -> tuple[list[LostBlock], Outbox]:
    plan = OutboxPlan(OutboxWreck(folder / "outbox.db"), ("duckdb", "influxdb"), 0, 0)
    lost = rebuild_outbox(plan, folder / "new.db", plan.wreck.journal_id, series=list(plan.wreck.series.values()),
                          steps=[], snapshots=[], dirty=[], books={})  # fmt: skip
    return lost, Outbox(folder / "new.db", plan.wreck.journal_id, 64 * MB)


def test_the_hours_between_the_neighbours_are_lost_to_the_stores_that_lack_the_block(tmp_path: Path) -> None:
    #   hours    T          T+1         T+2
    #   blocks   1: 50..55  2: 56..65   3: 66..125
    fill(tmp_path, (50, 55), (56, 61, 65), (66, 125))
    break_blocks(tmp_path, 2)
    lost, outbox = mended(tmp_path)
    with closing(outbox):
        assert [(each.position, each.readings, each.stores) for each in lost] == [(2, 3, ("duckdb", "influxdb"))]
        assert (lost[0].after, lost[0].before) == (T + 50 * MINUTE, T + 125 * MINUTE)
        for name in ("duckdb", "influxdb"):
            assert outbox.lost_hours(name) == {
                400_000: (0, T + 50 * MINUTE, T + HOUR - 1),
                400_001: (0, T + HOUR, T + 2 * HOUR - 1),
                400_002: (3, T + 2 * HOUR, T + 125 * MINUTE),
            }  # fmt: skip
            state = outbox.cursor(name)
            assert state is not None
            waiting = outbox.readings_between(state.position, outbox.last_position)
            assert state.stored + state.dropped + waiting == 7
            # what status and ledger tell
            assert losses(outbox, name) == {
                "readings": 3, "spans": [{"from": T + 50 * MINUTE, "to": T + 125 * MINUTE, "readings": 3}],
            }  # fmt: skip


def test_a_store_that_has_the_block_has_lost_nothing(tmp_path: Path) -> None:
    fill(tmp_path, (1, 2), (3, 4), (5, 6))
    break_blocks(tmp_path, 1)
    lost, outbox = mended(tmp_path)
    with closing(outbox):
        assert [each.stores for each in lost] == [("influxdb",)]
        assert outbox.lost_hours("duckdb") == {}
        # none lies before it: it may be of the hour before the first call
        assert outbox.lost_hours("influxdb") == {
            399_999: (0, T + MINUTE - HOUR, T - 1), 400_000: (2, T, T + 4 * MINUTE),
        }  # fmt: skip
        # and a store that is added later may lack it, too
        outbox.register_store("late")
        assert list(outbox.lost_hours("late")) == [399_999, 400_000]


def test_where_the_calls_of_a_lost_first_block_are_trimmed_later_ones_do_not_stand_in_for_them(tmp_path: Path) -> None:
    #   hours    T-1         T                      T+48
    #   blocks   1: -30..-20 2: 1..2  3: 3  4: 5    calls that are left
    fill(tmp_path, (-30, -20), (1, 2), (3,), (5,))
    with journal(tmp_path) as (_, outbox, _):
        for step in range(5, 9):
            outbox.append_step(StepRecord(step, "tick", 0, 0, T + 48 * HOUR + step, True), StepResult())
        for step in (6, 7):
            outbox.add_snapshot(SnapshotRow(f"{step}", step, 0, T + 48 * HOUR + step, "", 0))
        outbox.trim()
    break_blocks(tmp_path, 1)
    assert sorted(OutboxWreck(tmp_path / "outbox.db").steps) == [7, 8]
    _, outbox = mended(tmp_path)
    with closing(outbox):
        assert outbox.lost_hours("influxdb") == {
            399_999: (0, T + MINUTE - HOUR, T - 1), 400_000: (2, T, T + 2 * MINUTE),
        }  # fmt: skip


def test_where_no_block_is_whole_the_calls_tell_from_when_to_when_they_were(tmp_path: Path) -> None:
    fill(tmp_path, (1, 2), (3,))
    break_blocks(tmp_path, 1, 2)
    lost, outbox = mended(tmp_path)
    with closing(outbox):
        assert {(each.after, each.before) for each in lost} == {(T + MINUTE - HOUR, LAST_CALL)}


def test_blocks_side_by_side_share_their_span_and_a_neighbours_late_readings_do_not_widen_it(tmp_path: Path) -> None:
    fill(tmp_path, (61, 62), (63,), (64, 65), (66, 67), late=(-6_000,))
    break_blocks(tmp_path, 2, 3)
    _, outbox = mended(tmp_path)
    with closing(outbox):
        assert outbox.lost_hours("duckdb") == {400_001: (3, T + 61 * MINUTE, T + 67 * MINUTE)}


def test_of_the_newest_blocks_the_calls_tell_until_when_they_were(tmp_path: Path) -> None:
    fill(tmp_path, (1, 2), (3, 4))
    break_blocks(tmp_path, 2)
    lost, outbox = mended(tmp_path)
    with closing(outbox):
        assert (lost[0].after, lost[0].before) == (T + MINUTE, LAST_CALL)
        assert list(outbox.lost_hours("duckdb")) == list(range(400_000, 400_010))
        assert sum(hour.readings for hour in outbox.lost_hours("duckdb").values()) == 2


def test_a_lost_block_without_readings_or_one_whose_readings_were_dropped_before_loses_no_hour_again(
    tmp_path: Path,
) -> None:
    fill(tmp_path, (1, 2), (), (3, 4), (5, 6), (7, 8))
    with journal(tmp_path) as (_, outbox, _):
        outbox.append_revision(aggregates(3), [])
        outbox.drop_readings(0, spare_readings=2)
        before = outbox.lost_hours("duckdb")
        assert sum(hour.readings for hour in before.values()) == 4
    break_blocks(tmp_path, 4, 5)
    lost, outbox = mended(tmp_path)
    with closing(outbox):
        assert [(each.position, each.readings, each.before) for each in lost] == [(4, 0, 0), (5, 0, 0)]
        assert outbox.lost_hours("duckdb") == before
