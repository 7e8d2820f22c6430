"""Read series back as plain rows, a page at a time, with what is still pending said.

    store --(at most `limit` rows, instants whole)--> columns --(in a thread)--> rows by time
                                                         ^
                              marks that wait ----------+   a window that one touches is `pending`

`next` is the time at which the following page begins; a page that is the last one has none.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.engine.results import SeriesName
from gateway.errors import CommandError
from gateway.journal.marks import Mark
from gateway.runtime.pending import pending_windows
from gateway.stores.base import SeriesId, Store, StoredAggregates, StoredReadings
from processors.columns import STATS

__all__ = ["read_series", "store_named"]


def store_named(stores: Sequence[Store], name: str) -> Store:
    """The open store of that name; without one the first. Raises CommandError where there is none."""
    for store in stores:
        if name in ("", store.name):
            return store
    names_open = ", ".join(each.name for each in stores) or "none"
    asked = f"store {name!r} is" if name else "store is enabled and"
    raise CommandError(f"No {asked} open.", f"Open are: {names_open}; [stores.*] enables them.", 2)


async def read_series(
    store: Store, names: Sequence[SeriesName], start: int, end: int, step: int, pending: Sequence[Mark], limit: int
) -> dict[str, Any]:
    """Columns of readings (`step` 0: time, value, flag, why) or of aggregates, a row a series and time, by time."""
    ids = [SeriesId(name.device, name.quantity) for name in names]
    found: StoredReadings | StoredAggregates
    if step == 0:
        found = readings = await store.read_readings(ids, start, end, limit)
        columns = ["quantity", "unit", "time", "value", "flag", "why"]
        rows = await asyncio.to_thread(_reading_rows, readings, names)
    else:
        found = windows = await store.read_aggregates(ids, step, start, end, limit)
        columns = ["quantity", "unit", "time", *STATS, "revision", "pending"]
        rows = await asyncio.to_thread(_window_rows, windows, names, step, pending)
    return {
        "store": store.name, "start": start, "end": end, "columns": columns, "rows": rows,
        "truncated": found.next is not None, "next": found.next,
    }  # fmt: skip


def _reading_rows(found: StoredReadings, names: Sequence[SeriesName]) -> list[list[Any]]:
    batch = found.batch.take(np.lexsort((found.batch.series, found.batch.ts)))
    labels = _labels(found.names, names)
    return [
        [*labels[series], ts, value, flag, why]
        for series, ts, value, flag, why in zip(
            batch.series.tolist(), batch.ts.tolist(), _figures(batch.value), batch.flag.tolist(), batch.why.tolist(),
            strict=True,
        )
    ]  # fmt: skip


def _window_rows(
    found: StoredAggregates, names: Sequence[SeriesName], step: int, pending: Sequence[Mark]
) -> list[list[Any]]:
    batch = found.batch.take(np.lexsort((found.batch.series, found.batch.start)))
    labels = _labels(found.names, names)
    places = {(name.device, name.quantity): name.index for name in names}
    index = np.array([places[name] for name in found.names], np.int32)
    waits = pending_windows(index[batch.series], batch.start, step, pending)
    stats = [_figures(getattr(batch, stat)) for stat in STATS]
    return [
        [*labels[series], start, *figures]
        for series, start, *figures in zip(
            batch.series.tolist(), batch.start.tolist(), *stats, batch.revision.tolist(), waits.tolist(), strict=True
        )
    ]  # fmt: skip


def _labels(found: Sequence[SeriesId], names: Sequence[SeriesName]) -> list[tuple[str, str]]:
    units = {(name.device, name.quantity): name.unit for name in names}
    return [(name.quantity, units[name]) for name in found]


def _figures(column: NDArray[Any]) -> list[Any]:
    """As Python numbers; what is not known is None, which JSON has."""
    out: list[Any] = column.tolist()
    for place in np.flatnonzero(np.isnan(column)).tolist() if column.dtype.kind == "f" else ():
        out[place] = None
    return out
