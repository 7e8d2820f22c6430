"""Bounds of a connection that anybody can open, tried on a real port."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.api.protocol import BoundedHttp, Seldom
from tests.support.running import eventually

GET = b"GET /length HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
DEADLINE_SECS = 20.0


async def _length(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def _endless(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 16)
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _served(**bounds: float) -> AsyncIterator[tuple[int, _Server]]:
    kind = type("Bounded", (BoundedHttp,), bounds)
    routes = [Route("/length", _length, methods=["GET", "POST"]), Route("/endless", _endless)]
    app = Starlette(routes=[*routes, WebSocketRoute("/ws", _echo)])
    server = _Server(uvicorn.Config(
        app, http=kind, ws="websockets-sansio", log_config=None, lifespan="off", timeout_graceful_shutdown=1
    ))  # fmt: skip
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            await eventually(lambda: server.started or task.done(), "it serves")
            yield sock.getsockname()[1], server
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(DEADLINE_SECS):
            yield reader, writer
    finally:
        writer.close()


async def _poured(writer: asyncio.StreamWriter, piece: bytes) -> int:
    """How many bytes go until the other side has had enough; a hundred megabytes: it never has."""
    sent = 0
    try:
        while sent < 100 << 20:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (GET, b"X-Name: " + 1000 * b"x" + b"\r\n"),
        (GET + b"X-Name: ", 1000 * b"x"),
        (b"GET /", 1000 * b"x"),
        (POST + b"1\r\nx\r\n0\r\nTrailer: ", 1000 * b"x"),
    ],
    ids=["headers", "a header", "an address", "a trailer"],
)
async def test_a_head_without_an_end_is_cut(head: bytes, piece: bytes) -> None:
    async with _served() as (port, _), _connected(port) as (_, writer):
        writer.write(head)
        assert await _poured(writer, piece) < 20 << 20  # what the kernel holds, too


async def test_what_is_within_bounds_is_answered_also_piece_by_piece() -> None:
    async with _served(longest_head=2_000) as (port, _), _connected(port) as (reader, writer):
        for _ in range(3):  # on one connection: the bounds are of a request
            writer.write(GET + b"X-Name: " + 1_500 * b"x" + b"\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n0")).startswith(b"HTTP/1.1 200")
            writer.write(POST)
            for _ in range(100):
                writer.write(b"64\r\n" + 100 * b"x" + b"\r\n")
                await writer.drain()
            writer.write(b"0\r\nX-Behind: y\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n10000")).startswith(b"HTTP/1.1 200")
        writer.write(GET + b"X-Name: " + 2_500 * b"x")
        assert b"may have 2000 bytes" in await reader.read()


async def test_a_question_may_name_a_thousand_series() -> None:
    asked = "&".join(f"series=urn:ngsi-ld:WaterQualityObserved:{k:06d}:dissolved_oxygen" for k in range(1000))
    async with _served() as (port, _), _connected(port) as (reader, writer):
        writer.write(b"GET /length?%b HTTP/1.1\r\nHost: x\r\n\r\n" % asked.encode())
        assert (await reader.readuntil(b"\r\n\r\n0")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", GET, POST + b"5\r\nab"], ids=["nothing", "a line", "a head", "a body"]
)
async def test_who_takes_too_long_to_ask_is_cut_off(sent: bytes) -> None:
    async with _served(head_secs=0.05, body_secs=0.05) as (port, server), _connected(port) as (reader, writer):
        writer.write(sent)
        await reader.read()
        await eventually(lambda: not server.server_state.connections, "it is forgotten")


async def test_who_takes_no_answer_is_cut_off_and_who_is_slow_is_not() -> None:
    async with _served(stall_secs=0.3, head_secs=0.05) as (port, server), _connected(port) as (reader, writer):
        writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(10):
            await reader.read(1 << 20)
        assert server.server_state.connections
        await eventually(lambda: not server.server_state.connections, "it is cut off")


async def test_a_websocket_is_not_bounded_by_the_times_of_a_request() -> None:
    async with (
        _served(head_secs=0.05, body_secs=0.05, stall_secs=0.05) as (port, _),
        websockets.connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as peer,
    ):
        loop = asyncio.get_running_loop()
        until = loop.time() + 0.3
        while loop.time() < until:
            await peer.send("here")
            assert await peer.recv() == "here"


def test_what_strangers_can_cause_is_told_seldom_and_errors_always() -> None:
    seldom = Seldom(every_secs=3600, most=3)

    def told(level: int, words: str) -> bool:
        return seldom.filter(logging.LogRecord("uvicorn.error", level, "", 0, words, (), None))

    assert [told(logging.WARNING, "Invalid HTTP request received.") for _ in range(3)] == [True, False, False]
    assert [told(logging.ERROR, "failed") for _ in range(3)] == 3 * [True]
    for number in range(50):
        assert told(logging.WARNING, f"{number}")
    assert len(seldom._told) <= 3
