"""Brings messages to the broker at QoS 1, each until the broker has acknowledged it.

Several connections, each with a bounded queue and a bounded number in flight; a device keeps to one connection, so its
messages arrive in order. After a cut, what was not acknowledged is sent again, oldest first: at least once, never lost.
aiomqtt doesn't pass on the reason code of a PUBACK, so a message that the broker refuses by its access rules counts as
acknowledged.
"""

import asyncio
import logging
import math
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import aiomqtt

from device_sims.fleet import Message

__all__ = ["Endpoint", "Publisher"]

WINDOW = 20
"""In flight on a connection; what mosquitto grants when nothing is configured (it cuts whoever exceeds it)."""
QUEUED = 8 * WINDOW
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 5.0
QUIET = 5.0  # seconds between two sentences about the same trouble

CONNECT = 3.0
"""Seconds; aiomqtt sits them out when a connection is cut before its CONNACK."""

# aiomqtt warns of every pending publish above ten, the normal state here, and of cuts, which we tell ourselves
_log = logging.getLogger("device_sims.mqtt")
_log.setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker listens."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None


class Publisher:
    """`run` until cancelled beside `put` and `drain`.

    `acknowledged` is called once for every message, with the system time (ns) at which it was first sent.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        acknowledged: Callable[[Message, int], None],
        *,
        connections: int = 4,
        say: Callable[[str], None] = lambda _: None,
        random: Random | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._acknowledged = acknowledged
        self._say = say
        self._random = Random() if random is None else random  # noqa: S311 - spreads reconnects, hides nothing
        self._lines = [_Line(number) for number in range(connections)]
        self._in_trouble = False
        self._said = -math.inf
        self._ending = False
        self.resent = 0
        """Messages sent again after a cut."""

    @property
    def waiting(self) -> int:
        """Messages that the broker hasn't acknowledged yet."""
        return sum(line.queue.qsize() + len(line.unacked) for line in self._lines)

    def unacknowledged(self) -> Iterator[tuple[Message, int]]:
        """Messages that were sent and whose fate isn't known, each with when it was first sent (system ns)."""
        for line in self._lines:
            yield from line.unacked.values()

    async def put(self, message: Message) -> None:
        """Hand over a message; waits while its connection's queue is full."""
        await self._lines[message.number % len(self._lines)].queue.put(message)

    async def drain(self) -> None:
        """Return when everything handed over is acknowledged."""
        for line in self._lines:
            await line.queue.join()

    async def run(self) -> None:
        """Connect, send, connect again; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(self._keep_connected(line), name=f"device_sims.publisher.{line.number}")
            try:
                await asyncio.Event().wait()
            finally:
                self._ending = True

    async def _keep_connected(self, line: "_Line") -> None:
        failures = 0
        # asyncio.wait_for, in aiomqtt, may swallow a cancellation that comes as what it waits for is done
        while not self._ending:
            before, wait = line.acknowledged, 0.0
            try:
                async with self._client(line) as client:
                    self._connected()
                    await self._serve(line, client)
            except* (aiomqtt.MqttError, OSError) as errors:
                failures = 0 if line.acknowledged > before else failures + 1
                wait = self._random.uniform(0.0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures, 10)))
                self._cut(errors.exceptions[0])
            line.again = deque((number, message) for number, (message, _) in line.unacked.items())
            self.resent += len(line.again)
            await asyncio.sleep(wait)

    def _client(self, line: "_Line") -> aiomqtt.Client:
        return aiomqtt.Client(
            self._endpoint.host,
            self._endpoint.port,
            username=self._endpoint.username,
            password=self._endpoint.password,
            identifier=f"device-sims-{os.getpid()}-{line.number}",
            protocol=aiomqtt.ProtocolVersion.V5,
            timeout=CONNECT,
            max_inflight_messages=WINDOW,
            logger=_log,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    async def _serve(self, line: "_Line", client: aiomqtt.Client) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_watch(client))
            for _ in range(WINDOW):
                tasks.create_task(self._send(line, client))

    async def _send(self, line: "_Line", client: aiomqtt.Client) -> None:
        while True:
            number, message = await line.next()
            await client.publish(message.topic, message.payload, qos=1, timeout=math.inf)
            self._acknowledged(message, line.done(number))

    def _connected(self) -> None:
        if self._in_trouble:
            self._in_trouble = False
            self._said = -math.inf
            self._say(f"connected to the broker at {self._endpoint.host}:{self._endpoint.port}")

    def _cut(self, error: BaseException) -> None:
        self._in_trouble = True
        now = time.monotonic()
        if now - self._said >= QUIET:
            self._said = now
            where = f"{self._endpoint.host}:{self._endpoint.port}"
            self._say(f"no connection to the broker at {where} ({error}); {self.waiting} messages wait, trying again")


class _Line:
    """One connection's messages: those not sent yet, and those not acknowledged in the order of first sending."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.queue: asyncio.Queue[Message] = asyncio.Queue(QUEUED)
        self.unacked: dict[int, tuple[Message, int]] = {}
        self.again: deque[tuple[int, Message]] = deque()
        self.acknowledged = 0
        self._sent = 0

    async def next(self) -> tuple[int, Message]:
        if self.again:
            return self.again.popleft()
        message = await self.queue.get()
        self._sent += 1
        self.unacked[self._sent] = message, time.time_ns()
        return self._sent, message

    def done(self, number: int) -> int:
        """Gives when it was first sent."""
        _, sent_at = self.unacked.pop(number)
        self.acknowledged += 1
        self.queue.task_done()
        return sent_at


async def _watch(client: aiomqtt.Client) -> None:
    """Raise MqttError when the connection is cut, also while nothing is being sent. Nothing is subscribed to."""
    async for _ in client.messages:
        pass
