"""A damaged DuckDB file: what is gone of it counts as dropped, and the days that it lies in as lost hours."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pytest

from gateway.engine.results import LedgerKey, SeriesName, StepResult
from gateway.journal.lost_hours import HOUR
from gateway.journal.outbox import SnapshotRow, StepRecord
from gateway.runtime.losses import losses
from gateway.runtime.mending import mend_files
from processors.columns import FlagRewrites, ReadingBatch
from tests.gateway.journal.support import journal
from tests.gateway.runtime.test_writer_restart import opened, run_until_stored, writer_of
from tests.support.running import settings_of
from tests.support.speakers import utc

DAYS, EACH = 3, 130_000
ROWS = 122_880
"""A row group."""
MIDNIGHT = utc("2026-03-04T00:00:00")
ACCEPTED = LedgerKey("reading", "accepted", "", "0", "loop")


def readings(first: int, count: int, apart: int = 600_000_000) -> StepResult:
    values = np.random.default_rng(first % 1_000).random(count)
    batch = ReadingBatch.of(
        series=np.zeros(count), ts=first + np.arange(count) * apart, value=values, flag=np.ones(count),
        why=np.zeros(count),
    )  # fmt: skip
    return StepResult(readings=batch, counts={ACCEPTED: count})


async def stored(folder: Path, calls: Sequence[tuple[int, StepResult]], *, snapshots: bool = False) -> None:
    """Write what calls gave, each with its time. `snapshots`: of the newest calls, the others are trimmed."""
    calls[0][1].series = [SeriesName(0, "d0", "speed", "loop", "km/h")]
    with journal(folder) as (_, outbox, _):
        outbox.register_store("duckdb")
        for step, (now, result) in enumerate(calls, 1):
            outbox.append_step(StepRecord(step, "tick", 0, 0, now, True), result)
        async with opened(folder) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
        if snapshots:
            for step in (len(calls) - 1, len(calls)):
                outbox.add_snapshot(SnapshotRow(f"{step}", step, 0, calls[step - 1][0], "", 0))
            outbox.trim()


def damage(path: Path, column: str, group: int) -> None:
    """Flip a bit of a column in a row group of the newest day."""
    with closing(duckdb.connect(str(path), read_only=True)) as db:
        ((table,),) = db.sql(
            "SELECT max(table_name) FROM duckdb_tables() WHERE table_name LIKE 'readings\\_%' ESCAPE '\\'"
        ).fetchall()
        block, offset = db.sql(
            f"SELECT block_id, block_offset FROM pragma_storage_info('{table}') WHERE column_name = '{column}' "
            f"AND row_group_id = {group} AND segment_type != 'VALIDITY' AND persistent AND block_id >= 0 LIMIT 1"
        ).fetchall()[0]  # fmt: skip
        ((block_bytes,),) = db.sql("SELECT block_size FROM pragma_database_size()").fetchall()
    data = bytearray(path.read_bytes())
    data[3 * 4_096 + block * block_bytes + 8 + offset + 100] ^= 1
    path.write_bytes(data)


async def test_of_which_days_readings_are_gone_is_told_and_noted(tmp_path: Path) -> None:
    await stored(tmp_path, [(day + 1, readings(MIDNIGHT + day * 24 * HOUR, EACH)) for day in range(DAYS)])
    path = tmp_path / "readings.duckdb"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1  # amid the values of the second day
    path.write_bytes(data)
    done = mend_files(settings_of(tmp_path, 9))
    assert done.readings_lost
    assert done.days_lost == {"2026-03-05": done.readings_lost}
    assert done.verdicts_lost == {}
    with journal(tmp_path) as (_, outbox, _):
        state = outbox.cursor("duckdb")
        assert state is not None
        assert (state.stored, state.dropped) == (DAYS * EACH - done.readings_lost, done.readings_lost)
        day = MIDNIGHT // HOUR + 24
        assert list(outbox.lost_hours("duckdb")) == list(range(day, day + 24))
        assert losses(outbox, "duckdb") == {
            "readings": done.readings_lost,
            "spans": [{"from": day * HOUR, "to": (day + 24) * HOUR - 1, "readings": done.readings_lost}],
        }  # fmt: skip
        async with opened(tmp_path) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
            assert await store.distinct_readings() == state.stored


@pytest.mark.parametrize("snapshots", [False, True], ids=["of a call", "of a snapshot"])
async def test_within_the_day_nothing_is_lost_of_the_hours_to_come(tmp_path: Path, *, snapshots: bool) -> None:
    now = MIDNIGHT + 21 * HOUR + HOUR // 2
    half = readings(MIDNIGHT, ROWS, 300_000_000)
    await stored(tmp_path, [(now - HOUR, half), (now, StepResult())], snapshots=snapshots)
    damage(tmp_path / "readings.duckdb", "value", 0)
    done = mend_files(settings_of(tmp_path, 9))
    assert done.days_lost == {"2026-03-04": ROWS}
    with journal(tmp_path) as (_, outbox, _):
        assert losses(outbox, "duckdb")["spans"] == [{"from": MIDNIGHT, "to": now, "readings": ROWS}]
        assert list(outbox.lost_hours("duckdb")) == [MIDNIGHT // HOUR + k for k in range(22)]


async def test_a_reading_ahead_of_the_newest_call_says_that_its_hour_was_begun(tmp_path: Path) -> None:
    ahead = MIDNIGHT + 12 * HOUR + 1
    calls = [(ahead - 2, readings(MIDNIGHT, ROWS, 300_000_000)), (ahead - 2, readings(ahead, 1))]
    await stored(tmp_path, calls)
    damage(tmp_path / "readings.duckdb", "value", 0)
    mend_files(settings_of(tmp_path, 9))
    with journal(tmp_path) as (_, outbox, _):
        assert losses(outbox, "duckdb")["spans"] == [{"from": MIDNIGHT, "to": ahead, "readings": ROWS}]


async def test_where_only_verdicts_are_gone_no_reading_is_and_it_says_so(tmp_path: Path) -> None:
    ts = MIDNIGHT + np.random.default_rng(3).permutation(ROWS) * 600_000_000
    verdicts = FlagRewrites.of(series=np.zeros(ROWS), ts=ts, flag=np.full(ROWS, 3), why=np.ones(ROWS))
    await stored(tmp_path, [(1, readings(MIDNIGHT, ROWS)), (2, StepResult(rewrites=verdicts))])
    damage(tmp_path / "readings.duckdb", "ts", 1)
    done = mend_files(settings_of(tmp_path, 9))
    assert (done.readings_lost, done.days_lost) == (0, {})
    assert done.verdicts_lost == {"2026-03-04": ROWS}
    with journal(tmp_path) as (_, outbox, _):
        assert outbox.lost_hours("duckdb") == {}
