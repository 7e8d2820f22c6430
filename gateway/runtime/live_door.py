r"""Live events through the control door: one long answer, a JSON object a line, for the web process to pass on.

    POST /live {"kinds": ["alarm"], "epoch": "5f0c2a91", "seen": 640}
    {"epoch": "5f0c2a91", "newest_id": 812, "configuration": 0, "stream": 3}  once, first
    {"id": 813, "kind": "latest", "levels": [...], "zone": "tianhe", "data": {...}}
    {"newest_id": 840, "configuration": 1}                that was all up to there; also a sign of life

    POST /live/interest {"stream": 3, "kinds": []}        another interest from now on, nothing is lost

Who comes back with the epoch and id of the last event that it had goes on there, or behind a gap.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.live.events import Interest, Kind, LiveEvent
from gateway.live.hub import LiveHub
from gateway.live.subscription import Subscription
from gateway.runtime.wire import LIVE_PING_SECS

__all__ = ["LiveDoor"]

_AT_ONCE = 500
_encode = msgspec.json.Encoder().encode


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    kinds: list[Kind] = []
    epoch: str = ""
    seen: int = 0


class _Interest(msgspec.Struct, forbid_unknown_fields=True):
    stream: int
    kinds: list[Kind] = []


class LiveDoor:
    """Answers POST /live and /live/interest. Streams end when the door closes."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._open: dict[int, Subscription] = {}
        self._numbers = count(1)

    async def answer(self, request: Request) -> Response:
        """The stream."""
        try:
            wanted = msgspec.json.decode(await request.body() or b"{}", type=_Wanted)
        except msgspec.DecodeError as error:
            return _refusal(f"live: {error}.", 400)
        after = (wanted.epoch, wanted.seen) if wanted.epoch else None
        return StreamingResponse(
            self._lines(Interest(frozenset(wanted.kinds)), after), media_type="application/x-ndjson"
        )

    async def interest(self, request: Request) -> Response:
        """Change what an open stream brings; the answer says behind which id."""
        try:
            wanted = msgspec.json.decode(await request.body(), type=_Interest)
        except msgspec.DecodeError as error:
            return _refusal(f"live/interest: {error}.", 400)
        subscription = self._open.get(wanted.stream)
        if subscription is None:
            return _refusal(f"There is no stream {wanted.stream}.", 409)
        self._hub.change(subscription, Interest(frozenset(wanted.kinds)))
        return JSONResponse({"newest_id": self._hub.newest_id})

    def close(self) -> None:
        """End every stream."""
        for subscription in self._open.values():
            subscription.close()

    async def _lines(self, interest: Interest, after: tuple[str, int] | None) -> AsyncIterator[bytes]:
        subscription = self._hub.subscribe(interest, after)
        number = next(self._numbers)
        self._open[number] = subscription
        try:
            yield _encode({"epoch": self._hub.epoch, **self._upto(), "stream": number}) + b"\n"
            first: LiveEvent | None = None
            while True:
                batch = [] if first is None else [first]
                while len(batch) < _AT_ONCE and (event := subscription.take()) is not None:
                    batch.append(event)
                lines = [_line(event) for event in batch]
                if not len(subscription):
                    lines.append(_encode(self._upto()) + b"\n")
                yield b"".join(lines)
                first, silent = None, True
                with suppress(TimeoutError):
                    async with asyncio.timeout(LIVE_PING_SECS):
                        first = await subscription.next()
                        silent = False
                if first is None and not silent:
                    return  # closed
        finally:
            self._open.pop(number)
            self._hub.unsubscribe(subscription)

    def _upto(self) -> dict[str, int]:
        """`configuration` tells who keeps files of it that they were read again."""
        return {"newest_id": self._hub.newest_id, "configuration": self._hub.configuration}


def _refusal(problem: str, status: int) -> Response:
    return JSONResponse({"problem": problem, "remedy": "", "exit_code": 2}, status)


def _line(event: LiveEvent) -> bytes:
    body: dict[str, Any] = {
        "id": event.id, "kind": event.kind, "levels": event.levels, "zone": event.zone, "data": event.data,
    }  # fmt: skip
    return _encode(body) + b"\n"
