"""The desk's reads of many series as columns: what the web process asks for, as Arrow (no Python per row).

    names (outbox) --> a store's batch --> pyarrow.Table, `series` an index into the names in the schema's metadata

A DuckDB file is this process's alone, so it is read here; what becomes of the columns (thinning, JSON, CSV) is the
asker's work, in its own process. Of InfluxDB an asker with a token only wants the plan: it reads by itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from gateway.engine.results import SeriesName
from gateway.errors import CommandError, Missing
from gateway.journal.marks import Mark
from gateway.runtime.office import Office
from gateway.runtime.pending import marks_within, pending_windows
from gateway.runtime.reading import store_named
from gateway.runtime.wire import METADATA, MOST_COLUMN_ROWS
from gateway.stores.base import SeriesId, Store, StoredAggregates, StoredReadings

__all__ = ["COLUMN_METHODS", "FEW_ROWS", "PLAN_METHODS", "ColumnDesk"]

COLUMN_METHODS = frozenset({"read_columns", "latest_columns"})
"""Answered as an Arrow stream."""
PLAN_METHODS = frozenset({"column_plan"})
FEW_ROWS = 10_000
"""Made and encoded in less than a millisecond."""
_MOST_SERIES = 10_000


class ColumnDesk:
    """Made by Desk."""

    _office: Office

    async def read_columns(
        self, series: Sequence[tuple[str, str]], start: int, end: int, step: int = 0, store: str = "",
        limit: int = MOST_COLUMN_ROWS,
    ) -> pa.Table:  # fmt: skip
        """Readings (`step` 0) or windows of `step` seconds with start <= time < end (UTC ns), by series and time.

        `series`: (device, quantity); all quantities of the device where that is "". At most `limit` rows, the earliest
        of all series; `next` says from when on there are more. Windows that will be computed again are `pending`.
        """
        _check_limit(limit)
        names, marks = await self._chosen(series, marked=step != 0)
        chosen = store_named(self._office.stores, store)
        ids = [SeriesId(name.device, name.quantity) for name in names]
        if step == 0:
            readings = await chosen.read_readings(ids, start, end, limit)
            return await _made(len(readings.batch), _readings_table, readings, names, chosen, start, end)
        windows = await chosen.read_aggregates(ids, step, start, end, limit)
        places = np.array([name.index for name in names], np.int32)
        pending = pending_windows(places[windows.batch.series], windows.batch.start, step, marks)
        return await _made(len(windows.batch), _windows_table, windows, names, chosen, start, end, pending)

    async def latest_columns(self, series: Sequence[tuple[str, str]], store: str = "") -> pa.Table:
        """The newest reading of each series that has one."""
        names, _ = await self._chosen(series)
        chosen = store_named(self._office.stores, store)
        found = await chosen.latest([SeriesId(name.device, name.quantity) for name in names])
        return await _made(len(found.batch), _readings_table, found, names, chosen, 0, 0)

    async def column_plan(
        self, series: Sequence[tuple[str, str]], start: int = 0, end: int = 0, step: int = 0,
        limit: int = MOST_COLUMN_ROWS,
    ) -> dict[str, Any]:  # fmt: skip
        """What `read_columns` and `latest_columns` of the same arguments would look for: `names` of series with their
        numbers, and the marks that make windows of them `pending`.
        """
        _check_limit(limit)
        names, marks = await self._chosen(series, marked=step != 0)
        return {"names": names, "pending": marks_within(marks, step, start, end) if step else []}

    async def _chosen(
        self, series: Sequence[tuple[str, str]], *, marked: bool = False
    ) -> tuple[list[SeriesName], list[Mark]]:
        """The series that are meant, each once, in the order in which they were named; and their marks if `marked`."""
        if len(series) > _MOST_SERIES:
            raise CommandError(f"These are {len(series)} series at once.", f"Ask for {_MOST_SERIES} at most.", 2)
        return await asyncio.to_thread(self._looked_up, tuple(dict.fromkeys(map(tuple, series))), marked)

    def _looked_up(self, series: Sequence[tuple[str, ...]], marked: bool) -> tuple[list[SeriesName], list[Mark]]:
        found = self._resolved(series)
        if len(found) > _MOST_SERIES:
            raise CommandError(f"These devices have {len(found)} series.", f"Ask for {_MOST_SERIES} at most.", 2)
        return found, self._office.outbox.marks_of([name.index for name in found]) if marked else []

    def _resolved(self, series: Sequence[tuple[str, ...]]) -> list[SeriesName]:
        out: dict[int, SeriesName] = {}
        of_device: dict[str, list[SeriesName]] = {device: [] for device, _ in series}
        for name in self._office.outbox.series_of(list(of_device)):
            of_device[name.device].append(name)
        for device, quantity in series:
            mine = [name for name in of_device[device] if quantity in ("", name.quantity)]
            if not mine:
                has = ", ".join(sorted(name.quantity for name in of_device[device]))
                problem = (
                    f"Device {device!r} has no quantity {quantity!r}." if has
                    else f"No series of device {device!r} is known."
                )  # fmt: skip
                raise Missing(problem, f"It has {has}." if has else "The list of series tells what there is.", 1)
            out |= {name.index: name for name in mine}
        return list(out.values())


async def _made(rows: int, make: Callable[..., pa.Table], *arguments: Any) -> pa.Table:
    """A small table at once: where the loop is busy, each way to a thread and back takes longer than that."""
    return make(*arguments) if rows <= FEW_ROWS else await asyncio.to_thread(make, *arguments)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_COLUMN_ROWS:
        raise CommandError(f"A page can't have {limit} rows.", f"Ask for 1 to {MOST_COLUMN_ROWS}.", 2)


def _readings_table(found: StoredReadings, names: Sequence[SeriesName], store: Store, start: int, end: int) -> pa.Table:
    columns = {name: pa.array(column) for name, column in found.batch.arrays().items()}
    return _table(columns, found, names, store, start, end)


def _windows_table(
    found: StoredAggregates, names: Sequence[SeriesName], store: Store, start: int, end: int, pending: Any
) -> pa.Table:
    columns = {name: pa.array(column) for name, column in found.batch.arrays().items()}
    return _table(columns | {"pending": pa.array(pending)}, found, names, store, start, end)


def _table(
    columns: dict[str, pa.Array], found: StoredReadings | StoredAggregates, names: Sequence[SeriesName], store: Store,
    start: int, end: int,
) -> pa.Table:  # fmt: skip
    known = {(name.device, name.quantity): name for name in names}
    about = {
        "store": store.name, "start": start, "end": end, "next": found.next,
        "names": [
            (each.device, each.quantity, known[each].profile, known[each].unit) for each in found.names
        ],
    }  # fmt: skip
    return pa.table(columns).replace_schema_metadata({METADATA: msgspec.json.encode(about)})
