"""Acts that are sent twice: what is remembered of them, and for how long."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.responses import Response

from gateway.access.audit_chain import Outcome
from gateway.access.principal import nobody
from gateway.api.acts import Repeats, acting, once
from gateway.api.problems import PROBLEM_JSON, Problem
from gateway.errors import Retry

DAY = 86_400_000_000_000


def test_an_answer_is_given_again_for_a_day() -> None:
    repeats, answer = Repeats(), Response(b"done", 202)
    assert repeats.begin(b"k", b"q", 0) is None
    repeats.end(b"k", answer)
    assert repeats.begin(b"k", b"q", DAY) is answer
    assert repeats.begin(b"k", b"q", DAY + 1) is None


def test_a_key_is_for_one_question() -> None:
    repeats = Repeats()
    repeats.begin(b"k", b"q", 0)
    repeats.end(b"k", Response())
    with pytest.raises(Problem, match="something else"):
        repeats.begin(b"k", b"other", 1)


def test_what_is_being_done_is_not_begun_again() -> None:
    repeats = Repeats()
    repeats.begin(b"k", b"q", 0)
    with pytest.raises(Problem, match="at this moment"):
        repeats.begin(b"k", b"q", 1)


def test_what_failed_may_be_tried_again() -> None:
    repeats = Repeats()
    repeats.begin(b"k", b"q", 0)
    repeats.failed(b"k")
    assert repeats.begin(b"k", b"q", 1) is None


def test_memory_is_bounded_and_the_oldest_go() -> None:
    repeats = Repeats(most=3)
    for k in range(5):
        repeats.begin(b"%d" % k, b"q", k)
        repeats.end(b"%d" % k, Response(b"%d" % k))
    assert repeats.begin(b"0", b"q", 6) is None
    known = repeats.begin(b"4", b"q", 6)
    assert known is not None
    assert known.body == b"4"


async def test_an_act_that_is_broken_off_is_in_the_audit_log() -> None:
    """As at the end of the process: whether the gateway was told nobody knows, so the log says that."""
    noted: list[tuple[Any, ...]] = []
    gate = SimpleNamespace(done=lambda *said: noted.append(said))
    state = SimpleNamespace(gatekeeper=SimpleNamespace(gate=gate))
    request: Any = SimpleNamespace(app=SimpleNamespace(state=state))
    begun = asyncio.Event()

    async def act() -> None:
        async with acting(cast(Any, request), nobody(""), "alarms.ack", "a1"):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(act())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ((_, name, _, what, detail, outcome),) = noted
    assert (name, what, outcome) == ("alarms.ack", "a1", Outcome.FAILED)
    assert "may have been done" in detail


async def test_what_was_done_and_could_not_be_noted_is_not_done_again() -> None:
    """503 is what clients try again, with the same key."""

    def away(*_: Any) -> None:
        raise Retry("records.db is locked.")

    done: list[str] = []
    state = SimpleNamespace(gatekeeper=SimpleNamespace(gate=SimpleNamespace(done=away)), repeats=Repeats())

    async def body() -> bytes:
        return b"{}"

    request = cast(Any, SimpleNamespace(
        app=SimpleNamespace(state=state), headers={"idempotency-key": "k"}, method="POST", body=body,
        url=SimpleNamespace(path="/dead-letters/replay", query=""),
    ))  # fmt: skip

    async def replay(_: str) -> Response:
        async with acting(request, nobody(""), "dead_letters.replay"):
            done.append("replayed")
        return Response(b"done")

    with pytest.raises(Problem, match="It was done"):
        await once(request, nobody(""), replay)
    again = await once(request, nobody(""), replay)
    assert (again.status_code, again.media_type) == (503, PROBLEM_JSON)
    assert b"It was done" in bytes(again.body)
    assert done == ["replayed"]
