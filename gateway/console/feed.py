"""What all pages look at, fetched once for all of them: alarms by events, the rest by questions while somebody looks.

link.feed.reader(alarms) --events--> AlarmBook  <--set right every half minute, and behind a gap-- link.ask("alarms")
link.ask(...) --every second or few--> status, incidents, reports, figures, devices      only while pages are open
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from gateway.console.strips import StripReader
from gateway.console.view.alarm_book import Alarm, AlarmBook
from gateway.console.view.strips import Drawn
from gateway.errors import GatewayError
from gateway.link.channel import FeedEvent, LiveFilter
from gateway.link.feed import Reading
from gateway.link.link import Link
from gateway.live.events import Kind

__all__ = ["Feed", "Topic"]

_WATCHED_SECS = 15.0
"""A page that was open so recently counts as one that is."""
_SNAPSHOT_SECS = 30.0
_MOST_ALARMS = 10_000
_AGAIN_SECS = 2.0
_MOST_BEGUN = 100
_MOST_DEVICES, _PAGE = 100_000, 5_000
_MOST_SERIES = 50_000


class Topic:
    """One question that is asked again and again: its newest answer, and when that last changed."""

    def __init__(self, every: float, question: Callable[[], Awaitable[Any]]) -> None:
        self.every, self.question = every, question
        self.answer: Any = None
        self.problem = ""
        self.version = 0
        self.asked = self.answered = 0.0
        self.wanted = 0.0

    def want(self) -> Any:
        """The newest answer; it is kept up to date for a while."""
        self.wanted = monotonic()
        return self.answer

    @property
    def due(self) -> bool:
        """Somebody looks, and it is old."""
        now = monotonic()
        return now - self.wanted < _WATCHED_SECS and now - self.asked >= self.every


class Feed:
    """Runs in the event loop of the web process."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.alarms = AlarmBook()
        self.status = Topic(1.0, partial(link.ask, "status"))
        self.incidents = Topic(2.0, partial(link.ask, "incidents", open=True, limit=500))
        self.reports = Topic(2.0, partial(link.ask, "reports", limit=500))
        self.devices = Topic(10.0, self._devices)
        self.strips = Topic(20.0, self._strips)
        self.begun: list[tuple[int, Alarm]] = []
        """Alarms that began or came again, newest last, each with its number; bounded."""
        self._number = 0

    @property
    def topics(self) -> tuple[Topic, ...]:
        """All that is asked."""
        return (self.status, self.incidents, self.reports, self.devices, self.strips)

    async def run(self) -> None:
        """Until cancelled."""
        # whoever comes first finds what takes longest
        for topic in (self.status, self.devices, self.strips):
            topic.want()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_alarms())
            for topic in self.topics:
                tasks.create_task(self._keep(topic))

    async def _keep(self, topic: Topic) -> None:
        while True:
            if topic.due:
                await self.refresh(topic)
            await asyncio.sleep(0.1)

    async def refresh(self, topic: Topic) -> None:
        """Ask now."""
        topic.asked = monotonic()
        try:
            answer = await topic.question()
        except GatewayError as error:
            topic.problem = error.problem
            topic.answer = None if topic is self.status else topic.answer
            topic.version += 1
            return
        topic.problem, topic.answered = "", monotonic()
        if answer != topic.answer:
            topic.answer = answer
            topic.version += 1

    async def devices_now(self) -> list[dict[str, Any]]:
        """All devices, as they were at most some seconds ago."""
        if self.devices.want() is None:
            await self.refresh(self.devices)
        return self.devices.answer or []

    async def _follow_alarms(self) -> None:
        while True:
            wanted = LiveFilter(frozenset((Kind.ALARM,)))
            with self.link.feed.reader(wanted) as reading, suppress(GatewayError):
                await self._snapshot()
                await self._events(reading)
            await asyncio.sleep(_AGAIN_SECS)

    async def _events(self, reading: Reading) -> None:
        """Take events; a snapshot now and then, and behind a gap. Ends when the link does."""
        due = monotonic() + _SNAPSHOT_SECS
        while True:
            events: list[FeedEvent] = []
            with suppress(TimeoutError):
                async with asyncio.timeout(max(due - monotonic(), 0.01)):
                    events = await reading.next()
                    if not events:
                        return
            for event in events:
                if event.kind is Kind.ALARM:
                    self._told(event.data)
            if not events or any(event.kind is Kind.GAP for event in events):
                await self._snapshot()
                due = monotonic() + _SNAPSHOT_SECS

    def _told(self, data: Mapping[str, Any]) -> None:
        began = self.alarms.told(data)
        if began is not None:
            self._number += 1
            self.begun.append((self._number, began))
            del self.begun[:-_MOST_BEGUN]

    async def _snapshot(self) -> None:
        self.alarms.replace(await self.link.ask("alarms", limit=_MOST_ALARMS, settled=True))

    async def _devices(self) -> list[dict[str, Any]]:
        """All devices, page by page."""
        out: list[dict[str, Any]] = []
        while len(out) < _MOST_DEVICES:
            page = await self.link.ask("devices", after=out[-1]["id"] if out else "", limit=_PAGE)
            out += page
            if len(page) < _PAGE:
                break
        return out

    async def _strips(self) -> list[Drawn]:
        series = await self.link.ask("series", limit=_MOST_SERIES)
        by_profile: dict[str, list[tuple[str, str]]] = {}
        for each in series:
            by_profile.setdefault(each["profile"], []).append((each["device"], each["quantity"]))
        figures = await self.link.ask("figures", limit=10_000)
        now = (await self.link.ask("status"))["clock"]["now"]
        conditions = {each.name: each for each in self.link.files.conditions}
        return await StripReader(self.link, conditions, figures, by_profile, now).read()
