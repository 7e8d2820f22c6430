"""Bytes of a stopped gateway's files are changed: it starts and is right, or it says so, and the healthy part is saved.

The folder is one that a crash left: logs full, calls behind the snapshots, a backlog in the inbox, blocks that wait for
a store that is down. Each message carries readings of its own, so what is stored afterwards can be told one by one.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest

from gateway.clock import SystemClock
from gateway.config.settings import Settings
from gateway.errors import GatewayError, JournalCorrupt
from gateway.journal.outbox import Outbox
from gateway.rows import Row, RowKind
from gateway.runtime.app import Gateway
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.runtime.mending import Mended, check_files, mend_files
from gateway.runtime.offices import file_office
from gateway.stores.base import SeriesId
from tests.support.running import ShiftableClock, eventually, running_gateway, settings_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("damage"), pytest.mark.timeout(300)]

T = TypeVar("T")
DEAD_PORT = 9
HOUR, DAY = 3_600_000_000_000, 86_400_000_000_000
CALLS, MESSAGES = 45, 12
BACKLOG, WAITING = 6, 20
ALL = (CALLS + BACKLOG) * MESSAGES + BACKLOG * (WAITING - MESSAGES)
PER_MESSAGE = 3
STATS = ("count", "good", "min", "max", "mean", "first", "last")


def settings_on(folder: Path) -> Settings:
    influx = {"enabled": True, "url": "http://127.0.0.1:9", "org": "o", "token": "t"}
    return settings_of(
        folder, DEAD_PORT, snapshots={"interval_secs": 1}, stores={"duckdb": {"threads": 1}, "influxdb": influx}
    )


def messages(first: int, count: int, now: int) -> list[Row]:
    """Rows as if brought back from the dead letters; each of a time of its own."""
    out = []
    for n in range(first, first + count):
        body = b'{"ts":%d,"speed":%d.5,"flow":%d,"occ":0.25}' % (now // 1_000_000 - 1_200_000 + n * 997, n % 90, n % 60)
        packed = msgspec.msgpack.encode((now, body))
        topic = f"city/tianhe/traffic/loop/made-up-{n % 7}/reading"
        out.append(Row(0, RowKind.REPLAY, REPLAY_SOURCE, 0, topic, packed))
    return out


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder. Nobody may change it."""
    folder = tmp_path_factory.mktemp("damage")
    asyncio.run(_make(folder))
    yield folder / "crashed"
    shutil.rmtree(folder)


async def _make(folder: Path) -> None:
    sent = 0
    async with running_gateway(settings_on(folder / "live"), connected=False) as gateway:
        now = gateway.clock.now()
        for _ in range(CALLS):
            await gateway.intake.submit(messages(sent, MESSAGES, now))
            sent += MESSAGES
            await eventually(lambda: not gateway.runner.behind, "they are judged")
            await eventually(lambda: gateway.outbox.last_step > 0, "calls are recorded")
            await asyncio.sleep(0.05)  # so that there are two snapshots, and calls behind them
        duck = next(writer for writer in gateway.writers if writer.name == "duckdb")
        await eventually(lambda: duck.position == gateway.outbox.last_position, "DuckDB has everything")
        await eventually(lambda: len(gateway.outbox.snapshots()) > 1, "there are two snapshots")
        await gateway.intake.submit(messages(sent, MESSAGES, now))
        sent += MESSAGES
        await eventually(lambda: not gateway.runner.behind, "they are judged")
        await eventually(lambda: duck.position == gateway.outbox.last_position, "DuckDB has everything")
        while _snapshot_end(gateway) >= gateway.outbox.processed_offset:  # one may come at any moment
            await gateway.intake.submit(messages(sent, MESSAGES, now))
            sent += MESSAGES
            await eventually(lambda: not gateway.runner.behind, "they are judged")
            await eventually(lambda: duck.position == gateway.outbox.last_position, "DuckDB has everything")
            assert sent < ALL - WAITING, "there is always a snapshot of all of it"
        shutil.copytree(folder / "live", folder / "killed", ignore=shutil.ignore_patterns("lock", "control.sock"))
    async with file_office(settings_on(folder / "killed"), SystemClock()) as office:
        while sent < ALL:
            await office.submit(messages(sent, min(WAITING, ALL - sent), now))
            sent += min(WAITING, ALL - sent)
        shutil.copytree(folder / "killed", folder / "crashed", ignore=shutil.ignore_patterns("lock"))


