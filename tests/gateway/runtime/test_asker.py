"""Work ends with whoever asked for it."""

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from gateway.runtime.asker import while_asked


def _request(leaves: asyncio.Event) -> Request:
    said = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if said:
            return said.pop()
        await leaves.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "GET", "path": "/", "headers": []}, receive)


async def test_the_answer_comes_where_they_stay() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await while_asked(_request(asyncio.Event()), work()) == 7


async def test_an_error_of_the_work_is_raised() -> None:
    async def work() -> int:
        raise LookupError("x")

    with pytest.raises(LookupError):
        await while_asked(_request(asyncio.Event()), work())


@pytest.mark.parametrize("how", ["leave", "cancel"])
async def test_the_work_is_cancelled_where_nobody_wants_it(how: str) -> None:
    leaves, begun, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(while_asked(_request(leaves), work()))
    await begun.wait()
    if how == "leave":
        leaves.set()
    else:
        task.cancel()
    with pytest.raises(ClientDisconnect if how == "leave" else asyncio.CancelledError):
        await task
    assert ended.is_set()
