"""What a live stream says first and what it holds on to; how it looks whether its reader may go on."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.api.live import as_messages, live_events
from gateway.api.routes.live import _still
from gateway.link.channel import FeedEvent, LiveFilter
from gateway.link.door import Door
from gateway.link.feed import Feed
from gateway.live.events import Kind

EVERYTHING = LiveFilter()


class Data(dict[str, Any]):
    """Which can be looked after."""


def _event(number: int, name: str) -> FeedEvent:
    made: FeedEvent = FeedEvent.of("e", number, Kind.LATEST, ("z", name), "z", Data(device=name, n=number))
    return made


def _told(feed: Feed, event: FeedEvent) -> None:
    """As the stream of the gateway does."""
    feed._states.keep(event)
    feed._history.add(event)
    feed._channels.put(event, {})


@pytest.fixture
def feed() -> Feed:
    """Of a city with 1,200 devices, each of which has spoken once."""
    made = Feed(cast(Door, None), history=2_000)
    made._alarms_known.set()
    made._filled.set()
    made._history.begin("e", 0, wide=True)
    for number in range(1, 1201):
        _told(made, _event(number, f"d{number}"))
    return made


def _stream(feed: Feed, after: tuple[str, int] | None = None) -> AsyncGenerator[list[FeedEvent] | None]:
    async def still() -> bool:
        return True

    return live_events(feed, EVERYTHING, after, 0.0, still)


async def _until_ready(stream: AsyncGenerator[list[FeedEvent] | None]) -> list[list[FeedEvent]]:
    out: list[list[FeedEvent]] = []
    while not out or out[-1][-1].kind != "ready":
        events = await anext(stream)
        out.append(events or [])
    return out


async def test_ready_is_of_the_moment_of_the_snapshot(feed: Feed) -> None:
    """Who is cut off behind it and comes back with its id misses nothing of what came while it was being sent."""
    for after in (None, ("e", 1190)):
        newest = feed.newest_id
        stream = _stream(feed, after)
        _ = await anext(stream)
        _told(feed, _event(newest + 1, "d1"))  # while the first piece is on its way
        *_, (ready,) = await _until_ready(stream)
        assert (ready.epoch, ready.id) == ("e", newest)
        assert [event.id for event in await anext(stream) or []] == [newest + 1]
        await stream.aclose()


@pytest.mark.parametrize("after", [None, ("e", 0)])
async def test_a_whole_city_is_told_in_pieces(feed: Feed, after: tuple[str, int] | None) -> None:
    stream = _stream(feed, after)
    *pieces, (ready,) = await _until_ready(stream)
    assert [len(piece) for piece in pieces] == [500, 500, 200]
    told = [event for piece in pieces for event in piece]
    assert [event.data["n"] for event in told] == list(range(1, 1201))
    assert [bool(event.epoch) for event in told] == [after is not None] * 1200
    assert ready.data == {"snapshot": 1200 if after is None else 0}
    assert len(as_messages(pieces[0])) < 1 << 20, "what a client of WebSockets takes at once"
    await stream.aclose()


@pytest.mark.parametrize("stalled", [False, True])
async def test_a_stream_holds_on_to_nothing_that_is_long_over(feed: Feed, stalled: bool) -> None:
    """Else a thousand readers that came at different times hold a thousand cities."""
    stream = _stream(feed)
    if stalled:
        _ = await anext(stream)
    else:
        await _until_ready(stream)
    old = [weakref.ref(cast(Data, event.data)) for event in feed.snapshot()]
    await asyncio.sleep(0)
    for number in range(1, 1201):
        feed._states.keep(_event(1200 + number, f"d{number}"))
    feed._history._log.clear()
    for channel in feed._channels:
        channel._log.clear()
    gc.collect()
    assert sum(ref() is not None for ref in old) <= 500
    if not stalled:
        assert not any(ref() for ref in old)
    await stream.aclose()


async def test_whether_a_reader_may_go_on_is_asked_on_a_thread() -> None:
    """A thousand of them ask, and records.db may be busy: others' events don't wait for that."""
    asked: list[threading.Thread] = []

    def still(_: object) -> bool:
        asked.append(threading.current_thread())
        return True

    state = SimpleNamespace(gatekeeper=SimpleNamespace(still=still))
    assert await _still(cast(Any, SimpleNamespace(app=SimpleNamespace(state=state))))()
    assert asked != [threading.current_thread()]
