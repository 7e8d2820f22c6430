r"""What the web process has of its gateway: questions to the desk, columns, live events, and what the files say.

    console, /api/v1 ---> Link ---> control door (Unix socket) ---> the gateway's desk, DuckDB, live hub
                            |\--> InfluxDB, where series are read from one
                            \---> city and settings from the same files

Everything above (`api`, `console`, `reports`) sees the protocol `Link` only.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol, Self

import msgspec

from gateway.config.city import City
from gateway.config.seed_files import SeedFiles
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.link.city_files import CityFiles, files_of
from gateway.link.direct import direct_reads
from gateway.link.door import Door
from gateway.link.feed import Feed
from gateway.link.pages import ColumnPage
from gateway.runtime.wire import MOST_COLUMN_ROWS

__all__ = ["GatewayLink", "Link", "Series"]

Series = tuple[str, str]
"""(device, quantity); quantity "" means all that the device has."""


class Link(Protocol):
    """Used on one event loop."""

    settings: Settings
    files: SeedFiles
    """What they say, but for the devices, as the gateway has it: another one after a reload."""
    feed: Feed
    """Live events, to be read by many."""

    @property
    def city(self) -> City:
        """Of the files."""
        ...

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A method of the desk: plain data. Raises CommandError, GatewayAway where no gateway answers."""
        ...

    async def read(
        self, series: Sequence[Series], start: int, end: int, *, step: int = 0, limit: int = MOST_COLUMN_ROWS,
        store: str = "",
    ) -> ColumnPage:  # fmt: skip
        """Readings (`step` 0) or windows of `step` seconds in [start, end), UTC ns: a page. Raises as `ask`."""
        ...

    async def latest(self, series: Sequence[Series], *, store: str = "") -> ColumnPage:
        """The newest reading of each series. Raises as `ask`."""
        ...

    async def readiness(self) -> list[str]:
        """Why data does not flow, or can't be kept safely; empty: ready. Raises GatewayAway."""
        ...

    async def metrics(self) -> str:
        """In Prometheus' text format. Raises GatewayAway."""
        ...


class GatewayLink:
    """A `Link` through the control door, and to InfluxDB by itself. `async with` it: the feed lives inside."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.files = files_of(settings)
        self._door = Door(settings.data_dir, settings.web.query_secs)
        self._direct = direct_reads(settings, self._door)
        self.feed = Feed(self._door, history=settings.live.history)
        self._files = CityFiles(settings, self._door, self._met)
        self.feed.reconfigured = self._files.is_stale
        self._following: asyncio.Task[None] | None = None

    @property
    def city(self) -> City:
        """See Link."""
        return self.files.city

    async def __aenter__(self) -> Self:
        self.feed.start()
        self._following = asyncio.get_running_loop().create_task(self._files.run(), name="link.city_files")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.feed.end()
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        if self._direct is not None:
            await self._direct.close()
        await self._door.close()

    async def ask(self, method: str, **arguments: Any) -> Any:
        """See Link."""
        answer = await self._door.ask(method, **arguments)
        if method == "reload" and not arguments.get("check"):
            with suppress(CommandError):
                await self._files.read()  # whoever asked finds it done
        return answer

    async def read(
        self, series: Sequence[Series], start: int, end: int, *, step: int = 0, limit: int = MOST_COLUMN_ROWS,
        store: str = "",
    ) -> ColumnPage:  # fmt: skip
        """See Link."""
        if self._direct is not None and self._direct.answers(store):
            return await self._direct.read(series, start, end, step, limit)
        return await self._door.columns(
            "read_columns", series=list(series), start=start, end=end, step=step, limit=limit, store=store
        )

    async def latest(self, series: Sequence[Series], *, store: str = "") -> ColumnPage:
        """See Link."""
        if self._direct is not None and self._direct.answers(store):
            return await self._direct.latest(series)
        return await self._door.columns("latest_columns", series=list(series), store=store)

    def _met(self, settings: Settings, files: SeedFiles) -> None:
        self.settings, self.files = settings, files

    async def readiness(self) -> list[str]:
        """See Link."""
        _, text = await self._door.get("/health/ready")
        return [str(reason) for reason in msgspec.json.decode(text)["reasons"]]

    async def metrics(self) -> str:
        """See Link."""
        return (await self._door.get("/metrics"))[1]
