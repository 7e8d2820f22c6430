"""Pressed answers: the same bytes for whoever takes gzip, piece by piece, and left alone where it is no use."""

import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.api.compression import Compression

LARGE = b"0123456789abcdef" * 50_000


async def _whole(request: Request) -> Response:
    size = int(request.query_params["size"])
    headers = {"Content-Encoding": "br"} if "br" in request.query_params else {}
    return Response(LARGE[:size], media_type=request.query_params.get("type", "text/csv"), headers=headers)


async def _stream(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        yield b""
        yield LARGE
        yield b"last"

    return StreamingResponse(pieces(), media_type=request.query_params.get("type", "text/csv"))


APP = Compression(Starlette(routes=[Route("/whole", _whole), Route("/stream", _stream)]))


def _client(accept: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(APP), base_url="http://door", headers={"Accept-Encoding": accept}
    )


@pytest.mark.parametrize("accept", ["gzip", "br, gzip", "identity", "GZIP;q=0.5", "GZIP;q=0, identity", "gzip; q=0.00"])
async def test_who_takes_gzip_gets_it_and_everybody_the_same(accept: str) -> None:
    async with _client(accept) as client:
        for path in ("/whole?size=800000", "/whole?size=2000", "/stream"):
            answer = await client.get(path)
            expected = b"first" + LARGE + b"last" if path == "/stream" else LARGE[: len(answer.content)]
            assert answer.content == expected
            pressed = "gzip" in accept.lower() and "q=0," not in accept and "q=0.00" not in accept
            assert answer.headers.get("content-encoding") == ("gzip" if pressed else None)
            assert ("content-length" in answer.headers) == (not pressed and path != "/stream")
            assert ("accept-encoding" in answer.headers.get("vary", "").lower()) == pressed


@pytest.mark.parametrize(
    "path", ["/whole?size=100", "/whole?size=9000&br=1", "/whole?size=9000&type=application/vnd.apache.parquet"]
)
async def test_what_is_small_or_pressed_already_is_left_alone(path: str) -> None:
    async with _client("gzip") as client, client.stream("GET", path) as answer:
        body = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") in (None, "br")
    assert body == LARGE[: len(body)]
    assert int(answer.headers["content-length"]) == len(body)


async def test_an_event_stream_is_left_alone_and_of_others_each_piece_is_out_at_once() -> None:
    sent: list[bytes] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            sent.append(bytes(message["body"]))  # type: ignore[call-overload]

    for kind in ("text/event-stream", "text/csv"):
        sent.clear()
        scope = {
            "type": "http", "method": "GET", "path": "/stream", "query_string": f"type={kind}".encode(),
            "headers": [(b"accept-encoding", b"gzip")], "root_path": "", "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        await _stream_alone(scope, receive, send)
        if kind == "text/csv":
            press = zlib.decompressobj(31)
            assert press.decompress(sent[0]) == b"first"
        else:
            assert sent[0] == b"first"


async def _stream_alone(scope: object, receive: object, send: object) -> None:
    response = await _stream(Request(scope))  # type: ignore[arg-type]

    async def app(_: object, __: object, out: object) -> None:
        await out({"type": "http.response.start", "status": 200, "headers": response.raw_headers})  # type: ignore[operator]
        async for piece in response.body_iterator:  # type: ignore[attr-defined]
            await out({"type": "http.response.body", "body": piece, "more_body": True})  # type: ignore[operator]
        await out({"type": "http.response.body", "body": b"", "more_body": False})  # type: ignore[operator]

    await Compression(app)(scope, receive, send)  # type: ignore[arg-type]
