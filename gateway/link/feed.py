r"""The gateway's live events in the web process: one stream from the control door, passed on to any number of readers.

    POST /live --(lines)--> Feed --> where everything stands (newest event of each key)
                              |----> bounded history: who comes back goes on behind the last id that it saw
                              \----> Channel a filter --> readers

While nobody reads more than alarms, only alarms are asked for: that costs the gateway nothing. What the stream brings
is changed while it runs (POST /live/interest), so nothing is lost between the two.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import dropwhile
from typing import Any

import msgspec

from gateway.errors import GatewayError
from gateway.link.answers import alarm_event, domains_of, latest_events, of_whole_devices
from gateway.link.channel import READINGS_ONLY, Channel, FeedEvent, LiveFilter
from gateway.link.channels import Channels
from gateway.link.door import Door, GatewayAway
from gateway.link.history import History
from gateway.link.states import States
from gateway.live.events import Kind
from gateway.runtime.wire import LIVE_PING_SECS
from gateway.stores.alarm_tables import alarm_place
from gateway.tasks import first_ended

__all__ = ["EVERYTHING", "Feed", "Reading", "gap"]

_SILENCE_SECS = 3 * LIVE_PING_SECS
_RETRY_SECS = 0.5
_LINGER_SECS = 30.0
"""More than alarms is asked for that long after the last who wanted it: people change pages."""
_PREPARE_SECS = 5.0
"""How long a reader waits for how things stand where that can't be asked now,"""
_FILL_SECS = 60.0
"""and where it is being asked: of many series that takes a while."""
_ASK_AGAIN_SECS = 5.0
_MOST_STATES = 200_000
_ALARMS_PAGE = 10_000
_SERIES_PAGE, _DEVICES_PAGE = 5_000, 1_000
EVERYTHING = LiveFilter()
_MORE = (Kind.LATEST, Kind.AGGREGATE)
_KINDS: Mapping[bool, list[str]] = {True: [], False: [str(Kind.ALARM), str(Kind.GAP)]}
"""What the gateway is asked for; `True`: everything."""


class _Line(msgspec.Struct):
    epoch: str = ""
    newest_id: int = 0
    configuration: int = -1
    stream: int = 0
    id: int = -1
    kind: Kind = Kind.GAP
    levels: tuple[str, ...] = ()
    zone: str = ""
    data: dict[str, Any] = {}


class Reading:
    """One reader's place in a channel; made by `Feed.reader`."""

    def __init__(self, feed: "Feed", channel: Channel) -> None:
        self._feed, self._channel, self._place = feed, channel, channel.end

    async def begin(self, after: tuple[str, int] | None = None) -> list[FeedEvent]:
        """Where everything stands that is wanted; or what came behind `after` (epoch and id of the last event that was
        seen), behind a gap where that is not all. `next` goes on from there.
        """
        await self._feed.prepared(self._channel.wanted)
        self._place = self._channel.end
        wanted = self._channel.wanted
        return self._feed.snapshot(wanted) if after is None else self._feed.since(wanted, *after)

    async def standing(self, most: int) -> Iterator[list[FeedEvent]]:
        """Where everything stands that is wanted, `most` events at a time (see `States.pieces`). `next` goes on from
        the moment when this returns.
        """
        await self._feed.prepared(self._channel.wanted)
        self._place = self._channel.end
        return self._feed.standing(self._channel.wanted, most)

    async def next(self) -> list[FeedEvent]:
        """What happened since the last time, at least one event; empty: it is over. A gap stands where it was lost."""
        await self._channel.wait(self._place)
        events, self._place, lost = self._channel.take(self._place)
        if lost:
            events.insert(0, gap(events[0].epoch, events[0].id - 1, lost))
        return events


def gap(epoch: str, upto: int, lost: int | None, *, readings_only: bool = False) -> FeedEvent:
    """So many events up to the id `upto` are lost to a reader; None: nobody knows how many."""
    levels = READINGS_ONLY if readings_only else ()
    made: FeedEvent = FeedEvent.of(epoch, upto, Kind.GAP, levels, "", {"lost": lost})
    return made


