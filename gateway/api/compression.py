"""Answers as gzip where the asker takes it. What is large is pressed on a thread: no live stream waits for an export.

Not pressed: small answers, event streams (each event at once, to a thousand readers), Parquet (it is already).
"""

import asyncio
import re
from typing import Any

from isal import isal_zlib
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Compression"]

_NONE = re.compile(r"q\s*=\s*0(\.0*)?")
_LEVEL = 2
_GZIP_WBITS = 31
_ON_A_THREAD = 64 << 10
"""Bytes from which on a thread costs less than the loop's time."""
_LEFT = (
    "text/event-stream",
    "application/vnd.apache.parquet",
    "image/png",
    "font/",
    "application/pdf",
    "application/zip",
)


class Compression:
    """Presses answers of `least` bytes and more, and streams."""

    def __init__(self, app: ASGIApp, least: int = 1024) -> None:
        self._app, self._least = app, least

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not _takes_gzip(Headers(scope=scope).get("accept-encoding", "")):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send, self._least).send)


def _takes_gzip(accept: str) -> bool:
    """Also not where it stands there with the weight 0."""
    for part in accept.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not _NONE.fullmatch(weight.strip())
    return False


class _Answer:
    """One answer: its head waits for the first piece, which says whether there is enough to press."""

    def __init__(self, send: Send, least: int) -> None:
        self._send, self._least = send, least
        self._head: Message | None = None
        self._press: Any = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None:
            head, self._head = self._head, None
            self._begin(head, len(body), more=more)
            await self._send(head)
        if self._press is not None:
            large = len(body) >= _ON_A_THREAD
            body = await asyncio.to_thread(self._pressed, body, more) if large else self._pressed(body, more)
            if more and not body:
                return
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _begin(self, head: Message, size: int, *, more: bool) -> None:
        headers = MutableHeaders(raw=head["headers"])
        kind = headers.get("content-type", "")
        if "content-encoding" in headers or kind.startswith(_LEFT) or not (more or size >= self._least):
            return
        headers["Content-Encoding"] = "gzip"
        headers.add_vary_header("Accept-Encoding")
        del headers["Content-Length"]
        self._press = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WBITS)

    def _pressed(self, body: bytes, more: bool) -> bytes:
        out: bytes = self._press.compress(body)
        # a piece is out before the next one is made, however long that takes
        out += self._press.flush(isal_zlib.Z_SYNC_FLUSH if more else isal_zlib.Z_FINISH)
        return out
