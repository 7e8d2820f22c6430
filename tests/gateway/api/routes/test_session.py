"""A browser signs in, acts with its CSRF token, and signs out."""

import io
import json

import httpx
import pyarrow.parquet as pq
import pytest

from gateway.access.roles import Role
from gateway.access.throttle import Throttle
from gateway.console.view.exports import EXPORTS, export_address
from tests.support.api_city import NOW, SECOND
from tests.support.api_server import ApiServer


@pytest.fixture
def browser(own_server: ApiServer) -> httpx.Client:
    return own_server.client(None)


def test_a_session_stands_for_its_token(own_server: ApiServer, browser: httpx.Client) -> None:
    with browser:
        begun = browser.post("/session", json={"token": own_server.token(Role.OPERATOR)})
        assert begun.status_code == 201
        cookie = begun.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "secure" not in cookie  # it is not https here
        who = browser.get("/session").json()
        assert (who["name"], who["role"]) == ("operator of all", "operator")
        assert who["csrf"] == begun.json()["csrf"]
        assert who["session"] == begun.json()["session"]
        assert browser.get("/alarms").status_code == 200
        assert browser.get("/audit").status_code == 403


def test_a_link_of_the_console_brings_what_a_chart_shows(own_server: ApiServer, browser: httpx.Client) -> None:
    start, end = NOW - 3_600 * SECOND, NOW
    with browser:
        links = {kind: own_server.address + export_address("gas-0001", start, end, 0, kind) for _, kind in EXPORTS}
        assert browser.get(links["csv"]).status_code == 401
        browser.post("/session", json={"token": own_server.token(Role.VIEWER)})
        csv, parquet = browser.get(links["csv"]), browser.get(links["parquet"])
    assert csv.headers["content-disposition"] == 'attachment; filename="readings.csv"'
    assert csv.text.count("gas-0001") == pq.read_table(io.BytesIO(parquet.content)).num_rows == 18


def test_a_form_of_another_site_signs_nobody_in(own_server: ApiServer, browser: httpx.Client) -> None:
    body = json.dumps({"token": own_server.token(Role.VIEWER)})
    with browser:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            assert browser.post("/session", content=body, headers={"Content-Type": kind}).status_code == 422
    assert not browser.cookies


def test_an_act_of_a_session_needs_its_csrf_token(own_server: ApiServer, browser: httpx.Client) -> None:
    with browser:
        csrf = browser.post("/session", json={"token": own_server.token(Role.OPERATOR)}).json()["csrf"]
        report = {"kind": "gas-smell", "zone": "panyu", "id": "csrf-1"}
        assert browser.post("/reports", json=report).status_code == 403
        assert browser.post("/reports", json=report, headers={"X-CSRF-Token": "guess"}).status_code == 403
        assert browser.post("/reports", json=report, headers={"X-CSRF-Token": csrf}).status_code == 202


def test_who_signs_out_is_out(own_server: ApiServer, browser: httpx.Client) -> None:
    with browser:
        csrf = browser.post("/session", json={"token": own_server.token(Role.VIEWER)}).json()["csrf"]
        secret = browser.cookies["cityloom_session"]
        left = browser.delete("/session", headers={"X-CSRF-Token": csrf})
        assert (left.status_code, left.content) == (204, b"")
        assert "cityloom_session" not in browser.cookies
        assert browser.get("/session", headers={"Cookie": f"cityloom_session={secret}"}).status_code == 401


def test_an_administrator_signs_others_out(own_server: ApiServer, browser: httpx.Client, own: httpx.Client) -> None:
    with browser:
        session = browser.post("/session", json={"token": own_server.token(Role.ENGINEER)}).json()["session"]
        assert session in [each["id"] for each in own.get("/access/sessions").json()["sessions"]]
        assert own.delete(f"/access/sessions/{session}").status_code == 204
        assert browser.get("/session").status_code == 401


def test_a_bearer_has_no_session_to_leave(own: httpx.Client) -> None:
    who = own.get("/session").json()
    assert (who["session"], who["csrf"]) == (None, None)
    assert own.delete("/session").status_code == 409


def test_wrong_tokens_are_throttled(
    own_server: ApiServer, browser: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # of this test alone: others come from the same address
    monkeypatch.setattr(own_server.gate, "throttle", Throttle())
    with browser:
        statuses = [browser.post("/session", json={"token": f"cl_{k}"}).status_code for k in range(8)]
        assert statuses[:5] == [401] * 5
        assert statuses[-1] == 429
        assert int(browser.post("/session", json={"token": "cl_x"}).headers["retry-after"]) >= 1


@pytest.mark.parametrize("body", [{}, {"token": 1}, {"token": "x" * 400}, [], "x"])
def test_what_is_no_sign_in_is_refused_without_repeating_it(browser: httpx.Client, body: object) -> None:
    with browser:
        answer = browser.post("/session", json=body)
    assert answer.status_code == 422
    assert "xxxx" not in answer.text
