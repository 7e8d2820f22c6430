"""Brings messages to the broker, each until the broker has acknowledged it.

    put -> a connection's bounded queue -> a client library, at most WINDOW in flight -> acknowledged, once a message

Several connections, each with a client, a protocol version and a QoS of its own (clients/dialect.py); a device keeps
to one, so its messages arrive in order. After a cut, what was not acknowledged is sent again, oldest first: at QoS 1 at
least once, never lost. At QoS 0 acknowledged means written, and what was on its way at a cut is lost.
"""

import asyncio
import math
import os
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from random import Random

from device_sims.clients.aiomqtt_client import AiomqttClient
from device_sims.clients.base import WINDOW, Client, LinkLost
from device_sims.clients.dialect import Dialect, Dialects
from device_sims.clients.endpoint import Endpoint
from device_sims.clients.paho_client import PahoClient
from device_sims.fleet.fleet import Message

__all__ = ["Endpoint", "Publisher"]

QUEUED = 8 * WINDOW
FIRST_BACKOFF = 0.2
LONGEST_BACKOFF = 5.0
QUIET = 5.0  # seconds between two sentences about the same trouble


class Publisher:
    """`run` until cancelled beside `put` and `drain`.

    `acknowledged` is called once for every message that was taken, with when it was first sent (system ns).

    Raises ValueError where TLS can't be set up.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        acknowledged: Callable[[Message, int], None],
        *,
        connections: int = 4,
        dialects: Dialects | None = None,
        say: Callable[[str], None] = lambda _: None,
        random: Random | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._acknowledged = acknowledged
        self._say = say
        self._random = Random() if random is None else random  # noqa: S311 - spreads reconnects, hides nothing
        dialects = Dialects() if dialects is None else dialects
        context = endpoint.tls.context() if endpoint.tls is not None else None
        self._lines = [_Line(number, endpoint, dialects.of(number), context) for number in range(connections)]
        self._in_trouble = False
        self._said = -math.inf
        self._ending = False
        self.resent = 0
        """Messages sent again after a cut."""
        self.refused = 0
        """Messages that the broker refused, where the client library tells: not acknowledged, and not sent again."""

    @property
    def waiting(self) -> int:
        """Messages that the broker hasn't answered yet."""
        return sum(line.queue.qsize() + len(line.unacked) for line in self._lines)

    def unacknowledged(self) -> Iterator[tuple[Message, int]]:
        """Messages that were sent and whose fate isn't known, each with when it was first sent (system ns)."""
        for line in self._lines:
            yield from line.unacked.values()

    async def put(self, message: Message) -> None:
        """Hand over a message; waits while its connection's queue is full."""
        await self._line_of(message.number).queue.put(message)

    async def drain(self) -> None:
        """Return when everything handed over is answered."""
        for line in self._lines:
            await line.queue.join()

    def cut(self, number: int) -> bool:
        """Cut the connection that device `number` uses, abruptly: no DISCONNECT. It comes back by itself.

        False where it is not connected at the moment. Devices that share the connection are cut with it.
        """
        return self._line_of(number).client.cut()

    async def run(self) -> None:
        """Connect, send, connect again; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(self._keep_connected(line), name=f"device_sims.clients.publisher.{line.number}")
            try:
                await asyncio.Event().wait()
            finally:
                self._ending = True

    def _line_of(self, number: int) -> "_Line":
        return self._lines[number % len(self._lines)]

    async def _keep_connected(self, line: "_Line") -> None:
        failures = 0
        # asyncio.wait_for, in aiomqtt, may swallow a cancellation that comes as what it waits for is done
        while not self._ending:
            before, wait = line.acknowledged, 0.0
            try:
                async with line.client.connected():
                    self._connected()
                    await self._serve(line)
            except* (LinkLost, OSError) as errors:
                failures = 0 if line.acknowledged > before else failures + 1
                wait = self._random.uniform(0.0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures, 10)))
                self._cut(errors.exceptions[0])
            line.again = deque((number, message) for number, (message, _) in line.unacked.items())
            self.resent += len(line.again)
            await asyncio.sleep(wait)

    async def _serve(self, line: "_Line") -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(line.client.watch())
            for _ in range(WINDOW):
                tasks.create_task(self._send(line))

    async def _send(self, line: "_Line") -> None:
        while True:
            number, message = await line.next()
            taken = await line.client.publish(number, message.topic, message.payload)
            sent_at = line.done(number)
            if taken:
                self._acknowledged(message, sent_at)
            else:
                self.refused += 1
                self._tell(f"the broker refuses messages, such as one to {message.topic}; {self.refused} so far")

    def _connected(self) -> None:
        if self._in_trouble:
            self._in_trouble = False
            self._said = -math.inf
            self._say(f"connected to the broker at {self._endpoint}")

    def _cut(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self._in_trouble = True
        self._tell(
            f"no connection to the broker at {self._endpoint} ({error}); {self.waiting} messages wait, trying again"
        )

    def _tell(self, sentence: str) -> None:
        now = time.monotonic()
        if now - self._said >= QUIET:
            self._said = now
            self._say(sentence)


class _Line:
    """One connection's messages: those not sent yet, and those not acknowledged in the order of first sending."""

    def __init__(self, number: int, endpoint: Endpoint, dialect: Dialect, context: ssl.SSLContext | None) -> None:
        make = PahoClient if dialect.client == "paho" else AiomqttClient
        self.number = number
        self.client: Client = make(endpoint, dialect, f"device-sims-{os.getpid()}-{number}", context)
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
