"""HTTP as uvicorn speaks it, with bounds: nobody needs a token to open a connection, and each holds memory and a file.

    connected --> head (128 KiB, 20 s) --> body (60 s; headers.py: 1 MiB) --> answer (10 min without a byte taken)

Beyond them the connection is closed. WebSockets have pings and a bound of their messages instead.
"""

import asyncio
import logging
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedHttp", "Seldom"]

_LONGEST_HEAD = 128 << 10
"""An address alone may have 64 KiB, as long as httptools reads: a thousand series with names of 60 characters."""
_HEAD_SECS, _BODY_SECS = 20.0, 60.0
_STALL_SECS = 600.0


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    longest_head = _LONGEST_HEAD
    """Bytes of a request line and headers; of what is between pieces of a body as well."""
    head_secs, body_secs = _HEAD_SECS, _BODY_SECS
    stall_secs = _STALL_SECS

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_head, self._came = True, 0
        self._coming: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio."""
        super().connection_made(transport)
        self._expect(self.head_secs)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._expect(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._in_head and self._coming is None:
            self._expect(self.head_secs)
        self._came += len(data)
        super().data_received(data)
        if self._came > self.longest_head and not self.transport.is_closing():
            self._expect(None)
            self.send_400_response(f"The head of a request may have {self.longest_head} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools. What comes behind a body is nothing that anybody here asks for."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._in_head, self._came = False, 0
        self._expect(self.body_secs)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._came = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        self._in_head, self._came = True, 0
        self._expect(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """See uvicorn. From here on the connection is another protocol's."""
        self._expect(None)
        self.resume_writing()
        self._came = 0
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """See asyncio: who asked doesn't take the answer."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.stall_secs, self.transport.abort)

    def resume_writing(self) -> None:
        """See asyncio."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _expect(self, secs: float | None) -> None:
        """The head, or the body, whole within that time; None: nothing is expected."""
        if self._coming is not None:
            self._coming.cancel()
        self._coming = None if secs is None else self.loop.call_later(secs, self._late)

    def _late(self) -> None:
        self._coming = None
        if not self.transport.is_closing():
            self.transport.close()


class Seldom(logging.Filter):
    """Of warnings with the same words one a minute: strangers can cause them, as often as they like."""

    def __init__(self, every_secs: float = 60.0, most: int = 100) -> None:
        super().__init__()
        self._every, self._most = every_secs, most
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging."""
        if record.levelno > logging.WARNING:
            return True
        now, words = time.monotonic(), str(record.msg)
        if now - self._told.get(words, -self._every) < self._every:
            return False
        if len(self._told) >= self._most:
            self._told.clear()
        self._told[words] = now
        return True
