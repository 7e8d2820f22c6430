"""`ledger --verify` on real databases: every lost reading is seen, and nothing that went rightly is taken for lost."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from gateway.engine.ledger import StoreTerms
from gateway.engine.results import LedgerKey, SeriesName, StepResult
from gateway.journal.opening import open_journal
from gateway.journal.outbox import StepRecord
from gateway.mqtt.backoff import Backoff
from gateway.runtime.accounts import take_ledger
from gateway.runtime.adoption import adopt
from gateway.runtime.verification import verify_store
from gateway.runtime.writer import StoreWriter
from gateway.stores import influx_flags
from gateway.stores.base import Block, Store
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.influx_config import Bucket
from gateway.stores.influxdb import InfluxStore
from processors.columns import ReadingBatch
from processors.flags import Why
from tests.support.blocks import readings
from tests.support.influxd import Influxd, influxd
from tests.support.running import RecordingTelemetry

__all__ = ["influxd"]

DAY, HOUR, SECOND = 86_400_000_000_000, 3_600_000_000_000, 1_000_000_000
TODAY = time.time_ns() // DAY * DAY
NOON = TODAY - 12 * HOUR
"""Of yesterday, by the machine's clock, which InfluxDB's retention goes by."""
GOOD, LATE = 1, int(Why.LATE)
QUOTA = 1 << 28


class Way:
    """From outbox to store, a call at a time."""

    def __init__(self, folder: Path, store: Store, stack: AsyncExitStack) -> None:
        self.inbox, self.outbox, _ = open_journal(folder, inbox_quota=QUOTA, outbox_quota=QUOTA)
        stack.callback(self.inbox.close)
        stack.callback(self.outbox.close)
        self.store = store
        self.outbox.register_store(store.name)

    def put(self, batch: ReadingBatch) -> None:
        """An engine's call that gave these readings."""
        known, most = self.outbox.series_count, int(batch.series.max()) + 1
        names = [SeriesName(k, f"D{k // 2}", ("speed", "flow")[k % 2], "loop", "km/h") for k in range(known, most)]
        counts = {LedgerKey("reading", "accepted", "", "0", "loop"): len(batch)}
        record = StepRecord(self.outbox.last_step + 1, "tick", 0, 0, 1, True)
        self.outbox.append_step(record, StepResult(readings=batch, series=names, counts=counts))

    async def write(self, batch: ReadingBatch) -> None:
        """And its way into the store."""
        self.put(batch)
        writer = StoreWriter(
            self.store, self.outbox, RecordingTelemetry(), Backoff(0.01, 0.1, np.random.default_rng(1)),
            max_readings=1, stored=lambda *_: None, passed=lambda _: None,
        )  # fmt: skip
        writer.stop()
        await writer.run()
        assert writer.state == "writing", writer.problem

    async def terms(self) -> StoreTerms:
        """What the books say."""
        return take_ledger(self.inbox, self.outbox, [self.store.name]).stores[self.store.name]

    async def verdict(self) -> dict[str, Any]:
        """What verify says."""
        found = await verify_store(self.outbox, self.store, self.terms)
        assert found is not None
        return found


@asynccontextmanager
async def on_duckdb(folder: Path, retention_days: int = 30) -> AsyncIterator[Way]:
    store = DuckDbStore(DuckDbConfig(folder / "readings.duckdb", retention_days * DAY))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        yield Way(folder / "data", store, stack)


@asynccontextmanager
async def on_influxdb(folder: Path, server: Influxd, name: str, retention_days: int = 0) -> AsyncIterator[Way]:
    store = InfluxStore(server.config(raw=Bucket(name, retention_days * 86_400)))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        yield Way(folder / "data", store, stack)


def delete(server: Influxd, bucket: str, start: int, stop: int, device: str) -> None:
    """Take away points with start <= time <= stop of a device."""
    span = {name: _stamp(ts) for name, ts in (("start", start), ("stop", stop))}
    server.call("POST", f"/api/v2/delete?org={server.org}&bucket={bucket}", span | {"predicate": f'device="{device}"'})


