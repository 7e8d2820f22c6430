"""The client's core: what is sent, what an answer becomes, when it is tried again."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import numpy as np
import pytest

from gateway.client import calls
from gateway.client.core import Core, text_of
from gateway.client.problems import (
    ApiProblem,
    Away,
    Busy,
    Failed,
    NoAccess,
    NotNow,
    NotThere,
    TooMuch,
    Unreachable,
    WrongQuestion,
    problem_of,
)

CORE = Core("http://city:8481/", "cl_secret", retries=3, patience_secs=20)


def _answer(status: int, headers: dict[str, str] | None = None, body: Any = None) -> httpx.Response:
    return httpx.Response(status, headers=headers, json=body)


def test_an_application_loads_nothing_of_the_gateway() -> None:
    code = "import gateway.client, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = [name for name in done.stdout.split() if name.startswith(("gateway.", "processors"))]
    assert [name for name in loaded if not name.startswith("gateway.client")] == ["gateway.errors"]


def test_a_call_is_a_request() -> None:
    request = CORE.request_of(calls.readings(device=["a b", "c"], series=[("d", "speed"), "e:flow"], start="now-6h"))
    assert request["method"] == "GET"
    assert request["url"] == "http://city:8481/api/v1/readings"
    assert request["params"] == [
        ("device", "a b"), ("device", "c"), ("series", "d:speed"), ("series", "e:flow"), ("from", "now-6h"),
        ("to", "now"), ("step", "raw"),
    ]  # fmt: skip
    assert request["headers"]["Authorization"] == "Bearer cl_secret"
    assert request["headers"]["Accept"] == "application/vnd.apache.arrow.stream"
    assert "cl_secret" not in repr(CORE)


def test_an_act_has_one_key_for_all_its_tries() -> None:
    act = calls.ack("5f0c")
    first, second = CORE.request_of(act), CORE.request_of(act)
    assert first["method"] == "POST"
    assert first["headers"]["Idempotency-Key"] == second["headers"]["Idempotency-Key"]
    assert CORE.request_of(calls.ack("5f0c"))["headers"]["Idempotency-Key"] != first["headers"]["Idempotency-Key"]


def test_names_are_escaped_where_they_are_part_of_a_path() -> None:
    assert calls.alarm("a/../b").path == "/api/v1/alarms/a%2F..%2Fb"
    assert calls.device("line 1/pump?x").path == "/api/v1/devices/line%201/pump%3Fx"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, WrongQuestion), (401, NoAccess), (403, NoAccess), (404, NotThere), (405, WrongQuestion), (409, NotNow),
        (413, TooMuch), (422, WrongQuestion), (429, Busy), (500, Failed), (502, Failed), (503, Away), (504, Away),
    ],
)  # fmt: skip
def test_a_problem_is_an_exception_named_by_what_to_do(status: int, kind: type[ApiProblem]) -> None:
    body = b'{"type": "urn:cityloom:problem:x", "title": "T", "detail": "D", "remedy": "R", "new": 1}'
    problem = problem_of(status, body)
    assert type(problem) is kind
    assert (problem.problem, problem.remedy, problem.kind, problem.status) == ("D", "R", "x", status)
    for strange in (b"", b"<html>", b"[]", b"\xff", b'{"errors": 3}'):
        assert "no problem document" in problem_of(status, strange).problem


def test_what_is_not_expected_is_said() -> None:
    with pytest.raises(Unreachable, match="/api/v1/status is not what was expected"):
        CORE.value_of(calls.status(), httpx.Response(200, content=b"<html>"))
    with pytest.raises(Unreachable, match="readings"):
        CORE.value_of(calls.readings(device=["a"]), httpx.Response(200, content=b"no arrow"))


def test_busy_and_away_are_tried_again_as_long_as_the_service_says() -> None:
    assert CORE.wait(1, _answer(200)) is None
    assert CORE.wait(1, _answer(404)) is None
    first, third = CORE.wait(1, _answer(503)), CORE.wait(3, None)
    assert first is not None
    assert third is not None
    assert 0.25 <= first <= 0.75
    assert 1 <= third <= 3
    assert CORE.wait(1, _answer(429, {"Retry-After": "7"})) == 7
    assert CORE.wait(1, _answer(503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})) is not None
    assert CORE.wait(4, _answer(503)) is None
    assert CORE.wait(1, _answer(429, {"Retry-After": "300"})) is None, "nobody waits that long"


def test_times_have_several_forms() -> None:
    assert text_of("now-6h") == "now-6h"
    assert text_of(np.datetime64(1_772_407_800_000_000_001, "ns")) == "2026-03-01T23:30:00.000000001Z"
    assert text_of(np.datetime64("2026-03-01")) == "2026-03-01T00:00:00.000000000Z"
    assert text_of(datetime(2026, 3, 2, 7, 30, tzinfo=timezone(timedelta(hours=8)))) == "2026-03-02T07:30:00+08:00"
    assert text_of(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00+00:00"


def test_pages_follow_one_another() -> None:
    call = calls.series("x")
    page = call.read(
        b'{"series": [{"device": "a", "quantity": "q", "unit": "m", "profile": "p", "new": 1}], "next": "c"}'
    )
    assert page.rows[0].device == "a"
    assert page.following is not None
    assert list(page.following.parameters) == [("limit", "1000"), ("q", "x"), ("cursor", "c")]
    last = page.following.read(b'{"series": [], "next": null}')
    assert (last.rows, last.following) == ([], None)
