"""Requests to Sparkplug edge nodes for their births, as the engine wants them: NCMD, QoS 0, by the node's own broker.

    spBv1.0/<group>/NCMD/<node>     Node Control/Rebirth = true

At most once: what can't be sent is counted and dropped, for the engine asks again while a birth is missing. So there is
no connection while there is nothing to ask, and no request is older than a minute. QoS 0 has no answer: a broker that
refuses the topic by its access rules does so in silence, which shows as a node that is asked again and again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import aiomqtt

from gateway.codecs.sparkplug_wire import encode_rebirth
from gateway.engine.results import EdgeNote
from gateway.errors import GatewayError
from gateway.live.mqtt_client import MqttTarget, publishing_client

__all__ = ["RebirthEvents", "RebirthPublisher", "rebirth_topic"]

_MOST = 10_000
_STALE = 60_000_000_000
_MILLISECOND = 1_000_000
_PACE_SECS = 0.01
"""Between two requests: births of a whole city at once would be a flood."""
_NO_BROKER = "it was heard by no broker of ours"


class RebirthEvents(Protocol):
    """Who is told what became of requests."""

    def rebirth_asked(self, node: str, why: str) -> None:
        """A request was published."""
        ...

    def rebirth_failed(self, node: str, problem: str) -> None:
        """A request was dropped."""
        ...


def rebirth_topic(note: EdgeNote) -> str:
    """Where an edge node listens for commands."""
    return f"spBv1.0/{note.group}/NCMD/{note.node}"


class RebirthPublisher:
    """`ask` and `run` in one event loop. `targets`: the broker of each connection, by its number."""

    def __init__(self, targets: Mapping[int, MqttTarget], now: Callable[[], int], events: RebirthEvents) -> None:
        self.asked = 0
        self.failed = 0
        self._targets, self._now, self._events = targets, now, events
        self._waiting: deque[EdgeNote] = deque()
        self._wake = asyncio.Event()

    def ask(self, notes: Sequence[EdgeNote]) -> None:
        """Take the requests among the notes of a committed call."""
        for note in notes:
            if note.kind != "rebirth":
                continue
            if len(self._waiting) >= _MOST:
                self._fail(note, f"{_MOST} requests wait already")
            elif note.source not in self._targets:
                self._fail(note, _NO_BROKER)
            else:
                self._waiting.append(note)
                self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._connected(self._waiting[0].source)

    async def _connected(self, source: int) -> None:
        """Publish what waits for one broker; drop it where that can't be reached."""
        target, problem = self._targets.get(source), "the connection was closed"
        mine = [note for note in self._waiting if note.source == source]
        self._waiting = deque(note for note in self._waiting if note.source != source)
        sent = 0
        if target is None:  # a reload took it away while they waited
            for note in mine:
                self._fail(note, _NO_BROKER)
            return
        try:
            async with publishing_client(target) as client:
                for note in mine:
                    if self._now() - note.at > _STALE:
                        self._fail(note, "it waited for more than a minute")
                    else:
                        payload = encode_rebirth(self._now() // _MILLISECOND)
                        await client.publish(rebirth_topic(note), payload, qos=0, retain=False)
                        self.asked += 1
                        self._events.rebirth_asked(f"{note.group}/{note.node}", note.why)
                    sent += 1
                    await asyncio.sleep(_PACE_SECS)
        except (aiomqtt.MqttError, OSError, GatewayError) as error:
            problem = str(error) or problem
        for note in mine[sent:]:
            self._fail(note, problem)

    def _fail(self, note: EdgeNote, problem: str) -> None:
        self.failed += 1
        self._events.rebirth_failed(f"{note.group}/{note.node}", problem)
