"""What reports of a day or a week ask of the desk, counted here so that millions of readings cross no door.

a store --readings, a page at a time--> counts by device, quantity, flag and why
records.db --> alarms that stood at a moment; dead letters by reason and profile
"""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import numpy as np

from gateway.errors import CommandError
from gateway.runtime.office import Office
from gateway.runtime.reading import store_named
from gateway.stores.base import SeriesId
from processors.columns import ReadingBatch

__all__ = ["PERIOD_METHODS", "PeriodDesk"]

PERIOD_METHODS = frozenset({"standing_alarms", "letter_counts", "flag_counts"})
_MOST = 10_000
_PAGE_ROWS = 200_000
"""Readings at once: some 5 MB of columns."""
_MOST_NS = 26 * 3600 * 1_000_000_000
"""A local day with its longest night."""

_Counts = Counter[tuple[str, str, int, int]]
"""By device, quantity, flag, why."""


class PeriodDesk:
    """Made by Desk."""

    _office: Office

    async def standing_alarms(self, at: int, limit: int = _MOST) -> list[dict[str, Any]]:
        """The newest change before `at` (UTC ns of event time) of each alarm that was open then, the urgent first."""
        found = await self._office.records.standing_alarms(at, min(limit, _MOST))
        return [msgspec.structs.asdict(change) for change in found]

    async def letter_counts(self, start: int, end: int) -> dict[str, Any]:
        """Dead letters of what was received in [start, end), UTC ns, as far as they are held; and what went for want of
        room, of all times, by reason."""
        found = await self._office.records.letters_between(start, end)
        letters = [{"reason": reason, "profile": profile, "number": number} for reason, profile, number in found]
        return {"letters": letters, "purged": await self._office.records.purged_counts()}

    async def flag_counts(self, profile: str, start: int, end: int, store: str = "") -> dict[str, Any]:
        """How many readings a profile's devices have in [start, end), UTC ns, by device, quantity, flag, why; 26 hours
        at most."""
        if not 0 < end - start <= _MOST_NS:
            raise CommandError("These readings can't be counted at once.", "Ask for 26 hours at most.", 2)
        names = await asyncio.to_thread(self._office.outbox.series_names, 0)
        ids = [SeriesId(name.device, name.quantity) for name in names if name.profile == profile]
        chosen, counts = store_named(self._office.stores, store), Counter[tuple[str, str, int, int]]()
        at: int | None = start if ids else None
        while at is not None:
            page = await chosen.read_readings(ids, at, end, _PAGE_ROWS)
            await asyncio.to_thread(_count, page.names, page.batch, counts)
            at = page.next
        rows = [[*key, number] for key, number in sorted(counts.items())]
        return {"store": chosen.name, "columns": ["device", "quantity", "flag", "why", "readings"], "rows": rows}


def _count(names: Any, batch: ReadingBatch, counts: _Counts) -> None:
    """Add a page to `counts`."""
    if not len(batch):
        return
    keys = (batch.series.astype(np.int64) << 36) | (batch.flag.astype(np.int64) << 32) | batch.why.astype(np.int64)
    found, number = np.unique(keys, return_counts=True)
    for key, readings in zip(found.tolist(), number.tolist(), strict=True):
        counts[*names[key >> 36], (key >> 32) & 0xF, key & 0xFFFF_FFFF] += readings
