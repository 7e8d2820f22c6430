"""An edge node on the line: what it says when, and what it does about a line that breaks.

    connect with the death as will -> listen for commands -> births -> what was kept -> data each interval
       ^                                  `- asked for its births: it is born again, in the same session
       `--- cut: measures and keeps ------------------------------------------------- stop: its death, then a goodbye

QoS 0, as the standard wants it: a receiver that is away meanwhile sees a number missing. At QoS 1, which some stacks
use, the broker keeps it. A cut falls between two messages: the broker has read all that was written before.
"""

import asyncio
import logging
import math
import random
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import aiomqtt

from device_sims.clients.base import CONNECT, cut_socket
from device_sims.clients.endpoint import Endpoint
from device_sims.edge.books import EdgeBooks
from device_sims.edge.node import EdgeNode, Packet
from device_sims.encoders.sparkplug_b import asks_for_birth
from device_sims.world.clock import CityClock

__all__ = ["EdgeLink", "Habits"]

_RETRY_SECS = 2.0
_MILLISECOND = 1_000_000
_log = logging.getLogger("device_sims.mqtt")  # aiomqtt warns of cuts, which are told here


@dataclass(frozen=True, slots=True)
class Habits:
    """Of a node. Seconds of city time."""

    interval_secs: float = 10.0
    qos: int = 0
    lose: float = 0.0
    """Share of data messages whose number is used and that are never sent."""
    cut_every_secs: float | None = None
    """Between two cuts, half as long to half as long again; None: the line holds."""
    cut_secs: float = 30.0
    seed: int = 1


