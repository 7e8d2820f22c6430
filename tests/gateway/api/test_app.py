"""The application as a whole: every route has a rule, and every role gets what the table here says, in every zone."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.access.roles import Role
from gateway.api.openapi import rules_of
from tests.support.api_routes import ALL, NARROWED, WHO_MAY
from tests.support.api_server import ApiServer

QUERIES = {
    "GET /api/v1/readings": {"device": "gas-0001"}, "GET /api/v1/latest": {"device": "gas-0001"},
    "GET /api/v1/trace": {"device": "gas-0001"}, "GET /api/v1/usual": {"device": "gas-0001"},
    "GET /api/v1/live": {"kind": "alarm"},
}  # fmt: skip
ROLES = [str(role) for role in Role]


@pytest.fixture(scope="module")
def named(server: ApiServer) -> dict[str, str]:
    """What the parameters of paths are: things of panyu."""
    with server.client() as client:
        incidents = client.get("/incidents", params={"state": "all", "zone": "panyu"}).json()["incidents"]
        alarms = client.get("/alarms", params={"condition": "gas.lel"}).json()["alarms"]
        letters = client.get("/dead-letters").json()["dead_letters"]
        order = client.post("/documents", json={"domains": ["water"], "period": "2026-03-01"}).json()["job"]
        server.eventually(lambda: server.app.state.press.job(order).state == "done", "a report is made")
    return {
        "device": "gas-0001", "alarm": alarms[0]["alarm"], "incident": incidents[0]["incident"],
        "report": "r-gas-smell", "letter": letters[0]["id"], "store": "nowhere", "token": "22222222",
        "session": "0123456789ab", "profile": "gas-detector", "document": "water-2026-03-01", "job": order,
    }  # fmt: skip


def bodies(named: dict[str, str]) -> dict[str, Any]:
    """What is sent: good, but without effect where a role may."""
    return {
        "POST /api/v1/session": {"token": "cl_none"},
        "POST /api/v1/alarms/acts": {"act": "comment", "alarms": [named["alarm"]], "text": "seen"},
        "POST /api/v1/alarms/{alarm}/acts": {"act": "comment", "text": "seen"},
        "POST /api/v1/reports": {"kind": "gas-smell", "zone": "panyu", "id": "r-gas-smell"},
        "POST /api/v1/reports/{report}/advance": {"state": "accepted"},
        "POST /api/v1/notifications/retry": {"ids": ["0"]},
        "POST /api/v1/documents": {"domains": ["water"], "period": "2026-03-01"},
        "POST /api/v1/dead-letters/replay": {"reason": "none"}, "POST /api/v1/dead-letters/purge": {"reason": "none"},
        "POST /api/v1/profiles/check": {"text": "name = 1"},
        "POST /api/v1/access/tokens": {"name": "x", "role": "viewer", "lifetime_days": 1},
        "POST /api/v1/access/tokens/{token}/rotate": {},
    }  # fmt: skip


def asked(server: ApiServer, route: str, named: dict[str, str], role: str, zones: tuple[str, ...] = ()) -> int:
    """The status of one try; "" as a role shows nothing."""
    method, path = route.split()
    path = path.replace(":path}", "}").format(**named)
    headers = {"Authorization": f"Bearer {server.token(Role(role), zones)}"} if role else {}
    if method == "WS":
        return _websocket(server, path, headers)
    with (
        httpx.Client(base_url=server.address, headers=headers, timeout=30) as client,
        client.stream(method, path, params=QUERIES.get(route), json=bodies(named).get(route)) as answer,
    ):
        return answer.status_code


def _websocket(server: ApiServer, path: str, headers: dict[str, str]) -> int:
    address = server.address.replace("http", "ws") + path
    try:
        with websockets.sync.client.connect(address, additional_headers=headers) as socket:
            socket.recv(timeout=30)
            return 200
    except InvalidStatus as error:
        return error.response.status_code
    except ConnectionClosed as error:
        return 403 if error.code == 1008 else 500


def routes(server: ApiServer) -> Iterator[str]:
    """Method and path of all that the application serves."""
    for rule in rules_of(server.app):
        yield f"{rule.method} {rule.path}"


def test_every_route_has_a_rule_and_is_in_the_table(server: ApiServer) -> None:
    assert [rule for rule in rules_of(server.app) if rule.needs is None] == []
    assert sorted(routes(server)) == sorted(WHO_MAY)
    assert set(NARROWED) <= set(WHO_MAY)


@pytest.mark.parametrize("route", WHO_MAY)
def test_a_role_may_what_the_table_says_and_no_more(server: ApiServer, named: dict[str, str], route: str) -> None:
    nobody = asked(server, route, named, "")
    if WHO_MAY[route] == ALL:
        assert nobody not in (403, 404)
        return
    assert nobody in (401, 403)
    lowest = ROLES.index(WHO_MAY[route])
    denied = {role: asked(server, route, named, role) for role in ROLES[:lowest]}
    assert denied == dict.fromkeys(ROLES[:lowest], 403)
    for role in ROLES[lowest:]:
        assert asked(server, route, named, role) not in (401, 403)


@pytest.mark.parametrize("route", [route for route, lowest in WHO_MAY.items() if lowest != ALL])
def test_a_token_of_another_zone_sees_nothing_of_this_one(server: ApiServer, named: dict[str, str], route: str) -> None:
    status = asked(server, route, named, "administrator", ("tianhe",))
    expected = NARROWED.get(route)
    if expected is None:
        assert status < 300 or status == 409
    else:
        assert status == expected


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/devices", "panyu"), ("/series", "panyu"), ("/zones", "panyu"), ("/assets", "panyu"),
        ("/latest?quantity=lel", "gas-0001"), ("/rollups/zones?quantity=lel", "panyu"), ("/alarms", "panyu"),
        ("/rollups/cells?quantity=lel", "88411d48c7fffff"), ("/alarms/history?from=now-1d", "panyu"),
        ("/incidents?state=all", "panyu"), ("/reports", "panyu"), ("/dead-letters?device=seg-0001", ""),
    ],
)  # fmt: skip
def test_lists_are_narrowed_to_the_zones_of_the_token(server: ApiServer, path: str, word: str) -> None:
    with server.client(Role.ADMINISTRATOR, ("tianhe",)) as narrowed, server.client() as whole:
        mine, everything = narrowed.get(path), whole.get(path)
        asked_for_more = narrowed.get(f"{path}{'&' if '?' in path else '?'}zone=panyu")
    assert mine.status_code == everything.status_code == asked_for_more.status_code == 200
    assert word in everything.text
    assert not word or (word not in mine.text and word not in asked_for_more.text)


def test_every_denied_try_is_in_the_audit_log(server: ApiServer) -> None:
    with server.client(Role.VIEWER, ("dma-tianhe-1",)) as viewer, server.client() as client:
        assert viewer.post("/dead-letters/purge", json={}).status_code == 403
        found = client.get("/audit", params={"outcome": "denied", "act": "api.dead_letters_purge"}).json()["entries"]
    tries = [(each["name"], each["what"]) for each in found]
    assert ("viewer of dma-tianhe-1", "/api/v1/dead-letters/purge") in tries