def _stamp(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts // SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{ts % SECOND:09d}Z"


def _spread(count: int, start: int = NOON, step: int = SECOND, why: int = 0) -> ReadingBatch:
    """Two series, turn by turn."""
    return readings(*((k % 2, start + k // 2 * step, float(k), GOOD, why) for k in range(count)))


async def test_a_store_that_was_never_written_to_has_nothing_to_compare(tmp_path: Path) -> None:
    async with on_duckdb(tmp_path) as way:
        way.outbox.forget_store("duckdb")
        assert await verify_store(way.outbox, way.store, way.terms) is None


async def test_late_readings_hide_no_lost_row_of_duckdb(tmp_path: Path) -> None:
    async with on_duckdb(tmp_path) as way:
        await way.write(_spread(200))
        await way.write(_spread(200, why=LATE))  # all of them written over
        await way.write(_spread(100, NOON - HOUR, why=LATE))  # late, and new
        whole = {"stored": 500, "distinct": 300, "written_over": 200, "aged_out": 0, "missing": 0, "tolerance": 0}
        assert await way.verdict() == {**whole, "agrees": True}
        assert isinstance(way.store, DuckDbStore)
        await way.store.compact(TODAY + DAY)
        assert await way.verdict() == {**whole, "agrees": True}
        await way.store.close()
        _delete_rows(tmp_path / "readings.duckdb", 1)
        again = way.store = DuckDbStore(DuckDbConfig(tmp_path / "readings.duckdb", 30 * DAY))
        await again.open()
        assert await way.verdict() == {**whole, "distinct": 299, "missing": 1, "agrees": False}
        await again.close()


def _delete_rows(path: Path, number: int) -> None:
    with duckdb.connect(str(path)) as db:
        [(table,)] = db.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'readings_%'").fetchall()
        db.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT {number})")


async def test_what_aged_out_of_duckdb_is_no_loss_and_hides_none(tmp_path: Path) -> None:
    async with on_duckdb(tmp_path, retention_days=2) as way:
        for day in range(6):
            await way.write(_spread(180, NOON + day * DAY))
        assert isinstance(way.store, DuckDbStore)
        done = await way.store.compact(TODAY + 5 * DAY)
        assert (done.days_dropped, done.readings_dropped) == (4, 720)
        verdict = await way.verdict()
        assert (verdict["stored"], verdict["distinct"], verdict["aged_out"]) == (1080, 360, 720)
        assert verdict["agrees"] is True
        assert way.store._db is not None
        way.store._db.cursor().execute(f"DELETE FROM {_newest_table(way.store)} WHERE series = 0 AND ts % 2 = 0")
        assert (await way.verdict())["missing"] == 90
        await way.store.compact(TODAY + 50 * DAY)
        verdict = await way.verdict()
        assert (verdict["distinct"], verdict["aged_out"], verdict["missing"]) == (0, 990, 90)


def _newest_table(store: DuckDbStore) -> str:
    assert store._db is not None
    found = store._db.cursor().execute(
        "SELECT max(table_name) FROM duckdb_tables() WHERE table_name LIKE 'readings_%'"
    ).fetchone()  # fmt: skip
    assert found is not None
    return str(found[0])


async def test_a_file_that_says_other_than_the_books_disagrees(tmp_path: Path) -> None:
    async with on_duckdb(tmp_path) as way:
        await way.write(_spread(10))
        way.outbox.advance("duckdb", way.outbox.last_position, 3, 0)  # 3 that no file ever got
        assert (await way.verdict())["missing"] == 3
        way.outbox.advance("duckdb", way.outbox.last_position, -5, 0)
        assert (await way.verdict())["missing"] == -2


async def test_a_block_that_the_books_have_not_noted_is_not_too_many(tmp_path: Path) -> None:
    async with on_duckdb(tmp_path) as way:
        await way.write(_spread(10))
        way.put(_spread(6, NOON + HOUR))
        assert (await way.verdict())["agrees"] is True  # not written yet
        writer = StoreWriter(
            way.store, way.outbox, RecordingTelemetry(), Backoff(0.01, 0.1, np.random.default_rng(1)),
            max_readings=1, stored=lambda *_: None, passed=lambda _: None,
        )  # fmt: skip
        merged = writer._load()
        assert merged is not None
        result = merged.result
        await way.store.write(
            Block(way.outbox.journal_id, merged.upto, result.readings, result.rewrites, result.aggregates, [])
        )
        verdict = await way.verdict()
        assert (verdict["distinct"], verdict["agrees"]) == (16, True)


async def test_influxdb_is_exact_but_for_what_was_written_over(tmp_path: Path, influxd: Influxd) -> None:
    async with on_influxdb(tmp_path, influxd, "verified") as way:
        await way.write(_spread(200))
        await way.write(_spread(200, NOON - HOUR, why=LATE))  # older than what is there, and new
        verdict = await way.verdict()
        assert (verdict["stored"], verdict["distinct"], verdict["tolerance"]) == (400, 400, 0)
        assert (verdict["agrees"], verdict["aged_out"], verdict["undated"]) == (True, 0, 0)
        # one that came twice in a block, and was there, too
        again = readings(*((0, NOON, float(k), GOOD, LATE) for k in range(2)), (1, NOON + SECOND, 1.0, GOOD, LATE))
        await way.write(again)
        verdict = await way.verdict()
        assert (verdict["stored"], verdict["distinct"], verdict["tolerance"]) == (403, 400, 3)
        assert verdict["agrees"] is True
        delete(influxd, "verified", NOON - HOUR, NOON - HOUR, "D0")
        verdict = await way.verdict()
        assert (verdict["missing"], verdict["agrees"]) == (2, False)
        assert verdict["days_off"] == {_stamp(NOON)[:10]: 2}


async def test_a_day_s_tolerance_hides_nothing_of_another_day(tmp_path: Path, influxd: Influxd) -> None:
    async with on_influxdb(tmp_path, influxd, "by-days") as way:
        await way.write(_spread(40, NOON - DAY))
        await way.write(_spread(40))
        await way.write(_spread(40, why=LATE))
        assert (await way.verdict())["agrees"] is True
        delete(influxd, "by-days", NOON - DAY, NOON - DAY, "D0")
        verdict = await way.verdict()
        assert (verdict["tolerance"], verdict["missing"], verdict["agrees"]) == (40, 2, False)


async def test_what_is_much_to_look_up_is_looked_up_by_the_day(
    tmp_path: Path, influxd: Influxd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(influx_flags, "_MANY", 3)
    async with on_influxdb(tmp_path, influxd, "much") as way:
        await way.write(readings(*((k, NOON, 1.0, GOOD, 0) for k in range(20))))
        late = [(k, NOON - hour * HOUR, 1.0, GOOD, LATE) for k in range(20) for hour in (0, 1, 2)]
        await way.write(readings(*late))
        verdict = await way.verdict()
        assert (verdict["stored"], verdict["distinct"]) == (80, 60)
        assert verdict["tolerance"] == 20
        assert verdict["agrees"] is True


async def test_what_aged_out_of_influxdb_is_no_loss_and_hides_none(tmp_path: Path, influxd: Influxd) -> None:
    async with on_influxdb(tmp_path, influxd, "ageing", retention_days=4) as way:
        for day in range(4):
            await way.write(_spread(60, NOON - (2 - day) * DAY))
        assert TODAY // DAY - 4 < way.store.kept_from() <= TODAY // DAY - 2
        # as if the clock had gone on by two days
        way.store.kept_from = lambda: TODAY // DAY - 1  # type: ignore[method-assign]
        for ts in (NOON - 2 * DAY, NOON - 2 * DAY + 29 * SECOND):
            delete(influxd, "ageing", ts, ts, "D0")
        verdict = await way.verdict()
        assert (verdict["stored"], verdict["distinct"], verdict["aged_out"]) == (240, 120, 120)
        assert (verdict["since"], verdict["agrees"]) == (_stamp(NOON)[:10], True)
        delete(influxd, "ageing", NOON, NOON, "D0")
        assert (await way.verdict())["missing"] == 2


@pytest.mark.parametrize("retention_days", [2, 3, 400])
def test_the_first_day_that_influxdb_surely_keeps(influxd: Influxd, retention_days: int) -> None:
    first = InfluxStore(influxd.config(raw=Bucket("any", retention_days * 86_400))).kept_from()
    oldest = time.time_ns() - retention_days * DAY
    assert 0 <= first * DAY - oldest <= DAY + HOUR


async def test_adopted_readings_are_compared_day_by_day_from_then_on(tmp_path: Path, influxd: Influxd) -> None:
    async with on_influxdb(tmp_path, influxd, "adopted") as way:
        await way.write(_spread(60, NOON - DAY))
        await way.write(_spread(60))
        delete(influxd, "adopted", NOON, NOON + 9 * SECOND, "D0")
        assert (await way.verdict())["missing"] == 20
        done = await adopt(way.outbox, way.store.name, way.store)
        assert (done["stored"], done["dropped"]) == (100, 20)
        assert (await way.verdict())["agrees"] is True
        delete(influxd, "adopted", NOON - DAY, NOON - DAY, "D0")
        assert (await way.verdict())["missing"] == 2


async def test_what_was_stored_before_days_were_counted_is_never_a_false_alarm(
    tmp_path: Path, influxd: Influxd
) -> None:
    async with on_influxdb(tmp_path, influxd, "undated") as way:
        await way.write(_spread(60))
        with way.outbox._db.transaction("cursor") as connection:
            connection.execute("DELETE FROM stored_day")
        await way.write(_spread(20, NOON + HOUR))
        verdict = await way.verdict()
        assert (verdict["undated"], verdict["distinct"], verdict["agrees"]) == (60, 80, True)
        delete(influxd, "undated", NOON + HOUR, NOON + HOUR + 9 * SECOND, "D0")
        assert (await way.verdict())["agrees"] is True  # 60 may be of any day
        state, days = way.outbox.stored_days(way.store.name)
        assert state is not None
        assert sum(book.stored for book in days.values()) == 20


async def test_a_reading_that_nobody_booked_is_one_too_many(tmp_path: Path, influxd: Influxd) -> None:
    async with on_influxdb(tmp_path, influxd, "too-many") as way:
        await way.write(_spread(60))
        line = f"loop,device=stranger speed=1,flag=1i {NOON}\n"
        influxd.call("POST", f"/api/v2/write?org={influxd.org}&bucket=too-many&precision=ns", line)
        verdict = await way.verdict()
        assert (verdict["missing"], verdict["agrees"]) == (-1, False)
