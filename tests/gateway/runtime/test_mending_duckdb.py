"""A damaged DuckDB file: what is gone of it counts as dropped, and the days that it lies in as lost hours."""

from pathlib import Path

import numpy as np

from gateway.engine.results import LedgerKey, SeriesName, StepResult
from gateway.journal.lost_hours import HOUR
from gateway.journal.outbox import StepRecord
from gateway.runtime.losses import losses
from gateway.runtime.mending import mend_files
from processors.columns import ReadingBatch
from tests.gateway.journal.support import journal
from tests.gateway.runtime.test_writer_restart import opened, run_until_stored, writer_of
from tests.support.running import settings_of
from tests.support.speakers import utc

DAYS, EACH = 3, 130_000
MIDNIGHT = utc("2026-03-04T00:00:00")
ACCEPTED = LedgerKey("reading", "accepted", "", "0", "loop")


async def test_of_which_days_readings_are_gone_is_told_and_noted(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with journal(tmp_path) as (_, outbox, _):
        outbox.register_store("duckdb")
        for day in range(DAYS):
            ts = MIDNIGHT + day * 24 * HOUR + np.arange(EACH) * 600_000_000
            readings = ReadingBatch.of(
                series=np.zeros(EACH), ts=ts, value=rng.random(EACH), flag=np.ones(EACH), why=np.zeros(EACH)
            )
            names = [SeriesName(0, "d0", "speed", "loop", "km/h")] if day == 0 else []
            result = StepResult(readings=readings, series=names, counts={ACCEPTED: EACH})
            outbox.append_step(StepRecord(day + 1, "tick", 0, 0, day + 1, True), result)
        async with opened(tmp_path) as store:
            await run_until_stored(writer_of(store, outbox), outbox)
    path = tmp_path / "readings.duckdb"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1  # amid the values of the second day
    path.write_bytes(data)
    done = mend_files(settings_of(tmp_path, 9))
    assert done.readings_lost
    assert done.days_lost == {"2026-03-05": done.readings_lost}
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
