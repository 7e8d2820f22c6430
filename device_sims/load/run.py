"""A whole load: several links, one clock, figures each second.

    every 2 ms: how many are due by now? -> each link sends its own; answers come in between

The clock begins when all links are connected, and stops for nobody: not for a slow broker, not for one that has gone.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from device_sims.clients.endpoint import Endpoint
from device_sims.load.link import Link, Times
from device_sims.load.packets import PacketForm, topics_of
from device_sims.load.schedule import Schedule
from device_sims.world.clock import CityClock

__all__ = ["DRAIN", "LoadPlan", "LoadRun"]

_TICK = 0.002
_CONNECT = 5.0
_FIRST_BACKOFF = 0.2
_LONGEST_BACKOFF = 3.0
_QUIET = 5.0  # seconds between two sentences about the same trouble
DRAIN = 30.0
"""Seconds without an answer after which what is under way at the end is given up."""
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to send. rate 0: as much as the broker takes, and then nothing is due before it is sent."""

    endpoint: Endpoint
    devices: int
    rate: float
    connections: int = 1
    messages: int | None = None
    for_secs: float | None = None
    """Real seconds of the schedule; with `messages`, the first bound that is reached."""
    qos: int = 1
    queue: int = 100_000
    """Due messages that wait at most, over all connections; shared evenly."""
    zones: tuple[str, ...] = ("tianhe",)
    prefix: str = "load"
    origin: int = 0
    start: int = 0
    speed: float = 1.0
    drain_secs: float = field(default=DRAIN)

    def schedule(self) -> Schedule:
        """Raises ValueError for a plan that makes no sense."""
        if self.qos not in (0, 1):
            raise ValueError("a load is sent at QoS 0 or 1; the fleet (`python -m device_sims`) speaks QoS 2 too")
        if self.queue < self.connections:
            raise ValueError("the queue must have room for a message a connection")
        if self.rate == 0 and self.messages is None:
            raise ValueError("without a rate the number of messages must be given")
        messages = self.messages
        if self.for_secs is not None and self.rate:
            within = max(1, round(self.for_secs * self.rate))
            messages = within if messages is None else min(messages, within)
        return Schedule(self.devices, self.connections, self.rate, messages)


