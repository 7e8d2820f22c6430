"""One filter's live events, written once and read by any number of readers, each at its own pace.

    feed --> Channel (bounded log) --> reader: its place in the log; behind the oldest that is kept: a gap

Readers share the events and what was made of them: a reader costs its place. Nobody is waited for.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from gateway.live.events import Kind

__all__ = ["READINGS_ONLY", "Channel", "FeedEvent", "LiveFilter"]

READINGS_ONLY = ("readings",)
"""Levels of a gap in which no alarm is lost."""

_encode = msgspec.json.Encoder().encode


class FeedEvent(NamedTuple):
    """A live event, with its id and its data as JSON already."""

    epoch: str
    id: int
    kind: Kind | str
    levels: tuple[str, ...]
    zone: str
    data: Mapping[str, Any]
    body: bytes
    """`data` as JSON."""
    sse: bytes
    """The event as a server-sent one, with its id."""

    @classmethod
    def of(
        cls, epoch: str, number: int, kind: Kind | str, levels: Sequence[str], zone: str, data: Mapping[str, Any]
    ) -> Any:
        """Encode `data`, once for all readers."""
        body = _encode(data)
        sse = b"id: %b-%d\nevent: %b\ndata: %b\n\n" % (epoch.encode(), number, kind.encode(), body)
        return cls(epoch, number, kind, tuple(levels), zone, data, body, sse)

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is about, wherever that is: a later event with the same key says all of it anew. Names are of the
        whole city, and a reload may move what has one to another zone.
        """
        return (self.kind, *self.levels[1:])


class LiveFilter(NamedTuple):
    """Which events; what is empty doesn't narrow. Gaps come always, those of readings alone to who wants readings."""

    kinds: frozenset[Kind] = frozenset()
    zones: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    """Readings and windows of these; alarms about them."""
    domains: frozenset[str] = frozenset()
    """Such as traffic or gas; of devices by their profile."""
    most_priority: int = 0
    """Alarms of this priority and more urgent ones (1 is the most urgent); 0: all."""

    def wants(self, event: FeedEvent, domain_of: Mapping[str, str]) -> bool:
        """Whether it is among them. `domain_of`: of profiles."""
        if event.kind is Kind.GAP:
            return event.levels != READINGS_ONLY or self.wants_more
        if (self.kinds and event.kind not in self.kinds) or (self.zones and event.zone not in self.zones):
            return False
        data, alarm = event.data, event.kind is Kind.ALARM
        if self.devices and data.get("asset" if alarm else "device") not in self.devices:
            return False
        if self.domains:
            domain = data.get("domain") if alarm else domain_of.get(str(data.get("profile", "")))
            if domain not in self.domains:
                return False
        return not (self.most_priority and alarm and int(data.get("priority", 0)) > self.most_priority)

    @property
    def wants_more(self) -> bool:
        """More than alarms."""
        return not self.kinds or not self.kinds.isdisjoint({Kind.LATEST, Kind.AGGREGATE})


class Channel:
    """Events of one filter. Used on one event loop; a reader is a number: the place behind the last it took."""

    def __init__(self, wanted: LiveFilter, most: int) -> None:
        self.wanted = wanted
        self.readers = 0
        self._log: deque[FeedEvent] = deque(maxlen=most)
        self._end = 0
        """Place behind the newest event."""
        self._news = asyncio.Event()
        self._closed = False

    @property
    def end(self) -> int:
        """Where a reader that wants only what comes begins."""
        return self._end

    @property
    def closed(self) -> bool:
        """Nothing more comes."""
        return self._closed

    def put(self, event: FeedEvent) -> None:
        """Another event; the oldest goes where the log is full."""
        self._log.append(event)
        self._end += 1
        self._news.set()

    def close(self) -> None:
        """Wake everybody: it is over."""
        self._closed = True
        self._news.set()

    async def wait(self, place: int) -> None:
        """Until there is something behind `place`, or the channel is closed."""
        while place >= self._end and not self._closed:
            self._news.clear()
            await self._news.wait()

    def take(self, place: int) -> tuple[list[FeedEvent], int, int]:
        """What is behind `place`: events, the new place, and how many were lost because the reader was slow."""
        oldest = self._end - len(self._log)
        lost = max(oldest - place, 0)
        behind = self._end - max(place, oldest)
        events = list(islice(self._log, len(self._log) - behind, None)) if behind else []
        return events, self._end, lost
