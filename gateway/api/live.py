"""Live events to a reader, as server-sent events or over WebSocket: first where everything stands, then what happens.

    event: latest          without an id: part of the snapshot
    data: {...}

    id: 5f0c2a91-812       the snapshot is complete; from here on each event has its id
    event: ready
    data: {"snapshot": 467}

Who comes back with `Last-Event-ID` goes on behind it. What was lost stands as an event `gap` where it is missing
(`lost`: how many; null: nobody knows). Events of an interval come together, so a thousand readers cost few writes.

A stream keeps nothing of what it has sent, and of where everything stands only names: of a whole city that is tens of
megabytes, and a reader may take a day for it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress

import msgspec

from gateway.link.channel import FeedEvent, LiveFilter
from gateway.link.feed import Feed

__all__ = ["PING", "after_of", "as_messages", "as_sse", "live_events"]

PING = b": nothing happened\n\n"
_PING_SECS = 15.0
_CHECK_SECS = 5.0
_AT_ONCE = 500
"""Events a piece of what is told first."""
_encode = msgspec.json.Encoder().encode


async def live_events(
    feed: Feed, wanted: LiveFilter, after: tuple[str, int] | None, interval_secs: float,
    still: Callable[[], Awaitable[bool]],
) -> AsyncGenerator[list[FeedEvent] | None]:  # fmt: skip
    """What to send now; None: a sign of life. Ends where `still` says that the reader may not read any more."""
    loop = asyncio.get_running_loop()
    with feed.reader(wanted) as reading:
        told_first = _unnumbered(await reading.standing(_AT_ONCE)) if after is None else _pieces(
            await reading.begin(after)
        )  # fmt: skip
        # of this moment: what comes while it is being sent is behind this id
        epoch, newest, snapshot = feed.epoch, feed.newest_id, 0
        for events in told_first:
            snapshot += len(events) if after is None else 0
            yield events
            del events
        del told_first
        yield [_ready(epoch, newest, snapshot)]
        checked = told = loop.time()
        while True:
            news: list[FeedEvent] | None = None
            with suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECS):
                    news = await reading.next()
                    if not news:
                        return  # it is over
            now = loop.time()
            if now - checked >= _CHECK_SECS:
                if not await still():
                    return
                checked = now
            if news is None and now - told < _PING_SECS:
                continue
            told = now
            yield news
            await asyncio.sleep(interval_secs)


def as_sse(events: Iterable[FeedEvent] | None) -> bytes:
    """Server-sent events."""
    return PING if events is None else b"".join(event.sse for event in events)


def as_messages(events: Iterable[FeedEvent] | None) -> str:
    """A JSON array of events, for one WebSocket message."""
    parts = [
        b'{"id":%b,"event":"%b","data":%b}' % (_number(event), event.kind.encode(), event.body)
        for event in events or ()
    ]
    return (b"[%b]" % b",".join(parts)).decode()


def after_of(text: str) -> tuple[str, int] | None:
    """Epoch and id of a Last-Event-ID; None: none is given. What is none of ours is from before all that we know."""
    if not text:
        return None
    epoch, _, number = text.rpartition("-")
    return (epoch, int(number)) if number.isascii() and number.isdigit() and len(number) < 18 else (text[:64], 0)


def _unnumbered(pieces: Iterable[list[FeedEvent]]) -> Iterator[list[FeedEvent]]:
    for events in pieces:
        yield [
            event._replace(epoch="", sse=b"event: %b\ndata: %b\n\n" % (event.kind.encode(), event.body))
            for event in events
        ]
        del events


def _pieces(events: list[FeedEvent]) -> Iterator[list[FeedEvent]]:
    """Which are let go of piece by piece."""
    events.reverse()
    while events:
        piece = events[: -_AT_ONCE - 1 : -1]
        del events[-_AT_ONCE:]
        yield piece
        del piece


def _ready(epoch: str, newest: int, snapshot: int) -> FeedEvent:
    made: FeedEvent = FeedEvent.of(epoch, newest, "ready", (), "", {"snapshot": snapshot})
    return made


def _number(event: FeedEvent) -> bytes:
    return _encode(f"{event.epoch}-{event.id}") if event.epoch else b"null"