class EdgeLink:
    """One edge node and its connection. `run` until `stop`."""

    def __init__(
        self, node: EdgeNode, endpoint: Endpoint, clock: CityClock, books: EdgeBooks, habits: Habits,
        told: Callable[["EdgeLink", str], None] = lambda _, __: None, context: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.node = node
        self.connections = 0
        self.connected = False
        self._endpoint, self._context, self._clock, self._books = endpoint, context, clock, books
        self._habits, self._told = habits, told
        self._random = random.Random(f"{habits.seed}/{node.key()}")  # noqa: S311 - the same seed, the same losses
        self._interval = max(round(habits.interval_secs * 1e3), 1) * _MILLISECOND
        self._due = self._now() // _MILLISECOND * _MILLISECOND + self._interval
        self._cut_at = self._next_cut()
        self._cut: int | None = None
        """When this connection was cut by us."""
        self._stopping = asyncio.Event()
        self._speaking = asyncio.Lock()
        """Births and data of one moment stand behind each other: their numbers must leave in order."""

    def stop(self) -> None:
        """Say that it goes, then end."""
        self._stopping.set()

    async def run(self) -> None:
        """Connect, speak, connect again. `told` hears of each connection that fails or breaks, and "" of each made."""
        while not self._stopping.is_set():
            self._cut = None
            will = self.node.will()
            try:
                async with self._client(will) as client:
                    await self._session(client)
                    await self._send(client, self.node.death())
            except* (aiomqtt.MqttError, OSError) as errors:
                if self.connected:
                    self._books.willed(will, self._now(), time.time_ns())
                if self._cut is None:
                    self._told(self, _first(errors))
            if self.connected:
                self.connected = False
                self._books.gone(self.node.key())
            if self._cut is not None:
                await self._keep_until(self._cut + round(self._habits.cut_secs * 1e9))
                self._books.off(self.node, self._cut, self._now())
            elif not self._stopping.is_set():
                await self._keep_until(self._now() + round(_RETRY_SECS * self._clock.speed * 1e9))

    def _client(self, will: Packet) -> aiomqtt.Client:
        name = self._endpoint.username
        return aiomqtt.Client(
            self._endpoint.host, self._endpoint.port,
            username=None if name is None else name.replace("{node}", self.node.node),
            password=self._endpoint.password, identifier=f"{self.node.group}-{self.node.node}",
            protocol=aiomqtt.ProtocolVersion.V5, timeout=CONNECT, logger=_log, clean_start=True,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=False), keepalive=10, tls_context=self._context,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )  # fmt: skip

    async def _session(self, client: aiomqtt.Client) -> None:
        self.connected = True
        self.connections += 1
        self._books.summary.connections += 1
        self._told(self, "")
        await client.subscribe(self.node.commands, qos=1)
        await self._be_born(client, asked=False)
        for packet in self.node.kept(self._now()):
            await self._send(client, packet)
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(client))
            await self._rounds(client)
            listening.cancel()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if isinstance(message.payload, bytes) and asks_for_birth(message.payload):
                async with self._speaking:
                    await self._be_born(client, asked=True)

    async def _rounds(self, client: aiomqtt.Client) -> None:
        while not self._stopping.is_set():
            moment = self._due if self._cut_at is None else min(self._due, self._cut_at)
            await self._pause(moment)
            if self._stopping.is_set():
                return
            async with self._speaking:
                if moment == self._cut_at:
                    await self._cut_line(client)
                else:
                    await self._round(client)
            if self._cut is not None:
                await asyncio.Event().wait()  # who listens learns of the cut

    async def _be_born(self, client: aiomqtt.Client, *, asked: bool) -> None:
        self._catch_up()
        now = self._now() // _MILLISECOND * _MILLISECOND
        self._books.born(self.node.key(), asked=asked)
        self._measure(now)
        for packet in self.node.births(now):
            await self._send(client, packet)

    async def _round(self, client: aiomqtt.Client) -> None:
        """A message of each device; what can't be sent is kept."""
        due, self._due = self._due, self._due + self._interval
        self._measure(due)
        for which in range(len(self.node.devices)):
            packet = self.node.data(which, due)
            if self._random.random() < self._habits.lose:
                self._books.lost(self.node.key(), packet, due)
                continue
            try:
                await self._send(client, packet)
            except BaseException:  # a cancellation too: what was measured is kept, whatever ends the sending
                for rest in range(which, len(self.node.devices)):
                    self.node.keep(rest, due)
                raise

    async def _cut_line(self, client: aiomqtt.Client) -> None:
        await client.subscribe(self.node.commands, qos=1)  # answered: all that was written before has been read
        self._cut = self._now()
        self._cut_at = self._next_cut()
        cut_socket(client._client.socket())  # noqa: SLF001 - aiomqtt has no way to its socket

    async def _send(self, client: aiomqtt.Client, packet: Packet) -> None:
        sent_at, acked_at = time.time_ns(), None
        due = packet.readings[0].ts if packet.readings and not packet.historical else self._now()
        try:
            await client.publish(packet.topic, packet.payload, qos=self._habits.qos, retain=False, timeout=math.inf)
            acked_at = time.time_ns()
        finally:
            self._books.sent(self.node.key(), packet, due, sent_at, acked_at)

    async def _keep_until(self, moment: int) -> None:
        """Measure and keep until a moment of city time."""
        while self._now() < moment and not self._stopping.is_set():
            await self._pause(min(self._due, moment))
            self._catch_up()

    def _catch_up(self) -> None:
        while self._due <= self._now():
            self._measure(self._due)
            for which in range(len(self.node.devices)):
                self.node.keep(which, self._due)
            self._due += self._interval

    def _measure(self, ts: int) -> None:
        for which, device in enumerate(self.node.devices):
            self._books.measured(self.node.key(device), self.node.readings(which, ts))

    def _next_cut(self) -> int | None:
        every = self._habits.cut_every_secs
        return None if every is None else self._now() + round(every * (0.5 + self._random.random()) * 1e9)

    def _now(self) -> int:
        return self._clock.now()

    async def _pause(self, moment: int) -> None:
        """Until the city reads a moment, or it is told to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(self._clock.seconds_until(moment), 0.0)):
                await self._stopping.wait()


def _first(errors: BaseExceptionGroup[BaseException]) -> str:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else str(first)
