"""Folders that older versions left, with work waiting: they open, migrate and go on; newer ones are refused untouched.

tests/cases/old_files/make.py made them with the versions that they are of: 60 messages of three readings are stored in
DuckDB and wait for InfluxDB, one message that nobody could read waits in the inbox, brought back from the dead letters.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from gateway.config.settings import Settings
from gateway.journal.inbox import INBOX_VERSION
from gateway.journal.opening import open_journal
from gateway.journal.outbox import OUTBOX_VERSION
from gateway.journal.pages import user_version
from gateway.journal.sqlite import PAGE_BYTES
from gateway.journal.versions import note_writer
from gateway.runtime.app import Gateway
from gateway.stores.duckdb_tables import VERSION as DUCKDB_VERSION
from tests.support.command import Result, asked
from tests.support.running import eventually, running_gateway, settings_of

CASES = Path(__file__).parent.parent / "cases" / "old_files"
OLD = sorted(path.name.removesuffix(".tar.xz") for path in CASES.glob("*.tar.xz"))
NEWEST = "inbox2-blocks4"
MESSAGES, READINGS = 60, 180
DEAD_PORT = 9


def unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(CASES / f"{name}.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    return folder


def settings_on(folder: Path) -> Settings:
    influx = {"enabled": True, "url": "http://127.0.0.1:9", "org": "o", "token": "t"}
    return settings_of(folder, DEAD_PORT, stores={"duckdb": {"threads": 1}, "influxdb": influx})


def command(folder: Path, *arguments: str) -> Result:
    config = folder.parent / "cityloom.toml"
    config.write_text(f'data_dir = "{folder}"\nmqtt.port = {DEAD_PORT}\nhttp.port = 0\n')
    return asked(*arguments, "-c", str(config))


def content(folder: Path) -> dict[str, bytes]:
    there = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in there}


async def _stored(gateway: Gateway) -> None:
    duck = next(writer for writer in gateway.writers if writer.name == "duckdb")
    await eventually(lambda: duck.state == "writing", "DuckDB is open")
    await eventually(lambda: duck.position == gateway.outbox.last_position, "DuckDB has everything")


def test_there_are_old_files() -> None:
    assert NEWEST in OLD
    assert len(OLD) > 2


@pytest.mark.parametrize("name", OLD)
async def test_an_older_versions_folder_migrates_and_keeps_every_message_that_waits(
    name: str, data_folder: Path
) -> None:
    folder = unpacked(name, data_folder / "city")
    settings = settings_on(folder)
    for _ in range(2):
        async with running_gateway(settings, connected=False) as gateway:
            await eventually(lambda: not gateway.runner.behind, "what waited in the inbox is judged")
            await _stored(gateway)
            ledger = await gateway.desk.ledger()
            blocks = gateway.outbox.blocks_after(gateway.outbox.begin_position, 1 << 40)
            verified = (await gateway.desk.verify())["stores"]["duckdb"]
            there = await gateway.stores[0].distinct_readings()
        assert ledger["balanced"], ledger
        assert ledger["messages"]["received"] == MESSAGES + 2
        assert ledger["messages"]["decoded"] == MESSAGES
        assert ledger["messages"]["rejected"] == 2  # the unreadable one, twice
        assert ledger["stores"]["duckdb"]["stored"] == there == READINGS
        assert ledger["stores"]["influxdb"]["waiting"] == sum(len(result.readings) for _, result in blocks) == READINGS
        assert verified["agrees"], verified
    assert user_version(folder / "inbox.db", PAGE_BYTES) == INBOX_VERSION
    assert user_version(folder / "outbox.db", PAGE_BYTES) == OUTBOX_VERSION


@pytest.mark.parametrize("name", OLD)
def test_commands_read_an_older_versions_folder(name: str, data_folder: Path) -> None:
    folder = unpacked(name, data_folder / "city")
    for arguments in (("ledger",), ("status",), ("dead-letters", "list"), ("read", "made-up-1"), ("journal", "check")):
        done = command(folder, *arguments)
        assert done.code == 0, (arguments, done)


def sqlite_newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def duckdb_newer(path: Path) -> None:
    with duckdb.connect(str(path)) as db:
        db.execute("UPDATE state SET version = ?", [DUCKDB_VERSION + 1])
        db.execute("CREATE TABLE of_a_newer_version (x INTEGER)")


def snapshot_newer(folder: Path) -> None:
    path = next(folder.glob("*.snap"))
    path.write_bytes(b"CLSNAP02" + path.read_bytes()[8:])


OF_ACCESS = {"records.db": (("access", "create", "x", "--role", "viewer"), ("access", "list"), ("audit", "verify"))}
"""Commands that open records.db alone, beside whatever runs."""
NEWER: list[tuple[str, Callable[[Path], None]]] = [
    ("inbox.db", sqlite_newer), ("outbox.db", sqlite_newer), ("records.db", sqlite_newer),
    ("readings.duckdb", duckdb_newer), ("snapshots", snapshot_newer),
]  # fmt: skip


@pytest.mark.parametrize(("part", "make_newer"), NEWER)
def test_a_newer_versions_file_is_refused_by_every_command_and_nothing_is_touched(
    part: str, make_newer: Callable[[Path], None], data_folder: Path
) -> None:
    folder = unpacked(NEWEST, data_folder / "city")
    make_newer(folder / part)
    note_writer(folder, "9.8.7")
    before = content(folder)
    for arguments in (
        ("run",), ("ledger",), ("status",), ("dead-letters", "list"), ("stores", "adopt", "duckdb"),
        ("journal", "check"), ("journal", "salvage"), *OF_ACCESS.get(part, ()),
    ):  # fmt: skip
        done = command(folder, *arguments)
        said = " ".join(done.err.split())
        assert done.code == 2, (arguments, done)
        assert part in said
        assert "was written by CityLoom 9.8.7" in said
        assert "Install that version or a newer one" in said
        assert content(folder) == before, arguments
    checked = command(folder, "check", "--json")
    assert checked.code == 2
    assert "CityLoom 9.8.7" in checked.json["problems"][0]["problem"]
    assert content(folder) == before


KILLED = """\
import os, signal, sys
from pathlib import Path
from gateway.journal.opening import open_journal

left = int(sys.argv[2])

def fault(point):
    global left
    left -= point == "upgrade"
    if point == "upgrade" and left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

open_journal(Path(sys.argv[1]), inbox_quota=1 << 30, outbox_quota=1 << 30, fault=fault)
"""


def test_a_kill_at_any_statement_of_a_migration_is_harmless(tmp_path: Path) -> None:
    survived = False
    for statement in range(20):
        folder = unpacked("inbox1-outbox1-duckdb1", tmp_path / f"{statement}")
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(folder), str(statement)],
            check=False, cwd=Path(__file__).parent.parent.parent, env=os.environ,
        )  # fmt: skip
        survived = killed.returncode == 0
        assert survived or killed.returncode == -signal.SIGKILL
        inbox, outbox, _ = open_journal(folder, inbox_quota=1 << 30, outbox_quota=1 << 30)
        assert inbox.end_offset - outbox.processed_offset == 1
        assert outbox.stored_days("influxdb")[1] == {}
        blocks = outbox.blocks_after(outbox.begin_position, 1 << 40)
        assert sum(len(result.readings) for _, result in blocks) == READINGS
        inbox.close()
        outbox.close()
        if survived:
            assert statement > 5
            break
    assert survived
