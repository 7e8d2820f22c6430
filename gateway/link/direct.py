"""Readings and windows that the web process reads from InfluxDB by itself; the gateway says what stands behind names.

    series --(the door: column_plan)--> names, profiles, windows that wait --> InfluxDB --> a page

Parsing a page takes a hundred times what the plan takes, and here it takes nothing from the process that acknowledges
messages. A DuckDB file is its gateway's alone: that goes through the door.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from gateway.config.settings import Settings
from gateway.engine.results import SeriesName
from gateway.errors import StoreError
from gateway.journal.marks import Mark
from gateway.link.door import AnswerLate, Door, StoreAway
from gateway.link.pages import ColumnPage, Named
from gateway.runtime.pending import pending_windows
from gateway.stores.base import SeriesId, StoredAggregates, StoredReadings
from gateway.stores.influx_config import InfluxConfig
from gateway.stores.influx_reader import InfluxReader

__all__ = ["DirectReads", "direct_reads"]

T = TypeVar("T")
_NAME = "influxdb"
Series = Sequence[tuple[str, str]]


class _Plan(msgspec.Struct, frozen=True):
    names: list[SeriesName]
    pending: list[Mark]

    def ids(self) -> list[SeriesId]:
        return [SeriesId(name.device, name.quantity) for name in self.names]


def direct_reads(settings: Settings, door: Door) -> "DirectReads | None":
    """None: no InfluxDB is configured, or no token to read it with."""
    influx = settings.stores.influxdb
    token = influx.read_token or influx.token
    if not influx.enabled or token is None:
        return None
    first = next(iter(settings.enabled_stores))
    reader = InfluxReader(InfluxConfig.of(influx, token), settings.web.max_queries)
    return DirectReads(reader, door, settings.web.query_secs, first == _NAME)


class DirectReads:
    """Used on one event loop; close it in the end. Raises as a `Link` does: CommandError, with the desk's words."""

    def __init__(self, reader: InfluxReader, door: Door, secs: float, by_default: bool) -> None:
        """`secs` may a read take. `by_default`: where no store is named, this is the one."""
        self._reader, self._door, self._secs, self._by_default = reader, door, secs, by_default

    def answers(self, store: str) -> bool:
        """Whether a question for `store` is answered here."""
        return store == _NAME or (store == "" and self._by_default)

    async def read(self, series: Series, start: int, end: int, step: int, limit: int) -> ColumnPage:
        """See Link."""
        plan = await self._plan(series, start=start, end=end, step=step, limit=limit)
        known = _Known(plan.names)
        if step == 0:
            readings = await self._in_time(self._reader.read_readings(plan.ids(), known.profile_of, start, end, limit))
            return await asyncio.to_thread(known.page, readings, {}, start, end)
        windows = await self._in_time(
            self._reader.read_aggregates(plan.ids(), known.profile_of, step, start, end, limit)
        )
        return await asyncio.to_thread(known.windows, windows, step, plan.pending, start, end)

    async def latest(self, series: Series) -> ColumnPage:
        """See Link."""
        plan = await self._plan(series)
        known = _Known(plan.names)
        readings = await self._in_time(self._reader.latest(plan.ids(), known.profile_of))
        return await asyncio.to_thread(known.page, readings, {}, 0, 0)

    async def close(self) -> None:
        """Close the connections."""
        await self._reader.close()

    async def _plan(self, series: Series, **span: int) -> _Plan:
        return msgspec.convert(await self._door.ask("column_plan", series=list(series), **span), _Plan)

    async def _in_time(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._secs):
                return await work
        except TimeoutError as error:
            raise AnswerLate(
                f"InfluxDB has not answered within {self._secs:g} s.",
                "Ask for less: a shorter span, fewer series, windows instead of readings; or later.",
            ) from error
        except StoreError as error:
            raise StoreAway(error.problem, error.remedy) from error


class _Known:
    """What the plan says of each series."""

    def __init__(self, names: Sequence[SeriesName]) -> None:
        self._names = {SeriesId(name.device, name.quantity): name for name in names}

    def profile_of(self, series: SeriesId) -> str | None:
        return self._names[series].profile

    def windows(self, found: StoredAggregates, step: int, pending: Sequence[Mark], start: int, end: int) -> ColumnPage:
        places = np.array([self._names[name].index for name in found.names], np.int32)
        waits = pending_windows(places[found.batch.series], found.batch.start, step, pending)
        return self.page(found, {"pending": pa.array(waits)}, start, end)

    def page(
        self, found: StoredReadings | StoredAggregates, more: dict[str, pa.Array], start: int, end: int
    ) -> ColumnPage:
        columns = {name: pa.array(column) for name, column in found.batch.arrays().items()}
        known = [self._names[name] for name in found.names]
        names = [Named(each.device, each.quantity, each.profile, each.unit) for each in known]
        return ColumnPage(pa.table(columns | more), names, _NAME, start, end, found.next)
