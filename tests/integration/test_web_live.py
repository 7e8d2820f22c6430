"""Live streams of the API, from a gateway's hub to a reader's socket: snapshot, changes, resume, rights."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import websockets

from gateway.access.principal import gateway_itself
from gateway.access.roles import Permission, Role
from gateway.api import live
from gateway.config.load import load_settings
from gateway.config.settings import Settings
from gateway.link.feed import Feed
from tests.support.live_gateway import Town, alarm
from tests.support.running import eventually
from tests.support.sse import sse
from tests.support.web import Served, served

PATH = "/api/v1/live"


def _settings(folder: Path, **web: object) -> Settings:
    return load_settings(None, {"data_dir": folder, "http": {"port": 0}, "web": {"live_interval_ms": 20, **web}})


@pytest.fixture
def town(data_folder: Path) -> Town:
    return Town(data_folder, stored={0: 10.0, 1: 11.0}, standing=[alarm(1)])


@asynccontextmanager
async def _up(town: Town, **web: object) -> AsyncIterator[Served]:
    async with town.open(), served(_settings(town.folder, **web)) as api:
        yield api


async def test_a_stream_begins_with_where_everything_stands_and_goes_on_with_ids(town: Town) -> None:
    async with _up(town) as api, api.client() as client, sse(client, PATH) as reader:
        first = await reader.until("ready")
        assert sorted(event.kind for event in first[:-1]) == ["alarm", "latest", "latest"]
        assert [event.id for event in first[:-1]] == ["", "", ""]
        assert (first[-1].data, bool(first[-1].id)) == ({"snapshot": 3}, True)
        town.read(0, 20.0)
        (event,) = await reader.until("latest")
        assert event.data["quantities"]["speed"]["value"] == 20.0
        assert event.id == f"{town.hub.epoch}-{town.hub.newest_id}"
        headers = reader.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["cache-control"], headers.get("content-encoding")) == ("no-store", None)


@pytest.mark.parametrize("restart", ["nothing", "web", "gateway"])
async def test_who_comes_back_goes_on_behind_the_last_event(town: Town, restart: str) -> None:
    """Also when the web process was started anew meanwhile; when the gateway was, behind a gap."""
    settings = _settings(town.folder)
    async with town.open():
        async with served(settings) as api, api.client() as client:
            async with sse(client, PATH) as reader:
                last = (await reader.until("ready"))[-1]
                town.change(alarm(2))
                (last,) = await reader.until("alarm")
            if restart == "nothing":
                town.change(alarm(3))
                async with sse(client, PATH, last.id) as reader:
                    assert [event.data.get("alarm") for event in await reader.until("ready")] == ["a3", None]
                return
        if restart == "web":
            town.change(alarm(3))
            async with served(settings) as api, api.client() as client, sse(client, PATH, last.id) as reader:
                assert [event.data.get("alarm") for event in await reader.until("ready")] == ["a3", None]
            return
    async with town.open(), served(settings) as api, api.client() as client:
        town.change(alarm(3))
        async with sse(client, PATH, last.id) as reader:
            found = await reader.until("ready")
            assert [event.kind for event in found] == ["gap", "alarm", "ready"]
            assert found[0].data == {"lost": None}


async def test_a_stream_outlives_its_gateway(town: Town) -> None:
    async with (
        served(_settings(town.folder)) as api, api.client() as client, town.open(),
        sse(client, PATH, kind="alarm") as reader,
    ):  # fmt: skip
        await reader.until("ready")
        await _restarted(town, api, reader.next)


async def _restarted(town: Town, api: Served, read: object) -> None:
    """The town's own block closes the door of the first run; a second one opens it again."""
    feed: Feed = api.link.feed
    first = feed.epoch
    town.change(alarm(5))
    assert (await read()).data["alarm"] == "a5"  # type: ignore[operator]
    # as a gateway that ends and starts: the socket is bound again by the second run
    async with town.open():
        await feed._door.close()
        await eventually(lambda: feed.epoch not in ("", first), "the second run is met")
        town.change(alarm(6))
        kinds = [(await read()).kind, (await read()).kind]  # type: ignore[operator]
    assert kinds == ["gap", "alarm"]


async def test_strangers_and_those_who_may_not_get_no_stream(town: Town) -> None:
    async with _up(town) as api:
        async with httpx.AsyncClient(base_url=api.url, trust_env=False) as stranger:
            answer = await stranger.get(PATH)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="cityloom"')
        async with api.client(Role.VIEWER, permissions=[Permission.STATUS_READ]) as client:
            assert (await client.get(PATH)).status_code == 403
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with websockets.connect(f"ws://127.0.0.1:{api.port}{PATH}/ws", proxy=None):
                pass
        assert refused.value.response.status_code == 403


async def test_a_token_of_a_zone_sees_its_zone_only(town: Town) -> None:
    async with _up(town) as api, api.client(Role.VIEWER, zones=["z1"]) as client:
        async with sse(client, PATH) as mine, sse(client, PATH, zone="z0") as others:
            first = await mine.until("ready")
            assert {event.data["zone"] for event in first[:-1]} == {"z1"}
            assert [event.kind for event in await others.until("ready")] == ["ready"]
            town.read(0, 1.0)
            town.read(1, 2.0)
            town.change(alarm(8, zone="z0"), alarm(9, zone="z1"))
            (latest,), (of_mine,) = await mine.until("latest"), await mine.until("alarm")
            assert (latest.data["device"], of_mine.data["alarm"]) == ("d1", "a9")
        async with sse(client, PATH, after=f"{town.hub.epoch}-0") as back:
            seen = await back.until("ready")
            assert {event.data["zone"] for event in seen if event.kind not in ("gap", "ready")} == {"z1"}


