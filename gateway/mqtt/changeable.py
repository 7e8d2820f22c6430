"""A source that is changed while it lives: other filters on the same session, and a session given up without a loss.

    resubscribe   SUBSCRIBE what is new -> granted -> UNSUBSCRIBE what is no longer wanted -> answered
    leave         UNSUBSCRIBE everything -> what the broker still holds comes and is acknowledged -> session expiry 0

Messages of a filter that was given up may still come; they are taken in like any other.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.mqtt.connection import MqttSource
from gateway.mqtt.overlap import Overlap
from gateway.mqtt.session import SessionState

__all__ = ["ChangeableSource", "Cut", "never", "reached"]

_POLL_SECS = 0.02
_QUIET_SECS = 0.5
"""Nothing came for so long after the last acknowledgement: the broker has nothing more of ours."""
Cut = Callable[[], bool]


def never() -> bool:
    """Waiting goes on for as long as it may."""
    return False


class ChangeableSource(MqttSource):
    """One connection with its session. Everything is called from the event loop that runs `run`."""

    overlap: Overlap | None = None
    """Told of what is handed over, while it is set."""

    @property
    def filters(self) -> tuple[str, ...]:
        """What is wanted."""
        return self._session.subscriptions.wanted

    @property
    def settled(self) -> bool:
        """Connected, and the broker has answered all that it was asked."""
        return self.subscribed and self._session.subscriptions.settled

    def _hand_over(self) -> None:
        handover = self._session.take()
        if handover is not None:
            if self.overlap is not None:
                self.overlap.look(handover.rows, asyncio.get_running_loop().time())
            self._sink.put(self, *handover)

    async def resubscribe(self, filters: Sequence[str], secs: float, cut: Cut = never) -> bool:
        """Want other filters. False: not answered within `secs`; the next connection asks for what is open then."""
        self.options = replace(self.options, filters=tuple(filters))
        data = self._session.subscriptions.change(filters)
        if data and self._wire is not None and self._session.state is SessionState.OPEN:
            self._flush()
            self._wire.send(data)
        return await reached(lambda: self.settled, secs, cut)

    async def leave(self, secs: float) -> bool:
        """End, and the session too. False: the broker is away or goes on sending, and keeps what it has of ours."""
        drained = await self.resubscribe((), secs) and await self.drained(secs)
        self._session.forget = drained
        await self.stop(secs if drained else 0.0)
        return drained

    async def drained(self, secs: float) -> bool:
        """Wait until the broker has nothing more of ours; False: not within `secs`."""
        loop = asyncio.get_running_loop()
        quiet_since, received = loop.time(), self.received

        def quiet() -> bool:
            nonlocal quiet_since, received
            if self.received != received or self.in_flight or self.held:
                quiet_since, received = loop.time(), self.received
            return loop.time() - quiet_since >= _QUIET_SECS

        return await reached(quiet, secs) and self.settled


async def reached(what: Callable[[], bool], secs: float, cut: Cut = never) -> bool:
    """Wait until `what` says so; False: not within `secs`, or not until `cut` says that there is no time for it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + secs
    while not what():
        if cut() or loop.time() > deadline:
            return False
        await asyncio.sleep(_POLL_SECS)
    return True
