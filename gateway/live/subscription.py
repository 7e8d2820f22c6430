"""One listener of the live hub: a bounded queue. Who is too slow loses the oldest events and is told so by a gap."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from gateway.live.events import Interest, Kind, LiveEvent

__all__ = ["Subscription"]


class Subscription:
    """Made by `LiveHub.subscribe`. `offer` never waits; one task reads."""

    def __init__(self, interest: Interest, most: int) -> None:
        self.interest = interest
        self.lost = 0
        """Events that this listener never got, in all."""
        self._most = most
        self._queue: deque[LiveEvent] = deque()
        self._gap: tuple[int, int] | None = None
        """(id of the newest lost event, how many are lost) since the last gap that was told."""
        self._wake = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._queue)

    def make_room(self, more: int) -> None:
        """For what it missed, beside what comes: who comes back is not too slow."""
        self._most += more

    def offer(self, event: LiveEvent) -> None:
        """Queue it where it is wanted; a full queue gives up its oldest."""
        if not self.interest.wants(event.kind, event.zone):
            return
        if len(self._queue) >= self._most:
            oldest = self._queue.popleft()
            self._gap = (oldest.id, (self._gap[1] if self._gap is not None else 0) + 1)
            self.lost += 1
        self._queue.append(event)
        self._wake.set()

    def take(self) -> LiveEvent | None:
        """The next event, or a gap; None: there is nothing yet."""
        if self._gap is not None:
            upto, lost = self._gap
            self._gap = None
            return LiveEvent(upto, Kind.GAP, (), "", {"lost": lost})
        return self._queue.popleft() if self._queue else None

    async def next(self) -> LiveEvent | None:
        """Wait for the next event; None: the subscription was closed."""
        while (event := self.take()) is None:
            if self._closed:
                return None
            self._wake.clear()
            await self._wake.wait()
        return event

    async def __aiter__(self) -> AsyncIterator[LiveEvent]:
        while (event := await self.next()) is not None:
            yield event

    def close(self) -> None:
        """Nothing more comes; what is queued can still be read."""
        self._closed = True
        self._wake.set()
