"""Read series back as plain rows, with what is still pending said."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.engine.results import SeriesName
from gateway.journal.marks import Mark
from gateway.stores.base import SeriesId, Store
from processors.columns import STATS
from processors.windows.day import DAY, SECOND

__all__ = ["read_series"]

_LONGEST_DAY = 25 * 3600 * SECOND
"""A mark just after a shorter day shows it as pending, too: one hint too many, none too few."""


async def read_series(
    store: Store, names: Sequence[SeriesName], start: int, end: int, step: int, pending: Sequence[Mark]
) -> dict[str, Any]:
    """Columns of readings (`step` 0: time, value, flag, why) or of aggregates, a row a series and time."""
    ids = [SeriesId(name.device, name.quantity) for name in names]
    units = {(name.device, name.quantity): name.unit for name in names}
    if step == 0:
        found = await store.read_readings(ids, start, end)
        batch = found.batch
        columns = ["quantity", "unit", "time", "value", "flag", "why"]
        rows = [
            [found.names[s].quantity, units[found.names[s]], ts, None if np.isnan(value) else value, flag, why]
            for s, ts, value, flag, why in zip(
                batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), batch.flag.tolist(),
                batch.why.tolist(), strict=True,
            )
        ]  # fmt: skip
        return {"store": store.name, "columns": columns, "rows": rows}
    held = await store.read_aggregates(ids, step, start, end)
    windows = held.batch
    stats = [getattr(windows, stat).tolist() for stat in STATS]
    places = {(name.device, name.quantity): name.index for name in names}
    rows = []
    length = _LONGEST_DAY if step == DAY else step * SECOND
    for k, (s, begin) in enumerate(zip(windows.series.tolist(), windows.start.tolist(), strict=True)):
        name = held.names[s]
        waits = any(
            mark.series == places[name] and mark.step <= step and mark.start < begin + length
            and mark.end > begin and mark.watermark > begin
            for mark in pending
        )  # fmt: skip
        figures = [None if isinstance(stat[k], float) and np.isnan(stat[k]) else stat[k] for stat in stats]
        rows.append([name.quantity, units[name], begin, *figures, int(windows.revision[k]), waits])
    columns = ["quantity", "unit", "time", *STATS, "revision", "pending"]
    return {"store": store.name, "columns": columns, "rows": rows}
