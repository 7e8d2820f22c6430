"""A store's disk is full: that store alone stands, says so, and goes on by itself once there is room."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.rows import Row, RowKind
from gateway.runtime.app import Gateway
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.telemetry.store_events import StoreHaltedError, StoreRecovered
from tests.support.influxd import Influxd
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of
from tests.support.small_disk import small_disk

DEAD_PORT = 9
MINUTE = 60_000


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runtime.writer._HALT_RETRY_SECS", 0.3)


async def _submit(gateway: Gateway, messages: int) -> None:
    """Messages of three readings each, as if they came back from the dead letters."""
    now = gateway.clock.now()
    start = now // 1_000_000 - 90 * MINUTE + gateway.inbox.end_offset * 20
    rows = [
        Row(0, RowKind.REPLAY, REPLAY_SOURCE, 0, f"city/tianhe/traffic/loop/made-up-{k % 30}/reading",
            msgspec.msgpack.encode((now, b'{"ts":%d,"speed":%d.5,"flow":%d,"occ":0.25}' % (start + k, k % 90, k % 60))))
        for k in range(messages)
    ]  # fmt: skip
    await gateway.intake.submit(rows)
    await eventually(lambda: not gateway.runner.behind, "the engine has them")


async def _store(gateway: Gateway, name: str) -> dict[str, Any]:
    found: dict[str, Any] = (await gateway.desk.status())["stores"][name]
    return found


async def _until_in_trouble(gateway: Gateway, name: str) -> dict[str, Any]:
    """Send until the store no longer takes it."""

    async def stands() -> bool:
        await _submit(gateway, 2_000)
        return (await _store(gateway, name))["state"] in {"halted", "retrying"}

    await eventually(stands, f"{name} finds no room", 60)
    return await _store(gateway, name)


async def _until_stored(gateway: Gateway, name: str) -> None:
    try:
        await eventually(lambda: _at_rest(gateway, name), f"{name} has everything", 40)
    except AssertionError as error:
        raise AssertionError(f"{error}: {await _store(gateway, name)}") from None


async def _until_asked_for_a_restart_or_stored(gateway: Gateway, name: str) -> None:
    async def either() -> bool:
        return await _at_rest(gateway, name) or "then restart InfluxDB" in (await _store(gateway, name))["remedy"]

    await eventually(either, "it goes on, or says what to do", 60)


async def _at_rest(gateway: Gateway, name: str) -> bool:
    store = await _store(gateway, name)
    return store["state"] == "writing" and not store["behind"]


async def test_duckdb_on_a_full_disk_goes_on_when_there_is_room(tmp_path: Path, data_folder: Path) -> None:
    telemetry = RecordingTelemetry()
    with small_disk(tmp_path / "small", 32) as disk:
        settings = settings_of(data_folder, DEAD_PORT, stores={"duckdb": {"path": disk.path / "readings.duckdb"}})
        async with running_gateway(settings, telemetry, connected=False) as gateway:
            await _submit(gateway, 500)
            await _until_stored(gateway, "duckdb")
            disk.fill(but=200_000)
            for _ in range(2):  # a second time it is no other trouble
                stands = await _until_in_trouble(gateway, "duckdb")
                assert "no room on the disk" in stands["problem"], stands
                assert "Make room" in stands["remedy"]
                disk.free()
                await _until_stored(gateway, "duckdb")
                disk.fill(but=200_000)
            verdict = await gateway.desk.verify()
            assert verdict["agrees"], verdict
            ledger = await gateway.desk.ledger()
            assert ledger["balanced"]
            assert ledger["stores"]["duckdb"]["stored"] == ledger["readings"]["accepted"] > 6_000
    assert telemetry.of(StoreHaltedError)
    assert len(telemetry.of(StoreRecovered)) >= 2


async def test_influxdb_on_a_full_disk_holds_nobody_up_and_goes_on_when_there_is_room(
    tmp_path: Path, data_folder: Path
) -> None:
    with small_disk(tmp_path / "small", 48) as disk:
        server = Influxd(disk.path)
        server.start()
        try:
            influxdb = {"enabled": True, "url": server.url, "org": server.org, "token": server.token}
            settings = settings_of(data_folder, DEAD_PORT, stores={"influxdb": {**influxdb, "timeout_secs": 5}})
            async with running_gateway(settings, connected=False) as gateway:
                await _submit(gateway, 500)
                await _until_stored(gateway, "influxdb")
                disk.fill(but=50_000)
                stands = await _until_in_trouble(gateway, "influxdb")
                assert "no space left" in stands["problem"], stands
                assert "Make room on the disk of the InfluxDB server" in stands["remedy"]
                await _until_stored(gateway, "duckdb")
                disk.free()
                await _until_asked_for_a_restart_or_stored(gateway, "influxdb")
                if (await _store(gateway, "influxdb"))["behind"]:
                    await asyncio.to_thread(server.stop)
                    await asyncio.to_thread(server.start)
                await _until_stored(gateway, "influxdb")
                verdict = await gateway.desk.verify()
                assert verdict["agrees"], verdict
                ledger = await gateway.desk.ledger()
                for name in ("duckdb", "influxdb"):
                    assert ledger["stores"][name]["stored"] == ledger["readings"]["accepted"]
        finally:
            server.stop()