def _snapshot_end(gateway: Gateway) -> int:
    return max(row.end_offset for row in gateway.outbox.snapshots())


def copied(crashed: Path, folder: Path) -> Path:
    shutil.copytree(crashed, folder)
    return folder


async def drained(settings: Settings) -> dict[str, Any]:
    """Start, work on all that waits, stop; gives the ledger with what DuckDB was seen to hold."""
    async with running_gateway(settings, connected=False) as gateway:
        await eventually(lambda: not gateway.runner.behind, "the backlog is judged")
        await eventually(lambda: _at_rest(gateway), "the stores have everything")
        ledger = await gateway.desk.ledger()
        duck = next(writer for writer in gateway.writers if writer.name == "duckdb")
        halted = {writer.name: writer.problem for writer in gateway.writers if writer.state == "halted"}
        held = (await gateway.desk.verify())["stores"].get("duckdb") if duck.state == "writing" else None
        return {**ledger, "halted": halted, "held": held, "blocks": await asyncio.to_thread(_readings, gateway.outbox)}


def _at_rest(gateway: Gateway) -> bool:
    for writer in gateway.writers:
        done = writer.state == "writing" and writer.position == gateway.outbox.last_position
        if writer.name != "influxdb" and not done and writer.state != "halted":
            return False
    return True


def _readings(outbox: Outbox) -> int:
    """Readings that wait for InfluxDB, as they would be read for it."""
    at = next(each.position for each in outbox.stores() if each.name == "influxdb")
    total = 0
    while at < outbox.last_position:
        found = outbox.blocks_after(at, 1 << 30)
        total += sum(len(result.readings) for _, result in found)
        at = found[-1][0]
    return total


def assert_right(found: dict[str, Any], lost: int) -> None:
    """Everything but the told loss is there, once, and the books say so."""
    assert found["balanced"], found["off"]
    assert found["messages"]["received"] == ALL
    assert found["messages"]["decoded"] == ALL - lost
    assert found["messages"]["lost"] == lost
    assert found["readings"]["accepted"] == (ALL - lost) * PER_MESSAGE
    assert found["stores"]["influxdb"]["waiting"] == found["blocks"]
    if found["held"] is not None:
        assert found["held"]["agrees"], found["held"]


def lost_messages(done: Mended) -> int:
    return sum(sum(rows.messages.values()) for rows in done.journal.lost_rows) if done.journal is not None else 0


def damage(path: Path, kind: str, rng: np.random.Generator) -> None:
    data = bytearray(path.read_bytes())
    at = int(rng.integers(len(data)))
    if kind == "flip":
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == "zeros":
        length = int(rng.choice([512, 8_192, 20_000]))
        data[at : at + length] = bytes(len(data[at : at + length]))
    else:
        data = data[:at]
    path.write_bytes(data)


async def test_what_no_one_damaged_is_whole(crashed: Path, data_folder: Path) -> None:
    settings = settings_on(copied(crashed, data_folder / "city"))
    assert check_files(settings) == []
    assert mend_files(settings).aside == []
    assert_right(await drained(settings), 0)


@pytest.mark.parametrize("kind", ["flip", "zeros", "cut"])
@pytest.mark.parametrize("part", ["inbox.db", "outbox.db", "inbox.db-wal", "outbox.db-wal"])
async def test_damage_to_the_journal_is_harmless_or_said_and_the_rest_is_saved(
    part: str, kind: str, crashed: Path, data_folder: Path, rng: np.random.Generator
) -> None:
    folder = copied(crashed, data_folder / "city")
    settings = settings_on(folder)
    if not (folder / part).exists() or not (folder / part).stat().st_size:
        pytest.skip(f"{part} was empty when the gateway was killed")
    damage(folder / part, kind, rng)
    found = [each for each in await asyncio.to_thread(check_files, settings) if each.needed]
    refused = await said(drained(settings))
    if not isinstance(refused, GatewayError):
        assert_right(refused, 0)
        return  # nothing that anybody needs was hit
    assert found, f"the check says nothing, a start says {refused.problem}"
    assert "cityloom journal salvage" in refused.remedy, refused
    done = await said(asyncio.to_thread(mend_files, settings))
    if isinstance(done, GatewayError):
        assert "Too little" in done.problem or "don't tell" in done.problem, done
        return
    assert (Path(done.aside[0]) / part.removesuffix("-wal")).exists()
    after = await drained(settings)
    assert done.journal is not None
    if "inbox.db" in done.journal.newest_unknown:
        # told, but nobody knows how many: the commits that were not hit are there
        assert after["balanced"], after["off"]
        assert after["messages"]["received"] <= ALL
    else:
        assert_right(after, lost_messages(done) + sum(done.journal.entered.values()))
    assert await asyncio.to_thread(check_files, settings) == []


