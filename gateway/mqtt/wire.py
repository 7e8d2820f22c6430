"""One transport: bytes out, bytes in with pauses between reads, and why it ended."""

import asyncio
from collections.abc import Callable
from typing import cast

from gateway.mqtt.coalescing import Coalescer

__all__ = ["CLOSED", "Wire"]

CLOSED = "closed by the broker"
"""Why it ended, where the broker gave no reason."""
_LINGER_SECS = 1.0
"""How long a closing transport may take to write what it still has."""


class Wire(asyncio.Protocol):
    """on_data gives the number of messages in what was read; longest_pause: see Coalescer."""

    def __init__(self, on_data: Callable[["Wire", bytes], int], longest_pause: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_data = on_data
        self._coalescer = Coalescer(longest_pause)
        self._transport: asyncio.Transport | None = None
        self._reason = ""
        self._held = False
        self._timer: asyncio.TimerHandle | None = None
        self.lost: asyncio.Future[str] = self._loop.create_future()
        """Set when the transport is gone: why."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        pause = self._coalescer.after_read(self._loop.time(), self._on_data(self, data))
        if transport.is_closing() or not transport.is_reading():
            return
        if pause or self._held:
            transport.pause_reading()
        if pause:
            self._timer = self._loop.call_later(pause, self._resume)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        if not self.lost.done():
            self.lost.set_result(self._reason or (str(exc) if exc is not None else CLOSED))

    def hold(self, held: bool) -> None:
        """Stop reading, or read on."""
        if held != self._held:
            self._held = held
            if not held:
                self._resume()

    @property
    def held(self) -> bool:
        """Reading is stopped by `hold`."""
        return self._held

    def _resume(self) -> None:
        transport = self._transport
        if transport is not None and not self._held and not transport.is_closing() and not transport.is_reading():
            transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Write, if it is still there."""
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self, reason: str) -> None:
        """Write what is left, then end. The first reason counts."""
        self._reason = self._reason or reason
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_LINGER_SECS, self._transport.abort)