class LoadRun:
    """`run` once. Figures may be read at any time from the event loop."""

    def __init__(self, plan: LoadPlan, say: Callable[[str], None] = lambda _: None) -> None:
        """Raises ValueError for a plan that makes no sense, also where TLS can't be set up."""
        self.plan = plan
        self.times = Times()
        self.reconnects = 0
        self.secs = 0.0
        """From the beginning of the schedule to the last answer; at QoS 0, to the end."""
        self._schedule = plan.schedule()
        self._context = plan.endpoint.tls.context() if plan.endpoint.tls is not None else None
        self._say = say
        self._said = -_QUIET
        self._in_trouble = False
        """And somebody was told."""
        self._random = Random()  # noqa: S311 - spreads reconnects, hides nothing
        self._begun: int | None = None
        self._stopped_at: int | None = None
        self._all_due_at: int | None = None
        self._due = 0
        self._ended = asyncio.Event()
        self._leaving = False
        self._answered = time.monotonic_ns()
        topics = topics_of(plan.devices, plan.zones, plan.prefix)
        self._clock = clock = CityClock(plan.origin, plan.start, plan.speed)
        self.links = []
        for number in range(plan.connections):
            form = PacketForm(topics[number :: plan.connections], plan.qos)
            link = Link(
                form, self._schedule.share(number), clock, self.times, qos=plan.qos,
                bound=plan.queue // plan.connections, identifier=f"cityloom-load-{os.getpid()}-{number}",
                endpoint=plan.endpoint, changed=self._heard,
            )  # fmt: skip
            self.links.append(link)

    # ---- figures ----

    def total(self, figure: str) -> int:
        """Sum of a counter of the links: sent, acked, refused, overflowed, resent, strays, in_flight, waiting."""
        return sum(int(getattr(link, figure)) for link in self.links)

    @property
    def due(self) -> int:
        """Messages of the schedule whose time has come; without a rate, those that were sent."""
        return self._due if self.plan.rate else self.total("sent")

    @property
    def deepest(self) -> int:
        """Most messages that waited on all links together, by what each saw at most."""
        return self.total("deepest")

    @property
    def elapsed(self) -> float:
        """Seconds since the schedule began; 0 before."""
        return 0.0 if self._begun is None else (time.monotonic_ns() - self._begun) / 1e9

    @property
    def scheduled(self) -> int | None:
        """Messages of the whole schedule; None: without end."""
        return self._schedule.messages

    @property
    def under_way(self) -> int:
        """Due messages that have no answer yet (at QoS 0: that are not written)."""
        return self.total("in_flight") + self.total("waiting") if self.plan.rate else self.total("in_flight")

    def stop(self) -> bool:
        """Nothing more becomes due; what is due is still sent, and its answers waited for. Gives False.

        Called a second time, or before the schedule began: the run ends at once. Gives True.
        """
        at_once = self._stopped_at is not None or self._begun is None
        if at_once:
            self._ended.set()
        self._stopped_at = self._stopped_at or time.monotonic_ns()
        return at_once

    # ---- the run ----

    async def run(self) -> None:
        """Connect, send what becomes due until the schedule ends, wait for the answers, leave."""
        tasks = [asyncio.create_task(self._keep_connected(link)) for link in self.links]
        ticking = asyncio.create_task(self._tick())
        ended = asyncio.create_task(self._ended.wait())
        try:
            done, _ = await asyncio.wait([*tasks, ticking, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._leaving = True
            if self._begun is not None:
                last = self._answered if self.plan.qos else time.monotonic_ns()
                self.secs = (last - self._begun) / 1e9
            for link in self.links:
                link.leave()
            for task in (*tasks, ticking, ended):
                task.cancel()
            await asyncio.wait([*tasks, ticking, ended])
            left = [link.lost for link in self.links if link.lost is not None]
            if left:
                await asyncio.wait(left, timeout=1.0)

    async def _tick(self) -> None:
        watched = 0.0
        while not all(link.ready for link in self.links):  # noqa: ASYNC110 - the protocol has no event for all
            await asyncio.sleep(_TICK)
        self._begun = self._answered = time.monotonic_ns()
        city = self._clock.now()
        for link in self.links:
            link.begin(self._begun, city)
        while not self._finished():
            now = time.monotonic_ns()
            self._due = self._schedule.due_by((self._stopped_at or now) - self._begun)
            for link in self.links:
                link.advance(self._due, now)
            if now - watched > _NS:
                watched = now
                for link in self.links:
                    link.watch(now)
            await asyncio.sleep(_TICK)

    def _finished(self) -> bool:
        assert self._begun is not None
        whole = self._due == self._schedule.messages or (self._stopped_at is not None and self.plan.rate > 0)
        if not whole and self._stopped_at is None:
            return False
        left = self.total("in_flight") + (self.total("waiting") if whole else 0)
        if left == 0:
            return True
        now = time.monotonic_ns()
        self._all_due_at = self._all_due_at or now
        if (now - max(self._answered, self._all_due_at)) / 1e9 > self.plan.drain_secs:
            self._say(f"{left} messages were not acknowledged: no answer for {self.plan.drain_secs:g} s; given up")
            return True
        return False

    def _heard(self) -> None:
        self._answered = time.monotonic_ns()

    async def _keep_connected(self, link: Link) -> None:
        endpoint, loop, failures = self.plan.endpoint, asyncio.get_running_loop(), 0
        while not self._leaving:
            try:
                async with asyncio.timeout(_CONNECT):
                    await loop.create_connection(
                        lambda: link, endpoint.host, endpoint.port, ssl=self._context,
                        server_hostname=endpoint.host if self._context is not None else None,
                    )  # fmt: skip
                    assert link.hello is not None
                    await asyncio.shield(link.hello)
            except (OSError, TimeoutError) as error:
                failures += 1
                problem = getattr(error, "strerror", None) or str(error) or f"no answer within {_CONNECT:g} s"
                link.leave()
                if link.lost is not None:
                    await asyncio.shield(link.lost)
            else:
                failures = 0
                self._connected()
                assert link.lost is not None
                problem = await asyncio.shield(link.lost)
                if self._leaving:
                    return
                self.reconnects += 1
            self._trouble(problem)
            await asyncio.sleep(
                self._random.uniform(0.5, 1.0) * min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** min(failures, 8))
            )

    def _connected(self) -> None:
        if self._in_trouble and all(link.ready for link in self.links):
            self._in_trouble = False
            self._say(f"connected to the broker at {self.plan.endpoint}")

    def _trouble(self, problem: str) -> None:
        now = time.monotonic()
        if now - self._said >= _QUIET:
            self._said, self._in_trouble = now, True
            self._say(
                f"no connection to the broker at {self.plan.endpoint} ({problem}); "
                f"{self.under_way} messages wait, trying again"
            )
