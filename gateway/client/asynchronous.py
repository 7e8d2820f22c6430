"""The async client: as the sync one, awaited. What each verb asks stands in calls.py."""

import asyncio
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from gateway.client import calls
from gateway.client.core import Call, Core, Page, When, unreachable
from gateway.client.events import LiveEvent
from gateway.client.problems import problem_of
from gateway.client.streams import LiveState, export_parameters, kind_of

__all__ = ["AsyncClient"]

T = TypeVar("T")
P = ParamSpec("P")


def _one(build: Callable[P, Call[T]]) -> "Callable[Concatenate[AsyncClient, P], Awaitable[T]]":
    @functools.wraps(build)
    async def verb(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._value(build(*args, **kwargs))

    return verb


def _list(build: Callable[P, Call[Page[T]]]) -> "Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]":
    @functools.wraps(build)
    def verb(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self._rows(build(*args, **kwargs))

    return verb


class AsyncClient:
    """For one service and one token, on one event loop; to be closed: `async with AsyncClient(...) as city`."""

    def __init__(
        self, url: str = "http://127.0.0.1:8481", token: str = "", *, timeout: float = 60.0, retries: int = 4,
        verify: Any = True,
    ) -> None:  # fmt: skip
        """`timeout`: seconds for a part of an answer. `verify`: of https, an `ssl.SSLContext`, or False."""
        self._core = Core(url, token, retries)
        self._http = httpx.AsyncClient(timeout=timeout, verify=verify)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections. Idempotent."""
        await self._http.aclose()

    device, devices, series = _one(calls.device), _list(calls.devices), _list(calls.series)
    readings, readings_table = _one(calls.readings), _one(calls.readings_table)
    aggregates, aggregates_table = _one(calls.aggregates), _one(calls.aggregates_table)
    latest, usual = _one(calls.latest), _one(calls.usual)
    figures, figure_values = _list(calls.figures), _one(calls.figure_values)
    alarm, alarms, alarm_history = _one(calls.alarm), _list(calls.alarms), _list(calls.alarm_history)
    act, ack, shelve, comment = _one(calls.act), _one(calls.ack), _one(calls.shelve), _one(calls.comment)
    incident, incidents = _one(calls.incident), _list(calls.incidents)
    report, reports = _one(calls.report), _list(calls.reports)
    take_report, advance_report = _one(calls.take_report), _one(calls.advance_report)
    document, documents = _one(calls.document), _list(calls.documents)
    document_job, make_documents = _one(calls.document_job), _one(calls.make_documents)
    city, conditions, status, ledger = (
        _one(calls.city), _one(calls.conditions), _one(calls.status), _one(calls.ledger),
    )  # fmt: skip

    async def live(
        self, *, kind: Sequence[str] = (), zone: Sequence[str] = (), device: Sequence[str] = (),
        domain: Sequence[str] = (), priority: int = 0, after: str = "", retries: int = 30,
    ) -> AsyncGenerator[LiveEvent, None]:  # fmt: skip
        """Where everything stands, an event `ready`, then what happens; or what happened behind the event `after`.

        A cut is mended: it goes on behind the last event, and what is lost comes as `gap`. Raises where it may not go
        on, such as NoAccess when the token is revoked; Unreachable where nobody was there `retries` times on end.
        """
        parameters = calls.live_parameters(kind, zone, device, domain, priority)
        state = LiveState(replace(self._core, retries=retries), parameters, after)
        while True:
            try:
                async with self._http.stream(**state.request(), timeout=state.timeout) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        state.refused(answer)
                    else:
                        async for piece in answer.aiter_bytes():
                            for event in state.take(piece):
                                yield event
            except httpx.TransportError as error:
                state.cut(error)
            await asyncio.sleep(state.pause())

    async def export(
        self, file: Path | str, *, step: str = "raw", device: Sequence[str] = (),
        series: Sequence[str | tuple[str, str]] = (), start: When = "now-1h", end: When = "now", store: str = "",
    ) -> int:  # fmt: skip
        """Readings or windows straight into a .parquet, .csv or .arrow file, however many; gives its bytes."""
        kind = kind_of(file)
        asked = export_parameters(kind, step, device, series, start, end, store)
        request = self._core.request_of(Call(f"{calls.PREFIX}/readings", bytes, asked, accept="*/*"))
        try:
            async with self._http.stream(**request) as answer:
                if not answer.is_success:
                    raise problem_of(answer.status_code, await answer.aread())
                with Path(file).open("wb") as out:  # noqa: ASYNC230  a disk is quicker than a network
                    async for piece in answer.aiter_bytes():
                        out.write(piece)
                    return out.tell()
        except httpx.TransportError as error:
            raise unreachable(error, self._core.url) from error

    async def _rows(self, call: Call[Page[T]]) -> AsyncIterator[T]:
        following: Call[Page[T]] | None = call
        while following is not None:
            page = await self._value(following)
            for row in page.rows:
                yield row
            following = page.following

    async def _value(self, call: Call[T]) -> T:
        request, tried = self._core.request_of(call), 0
        while True:
            tried += 1
            answer, failure = None, None
            try:
                answer = await self._http.request(**request)
            except httpx.TransportError as error:
                failure = error
            wait = self._core.wait(tried, answer) if answer is None or not answer.is_success else None
            if wait is not None:
                await asyncio.sleep(wait)
            elif answer is not None:
                return self._core.value_of(call, answer)
            else:
                assert failure is not None
                raise unreachable(failure, self._core.url) from failure
