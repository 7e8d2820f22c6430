"""Sends what is planned: a task that plans, and one a channel that sends, so that no channel holds up another.

plan:  every half second, or when records.db got something new --> round --> channels with something to send
send:  attempt noted --> channel.send --> outcome noted
                             | not taken: again by backoff or when the other end said, until `retry_for` is over
                             | refused (that message, not the channel): the others go on meanwhile
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Protocol

import numpy as np

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.mqtt.backoff import Backoff
from gateway.notify.book import NotifyBook
from gateway.notify.channels.base import Channel, Undelivered
from gateway.notify.model import Message, MessageState, Reminder
from gateway.notify.planner import Planner
from gateway.notify.render import Wording, render

__all__ = ["Dispatcher", "NotifyEvents"]

_POLL_SECS = 0.5
_TROUBLE_SECS = 2.0
_PRUNE_ROUNDS = 7_200


class NotifyEvents(Protocol):
    """Who is told how it goes."""

    def sent(self, channel: str, message: Message) -> None:
        """The other end has it."""
        ...

    def retrying(self, channel: str, message: Message, problem: str, retry_in: float) -> None:
        """It is tried again."""
        ...

    def failed(self, channel: str, message: Message, problem: str) -> None:
        """It was given up."""
        ...


class Dispatcher:
    """`run` until `stop`. Everything that must survive is in the book."""

    def __init__(
        self, book: NotifyBook, planner: Planner, channels: Mapping[str, Channel], clock: Clock, wording: Wording,
        events: NotifyEvents, *, retry_for_ns: int, retry_max_secs: float, passed: Callable[[str], None],
        reminders: Callable[[int], Sequence[Reminder]] = lambda _: (), retry_min_secs: float = 1.0,
    ) -> None:  # fmt: skip
        """`retry_for_ns` is of `clock`; waits are real ones."""
        self.problem = ""
        """Why nothing can be planned just now."""
        self.problems: dict[str, str] = {}
        """By channel: why it took nothing the last time."""
        self._book, self._planner, self._channels = book, planner, channels
        self._clock, self._wording, self._events = clock, wording, events
        self._retry_for_ns, self._passed, self._reminders = retry_for_ns, passed, reminders
        self._due: list[Reminder] = []
        self._arrived: set[str] = set()
        """Messages that were taken while records.db could not note it: they are not sent again."""
        self._retry = (min(retry_min_secs, retry_max_secs), retry_max_secs)
        self._wakes = {name: asyncio.Event() for name in channels}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Plan and send."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._plan(), name="gateway.notify.plan")
                for channel in self._channels.values():
                    tasks.create_task(self._serve(channel), name=f"gateway.notify.{channel.name}")
                try:
                    await self._stopping.wait()
                finally:
                    self.stop()  # aiomqtt may swallow a cancellation: the loops end all the same
        finally:
            for channel in self._channels.values():
                await channel.close()

    def wake(self) -> None:
        """There may be something new in records.db."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the try that is under way; the rest is in the book for the next start."""
        self._stopping.set()
        for event in (self._wake, *self._wakes.values()):
            event.set()

    # -- plan ---------------------------------------------------------------------------------------------------------

    async def _plan(self) -> None:
        opened, rounds = False, 0
        while not self._stopping.is_set():
            try:
                if not opened:
                    await self._book.open()
                    opened = True
                more = await self._round()
                if rounds % _PRUNE_ROUNDS == 0:
                    await self._book.prune(self._clock.now())
                rounds += 1
                self.problem = ""
            except StoreError as error:
                self.problem, more = error.problem, False
                await self._wait(self._stopping, _TROUBLE_SECS)
            if not more:
                await self._wait(self._wake, _POLL_SECS)
                self._wake.clear()
        if opened:
            with suppress(StoreError):  # what came last is planned now, and sent after the next start, however late
                await self._round()

    async def _round(self) -> bool:
        now = self._clock.now()
        self._due += self._reminders(now)
        busy, more = await self._book.round(self._planner, now, self._due)
        self._due.clear()
        for channel in busy:
            if channel in self._wakes:
                self._wakes[channel].set()
            else:
                await self._book.fail_channel(channel, now)
        return more

    # -- send ---------------------------------------------------------------------------------------------------------

    async def _serve(self, channel: Channel) -> None:
        backoff = Backoff(*self._retry, np.random.default_rng())
        wake = self._wakes[channel.name]
        later: dict[str, float] = {}
        """Messages that were refused, and when they are tried again."""
        while not self._stopping.is_set():
            wake.clear()
            try:
                wait = await self._send_all(channel, backoff, later)
            except StoreError:
                wait = _TROUBLE_SECS
            if wait is None:
                soonest = min(later.values(), default=None)
                await self._wait(wake, None if soonest is None else max(soonest - monotonic(), 0.0))
            else:
                await self._wait(self._stopping, wait)

    async def _send_all(self, channel: Channel, backoff: Backoff, later: dict[str, float]) -> float | None:
        """Send what there is; gives how long the channel needs a rest, None: it has taken all that could go."""
        for name in [name for name, due in later.items() if due <= monotonic()]:
            del later[name]
        for message in await self._book.waiting(channel.name, tuple(later)):
            if self._stopping.is_set():
                return None
            error = await self._send(channel, message)
            if error is None:
                backoff.reset()
                self.problems.pop(channel.name, None)
                continue
            self.problems[channel.name] = error.problem
            wait = error.after if error.after is not None else backoff.next_delay()
            if self._clock.now() - message.due > self._retry_for_ns:
                await self._book.outcome(message.id, MessageState.FAILED, self._clock.now(), error.problem)
                self._events.failed(channel.name, message, error.problem)
                continue
            await self._book.outcome(message.id, MessageState.SENDING, self._clock.now(), error.problem)
            self._events.retrying(channel.name, message, error.problem, wait)
            if not error.refused:
                return wait
            later[message.id] = monotonic() + max(wait, self._retry[1] / 2)
        return None

    async def _send(self, channel: Channel, message: Message) -> Undelivered | None:
        if message.id not in self._arrived:
            await self._book.attempt(message.id, self._clock.now())
            self._passed("before-notification")
            try:
                await channel.send(render(message, self._wording))
            except Undelivered as error:
                return error
            except Exception as error:  # noqa: BLE001  a fault in one channel or message ends nothing else
                return Undelivered(f"{type(error).__name__} in the channel", refused=True)
            self._passed("after-notification")
            self._arrived.add(message.id)
        await self._book.outcome(message.id, MessageState.SENT, self._clock.now())
        self._arrived.discard(message.id)
        self._events.sent(channel.name, message)
        return None

    @staticmethod
    async def _wait(event: asyncio.Event, secs: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(secs):
                await event.wait()
