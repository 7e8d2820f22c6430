"""Everything that a gateway stored, in pieces, as Arrow: on its files where it is stopped, else through its door.

files: store.read_readings, some series at a time        door: `read`, a device and a page at a time
                        \\__________ for_each_piece(readings, windows, copies, registry) __/
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from gateway.cli.door import asking
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.runtime.lock import FolderLock
from gateway.runtime.offices import FileOffice, file_office
from gateway.runtime.pending import pending_windows
from gateway.runtime.reading import store_named
from gateway.runtime.wire import MOST_ROWS
from gateway.stores.base import SeriesId, StoredAggregates, StoredReadings
from gateway.stores.duckdb import DuckDbStore

__all__ = ["STEPS", "Sink", "read_stored"]

STEPS = (10, 60, 900, 3600)
"""Seconds; a day's windows follow local days, and hold what an hour's do."""
_SERIES = 100
"""Series at once."""
_FIRST, _LAST = 1, 1 << 62
_STATS = ("count", "min", "max", "mean")


class Sink(Protocol):
    """Where it goes: a TruthBook."""

    going_on: bool
    """More may have been stored between two pieces; devices come in order of their names."""

    def add_readings(self, rows: pa.Table) -> None: ...  # noqa: D102
    def add_windows(self, rows: pa.Table) -> None: ...  # noqa: D102
    def add_copies(self, rows: pa.Table) -> None: ...  # noqa: D102
    def add_registry(self, devices: Iterable[tuple[str, str]]) -> None: ...  # noqa: D102


def read_stored(
    settings: Settings, store: str, devices: Sequence[str], to: Sink, told: Callable[[int, int], None]
) -> str:
    """Bring everything of a store to `to`; gives the store's name.

    Args:
        store: its name; empty: the first one.
        devices: whose zone is asked for.
        told: is called with pieces done, and pieces in all.

    Raises:
        CommandError: there is nothing to read.
    """
    if FolderLock.held(settings.data_dir):
        return _through_the_door(settings, store, devices, to, told)

    async def work() -> str:
        async with file_office(settings, settings.clock.build()) as office:
            return await _from_files(office, store, to, told)

    return asyncio.run(work())


async def _from_files(office: FileOffice, name: str, to: Sink, told: Callable[[int, int], None]) -> str:
    store = store_named(office.stores, name)
    names = office.outbox.series_names(0)
    pieces = [names[first : first + _SERIES] for first in range(0, len(names), _SERIES)]
    for done, piece in enumerate(pieces):
        told(done, len(pieces))
        ids = [SeriesId(each.device, each.quantity) for each in piece]
        to.add_readings(_reading_table(await store.read_readings(ids, _FIRST, _LAST)))
        pending = office.outbox.marks_of([each.index for each in piece])
        index = np.array([each.index for each in piece], np.int32)
        for step in STEPS:
            found = await store.read_aggregates(ids, step, _FIRST, _LAST)
            waits = pending_windows(index[found.batch.series], found.batch.start, step, pending)
            to.add_windows(_window_table(found, step, waits))
    if isinstance(store, DuckDbStore):
        to.add_copies(await _copies(store))
    to.add_registry([(record.id, record.zone) for record in await office.records.devices()])
    told(len(pieces), len(pieces))
    return store.name


async def _copies(store: DuckDbStore) -> pa.Table:
    found = await store.copies()
    return pa.table({
        "device": pa.array([each.device for each, _, _ in found], pa.string()),
        "quantity": pa.array([each.quantity for each, _, _ in found], pa.string()),
        "ts": pa.array([ts for _, ts, _ in found], pa.int64()),
        "copies": pa.array([number for _, _, number in found], pa.int64()),
    })  # fmt: skip


def _names(found: StoredReadings | StoredAggregates) -> dict[str, pa.Array]:
    series = pa.array(found.batch.series)
    return {
        column: pa.DictionaryArray.from_arrays(series, pa.array([name[place] for name in found.names], pa.string()))
        for place, column in enumerate(("device", "quantity"))
    }


def _reading_table(found: StoredReadings) -> pa.Table:
    batch = found.batch
    return pa.table({**_names(found), "ts": batch.ts, "value": batch.value, "flag": batch.flag})


def _window_table(found: StoredAggregates, step: int, waits: Any) -> pa.Table:
    batch = found.batch
    stats = {name: getattr(batch, name).astype(np.float64) for name in _STATS}
    steps = np.full(len(batch), step, np.int32)
    return pa.table({**_names(found), "step": steps, "start": batch.start, **stats, "pending": waits})


def _through_the_door(
    settings: Settings, store: str, devices: Sequence[str], to: Sink, told: Callable[[int, int], None]
) -> str:
    to.going_on = True
    with asking(settings) as ask:
        every = sorted({each["device"] for each in ask("series", limit=1 << 40)})
        for done, device in enumerate(every):
            told(done, len(every))
            for step in (0, *STEPS):
                store = _pages(ask, store, device, step, to)
        to.add_registry([
            (device, ask("device_ledger", device=device)["record"]["zone"])
            for device in sorted(set(devices) & set(every))
        ])  # fmt: skip
    told(len(every), len(every))
    return store


def _pages(ask: Callable[..., Any], store: str, device: str, step: int, to: Sink) -> str:
    start: int | None = _FIRST
    while start is not None:
        page = ask("read", device=device, start=start, end=_LAST, step=step, store=store, limit=MOST_ROWS)
        rows, columns = page["rows"], page["columns"]
        place = {name: columns.index(name) for name in columns}

        def column(name: str, kind: pa.DataType, rows: Any = rows, place: Any = place) -> pa.Array:
            return pa.array([row[place[name]] for row in rows], kind)

        named = {
            "device": pa.array([device] * len(rows), pa.string()),
            "quantity": column("quantity", pa.string()),
        }
        if step:
            stats = {name: column(name, pa.float64()) for name in _STATS}
            steps = pa.array([step] * len(rows), pa.int32())
            times = column("time", pa.int64())
            waits = column("pending", pa.bool_())
            to.add_windows(pa.table({**named, "step": steps, "start": times, **stats, "pending": waits}))
        else:
            values = {"value": column("value", pa.float64()), "flag": column("flag", pa.uint8())}
            to.add_readings(pa.table({**named, "ts": column("time", pa.int64()), **values}))
        if page["next"] is not None and page["next"] <= start:
            raise CommandError(f"The gateway gives the same page of {device} again.", "This is a defect of CityLoom.")
        start, store = page["next"], page["store"]
    return store
