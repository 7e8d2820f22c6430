"""The course of a running gateway: the order in which its parts are set going and stopped.

Stop order: sources (nothing new), intake (what came is durable and acknowledged), runner (what is durable is judged),
reviser and writers (what is judged is stored, where the store is up), snapshot. Each waits for the one before it.
"""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from gateway.telemetry.process_events import ShutdownFinished, ShutdownStarted

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["Course"]

_DRAIN_SECS, _FULL_DRAIN_SECS = 10.0, 0.5


class Course:
    """Belongs to one gateway; made where all of it but the sources is to start, in `group`."""

    def __init__(self, gateway: "Gateway", group: asyncio.TaskGroup) -> None:
        self._gateway = gateway
        self._intake = group.create_task(gateway.intake.run(), name="gateway.intake")
        self._runner = group.create_task(gateway.runner.run(), name="gateway.engine")
        self._writers = [
            group.create_task(writer.run(), name=f"gateway.store.{writer.name}") for writer in gateway.writers
        ]
        self._reviser = group.create_task(gateway.reviser.run(), name="gateway.reviser")
        self._timers = gateway.housekeeping.start(group)
        self._room = group.create_task(gateway.room.run(), name="gateway.room")
        self._live, self._notify = gateway.live_parts.start(group), gateway.notify_parts.start(group)
        self._rebirths = gateway.rebirth_parts.start(group)

    async def end(self) -> None:
        """Drain: stop part by part; `stopping` of the gateway says what is waited for."""
        gateway = self._gateway
        started = monotonic()
        gateway.telemetry.emit(ShutdownStarted())
        gateway.stopping = "a reload"
        await gateway.reloader.ended()
        gateway.stopping = "the broker connection"
        # a full inbox acknowledges nothing, however long it is waited for
        await gateway.stop_sources(_FULL_DRAIN_SECS if gateway.intake.full else _DRAIN_SECS)
        gateway.stopping = "the inbox"
        gateway.intake.stop()
        await self._intake
        gateway.stopping = "the engine"
        gateway.runner.stop()
        await self._runner
        gateway.room.stop()
        await self._room
        gateway.stopping = "the live view"
        self._rebirths.cancel()
        await gateway.live_parts.end(self._live)
        gateway.stopping = "the stores"
        await gateway.housekeeping.end(self._timers)
        gateway.reviser.stop()
        await self._reviser
        for writer in gateway.writers:
            writer.stop()
        await asyncio.gather(*self._writers)
        await gateway.notify_parts.end(self._notify)
        gateway.stopping = "the snapshot"
        await gateway.housekeeping.last()
        gateway.stopping = ""
        gateway.telemetry.emit(ShutdownFinished(monotonic() - started))
