"""The live door: one long answer, what changes it, and how it ends."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.live.events import Kind
from gateway.runtime import live_door
from gateway.runtime.wire import SOCKET_NAME
from tests.support.live_gateway import Town, alarm
from tests.support.running import eventually


def _client(town: Town) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(town.folder / SOCKET_NAME))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=20)


class Stream:
    """Lines of an open stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next line."""
        found: dict[str, Any] = json.loads(await anext(self._lines))
        return found

    async def events(self, count: int) -> list[dict[str, Any]]:
        """So many events; marks are passed over."""
        out: list[dict[str, Any]] = []
        while len(out) < count:
            line = await self.next()
            out += [line] if "id" in line else []
        return out

    async def rest(self) -> list[str]:
        """Until it ends."""
        return [line async for line in self._lines]


@pytest.fixture
def town(data_folder: Path) -> Town:
    return Town(data_folder)


async def test_a_stream_begins_with_where_it_is_and_marks_what_was_all(town: Town) -> None:
    async with town.open() as hub, _client(town) as client, client.stream("POST", "/live", json={}) as answer:
        stream = Stream(answer)
        assert await stream.next() == {"epoch": "run1", "newest_id": 0, "configuration": 0, "stream": 1}
        assert await stream.next() == {"newest_id": 0, "configuration": 0}
        town.change(alarm(1))
        event = await stream.next()
        assert (event["id"], event["kind"], event["zone"], event["data"]["alarm"]) == (1, "alarm", "z0", "a1")
        assert await stream.next() == {"newest_id": 1, "configuration": 0}
        assert hub.subscribers == 1
    assert hub.subscribers == 0


async def test_what_a_stream_brings_is_changed_while_it_runs(town: Town) -> None:
    async with town.open() as hub, _client(town) as client:
        async with client.stream("POST", "/live", json={"kinds": ["alarm"]}) as answer:
            stream = Stream(answer)
            number = (await stream.next())["stream"]
            town.read(0, 1.0)
            town.change(alarm(1))
            changed = (await client.post("/live/interest", json={"stream": number, "kinds": []})).json()
            town.read(0, 2.0)
            town.change(alarm(2))
            kinds = [event["kind"] for event in await stream.events(4)]
            assert kinds == ["alarm", "gap", "latest", "alarm"], "the gap: readings went by while nobody listened"
            assert changed == {"newest_id": 2}
            await client.post("/live/interest", json={"stream": number, "kinds": ["alarm"]})
            assert not hub._listened
            town.read(0, 3.0)
            town.change(alarm(3))
            assert [event["kind"] for event in await stream.events(1)] == ["alarm"]
        gone = await client.post("/live/interest", json={"stream": number})
        assert (gone.status_code, gone.json()["problem"]) == (409, f"There is no stream {number}.")


async def test_who_comes_back_goes_on_and_gets_more_than_a_queue(town: Town) -> None:
    town.hub_options = {"queue": 10, "history": 100}
    async with town.open(), _client(town) as client:
        for k in range(1, 61):
            town.change(alarm(k))
        async with client.stream("POST", "/live", json={"epoch": "run1", "seen": 20}) as answer:
            stream = Stream(answer)
            await stream.next()
            assert [event["id"] for event in await stream.events(40)] == list(range(21, 61))


async def test_silence_is_broken_by_marks(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_door, "LIVE_PING_SECS", 0.01, raising=False)
    monkeypatch.setattr(live_door, "PING_SECS", 0.01, raising=False)
    async with town.open(), _client(town) as client, client.stream("POST", "/live", json={}) as answer:
        stream = Stream(answer)
        await stream.next()
        assert [await stream.next() for _ in range(3)] == 3 * [{"newest_id": 0, "configuration": 0}]


async def test_streams_end_when_the_door_closes(town: Town) -> None:
    async with _client(town) as client:
        async with town.open() as hub:
            request = client.build_request("POST", "/live", json={})
            answer = await client.send(request, stream=True)
            stream = Stream(answer)
            await stream.next()
            await eventually(lambda: hub.subscribers == 1, "it listens")
            town.change(alarm(1))
        assert [json.loads(line).get("id") for line in await stream.rest()][-2:] == [1, None]
        await answer.aclose()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/live", b"["), ("/live", b'{"kinds": ["nonsense"]}'), ("/live", b'{"x": 1}'), ("/live/interest", b""),
        ("/live/interest", b'{"kinds": []}'), ("/live/interest", b'{"stream": "x"}'),
    ],
)  # fmt: skip
async def test_what_is_no_question_is_refused(town: Town, path: str, body: bytes) -> None:
    async with town.open(), _client(town) as client:
        answer = await client.post(path, content=body)
    assert answer.status_code == 400
    assert answer.json()["problem"].startswith(path[1:])


def test_kinds_are_those_of_events() -> None:
    assert {str(kind) for kind in Kind} == {"latest", "aggregate", "alarm", "gap"}