async def test_alarms_are_for_who_may_see_alarms(town: Town) -> None:
    async with (
        _up(town) as api, api.client(Role.VIEWER, permissions=[Permission.READINGS_READ]) as client,
        sse(client, PATH) as reader,
    ):  # fmt: skip
        assert [event.kind for event in await reader.until("ready")] == ["latest", "latest", "ready"]
        town.change(alarm(2))
        town.read(0, 20.0)
        assert [event.kind for event in await reader.until("latest")] == ["latest"]
        async with sse(client, PATH, after=f"{town.hub.epoch}-0") as back:
            assert "alarm" not in {event.kind for event in await back.until("ready")}
        refused = await client.get(PATH, params={"kind": ["latest", "alarm"]})
        assert (refused.status_code, "alarms.read" in refused.json()["detail"]) == (403, True)
        headers = client.headers["authorization"]
        with pytest.raises(websockets.InvalidStatus):
            async with websockets.connect(
                f"ws://127.0.0.1:{api.port}{PATH}/ws?kind=alarm", additional_headers={"Authorization": headers},
                proxy=None,
            ):  # fmt: skip
                pass


async def test_a_revoked_token_ends_its_streams_and_throttles_nobody(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_CHECK_SECS", 0.05)
    async with _up(town) as api:
        issued = api.issue()
        headers = {"Authorization": f"Bearer {issued.text}"}
        async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=30, trust_env=False) as client:
            streams = [sse(client, PATH, kind="alarm") for _ in range(10)]
            readers = [await stream.__aenter__() for stream in streams]
            for reader in readers:
                await reader.until("ready")
            api.gate.tokens.revoke(time.time_ns(), gateway_itself(), issued.token.id)
            async with asyncio.timeout(10):
                for reader in readers:
                    assert await reader.next() is None
            for stream in streams:
                await stream.__aexit__(None, None, None)
            assert (await client.get(PATH)).status_code == 401
        assert api.gate.throttle.wait(time.time_ns(), "127.0.0.1") == 0
        async with api.client() as client, sse(client, PATH) as reader:
            await reader.until("ready")


def test_a_silent_stream_is_looked_at_often_enough() -> None:
    assert live._CHECK_SECS <= 10 < live._PING_SECS


async def test_no_more_readers_than_are_configured(town: Town) -> None:
    async with _up(town, max_live_readers=2) as api, api.client() as client:
        async with sse(client, PATH) as one, sse(client, PATH) as two:
            await one.until("ready")
            await two.until("ready")
            refused = await client.get(PATH)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
            assert refused.json()["type"] == "urn:cityloom:problem:too-many"
        await eventually(lambda: api.link.feed.readers == 0, "both have gone")
        async with sse(client, PATH) as reader:
            await reader.until("ready")


async def test_the_same_over_websocket(town: Town) -> None:
    async with _up(town) as api:
        headers = {"Authorization": f"Bearer {api.token()}"}
        url = f"ws://127.0.0.1:{api.port}{PATH}/ws?kind=alarm"
        async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
            first = msgspec.json.decode(await socket.recv())
            assert [(each["event"], each["id"], each["data"]["alarm"]) for each in first] == [("alarm", None, "a1")]
            (ready,) = msgspec.json.decode(await socket.recv())
            assert (ready["event"], ready["data"]) == ("ready", {"snapshot": 1})
            town.change(alarm(2))
            (event,) = msgspec.json.decode(await socket.recv())
            assert event["data"]["alarm"] == "a2"
        await eventually(lambda: api.link.feed.readers == 0, "it has gone")
        async with websockets.connect(f"{url}&after={ready['id']}", additional_headers=headers, proxy=None) as socket:
            (missed,) = msgspec.json.decode(await socket.recv())
            assert missed["id"] == event["id"]


async def test_a_reader_over_websocket_may_talk_and_its_end_is_noticed_at_once(town: Town) -> None:
    """What nobody takes would stop what is behind it: pongs, without which the connection is cut, and the end."""
    async with _up(town) as api:
        headers = {"Authorization": f"Bearer {api.token()}"}
        url = f"ws://127.0.0.1:{api.port}{PATH}/ws?kind=alarm"
        async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
            for message in ("are you there?", b"\x00", "and now?"):
                await socket.send(message)
            await (await socket.ping())
            town.change(alarm(2))
            while b"a2" not in await socket.recv(decode=False):
                pass
            assert api.link.feed.readers == 1
        async with asyncio.timeout(live._PING_SECS / 2):
            await eventually(lambda: api.link.feed.readers == 0, "it has gone")


async def test_what_is_wrong_is_said(town: Town) -> None:
    async with _up(town) as api, api.client() as client:
        for wrong in ("kind=gap2", "priority=9", "priority=x"):
            answer = await client.get(f"{PATH}?{wrong}")
            assert (answer.status_code, answer.json()["type"]) == (422, "urn:cityloom:problem:wrong-values")
        assert (await client.head(PATH)).status_code == 405
        assert (await client.options(PATH)).headers["allow"] == "GET"
        async with httpx.AsyncClient(base_url=api.url, trust_env=False) as anybody:
            assert (await anybody.head("/health/live")).status_code == 200
