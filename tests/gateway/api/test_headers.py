"""How large a body may be, however it comes; what every answer says to browsers; HEAD, OPTIONS and strangers' paths."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

from gateway.api import problems
from gateway.api.headers import BodyLimit, SecurityHeaders


class Said(BaseModel):
    text: str


def _app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.post("/said")
    async def said(body: Said) -> dict[str, int]:
        return {"length": len(body.text)}

    @app.post("/raw")
    async def raw(request: Request) -> JSONResponse:
        return JSONResponse({"length": len(await request.body())})

    @app.get("/own", response_class=JSONResponse)
    async def own() -> JSONResponse:
        return JSONResponse({}, headers={"X-Frame-Options": "SAMEORIGIN"})

    app.add_middleware(BodyLimit, most=1000)
    app.add_middleware(SecurityHeaders)
    return app


def _client(scheme: str = "http") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(_app()), base_url=f"{scheme}://door")


async def _pieces(size: int) -> AsyncIterator[bytes]:
    yield b'{"text": "'
    for _ in range(size // 100):
        yield b"x" * 100
    yield b'"}'


@pytest.mark.parametrize("path", ["/said", "/raw"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_long_is_refused_however_it_comes(path: str, chunked: bool) -> None:
    async with _client() as client:
        headers = {"Content-Type": "application/json"}
        content: Any = _pieces(5000) if chunked else b"".join([piece async for piece in _pieces(5000)])
        refused = await client.post(path, content=content, headers=headers)
        fits = await client.post(path, content=_pieces(500), headers=headers)
    assert (refused.status_code, refused.headers["content-type"]) == (413, problems.PROBLEM_JSON)
    assert refused.json()["type"] == "urn:cityloom:problem:too-much"
    assert fits.status_code == 200


async def test_a_length_that_is_no_number_is_refused() -> None:
    async with _client() as client:
        answer = await client.post("/raw", content=b"x", headers={"Content-Length": "-1"})
    assert answer.status_code == 413


async def test_answers_are_safe_for_browsers_and_a_route_may_say_otherwise() -> None:
    async with _client("https") as client:
        own, lost, wrong = await client.get("/own"), await client.get("/nowhere"), await client.delete("/own")
    assert own.headers["x-frame-options"] == "SAMEORIGIN"
    assert own.headers["strict-transport-security"]
    assert (lost.status_code, wrong.status_code, wrong.headers["allow"]) == (404, 405, "GET")
    for answer in (lost, wrong):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == problems.PROBLEM_JSON
        assert answer.json()["remedy"]
    async with _client() as client:
        assert "strict-transport-security" not in (await client.get("/own")).headers