class Feed:
    """Used on one event loop: `start`, then `end`."""

    def __init__(self, door: Door, *, history: int = 2_000, queue: int = 1_000) -> None:
        self.connected = False
        self.domain_of: dict[str, str] = {}
        """Domain of each profile, by the conditions that judge it."""
        self._door = door
        self.reconfigured: Callable[[], None] = lambda: None
        """Called where the gateway has read its files again since, or another one is met."""
        self._configuration: tuple[str, int] | None = None
        """Epoch, and how often they were read."""
        self._domains_asked: tuple[str, int] | None = None
        """Of which reading of the files `domain_of` is."""
        self._history = History(history)
        self._states = States(_MOST_STATES)
        self._channels = Channels(queue)
        self._task: asyncio.Task[None] | None = None
        self._more_until = 0.0
        self._met: tuple[str, bool] | None = None
        """Another run of the gateway, and whether everything of it is heard; its first line is still to come."""
        self._caught_up, self._alarms_known, self._filled = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._catch_upto = 0
        self._asking = False
        """Where things stand is being asked."""
        self._doubts = 0
        """How often it came to be unknown how things stand."""
        self._work = asyncio.Event()
        """Somebody wants more or less, or something was lost."""

    def start(self) -> None:
        """Listen to the gateway from now on; to everything at first, for readers of the process before come back."""
        loop = asyncio.get_running_loop()
        self._more_until = loop.time() + _LINGER_SECS
        self._task = loop.create_task(self._run(), name="link.feed")

    async def failed(self) -> None:
        """Wait until it can't go on, for a reason that is no gateway's absence; raises that. Returns at the end."""
        assert self._task is not None
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    def close(self) -> None:
        """Readers are told that it is over, those that wait to begin as well. Idempotent."""
        self._alarms_known.set()
        self._filled.set()
        self._channels.close()

    async def end(self) -> None:
        """Stop listening."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    # -- readers ------------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        """Of the gateway's run; empty: none was met yet."""
        return self._history.epoch

    @property
    def newest_id(self) -> int:
        """Of this epoch."""
        return self._history.newest_id

    @property
    def readers(self) -> int:
        """How many read."""
        return self._channels.readers

    @contextmanager
    def reader(self, wanted: LiveFilter = EVERYTHING) -> Iterator[Reading]:
        """Read inside the block: `begin`, then `next` again and again."""
        channel = self._channels.join(wanted)
        self._work.set()
        try:
            yield Reading(self, channel)
        finally:
            self._channels.leave(channel)
            if wanted.wants_more:
                self._more_until = asyncio.get_running_loop().time() + _LINGER_SECS

    async def prepared(self, wanted: LiveFilter) -> None:
        """Until a snapshot tells all of it; not for ever, for the gateway may be away."""
        for secs in (_PREPARE_SECS, _FILL_SECS):
            with suppress(TimeoutError):
                async with asyncio.timeout(secs):
                    await self._alarms_known.wait()
                    if wanted.wants_more:
                        await self._filled.wait()
                    return
            if not self._asking:
                return

    def snapshot(self, wanted: LiveFilter = EVERYTHING) -> list[FeedEvent]:
        """The newest event of everything that is wanted, in order of ids; alarms that are over are left out."""
        return self._states.snapshot(wanted, self.domain_of)

    def standing(self, wanted: LiveFilter, most: int) -> Iterator[list[FeedEvent]]:
        """The same in pieces."""
        return self._states.pieces(wanted, self.domain_of, (self.epoch, self.newest_id), most)

    def state(self, kind: Kind, *levels: str) -> FeedEvent | None:
        """The newest event of one thing."""
        return self._states.get(kind, *levels)

    def since(self, wanted: LiveFilter, epoch: str, seen: int) -> list[FeedEvent]:
        """What came behind an event, behind a gap where that is not all."""
        behind = self._history.since(epoch, seen, wide=wanted.wants_more)
        out = [event for event in behind.events if wanted.wants(event, self.domain_of)]
        if behind.whole:
            return out
        lost = gap(self.epoch, behind.upto, behind.lost if wanted == EVERYTHING else None)
        return [lost, *dropwhile(lambda event: event.kind is Kind.GAP, out)]

    # -- the gateway --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            with suppress(GatewayError, msgspec.DecodeError):
                await self._listen()
            self.connected = False
            await asyncio.sleep(_RETRY_SECS)

    async def _listen(self) -> None:
        more = self._wants_more()
        wanted = {"kinds": _KINDS[more], "epoch": self.epoch or "-", "seen": self.newest_id}
        async with self._door.live(_SILENCE_SECS, **wanted) as lines:
            head = msgspec.json.decode(await anext(lines, b"{}"), type=_Line)
            if not head.epoch:
                return
            self._begin(head, more)
            self.connected = True
            await first_ended(self._take_all(lines), self._keep_right(head.stream, more))

    def _note_configuration(self, epoch: str, configuration: int) -> None:
        known, self._configuration = self._configuration, (epoch, configuration)
        # our own files were read a moment ago, but maybe not those that a reload has named since the start
        if known != self._configuration and (known is not None or configuration > 0):
            self.reconfigured()
            self._work.set()

    def _begin(self, head: _Line, more: bool) -> None:
        """Connected again, perhaps to another run of the gateway."""
        self._note_configuration(head.epoch, head.configuration)
        self._catch_upto = head.newest_id
        self._caught_up.clear()
        if head.epoch != self.epoch:
            self._met = (head.epoch, more)
            self._unknown()
        elif not more:
            self._narrowed()
        elif self._history.wide_from is None:
            self._history.wide_from = self.newest_id

    def _unknown(self) -> None:
        """Things may stand otherwise than we know."""
        self._doubts += 1
        self._alarms_known.clear()
        self._filled.clear()
        self._states.note(*Kind)
        self._work.set()

    def _narrowed(self) -> None:
        """Only alarms are heard of from now on: the rest grows old."""
        self._history.wide_from = None
        self._filled.clear()
        self._states.note(*_MORE)
        self._states.replace(_MORE, ())

    async def _take_all(self, lines: Any) -> None:
        async for line in lines:
            self._take(msgspec.json.decode(line, type=_Line))

    def _take(self, line: _Line) -> None:
        if line.configuration >= 0 and self._configuration is not None:
            self._note_configuration(self._configuration[0], line.configuration)
        if self._met is not None:
            self._meet(*self._met, line)
        elif line.id < 0:
            self._history.newest_id = max(self.newest_id, line.newest_id)  # up to there nothing was for us
        elif line.kind is Kind.GAP:
            self._lost(line)
        else:
            event: FeedEvent = FeedEvent.of(self.epoch, line.id, line.kind, line.levels, line.zone, line.data)
            self._states.keep(event)
            self._history.add(event)
            self._channels.put(event, self.domain_of)
        if self.newest_id >= self._catch_upto:
            self._caught_up.set()

    def _meet(self, epoch: str, wide: bool, line: _Line) -> None:
        """The first line of another run is a gap: what came up to its id can't be had."""
        self._met = None
        first = not self.epoch
        self._history.begin(epoch, max(line.id, 0), wide=wide)
        lost = gap(self.epoch, self.newest_id, None)
        if not first:
            self._history.add(lost)
        # who began while no gateway answered knows of nothing
        self._channels.put(lost, self.domain_of)

    def _lost(self, line: _Line) -> None:
        """By us, who were too slow or away; `lost` is null where readings went by while nobody wanted them."""
        lost = line.data.get("lost")
        if lost is None:
            made = gap(self.epoch, line.id, None, readings_only=True)
            self._doubts += 1
            self._filled.clear()
            self._states.note(*_MORE)
            self._work.set()
        else:
            made = gap(self.epoch, line.id, lost)
            self._unknown()
        self._history.add(made)
        self._channels.put(made, self.domain_of)

    async def _keep_right(self, stream: int, more: bool) -> None:
        """Hear of more while somebody wants it; ask where things stand when that is not known."""
        while True:
            self._work.clear()
            if self._wants_more() is not more:
                more = not more
                if more:
                    self._states.note(*_MORE)
                answer = await self._door.interest(stream, _KINDS[more])
                if more:
                    self._history.wide_from = self._catch_upto = int(answer["newest_id"])
                    if self.newest_id < self._catch_upto:
                        self._caught_up.clear()
                else:
                    self._narrowed()
            await self._caught_up.wait()
            wait = _RETRY_SECS
            try:
                self._asking = True
                if not self._alarms_known.is_set():
                    await self._ask_alarms()
                elif self._domains_asked != self._configuration:
                    await self._ask_conditions()
                if more and not self._filled.is_set():
                    await self._fill()
            except GatewayAway:
                raise
            except GatewayError:  # a database is away: what happens is told all the same
                wait = _ASK_AGAIN_SECS
            finally:
                self._asking = False
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._work.wait()

    async def _ask_alarms(self) -> None:
        """Which alarms stand, and what profiles are about."""
        doubts = self._doubts
        conditions = await self._ask_conditions()
        titles = {str(each["name"]): str(each.get("title", "")) for each in conditions}
        alarms: list[dict[str, Any]] = []
        after: tuple[int | str, ...] = ()
        # the first page waits for what the stream told before, or a gateway committed before it ended
        while page := await self._door.ask("alarms", after=after, limit=_ALARMS_PAGE, settled=not after):
            alarms += page
            if len(page) < _ALARMS_PAGE:
                break
            after = alarm_place(page[-1], among_open=True)
        self._states.replace((Kind.ALARM,), [alarm_event(self.epoch, alarm, titles) for alarm in alarms])
        if doubts == self._doubts:
            self._alarms_known.set()

    async def _ask_conditions(self) -> list[dict[str, Any]]:
        """What profiles are about, by what is in force."""
        configuration = self._configuration
        conditions: list[dict[str, Any]] = await self._door.ask("conditions")
        self.domain_of, self._domains_asked = domains_of(conditions), configuration
        return conditions

    async def _fill(self) -> None:
        """Newest readings from the database, for devices that speak seldom; what the stream has told is newer."""
        doubts = self._doubts
        series = await self._door.ask("series", limit=_MOST_STATES)
        records: dict[str, dict[str, Any]] = {}
        after = ""
        while page := await self._door.ask("devices", after=after, limit=_DEVICES_PAGE):
            records |= {each["id"]: each for each in page}
            after = page[-1]["id"]
        events: list[FeedEvent] = []
        for some in of_whole_devices(series, _SERIES_PAGE):
            found = await self._door.columns("latest_columns", series=some)
            events += latest_events(self.epoch, found, records)
        self._states.replace(_MORE, events)
        if doubts == self._doubts:
            self._filled.set()

    def _wants_more(self) -> bool:
        return self._channels.want_more or asyncio.get_running_loop().time() < self._more_until