async def said(act: Awaitable[T]) -> T | GatewayError:
    """What came of it, or what it was refused with."""
    try:
        return await act
    except GatewayError as error:
        return error


class Killed(Exception):
    """Stands for a crash."""


@pytest.mark.parametrize("nth", range(6))
async def test_a_salvage_that_is_cut_off_anywhere_is_finished_by_the_next(
    nth: int, crashed: Path, data_folder: Path
) -> None:
    folder = copied(crashed, data_folder / "city")
    settings = settings_on(folder)
    data = bytearray((folder / "inbox.db").read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    (folder / "inbox.db").write_bytes(data)
    left = nth

    def fault(_point: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    with pytest.raises(Killed):
        await asyncio.to_thread(mend_files, settings, fault)
    refused = await said(drained(settings))
    assert isinstance(refused, GatewayError), "nothing may start in the middle of it"
    assert "salvage" in refused.remedy
    done = await asyncio.to_thread(mend_files, settings)
    assert done.finished
    assert done.journal is None
    after = await drained(settings)
    assert after["balanced"], after["off"]
    assert await asyncio.to_thread(check_files, settings) == []


async def test_a_damaged_block_halts_the_store_that_needs_it_and_nobody_else(crashed: Path, data_folder: Path) -> None:
    folder = copied(crashed, data_folder / "city")
    settings = settings_on(folder)
    async with file_office(settings, SystemClock()) as office:
        first, block = office.outbox.blocks_after(office.outbox.begin_position, 1)[0]
    with sqlite3.connect(folder / "outbox.db") as db:
        db.execute("UPDATE block SET body = zeroblob(100) WHERE position = ?", (first,))
    db.close()
    async with running_gateway(settings, connected=False) as gateway:
        await eventually(lambda: not gateway.runner.behind, "the backlog is judged")
        await eventually(lambda: _at_rest(gateway), "DuckDB has everything")
        influx = next(writer for writer in gateway.writers if writer.name == "influxdb")
        taken = await said(asyncio.to_thread(gateway.outbox.blocks_after, influx.position, 100))
        assert isinstance(taken, JournalCorrupt)
    done = await asyncio.to_thread(mend_files, settings)
    assert done.journal is not None
    (lost,) = done.journal.lost_blocks
    assert (lost.position, lost.stores) == (first, ("influxdb",))
    after = await drained(settings)
    assert after["balanced"], after["off"]
    # the first call may have had nothing but the configuration
    assert after["stores"]["influxdb"]["dropped"] == lost.readings == len(block.readings)


async def test_of_when_a_lost_block_was_is_told_to_whoever_asks(crashed: Path, data_folder: Path) -> None:
    settings = settings_on(copied(crashed, data_folder / "city"))
    async with file_office(settings, SystemClock()) as office:
        held = office.outbox.blocks_after(office.outbox.begin_position, 1 << 30)
        # neither the first, for its neighbours are to tell, nor one that a snapshot and the calls behind it give again
        position, block = [each for each in held if len(each[1].readings)][2]
    with sqlite3.connect(settings.data_dir / "outbox.db") as db:
        db.execute("UPDATE block SET body = zeroblob(100) WHERE position = ?", (position,))
    db.close()
    done = await asyncio.to_thread(mend_files, settings)
    assert done.journal is not None
    (lost,) = done.journal.lost_blocks
    ts = block.readings.ts
    assert (lost.position, lost.readings, lost.stores) == (position, len(ts), ("influxdb",))
    assert lost.after <= ts.min() <= ts.max() <= lost.before
    async with file_office(settings, SystemClock()) as office:
        told = office.status()["stores"]["influxdb"]["lost"]
        hours = office.outbox.lost_hours("influxdb")
    assert set((ts // HOUR).tolist()) <= set(hours)
    assert told == {
        "readings": len(ts), "spans": [{"from": lost.after, "to": lost.before, "readings": len(ts)}],
    }  # fmt: skip
    after = await drained(settings)
    assert after["balanced"], after["off"]
    assert after["stores"]["influxdb"]["dropped"] == len(ts)


async def windows_of(settings: Settings) -> dict[tuple[str, str, int, int], tuple[float, ...]]:
    """Every window that DuckDB holds once all have closed and all that was marked is computed again."""
    clock = ShiftableClock()
    async with running_gateway(settings, clock=clock, connected=False) as gateway:
        await eventually(lambda: not gateway.runner.behind, "the backlog is judged")
        await gateway.close_windows(gateway.clock.now() + DAY)
        # an engine is ahead of the outbox while its call is being committed
        inbox, outbox = gateway.inbox, gateway.outbox
        await eventually(lambda: outbox.processed_offset == inbox.end_offset, "the windows have closed")
        await eventually(lambda: _at_rest(gateway), "they are stored")
        clock.ahead = 2 * HOUR
        await eventually(gateway.reviser.finish, "marks are revised")
        series = [SeriesId(name.device, name.quantity) for name in gateway.outbox.series_names(0)]
        out = {}
        for step in (10, 60, 900, 3600):
            found = await gateway.stores[0].read_aggregates(series, step, 0, 1 << 62)
            columns = found.batch.arrays()
            for k in range(len(found.batch)):
                name = found.names[columns["series"][k]]
                figures = tuple(float(columns[stat][k]) for stat in STATS)
                out[*name, step, int(columns["start"][k])] = figures
        return out


async def test_windows_that_lost_rows_of_the_engines_memory_are_computed_again(
    crashed: Path, data_folder: Path
) -> None:
    truth = await windows_of(settings_on(copied(crashed, data_folder / "whole")))
    assert len(truth) > 100
    folder = copied(crashed, data_folder / "city")
    settings = settings_on(folder)
    async with file_office(settings, SystemClock()) as office:
        upto = office.outbox.processed_offset
    with sqlite3.connect(folder / "inbox.db") as db:
        # calls behind the newest snapshot took these; readings of them are stored
        last = db.execute("SELECT max(first_offset) FROM chunk WHERE first_offset < ?", (upto,)).fetchone()[0]
        db.execute("UPDATE chunk SET body = zeroblob(100) WHERE first_offset = ?", (last,))
    db.close()
    done = await asyncio.to_thread(mend_files, settings)
    assert done.journal is not None
    assert not done.journal.exact
    assert not lost_messages(done)
    found = await windows_of(settings)
    assert found == truth


async def test_a_lost_block_is_had_again_bit_for_bit_and_snapshots_stay_as_they_were(
    crashed: Path, data_folder: Path
) -> None:
    folder = copied(crashed, data_folder / "city")
    settings = settings_on(folder)
    async with file_office(settings, SystemClock()) as office:
        last = office.outbox.last_position
    before = {path.name: path.read_bytes() for path in (folder / "snapshots").glob("*.snap")}
    with sqlite3.connect(folder / "outbox.db") as db:
        was = db.execute("SELECT body FROM block WHERE position = ?", (last - 1,)).fetchone()
        db.execute("DELETE FROM block WHERE position = ?", (last - 1,))
    db.close()
    done = await asyncio.to_thread(mend_files, settings)
    assert done.journal is not None
    assert (done.journal.blocks_again, done.journal.lost_blocks, done.journal.exact) == (1, [], True)
    with sqlite3.connect(folder / "outbox.db") as db:
        assert db.execute("SELECT body FROM block WHERE position = ?", (last - 1,)).fetchone() == was
    db.close()
    assert {path.name: path.read_bytes() for path in (folder / "snapshots").glob("*.snap")} == before
    assert_right(await drained(settings), 0)
