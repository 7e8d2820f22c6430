"""Whatever goes wrong is a problem document with a remedy, and its status says whose turn it is."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from gateway.access.database import AccessDatabase
from gateway.access.gate import Gate
from gateway.access.principal import console
from gateway.access.roles import Role
from gateway.api.app import make_app
from gateway.api.gatekeeper import GateKeeper
from gateway.api.problems import PROBLEM_JSON
from gateway.api.slots import Slots
from gateway.errors import Halt
from gateway.link.link import GatewayLink
from tests.support.api_server import ApiServer
from tests.support.running import settings_of


def is_problem(answer: httpx.Response, status: int, kind: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM_JSON
    body = answer.json()
    assert (body["type"], body["status"]) == (f"urn:cityloom:problem:{kind}", status)
    assert body["title"]
    assert body["detail"]
    assert body["remedy"]


@asynccontextmanager
async def without_gateway(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Gate]]:
    """The application on a folder on which no gateway runs, and somebody who may everything."""
    settings = settings_of(folder / "d", 1)
    settings.data_dir.mkdir()
    database = AccessDatabase(settings.data_dir / "records.db")
    gate = Gate(database)
    token = gate.tokens.create(time.time_ns(), console("test"), "all", Role.ADMINISTRATOR).text
    async with GatewayLink(settings) as link:
        transport = httpx.ASGITransport(make_app(link, GateKeeper(gate)), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://a/api/v1", headers=headers) as client:
            yield client, gate
    database.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not-there"), ("GET", "/devices/nobody", 404, "not-there"),
        ("PUT", "/devices", 405, "not-allowed-here"), ("POST", "/devices", 405, "not-allowed-here"),
        ("GET", "/devices?limit=0", 422, "wrong-values"), ("GET", "/readings", 400, "wrong-question"),
        ("GET", "/readings?device=gas-0001&from=then", 400, "wrong-question"),
    ],
)  # fmt: skip
def test_a_wrong_question_says_what_is_wrong(
    client: httpx.Client, method: str, path: str, status: int, kind: str
) -> None:
    is_problem(client.request(method, path), status, kind)


def test_wrong_values_are_named_where_they_are(client: httpx.Client) -> None:
    answer = client.post("/alarms/acts", json={"act": "ack", "alarms": ["ff"], "for_secs": -1, "why": 1})
    is_problem(answer, 422, "wrong-values")
    assert {each["where"] for each in answer.json()["errors"]} == {"body.for_secs", "body.why"}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 422, "wrong-values"), (b'{"act": "ack", "alarms": "ff"}', 422, "wrong-values"),
        (b"\xff", 400, "wrong-question"), (b"[" * 100_000, 400, "wrong-question"),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(client: httpx.Client, body: bytes, status: int, kind: str) -> None:
    answer = client.post("/alarms/acts", content=body, headers={"Content-Type": "application/json"})
    is_problem(answer, status, kind)


def test_who_shows_nothing_is_told_how_to(server: ApiServer) -> None:
    with server.client(None) as client:
        answer = client.get("/devices")
    is_problem(answer, 401, "not-signed-in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_body_that_is_too_large_is_refused(client: httpx.Client) -> None:
    is_problem(client.post("/reports", content=b"x" * (1 << 20 | 1)), 413, "too-much")


def test_too_many_questions_at_once_are_told_to_come_back(
    server: ApiServer, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots(1, 0.01)
    # setattr would delete it afterwards: State keeps what it has in a dict
    monkeypatch.setitem(server.app.state._state, "slots", slots)
    held = slots.one()
    server.run(held.__aenter__())
    try:
        answer = client.get("/latest?quantity=lel")
    finally:
        server.run(held.__aexit__(None, None, None))
    is_problem(answer, 429, "too-many")
    assert answer.headers["retry-after"] == "1"
    assert client.get("/latest?quantity=lel").status_code == 200


async def test_without_a_gateway_questions_are_told_to_come_back(tmp_path: Path) -> None:
    async with without_gateway(tmp_path) as (client, _):
        for path in ("/devices", "/alarms", "/readings?device=x", "/status", "/city"):
            answer = await client.get(path)
            is_problem(answer, 503, "gateway-away")
            assert answer.headers["retry-after"]
        assert (await client.get("/zones")).status_code == 200
        assert (await client.get("/session")).json()["name"] == "all"
        failed = await client.post("/alarms/acts", json={"act": "ack", "alarms": ["ff"]})
        is_problem(failed, 503, "gateway-away")
        (entry,) = (await client.get("/audit?act=alarms.ack")).json()["entries"]
        assert (entry["outcome"], entry["what"]) == ("failed", "ff")


async def test_an_act_that_can_not_be_noted_says_that_it_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Halt("the disk is full", "Make room.")

    async def done(_: object, method: str, **__: object) -> object:
        return {"replayed": 1, "remaining": 0, "upto": 0}

    async with without_gateway(tmp_path) as (client, gate):
        monkeypatch.setattr(GatewayLink, "ask", done)
        monkeypatch.setattr(gate, "done", full)
        answer = await client.post("/dead-letters/replay", json={})
        is_problem(answer, 503, "store-away")
        assert answer.json()["detail"].startswith("It was done, but")


async def test_what_nobody_thought_of_is_a_failure_without_its_insides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("secret")

    async with without_gateway(tmp_path) as (client, _):
        monkeypatch.setattr(GatewayLink, "ask", broken)
        answer = await client.get("/devices")
        is_problem(answer, 500, "failed")
        assert "secret" not in answer.text


async def test_one_act_at_a_time_under_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, gate_open = asyncio.Event(), asyncio.Event()

    async def slow(*_: object, **__: object) -> object:
        begun.set()
        await gate_open.wait()
        return {"replayed": 1, "remaining": 0, "upto": 0}

    async with without_gateway(tmp_path) as (client, _):
        monkeypatch.setattr(GatewayLink, "ask", slow)
        key = {"Idempotency-Key": "k"}
        first = asyncio.create_task(client.post("/dead-letters/replay", json={}, headers=key))
        await begun.wait()
        is_problem(await client.post("/dead-letters/replay", json={}, headers=key), 409, "not-now")
        gate_open.set()
        assert (await first).status_code == 200
        assert (await client.post("/dead-letters/replay", json={}, headers=key)).json() == (await first).json()
