"""Live streams: what happens now, with where everything stands first."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection
from starlette.responses import Response, StreamingResponse

from gateway.access.principal import Principal, may
from gateway.access.roles import Permission
from gateway.api.doors import Gatekeeper, LinkOf, also_needs, needs, zones_of
from gateway.api.live import after_of, as_messages, as_sse, live_events
from gateway.api.problems import Problem, problems
from gateway.link.channel import FeedEvent, LiveFilter
from gateway.link.link import Link
from gateway.live.events import Kind
from gateway.tasks import first_ended

__all__ = ["router"]

router = APIRouter(tags=["live"])
_KINDS = [str(kind) for kind in Kind if kind is not Kind.GAP]

Who = Annotated[Principal, needs(Permission.READINGS_READ)]
KindsAsked = Annotated[
    list[Kind], Query(max_length=3, description="latest, aggregate, alarm; all where none is named.")
]
Names = Annotated[list[str], Query(max_length=1000)]
Priority = Annotated[int, Query(ge=0, le=4, description="Alarms of this priority and more urgent ones; 0: all.")]


@router.get(
    "/live",
    summary="What happens now, as server-sent events",
    response_class=Response,
    responses={200: {"description": "A stream that does not end.", "content": {"text/event-stream": {}}}, **problems()},
)
async def live(
    request: Request, link: LinkOf, who: Who,
    kind: KindsAsked = [], zone: Names = [], device: Names = [], domain: Names = [], priority: Priority = 0,  # noqa: B006
) -> Response:  # fmt: skip
    """First the newest state of everything that is wanted, then an event `ready`, then what happens. `Last-Event-ID`
    goes on behind that event instead. A reader that is too slow gets an event `gap` and never slows others. Alarms
    come to those who may see alarms.
    """
    wanted = await _filter(request, who, kind, zone, device, domain, priority)
    after = after_of(request.headers.get("last-event-id", ""))
    stream = _readers(request, link, wanted, after)

    async def pieces() -> AsyncIterator[bytes]:
        async with aclosing(stream):
            async for events in stream:
                yield as_sse(events)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(pieces(), media_type="text/event-stream", headers=headers)


@router.websocket("/live/ws")
async def live_ws(
    websocket: WebSocket, link: LinkOf, who: Who,
    kind: KindsAsked = [], zone: Names = [], device: Names = [], domain: Names = [], priority: Priority = 0,  # noqa: B006
    after: Annotated[str, Query(max_length=100)] = "",
) -> None:  # fmt: skip
    """The same as messages, each an array of {id, event, data}."""
    try:
        wanted = await _filter(websocket, who, kind, zone, device, domain, priority)
        stream = _readers(websocket, link, wanted, after_of(after))
    except Problem as problem:
        await websocket.close(1013, problem.detail)
        return
    await websocket.accept()
    await first_ended(_tell(websocket, stream), _hear(websocket))


async def _tell(websocket: WebSocket, stream: AsyncGenerator[list[FeedEvent] | None]) -> None:
    with suppress(WebSocketDisconnect):
        async with aclosing(stream):
            async for events in stream:
                await websocket.send_text(as_messages(events))
        await websocket.close(1001)


async def _hear(websocket: WebSocket) -> None:
    """Until it ends. What a reader says is passed over, but has to be taken: behind it are its signs of life."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _filter(
    connection: HTTPConnection, who: Principal, kinds: list[Kind], zones: list[str], devices: list[str],
    domains: list[str], priority: int,
) -> LiveFilter:  # fmt: skip
    inside = zones_of(who, zones)
    if Kind.ALARM in kinds:
        await also_needs(connection, who, Permission.ALARMS_READ)
    elif not kinds and not may(who, Permission.ALARMS_READ):
        kinds = [Kind.LATEST, Kind.AGGREGATE]
    # nothing is left of what was asked for: a zone of no name has nothing
    narrowed = frozenset[str]() if inside is None else frozenset(inside or ("\0",))
    return LiveFilter(frozenset(kinds), narrowed, frozenset(devices), frozenset(domains), priority)


def _readers(
    connection: HTTPConnection, link: Link, wanted: LiveFilter, after: tuple[str, int] | None
) -> AsyncGenerator[list[FeedEvent] | None]:
    web = link.settings.web
    if link.feed.readers >= web.max_live_readers:
        raise Problem(
            "too-many", f"{web.max_live_readers} readers are here already.",
            "Come back later; `web.max_live_readers` says how many. On MQTT the same is at cityloom/live/#.",
            headers={"Retry-After": "10"},
        )  # fmt: skip
    return live_events(link.feed, wanted, after, web.live_interval_ms / 1000, _still(connection))


def _still(connection: HTTPConnection) -> Callable[[], Awaitable[bool]]:
    """Whether the token or session counts that the stream was opened with. On a thread: of a thousand readers each
    asks every few seconds, and where others write to records.db, noting a use waits for them.
    """
    keeper: Gatekeeper = connection.app.state.gatekeeper
    return lambda: asyncio.to_thread(keeper.still, connection)
