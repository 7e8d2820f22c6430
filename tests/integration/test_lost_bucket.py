"""InfluxDB's bucket deleted, or its token, under a running gateway: said with the remedy; done, and it goes on."""

from pathlib import Path
from typing import Any

import pytest

from gateway.runtime.app import Gateway
from gateway.telemetry.store_events import StoreHaltedError
from tests.integration.test_full_stores import DEAD_PORT, _store, _submit, _until_stored
from tests.support.influxd import Influxd, influxd
from tests.support.running import RecordingTelemetry, eventually, running_gateway, settings_of

__all__ = ["influxd"]


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runtime.writer._HALT_RETRY_SECS", 0.3)


def _settings(folder: Path, server: Influxd, name: str, **more: Any) -> Any:
    buckets = {f"{kind}_bucket": f"{name}-{kind}" for kind in ("raw", "fine", "coarse")}
    options = {"enabled": True, "url": server.url, "org": server.org, "token": server.token, **buckets, **more}
    return settings_of(folder, DEAD_PORT, stores={"influxdb": options})


async def _halted(gateway: Gateway, words: str) -> dict[str, Any]:
    async def halted() -> bool:
        store = await _store(gateway, "influxdb")
        return bool(store["state"] == "halted" and words in store["problem"])

    await eventually(halted, f"it halts: {words}")
    return await _store(gateway, "influxdb")


async def test_a_bucket_that_is_gone_is_named_and_made_again_by_hand_it_goes_on(
    influxd: Influxd, data_folder: Path
) -> None:
    telemetry = RecordingTelemetry()
    async with running_gateway(_settings(data_folder, influxd, "gone"), telemetry, connected=False) as gateway:
        await _submit(gateway, 500)
        await _until_stored(gateway, "influxdb")
        [bucket] = influxd.call("GET", "/api/v2/buckets?name=gone-raw")["buckets"]
        influxd.call("DELETE", f"/api/v2/buckets/{bucket['id']}")
        await _submit(gateway, 500)
        gone = await _halted(gateway, "Bucket 'gone-raw' is gone")
        assert "make an empty one by hand" in gone["remedy"]
        await _until_stored(gateway, "duckdb")
        influxd.call("POST", "/api/v2/buckets", {"name": "gone-raw", "orgID": bucket["orgID"], "retentionRules": []})
        await _until_stored(gateway, "influxdb")
        # the books know what the bucket took with it
        verdict = (await gateway.desk.verify())["stores"]["influxdb"]
        assert (verdict["stored"], verdict["distinct"], verdict["missing"]) == (3_000, 1_500, 1_500)
    assert {"Create bucket 'gone-raw'" in event.remedy for event in telemetry.of(StoreHaltedError)} == {True, False}


async def test_a_wrong_token_is_said_and_nobody_else_waits(influxd: Influxd, data_folder: Path) -> None:
    settings = _settings(data_folder, influxd, "token", token="wrong")
    async with running_gateway(settings, connected=False) as gateway:
        await _submit(gateway, 500)
        halted = await _halted(gateway, "401")
        assert "token" in halted["remedy"]
        assert "wrong" not in str(halted)
        await _until_stored(gateway, "duckdb")
