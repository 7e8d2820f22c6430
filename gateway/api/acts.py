"""Acts: each is in the audit log, done or failed, with who did it; and one that is sent twice is done once.

    async with acting(request, who, "alarms.ack", alarm) as act:
        answer = await link.ask("alarm_act", ...)
        act.detail = "..."

    return await once(request, who, do)        `do(id)` is called where the Idempotency-Key is new

The entry is written behind the act, on a thread. Where it can't be, the answer says so: the act was done.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, cast

from fastapi import Depends, Header
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gateway.access.audit_chain import Outcome
from gateway.access.gate import Gate
from gateway.access.principal import Principal
from gateway.api.gatekeeper import GateKeeper
from gateway.api.problems import Problem, problem_response
from gateway.errors import GatewayError, NotAllowed, StoreError

__all__ = ["Act", "GateOf", "IdempotencyKey", "Repeats", "acting", "gate_of", "once"]

_MOST_KEYS = 10_000
_KEPT_NS = 24 * 3_600_000_000_000

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", max_length=100, pattern=r"^[\x21-\x7e]*$",
        description="A word of yours for this act: sent again with it, within a day, it is not done again.",
    ),
]  # fmt: skip


def gate_of(connection: HTTPConnection) -> Gate:
    """Tokens, sessions, audit log."""
    return cast(GateKeeper, connection.app.state.gatekeeper).gate


GateOf = Annotated[Gate, Depends(gate_of)]


@dataclass(slots=True)
class Act:
    """One that is being done."""

    what: str = ""
    detail: str = ""


@asynccontextmanager
async def acting(
    request: Request, who: Principal, act: str, what: str = "", detail: str = "", *, noted: bool = False
) -> AsyncIterator[Act]:  # fmt: skip
    """Do it inside the block; what came of it is noted when that is left. `noted`: where it is done, that is noted."""
    doing = Act(what, detail)
    try:
        yield doing
    except (GatewayError, Problem) as error:
        problem = error.detail if isinstance(error, Problem) else error.problem
        outcome = Outcome.DENIED if isinstance(error, NotAllowed) else Outcome.FAILED
        with suppress(StoreError):
            await _note(request, who, act, doing, outcome, problem)
        raise
    except asyncio.CancelledError:
        # the process ends: the gateway may have been told, and the log says so
        with suppress(StoreError):
            await asyncio.shield(_note(request, who, act, doing, Outcome.FAILED, "broken off; it may have been done"))
        raise
    except Exception as error:
        with suppress(StoreError):
            await _note(request, who, act, doing, Outcome.FAILED, type(error).__name__)
        raise
    if noted:
        return
    try:
        await _note(request, who, act, doing, Outcome.DONE)
    except StoreError as error:
        raise Problem(
            "store-away", f"It was done, but the audit log can't take it: {error.problem}",
            error.remedy or "Tell an administrator.", done=True,
        ) from error  # fmt: skip


async def _note(request: Request, who: Principal, act: str, doing: Act, outcome: Outcome, problem: str = "") -> None:
    detail = "; ".join(filter(None, (doing.detail, problem)))
    await asyncio.to_thread(gate_of(request).done, who, act, time.time_ns(), doing.what, detail, outcome)


@dataclass(slots=True)
class _Done:
    body: bytes
    """Digest of the question."""
    at: int
    answer: Response | None = None
    """None: it is being done."""


class Repeats:
    """What was answered under which key, of the last day. Used on one event loop."""

    def __init__(self, most: int = _MOST_KEYS) -> None:
        self._most = most
        self._done: OrderedDict[bytes, _Done] = OrderedDict()

    def begin(self, name: bytes, body: bytes, now: int) -> Response | None:
        """The answer that was given; None: go on, and say `end` or `failed`. Raises Problem."""
        while self._done and (first := next(iter(self._done.values()))).at < now - _KEPT_NS:
            assert first is not None
            self._done.popitem(last=False)
        known = self._done.get(name)
        if known is None:
            self._done[name] = _Done(body, now)
            if len(self._done) > self._most:
                self._done.popitem(last=False)
            return None
        if known.body != body:
            raise Problem("wrong-values", "That Idempotency-Key was used for something else.", "Take another key.")
        if known.answer is None:
            raise Problem("not-now", "That is being done at this moment.", "Ask again in a second.")
        return known.answer

    def end(self, name: bytes, answer: Response) -> None:
        """It was done."""
        if name in self._done:
            self._done[name].answer = answer

    def failed(self, name: bytes) -> None:
        """It was not, and may be tried again."""
        self._done.pop(name, None)


async def once(request: Request, who: Principal, do: Callable[[str], Awaitable[Response]]) -> Response:
    """What `do` answers, or did answer to the same question with the same Idempotency-Key.

    `do` is given an id for the act: the same for the same key, also after a restart of this process; "" without a key.
    """
    key = request.headers.get("idempotency-key", "")
    if not key:
        return await do("")
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    name = blake2b(f"{who.token}\0{who.name}\0{key}".encode(), digest_size=16).digest()
    repeats = cast(Repeats, request.app.state.repeats)
    known = repeats.begin(name, blake2b(asked).digest(), time.time_ns())
    if known is not None:
        return Response(known.body, known.status_code, media_type=known.media_type)
    try:
        answer = await do(name.hex())
    except BaseException as error:
        if isinstance(error, Problem) and error.done:
            repeats.end(name, problem_response(error.kind, error.detail, error.remedy))
        else:
            repeats.failed(name)
        raise
    repeats.end(name, answer)
    return answer
