"""A link whose gateway is a few rows in memory: it answers as the desk does, and counts what it was asked."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.link.pages import ColumnPage, Named
from gateway.reports.facts import AlarmChange
from processors.columns import STATS

__all__ = ["MemoryLink"]


class MemoryLink:
    """See gateway.reports.source.Link."""

    def __init__(
        self, *, now: int, changes: Sequence[AlarmChange] = (),
        figures: Sequence[tuple[str, str, str, int, float]] = (),
        series: Sequence[tuple[str, str, str]] = (), windows: Sequence[tuple[int, int, float]] = (),
        devices: Sequence[dict[str, Any]] = (), page: int = 1_000,
    ) -> None:  # fmt: skip
        """`figures`: condition, asset, name, ts, value; `series`: device, quantity, profile; `windows`: place among
        these, start, value."""
        self.settings = load_settings(None)
        self.city = load_seed_files(self.settings).city
        self.asked: Counter[str] = Counter()
        self._now, self._page = now, page
        self._changes, self._figures, self._series = changes, figures, series
        self._windows, self._devices = sorted(windows), list(devices)

    async def ask(self, method: str, **given: Any) -> Any:
        """A method of the desk."""
        self.asked[method] += 1
        answers: dict[str, Callable[..., Any]] = {
            "clock": lambda: {"now": self._now}, "ledger": dict, "series": self._named,
            "alarm_history": self._history, "standing_alarms": self._standing, "figures": self._listed,
            "read_figures": self._read, "devices": self._met, "flag_counts": lambda **_: {"rows": []},
            "letter_counts": lambda **_: {"letters": [], "purged": {}},
        }  # fmt: skip
        return answers[method](**given)

    def _named(self, limit: int) -> list[dict[str, Any]]:
        return [{"device": d, "quantity": q, "profile": p, "unit": "km/h"} for d, q, p in self._series[:limit]]

    def _history(self, since: int, until: int, limit: int) -> list[dict[str, Any]]:
        found = [msgspec.structs.asdict(each) for each in self._changes if since <= each.at < until]
        return found[::-1][:limit]

    def _standing(self, at: int) -> list[dict[str, Any]]:
        newest = {each.alarm: each for each in self._changes if each.at < at}
        return [msgspec.structs.asdict(each) for each in newest.values() if each.state != "normal"]

    def _listed(self, limit: int) -> list[dict[str, Any]]:
        return [{"condition": c, "asset": a, "name": n} for c, a, n, *_ in self._figures][:limit]

    def _read(self, condition: str, name: str, start: int, end: int, store: str = "") -> dict[str, Any]:
        rows: list[list[Any]] = sorted(
            [c, a, n, "1", ts, value] for c, a, n, ts, value in self._figures
            if (c, n) == (condition, name) and start <= ts < end
        )  # fmt: skip
        rows.sort(key=lambda row: row[4])
        more = rows[self._page][4] if len(rows) > self._page else None
        return {"rows": rows[: self._page], "next": more, "end": end, "store": "memory"}

    def _met(self, after: str, limit: int) -> list[dict[str, Any]]:
        return [each for each in self._devices if each["id"] > after][:limit]

    async def read(
        self,
        series: Sequence[tuple[str, str]],
        start: int,
        end: int,
        *,
        step: int = 0,
        limit: int = 10**6,
        store: str = "",
    ) -> ColumnPage:
        """Windows by series and time; a page ends behind a whole instant."""
        self.asked["read"] += 1
        wanted = [place for place, each in enumerate(self._series) if each[:2] in series]
        rows = [(wanted.index(s), at, v) for s, at, v in self._windows if s in wanted and start <= at < end]
        instants = sorted({at for _, at, _ in rows})
        kept = instants[: max(1, self._page // max(len(wanted), 1))]
        following = instants[len(kept)] if len(instants) > len(kept) else None
        rows = sorted(row for row in rows if row[1] in kept)
        columns = {name: np.array([row[2] for row in rows]) for name in STATS}
        columns["count"] = np.array([0.0 if np.isnan(row[2]) else 4.0 for row in rows])
        table = pa.table({
            "series": np.array([row[0] for row in rows], np.int32),
            "start": np.array([row[1] for row in rows], np.int64),
            **columns,
        })  # fmt: skip
        names = [Named(*self._series[place], "km/h") for place in wanted]
        return ColumnPage(table, names, "memory", start, end, following)
