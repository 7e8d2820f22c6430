"""One part of a data folder deleted, replaced or put back from an older copy: that part stops and says what to do.

Nothing starts again from 0 beside what is there, no wrong row is written, and where a store may be adopted the ledger
balances afterwards.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from gateway.cli.main import main
from gateway.config.settings import Settings
from gateway.rows import Row, RowKind
from gateway.runtime.app import Gateway
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.runtime.writer import StoreWriter
from tests.support.influxd import Influxd, influxd
from tests.support.running import eventually, running_gateway, settings_of

__all__ = ["influxd"]

DEAD_PORT = 9
MINUTE = 60_000


def _settings(folder: Path, **sections: Any) -> Settings:
    """A gateway whose broker never answers: what it works on comes through the control door's way in."""
    return settings_of(folder, DEAD_PORT, **sections)


async def _submit(gateway: Gateway, messages: int) -> None:
    """Messages of three readings each and one that can't be read, as if they came back from the dead letters."""
    now = gateway.clock.now()
    start = now // 1_000_000 - 20 * MINUTE
    rows = []
    for k in range(messages):
        body = b'{"ts":%d,"speed":%d.5,"flow":%d,"occ":0.25}' % (
            start + gateway.inbox.end_offset * 997 + k,
            k % 90,
            k % 60,
        )
        topic = f"city/tianhe/traffic/loop/made-up-{k % 3}/reading"
        rows.append((topic, body))
    rows.append(("city/tianhe/traffic/loop/made-up-0/reading", b"{"))
    packed = [
        Row(0, RowKind.REPLAY, REPLAY_SOURCE, 0, topic, msgspec.msgpack.encode((now, body))) for topic, body in rows
    ]
    await gateway.intake.submit(packed)
    await eventually(lambda: not gateway.runner.behind, "the engine has them")


async def _run(settings: Settings, messages: int) -> dict[str, Any]:
    """Run, take some messages, store them, stop; gives the ledger."""
    async with running_gateway(settings, connected=False) as gateway:
        await _submit(gateway, messages)
        ledger = await _at_rest(gateway, [writer.name for writer in gateway.writers])
    assert ledger["balanced"], ledger
    return ledger


async def _at_rest(gateway: Gateway, names: Sequence[str]) -> dict[str, Any]:
    """Wait until what was submitted is judged and these stores have it; gives the ledger."""
    ledger: dict[str, Any] = {}

    async def done() -> bool:
        nonlocal ledger
        ledger = await gateway.desk.ledger()  # taken between two calls: nothing is under way
        writers = [writer for writer in gateway.writers if writer.name in names]
        stored = all(writer.position == gateway.outbox.last_position for writer in writers)
        return stored and not ledger["messages"]["waiting"]

    await eventually(done, f"{', '.join(names)} have everything")
    return ledger


def _writer(gateway: Gateway, name: str) -> StoreWriter:
    return next(writer for writer in gateway.writers if writer.name == name)


async def _halts(settings: Settings, name: str, *, messages: int = 5) -> tuple[str, str]:
    """Start: store `name` halts, everything else goes on. Gives its sentence and remedy."""
    async with running_gateway(settings, connected=False) as gateway:
        writer = _writer(gateway, name)
        await eventually(lambda: writer.state == "halted", f"{name} halts")
        await _submit(gateway, messages)
        await _at_rest(gateway, [each.name for each in gateway.writers if each is not writer])
        status = await gateway.desk.status()
        assert status["ledger"]["balanced"]
        assert (status["stores"] | {"records": status["records"]})[name]["state"] == "halted"
        return writer.problem, writer.remedy


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
        return
    for each in path.parent.glob(path.name + "*"):
        each.unlink()


def _stored(path: Path) -> int:
    """Readings in a DuckDB file."""
    with duckdb.connect(str(path)) as db:
        tables = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        counts = [db.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables if "readings" in name]
    return sum(row[0] for row in counts if row is not None)


async def _cityloom(*arguments: str) -> int:
    """The command, in a thread, as it would end a process."""
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, arguments)
    return int(ended.value.code or 0)


