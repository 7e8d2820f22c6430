"""The control socket: its name fits into a socket's address; what is asked of it fits what an act takes."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from starlette.types import Message, Scope

from gateway.runtime.control import desk_app
from gateway.runtime.desk import Desk
from gateway.runtime.office import Office
from gateway.runtime.wire import SOCKET_NAME, socket_path


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_server_and_a_client_meet_at_any_depth(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["d" * 60] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with socket_path(folder) as path:
            server.bind(path)
        server.listen()
        with socket_path(folder) as path:
            client.connect(path)
            assert len(os.fsencode(path)) <= 104  # macOS takes no more
    assert (folder / SOCKET_NAME).is_socket()


def test_nothing_is_left_of_a_short_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = tmp_path / "t"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    with socket_path(tmp_path / ("d" * 120)) as path:
        assert path.startswith(str(short))
    assert not list(short.iterdir())


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("dead_letters", b'{"limit":"many"}'), ("dead_letters", b'{"limit":9223372036854775808}'), ("alarms",
        b'{"zone":3}'),
        ("read", b'{"device":"l1","last":1e308}'), ("retry_notifications", b'{"ids":1}'), ("series",
        b'{"pattern":"\xff"}'),
        ("read", b"{}"), ("status", b'{"x":1}'), ("status", b"["), ("status", b"[]"),
    ],
)  # fmt: skip
async def test_arguments_that_an_act_does_not_take_are_refused_by_a_sentence(act: str, body: bytes) -> None:
    desk = Desk(cast(Office, object()))  # nobody asks it: the arguments are read first
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk_app(desk)), base_url="http://door") as client:
        answer = await client.post(f"/{act}", content=body)
    assert answer.status_code == 400
    assert answer.json()["problem"].startswith(f"{act}: ")
    assert answer.json()["problem"].isprintable()


async def test_who_ends_in_the_midst_of_a_question_is_no_error_of_ours() -> None:
    sent: list[Message] = []
    said: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"},
    ]  # fmt: skip

    async def receive() -> Message:
        return said.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http", "method": "POST", "path": "/status", "raw_path": b"/status", "query_string": b"", "headers": [],
        "root_path": "", "http_version": "1.1", "scheme": "http", "server": ("x", 1), "client": None,
    }  # fmt: skip
    await desk_app(Desk(cast(Office, object())))(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_a_read_ends_with_whoever_asked_and_an_act_does_not() -> None:
    ended: list[str] = []

    class Slow(Desk):
        async def read(self, *_: Any, **__: Any) -> dict[str, Any]:
            return await self._slowly("read")

        async def reload(self, check: bool = False) -> dict[str, Any]:
            return await self._slowly("reload")

        async def _slowly(self, what: str) -> dict[str, Any]:
            try:
                for _ in range(10):
                    await asyncio.sleep(0)
                ended.append(f"{what} done")
            except asyncio.CancelledError:
                ended.append(f"{what} cancelled")
                raise
            return {}

    for act, body in (("read", b'{"device":"l1"}'), ("reload", b"{}")):
        said: list[Message] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]

        async def receive(said: list[Message] = said) -> Message:
            return said.pop(0)

        async def send(_: Message) -> None:
            pass

        scope: Scope = {
            "type": "http", "method": "POST", "path": f"/{act}", "raw_path": f"/{act}".encode(), "query_string": b"",
            "headers": [], "root_path": "", "http_version": "1.1", "scheme": "http", "server": ("x", 1),
            "client": None,
        }  # fmt: skip
        await desk_app(Slow(cast(Office, object())))(scope, receive, send)
    assert ended == ["read cancelled", "reload done"]


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("verify", b"{}"), ("trace", b'{"device":"l1","at":1}'),
        ("flag_counts", b'{"profile":"loop","start":1,"end":2}'),
    ],
)  # fmt: skip
async def test_what_reads_through_a_database_ends_with_whoever_asked(
    act: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives up and asks again, again and again, leaves no scan behind."""
    ended: list[str] = []

    async def slowly(**__: Any) -> dict[str, Any]:
        try:
            for _ in range(10):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        ended.append("done")
        return {}

    desk = Desk(cast(Office, object()))
    monkeypatch.setattr(desk, act, slowly, raising=True)
    said: list[Message] = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return said.pop(0)

    async def send(_: Message) -> None:
        pass

    scope: Scope = {
        "type": "http", "method": "POST", "path": f"/{act}", "raw_path": f"/{act}".encode(), "query_string": b"",
        "headers": [], "root_path": "", "http_version": "1.1", "scheme": "http", "server": ("x", 1), "client": None,
    }  # fmt: skip
    await desk_app(desk)(scope, receive, send)
    assert ended == ["cancelled"]
