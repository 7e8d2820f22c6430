"""The figures' part of the desk: which there are with their newest values, and how they went.

records.db --(which, unit, newest)--> ids --> a store --(pages of words)--> rows by time
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from gateway.engine.figures import Figure
from gateway.errors import CommandError, Missing
from gateway.runtime.office import Office
from gateway.runtime.reading import store_named
from gateway.runtime.wire import MOST_ROWS
from gateway.stores.figure_tables import FigureFilter
from gateway.stores.figures import StoredFigures, figure_id

__all__ = ["FIGURE_METHODS", "FigureDesk"]

FIGURE_METHODS = frozenset({"figures", "read_figures"})
_MOST = 10_000
"""Figures that are listed, or read at once; one more tells that there are more."""


class FigureDesk:
    """Made by Desk."""

    _office: Office

    async def figures(
        self, condition: str = "", assets: Sequence[str] = (), name: str = "", zone: str = "", limit: int = 1_000,
        zones: Sequence[str] = (), after: Sequence[str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The figures that there are, with their newest values, by condition, asset and name; those behind `after`."""
        which = FigureFilter(condition, assets, name, zone, zones, after, min(limit, _MOST + 1))
        return [msgspec.structs.asdict(figure) for figure in await self._office.records.figures(which)]

    async def read_figures(
        self, condition: str = "", assets: Sequence[str] = (), name: str = "", zone: str = "", start: int = 0,
        end: int = 0, last: float = 86_400, store: str = "", limit: int = MOST_ROWS, zones: Sequence[str] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """Figures of the chosen kinds in [start, end), UTC ns, by time.

        Without `end`: up to the newest of them; without `start`: the `last` seconds before it. Pages are as of `read`.
        """
        if not 1 <= limit <= MOST_ROWS:
            raise CommandError(f"A page can't have {limit} rows.", f"Ask for 1 to {MOST_ROWS}, then for the rest.", 2)
        chosen = await self._office.records.figures(FigureFilter(condition, assets, name, zone, zones, limit=_MOST + 1))
        if not chosen:
            said = [f"{key} {value!r}" for key, value in (("condition", condition), ("figure", name), ("zone", zone))
                    if value]  # fmt: skip
            what = " and ".join([*said, *(f"asset {asset!r}" for asset in assets)]) or "any condition"
            raise Missing(f"No figure of {what} is known.", "`cityloom figures` lists what there is.", 1)
        if len(chosen) > _MOST:
            raise CommandError(
                f"These are more than {_MOST} figures.", "Name a condition, some assets, a zone or a figure.", 2
            )
        candidate = store_named(self._office.stores, store)
        end = end or max(figure.ts for figure in chosen) + 1
        start = start or end - int(last * 1e9)
        found = await candidate.read_figures([figure_id(figure) for figure in chosen], start, end, limit)
        return {
            "store": candidate.name, "start": start, "end": end,
            "columns": ["condition", "asset", "figure", "unit", "time", "value"],
            "rows": await asyncio.to_thread(_rows, found, chosen), "truncated": found.next is not None,
            "next": found.next,
        }  # fmt: skip


def _rows(found: StoredFigures, chosen: Sequence[Figure]) -> list[list[Any]]:
    batch = found.batch.take(np.lexsort((found.batch.figure, found.batch.ts)))
    labels = [[each.condition, each.asset, each.name, each.unit] for each in chosen]
    return [
        [*labels[number], ts, value]
        for number, ts, value in zip(batch.figure.tolist(), batch.ts.tolist(), batch.value.tolist(), strict=True)
    ]