def _command(settings: Settings, *arguments: str) -> list[str]:
    config = settings.data_dir.parent / f"{settings.data_dir.name}.toml"
    config.write_text(f'data_dir = "{settings.data_dir}"\nmqtt.port = {DEAD_PORT}\nhttp.port = 0\n')
    return [*arguments, "-c", str(config)]


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db", "snapshots"])
async def test_a_part_of_the_journal_that_was_deleted_stops_the_gateway(
    data_folder: Path, part: str, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = _settings(data_folder / "city")
    await _run(settings, 20)
    _delete(settings.data_dir / part)
    for command in ("run", "ledger", "status"):
        assert await _cityloom(*_command(settings, command)) == 2
        error = " ".join(capfd.readouterr().err.split())
        assert part in error
        assert "Restore" in error or "Put back" in error or "No more" in error, error
        assert "Traceback" not in error
    assert not (settings.data_dir / part).exists(), "it must not be made anew"
    assert _stored(settings.data_dir / "readings.duckdb") == 60


@pytest.mark.parametrize("name", ["duckdb", "records"])
async def test_a_store_that_was_deleted_stops_and_may_be_adopted(
    data_folder: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = _settings(data_folder / "city")
    await _run(settings, 20)
    file = settings.data_dir / ("readings.duckdb" if name == "duckdb" else "records.db")
    _delete(file)
    problem, remedy = await _halts(settings, name)
    assert "deleted or replaced" in problem
    assert f"cityloom stores adopt {name}" in remedy
    if name == "duckdb":
        assert _stored(file) == 0, "nothing is written into a store that isn't ours"
    capfd.readouterr()
    assert await _cityloom(*_command(settings, "status", "--json")) == 0
    status = msgspec.json.decode(capfd.readouterr().out.splitlines()[-1])
    shown = status["records"] if name == "records" else status["stores"][name]
    assert shown["state"] == "halted"
    assert await _cityloom(*_command(settings, "stores", "adopt", name)) == 0
    capfd.readouterr()
    assert await _cityloom(*_command(settings, "ledger", "--json")) == 0
    ledger = msgspec.json.decode(capfd.readouterr().out.splitlines()[-1])
    assert ledger["balanced"]
    if name == "duckdb":
        assert ledger["stores"]["duckdb"] == {"stored": 0, "refused": 0, "dropped": 60, "waiting": 15}
    await _run(settings, 7)
    async with running_gateway(settings, connected=False) as gateway:
        await eventually(lambda: _writer(gateway, name).state == "writing", "it writes again")
        assert (await gateway.desk.verify())["agrees"]
        letters = (await gateway.desk.dead_letters())["dead_letters"]
        assert len(letters) == (3 if name == "duckdb" else 2), "those since the deletion, or all"
        if name == "duckdb":
            assert gateway.outbox.cursor("duckdb").stored == 15 + 21  # type: ignore[union-attr]


async def test_an_older_copy_of_a_store_stops_and_may_be_adopted(data_folder: Path) -> None:
    settings = _settings(data_folder / "city")
    await _run(settings, 20)
    file = settings.data_dir / "readings.duckdb"
    shutil.copy(file, data_folder / "older")
    await _run(settings, 10)
    shutil.copy(data_folder / "older", file)
    problem, _ = await _halts(settings, "duckdb")
    assert "an older copy was put in its place" in problem
    assert _stored(file) == 60
    assert await _cityloom(*_command(settings, "stores", "adopt", "duckdb")) == 0
    await _run(settings, 7)
    async with running_gateway(settings, connected=False) as gateway:
        await eventually(lambda: _writer(gateway, "duckdb").state == "writing", "it writes again")
        terms = (await gateway.desk.ledger())["stores"]["duckdb"]
        assert terms == {"stored": 60 + 15 + 21, "refused": 0, "dropped": 30, "waiting": 0}
        assert (await gateway.desk.verify())["agrees"]


async def test_a_data_folder_older_than_its_store_writes_nothing(data_folder: Path) -> None:
    settings = _settings(data_folder / "city")
    await _run(settings, 20)
    shutil.copytree(settings.data_dir, data_folder / "older")
    await _run(settings, 50)
    newest = settings.data_dir / "readings.duckdb"
    newest.rename(data_folder / "newest")
    shutil.rmtree(settings.data_dir)
    shutil.copytree(data_folder / "older", settings.data_dir)
    shutil.copy(data_folder / "newest", newest)
    for _ in range(2):  # a second start must not take it for its own because it has come as far by then
        problem, remedy = await _halts(settings, "duckdb", messages=30)
        assert "older copy" in problem
        assert "newest data folder" in remedy
        assert _stored(newest) == 210
    assert await _cityloom(*_command(settings, "stores", "adopt", "duckdb")) == 1


def _swap(part: str) -> Callable[[Path, Path], None]:
    def swap(city: Path, other: Path) -> None:
        _delete(city / part)
        for each in other.glob(part + "*"):
            (shutil.copytree if each.is_dir() else shutil.copy)(each, city / each.name)

    return swap


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db", "snapshots", "readings.duckdb", "records.db"])
async def test_parts_of_two_folders_mixed_up_are_noticed(
    data_folder: Path, part: str, capfd: pytest.CaptureFixture[str]
) -> None:
    # the store goes on beside records that are not ours, and not at all under a journal that isn't
    stored = {"readings.duckdb": 90, "records.db": 75}.get(part, 60)
    city, other = _settings(data_folder / "city"), _settings(data_folder / "other")
    await _run(city, 20)
    await _run(other, 30)
    _swap(part)(city.data_dir, other.data_dir)
    if part in ("readings.duckdb", "records.db"):
        problem, _ = await _halts(city, "duckdb" if part == "readings.duckdb" else "records")
        assert "another journal" in problem
        assert await _cityloom(*_command(city, "stores", "adopt", "duckdb" if "duckdb" in part else "records")) == 1
        assert "another journal" in capfd.readouterr().err
    else:
        assert await _cityloom(*_command(city, "run")) == 2
        error = " ".join(capfd.readouterr().err.split())
        assert "journal" in error
        assert "Traceback" not in error
    assert _stored(city.data_dir / "readings.duckdb") == stored


@pytest.mark.parametrize("which", ["raw_bucket", "fine_bucket", "coarse_bucket"])
async def test_an_influxdb_bucket_that_was_deleted_stops_that_store(
    data_folder: Path, which: str, request: pytest.FixtureRequest
) -> None:
    server: Influxd = request.getfixturevalue("influxd")
    buckets = {name: f"{name}-{which}" for name in ("raw_bucket", "fine_bucket", "coarse_bucket")}
    influx = {"enabled": True, "url": server.url, "org": server.org, "token": server.token, **buckets}
    settings = _settings(data_folder / "city", stores={"influxdb": influx})
    before = (await _run(settings, 20))["stores"]["influxdb"]
    assert before["stored"] == 60
    found = server.call("GET", f"/api/v2/buckets?name={buckets[which]}")["buckets"]
    assert isinstance(found, list)
    server.call("DELETE", f"/api/v2/buckets/{found[0]['id']}")
    problem, remedy = await _halts(settings, "influxdb")
    assert remedy
    if which != "coarse_bucket":
        assert buckets[which] in problem
        return
    config = ["-c", _influx_config(settings, influx)]
    assert await _cityloom("stores", "adopt", "influxdb", *config) == 0
    async with running_gateway(settings, connected=False) as gateway:
        await eventually(lambda: _writer(gateway, "influxdb").position == gateway.outbox.last_position, "it goes on")
        assert (await gateway.desk.ledger())["balanced"]


def _influx_config(settings: Settings, influx: dict[str, Any]) -> str:
    config = settings.data_dir.parent / "influx.toml"
    lines = [f'data_dir = "{settings.data_dir}"', f"mqtt.port = {DEAD_PORT}", "http.port = 0", "[stores.influxdb]"]
    lines += [
        f"{key} = {'true' if value is True else msgspec.json.encode(value).decode()}" for key, value in influx.items()
    ]
    config.write_text("\n".join(lines) + "\n")
    return str(config)
