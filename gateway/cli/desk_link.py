"""A link to the desk for a command that asks many questions: one connection to a gateway, or its files opened once."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import msgspec

from gateway.cli.door import SETTLE_SECS
from gateway.config.city import City
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.link.door import Door, GatewayAway
from gateway.link.pages import ColumnPage, page_of_table
from gateway.runtime.desk import Desk
from gateway.runtime.lock import FolderHeld, FolderLock
from gateway.runtime.offices import file_office

__all__ = ["DeskLink", "desk_link"]

_POLL_SECS = 0.05
_ANSWER_SECS = 120.0


class _Asked(Protocol):
    """Who answers."""

    async def ask(self, method: str, **arguments: Any) -> Any: ...
    async def columns(self, method: str, **arguments: Any) -> ColumnPage: ...


class _Files:
    """A desk on files, with the verbs of a Door."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, method: str, **arguments: Any) -> Any:
        """Plain data, as through the door."""
        return msgspec.to_builtins(await getattr(self._desk, method)(**arguments))

    async def columns(self, method: str, **arguments: Any) -> ColumnPage:
        """A page."""
        return page_of_table(await getattr(self._desk, method)(**arguments))


class DeskLink:
    """See gateway.reports.source.Link. Made by `desk_link`."""

    def __init__(self, settings: Settings, city: City, asked: _Asked) -> None:
        self.settings = settings
        self.city = city
        self._asked = asked

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A method of the desk, as plain JSON data. Raises CommandError."""
        return await self._asked.ask(method, **arguments)

    async def read(
        self, series: Sequence[tuple[str, str]], start: int, end: int, *, step: int = 0, limit: int = 1_000_000,
        store: str = "",
    ) -> ColumnPage:  # fmt: skip
        """Readings or windows of many series: a page. Raises CommandError."""
        return await self._asked.columns(
            "read_columns", series=list(series), start=start, end=end, step=step, limit=limit, store=store
        )


@asynccontextmanager
async def desk_link(settings: Settings) -> AsyncIterator[DeskLink]:
    """Through the control door where a gateway runs, else on its files, which are held meanwhile.

    Raises:
        CommandError: there is nothing to ask.
    """
    city = (await asyncio.to_thread(load_seed_files, settings)).city
    deadline = time.monotonic() + SETTLE_SECS
    async with AsyncExitStack() as stack:
        asked: _Asked | None = None
        while asked is None:
            try:
                if FolderLock.held(settings.data_dir):
                    asked = door = Door(settings.data_dir, _ANSWER_SECS)
                    stack.push_async_callback(door.close)
                    await door.ask("figures", limit=1)  # whether anybody answers
                else:
                    asked = _Files(Desk(await stack.enter_async_context(file_office(settings, settings.clock.build()))))
            except (GatewayAway, FolderHeld):
                # a gateway starts or stops just now, or another command looks at its files
                asked = None
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_POLL_SECS)
        yield DeskLink(settings, city, asked)
