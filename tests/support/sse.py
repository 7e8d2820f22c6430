"""A reader of server-sent events as a browser is one: an event at a time, with its id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec

__all__ = ["SseEvent", "sse"]


class SseEvent(NamedTuple):
    """One."""

    kind: str
    data: Any
    id: str


class SseReader:
    """Of one answer."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> SseEvent | None:
        """The next event; None: the stream has ended. Comments are passed over."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line and "data" in fields:
                return SseEvent(
                    fields.get("event", "message"), msgspec.json.decode(fields["data"]), fields.get("id", "")
                )
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        return None

    async def until(self, kind: str) -> list[SseEvent]:
        """Events up to one of that kind, that one too."""
        out: list[SseEvent] = []
        while not out or out[-1].kind != kind:
            event = await self.next()
            assert event is not None, out
            out.append(event)
        return out


@asynccontextmanager
async def sse(client: httpx.AsyncClient, path: str, after: str = "", **parameters: Any) -> AsyncIterator[SseReader]:
    """Read inside the block. `after`: the id of the last event."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    async with client.stream("GET", path, params=parameters, headers=headers) as answer:
        if answer.status_code != httpx.codes.OK:
            await answer.aread()
        assert answer.status_code == httpx.codes.OK, answer.text
        yield SseReader(answer)
