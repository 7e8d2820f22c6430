"""How many questions may go to a database at once: some at work, as many waiting, the rest is told to come back.

What goes on with an answer that has begun waits for its turn among them, but is not counted: exports don't send away
who asks for a chart. How many answers may be going on at once has a bound of its own, for each holds a page in memory.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from gateway.api.problems import Problem

__all__ = ["Slots"]

T = TypeVar("T")
_MOST_STREAMS = 64


class Slots:
    """Used on one event loop."""

    def __init__(self, most: int, secs: float) -> None:
        """`most` at work and as many waiting; `secs` may a question wait."""
        self._most, self._secs = most, secs
        self._semaphore = asyncio.Semaphore(most)
        self._here = 0
        self._streams = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A slot, inside the block. Raises Problem (429) where too many wait, or waiting took too long."""
        if self._here >= 2 * self._most:
            raise self._busy()
        self._here += 1
        try:
            try:
                async with asyncio.timeout(self._secs):
                    await self._semaphore.acquire()
            except TimeoutError as error:
                raise self._busy() from error
            try:
                yield
            finally:
                self._semaphore.release()
        finally:
            self._here -= 1

    @asynccontextmanager
    async def another(self) -> AsyncIterator[None]:
        """A slot for what goes on with an answer that has begun: it waits for its turn and is never sent away."""
        async with self._semaphore:
            yield

    async def stream(self, pieces: AsyncIterator[T]) -> AsyncGenerator[T]:
        """The pieces of a long answer. Raises Problem (429) before the first where too many are going on."""
        if self._streams >= _MOST_STREAMS:
            raise Problem(
                "too-many", f"{_MOST_STREAMS} exports are being sent already.",
                "Come back later, or ask for pages as JSON.", headers={"Retry-After": "10"},
            )  # fmt: skip
        self._streams += 1
        try:
            async for piece in pieces:
                yield piece
        finally:
            self._streams -= 1

    def _busy(self) -> Problem:
        return Problem(
            "too-many", f"{self._most} questions are being answered and as many wait.",
            "Come back in a second; ask for many series in one question; `web.max_queries` says how many.",
            headers={"Retry-After": "1"},
        )  # fmt: skip
