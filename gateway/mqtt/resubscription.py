"""Changes of a source that lives: other filters on the same session, and giving a session up without losing anything.

    resubscribe   SUBSCRIBE what is new -> granted -> UNSUBSCRIBE what is no longer wanted -> answered
    leave         UNSUBSCRIBE everything -> what the broker still holds comes and is acknowledged -> session expiry 0
"""

import asyncio
from collections.abc import Callable, Sequence

from gateway.mqtt.connection import MqttSource

__all__ = ["leave", "resubscribe"]

_POLL_SECS = 0.02
_QUIET_SECS = 0.5
"""Nothing came for so long after the last acknowledgement: the broker has nothing more of ours."""


async def resubscribe(source: MqttSource, filters: Sequence[str], secs: float) -> bool:
    """False: the broker has not answered all of it within `secs`; what is open is asked again after a reconnect."""
    source.subscribe(filters)
    return await _reached(lambda: source.settled, secs)


async def leave(source: MqttSource, secs: float) -> bool:
    """End a source and its session. False: its broker is away or goes on sending, and keeps what it has of ours."""
    drained = await resubscribe(source, (), secs) and await _drained(source, secs)
    await source.stop(secs if drained else 0.0, forget=drained)
    return drained


async def _drained(source: MqttSource, secs: float) -> bool:
    loop = asyncio.get_running_loop()
    quiet_since, received = loop.time(), source.received

    def over() -> bool:
        nonlocal quiet_since, received
        if source.received != received or source.in_flight or source.held:
            quiet_since, received = loop.time(), source.received
        return loop.time() - quiet_since >= _QUIET_SECS

    return await _reached(over, secs) and source.settled


async def _reached(reached: Callable[[], bool], secs: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + secs
    while not reached():
        if loop.time() > deadline:
            return False
        await asyncio.sleep(_POLL_SECS)
    return True
