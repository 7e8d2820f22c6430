"""Live events through the client: a cut is mended, and what is lost is told."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from gateway.access.principal import gateway_itself
from gateway.api import live
from gateway.client import AsyncClient, LiveEvent, NoAccess, Unreachable
from gateway.config.load import load_settings
from gateway.runtime.ports import free_ports
from tests.support.live_gateway import Town, alarm
from tests.support.running import eventually
from tests.support.web import served


@pytest.fixture
def town(data_folder: Path) -> Town:
    return Town(data_folder, stored={0: 10.0}, standing=[alarm(1)])


def _settings(folder: Path) -> Any:
    return load_settings(None, {"data_dir": folder, "http": {"port": 0}, "web": {"live_interval_ms": 20}})


async def _next(events: AsyncIterator[LiveEvent], kind: str) -> LiveEvent:
    async with asyncio.timeout(30):
        async for event in events:
            if event.kind == kind:
                return event
    raise AssertionError(kind)


async def test_a_web_process_may_come_and_go(town: Town) -> None:
    (port,) = free_ports(1)
    async with town.open():
        async with served(_settings(town.folder), port) as api:
            token = api.token()
            client = AsyncClient(api.url, token)
            events = client.live(kind=["alarm"])
            assert (await _next(events, "alarm")).data["alarm"] == "a1"
            assert (await _next(events, "ready")).data == {"snapshot": 1}
            town.change(alarm(2))
            assert (await _next(events, "alarm")).data["alarm"] == "a2"
        town.change(alarm(3))
        async with served(_settings(town.folder), port):
            town.change(alarm(4))
            seen = [await anext(events), await anext(events)]
            assert [(event.kind, event.data["alarm"]) for event in seen] == [("alarm", "a3"), ("alarm", "a4")]
            await events.aclose()
            await client.close()


async def test_a_gateway_that_starts_anew_is_a_gap(town: Town) -> None:
    async with (
        served(_settings(town.folder)) as api, AsyncClient(api.url, api.token()) as client,
        aclosing(client.live(kind=["alarm"])) as events,
    ):  # fmt: skip
        async with town.open():
            await _next(events, "ready")
        async with town.open():
            await eventually(lambda: api.link.feed.epoch == "run2", "it is met")
            town.change(alarm(9))
            lost = await anext(events)
            assert (lost.kind, lost.lost) == ("gap", None)
            assert (await anext(events)).data["alarm"] == "a9"


async def test_a_revoked_token_ends_it_with_its_reason(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_CHECK_SECS", 0.05)
    async with town.open(), served(_settings(town.folder)) as api:
        issued = api.issue()
        async with AsyncClient(api.url, issued.text) as client, aclosing(client.live()) as events:
            await _next(events, "ready")
            api.gate.tokens.revoke(time.time_ns(), gateway_itself(), issued.token.id)
            with pytest.raises(NoAccess):
                await _next(events, "never")


async def test_nobody_there_is_told_in_the_end() -> None:
    async with AsyncClient(f"http://127.0.0.1:{free_ports(1)[0]}", "t") as client:
        with pytest.raises(Unreachable):
            await _next(client.live(retries=1), "ready")
