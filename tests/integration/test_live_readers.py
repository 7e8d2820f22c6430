"""A thousand readers of live streams, a hundred of them stalled: a web process as it is run, readers in another one.

The short form, some seconds; five minutes on a whole gateway are `cityloom bench live`.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from gateway.access.database import AccessDatabase
from gateway.access.principal import gateway_itself
from gateway.access.roles import Role
from gateway.access.tokens import TokenStore
from gateway.bench.children import Child
from gateway.bench.stand import resident
from tests.support.blocks import T0
from tests.support.command import Process
from tests.support.live_gateway import Town
from tests.support.running import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("live readers"), pytest.mark.timeout(300)]

READERS, STALLED, SECS = 1000, 100, 6
LIGHT, HEAVY = 10, 250
"""Devices that live readers want, and that only stalled ones do."""
GROWTH_MB = 150


@pytest.fixture
def town(data_folder: Path) -> Town:
    """Devices of odd numbers lie in z1, which is what live readers want."""
    return Town(data_folder, count=2 * HEAVY, hub_options={"most_events": 2 * HEAVY, "queue": 5000})


@asynccontextmanager
async def _speaking(town: Town) -> AsyncIterator[None]:
    """Every fifth of a second the light ones say something, and the heavy ones as well."""

    async def speak() -> None:
        while True:
            now = time.time_ns() - T0
            for device in range(2 * HEAVY):
                if device % 2 == 0 or device < 2 * LIGHT:
                    town.note(device, float(device), now)
            town.hub.flush()
            await asyncio.sleep(0.2)

    task = asyncio.get_running_loop().create_task(speak())
    try:
        yield
    finally:
        task.cancel()


async def test_all_get_everything_or_a_gap_in_time_and_memory_is_bounded(town: Town, tmp_path: Path) -> None:
    async with town.open():
        web = Process(tmp_path, "api", "--data-dir", town.folder, "--port", "0")
        try:
            await eventually(lambda: "console and API: http" in web.said, "it serves", 90)
            port = int(re.findall(r"http://127\.0\.0\.1:(\d+)", web.said)[0])
            async with _speaking(town):
                found, growth = await _measured(town, tmp_path, port, web.pid)
        finally:
            web.kill()
    live, stalled = found["readers"], found["stalled"]
    assert (live["count"], stalled["count"], live["ended"], stalled["ended"]) == (READERS - STALLED, STALLED, 0, 0)
    assert live["with_gaps"] == 0, found
    assert live["events_least"] >= LIGHT * SECS, found
    assert stalled["with_gaps"] == STALLED, found
    assert stalled["unaccounted"] == 0, "what a stalled reader did not get is in its gaps"
    assert growth < GROWTH_MB, found
    assert found["latency_ms"]["p50"] < 1000, found
    assert found["latency_ms"]["p99"] < 5000, "on a machine that does other things too"


async def _measured(town: Town, folder: Path, port: int, pid: int) -> tuple[dict[str, Any], float]:
    secret = folder / "token"
    with closing(AccessDatabase(town.folder / "records.db")) as database:
        made = TokenStore(database).create(time.time_ns(), gateway_itself(), "readers", Role.VIEWER)
    secret.write_text(made.text, encoding="ascii")
    words = ["--port", port, "--token-file", secret, "--readers", READERS, "--stalled", STALLED, "--secs", SECS]
    with Child("gateway.bench.live_readers", *words, "--query", "zone=z1", log=folder / "log") as child:
        connected = await asyncio.to_thread(child.line)
        assert connected == {"connected": READERS}
        before = resident(pid)
        most, line = before, await asyncio.to_thread(child.line)
        while "readers" not in line:
            most = max(most, resident(pid))
            line = await asyncio.to_thread(child.line)
    return line, (most - before) / 2**20
