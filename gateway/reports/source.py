"""Asks the gateway for a period, page by page: the only file that knows methods of the desk.

link.ask(method, ...) --rows--> Source --facts--> gathering/*.py
                                  |
                                  +--> told(what, done, of) after each page
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np

from gateway.config.city import City
from gateway.config.seed_files import SeedFiles, load_seed_files
from gateway.config.settings import Settings
from gateway.link.pages import ColumnPage
from gateway.reports.facts import AlarmChange, AlarmFacts, Context, FigureValue, FlagCount, Windows
from gateway.reports.period import HOUR, Period
from processors.columns import F64

__all__ = ["Link", "Source", "Told", "nobody"]

Told = Callable[[str, int, int], None]
"""What is read, pages done, and how many there are as far as is known."""

_PAGE_ALARMS = 10_000
"""As many as the desk gives at once; a span with more is asked for in halves."""
_LEAST_SPAN = 1_000_000
"""A millisecond isn't halved."""
_QUARTER_OF_DAY = 6 * 3600 * 1_000_000_000
_ALL = 1_000_000
_PAGE_WINDOWS = 200_000
"""Some 20 MB of columns."""
_PAGE_DEVICES = 5_000
_LOOKED_AT = 3
"""Devices of a profile whose hours tell whether anything came."""


class Link(Protocol):
    """What a report needs of a gateway: the same that the web process has."""

    settings: Settings
    city: City

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A method of gateway/runtime/desk.py. Raises CommandError."""
        ...

    async def read(
        self, series: Sequence[tuple[str, str]], start: int, end: int, *, step: int = 0, limit: int = _PAGE_WINDOWS,
        store: str = "",
    ) -> ColumnPage:  # fmt: skip
        """Readings or windows of many series: a page. Raises CommandError."""
        ...


def nobody(what: str, done: int, of: int) -> None:
    """Tells nobody."""


class Source:
    """Reads of one period. Reads that are asked for twice (alarms, series) are read once."""

    def __init__(self, link: Link, files: SeedFiles, period: Period, told: Told = nobody) -> None:
        self.files = files
        self.period = period
        self._link = link
        self.told = told
        self._alarms: AlarmFacts | None = None
        self._series: list[dict[str, Any]] | None = None
        self._figures: list[dict[str, Any]] | None = None
        self._devices: list[dict[str, Any]] | None = None
        self._unheard: tuple[tuple[int, int], ...] | None = None
        self._now = 0

    @classmethod
    async def of(cls, link: Link, period: Period, told: Told = nobody) -> "Source":
        """A source under the configuration of now."""
        return cls(link, await asyncio.to_thread(load_seed_files, link.settings), period, told)

    async def ask(self, method: str, **arguments: Any) -> Any:
        """A method of the desk."""
        return await self._link.ask(method, **arguments)

    async def now(self) -> int:
        """The gateway's clock, UTC ns."""
        if not self._now:
            self._now = int((await self.ask("clock"))["now"])
        return self._now

    async def context(self, lang: str) -> Context:
        """Names of places, conditions, and how far the period has come."""
        city, chinese = self._link.city, lang == "zh"
        names = {zone.id: zone.name if chinese else zone.name_en or zone.name for zone in city.zones}
        roads = {each.id: each.road if chinese else each.road_en or each.road for each in city.segments}
        listed = self.files.devices
        zones, assets = {each.id: each.zone for each in listed}, {each.id: each.asset for each in listed}
        for each in await self._met(zones):
            zones[each["id"]], assets[each["id"]] = each["zone"], each["asset"]
        return Context(
            self.period, city.city.name if chinese else city.city.name_en or city.city.name,
            names | {place: f"{road} ({place})" for place, road in roads.items()},
            {asset: zones[device] for device, asset in assets.items() if asset} | zones, assets,
            tuple(self.files.conditions),
            {each.name: each.interval_secs for each in self.files.profiles}, await self.unheard(),
            min(self.period.end, await self.now()),
        )  # fmt: skip

    async def unheard(self) -> tuple[tuple[int, int], ...]:
        """Hours in which nothing came from some devices of each profile: nothing ran, or nothing was connected, so that
        no alarm then says nothing. Hours that may not be closed yet are taken for heard."""
        if self._unheard is None:
            await self.series("")
            some: dict[str, list[tuple[str, str]]] = {}
            for each in self._series or ():
                mine = some.setdefault(each["profile"], [])
                if len(mine) < _LOOKED_AT and all(device != each["device"] for device, _ in mine):
                    mine.append((each["device"], each["quantity"]))
            found = await self.windows([name for names in some.values() for name in names], 3600)
            heard = {int(start) for windows in found for start in windows.start.tolist()}
            known = min(self.period.end, await self.now() - 2 * HOUR)
            edges = [at for at in range(self.period.start - self.period.start % HOUR, known, HOUR) if at not in heard]
            spans: list[tuple[int, int]] = []
            for at in edges:
                begin, end = max(at, self.period.start), min(at + HOUR, self.period.end)
                joined = bool(spans) and spans[-1][1] == begin
                spans[-1:] = [(spans[-1][0], end)] if joined else [*spans[-1:], (begin, end)]
            self._unheard = tuple(spans)
        return self._unheard

    async def _met(self, listed: Container[str]) -> list[dict[str, Any]]:
        """Devices that nobody listed, where there are such: a gateway that is stopped must rebuild its registry."""
        await self.series("")
        if all(each["device"] in listed for each in self._series or ()):
            return []
        if self._devices is None:
            self._devices = []
            page: list[dict[str, Any]] = [{"id": ""}]
            while page:
                page = await self.ask("devices", after=page[-1]["id"], limit=_PAGE_DEVICES)
                self._devices += page
        return [each for each in self._devices if each["id"] not in listed]

    async def alarms(self) -> AlarmFacts:
        """Every change in the period, and what stood at its ends."""
        if self._alarms is None:
            spans = [(begin, end) for begin, end in self.period.days]
            changes: list[AlarmChange] = []
            for done, span in enumerate(spans):
                self.told("alarms", done, len(spans))
                changes += await self._changes(*span)
            before = await self.ask("standing_alarms", at=self.period.start)
            after = await self.ask("standing_alarms", at=self.period.end)
            self.told("alarms", len(spans), len(spans))
            changes.sort(key=lambda each: each.at)
            self._alarms = AlarmFacts(
                tuple(changes), *(tuple(msgspec.convert(part, list[AlarmChange])) for part in (before, after))
            )
        return self._alarms

    async def _changes(self, start: int, end: int) -> list[AlarmChange]:
        """In the order in which they were made."""
        found = await self.ask("alarm_history", since=start, until=end, limit=_PAGE_ALARMS)
        if len(found) >= _PAGE_ALARMS and end - start > _LEAST_SPAN:
            middle = (start + end) // 2
            return [*await self._changes(start, middle), *await self._changes(middle, end)]
        return msgspec.convert(list(reversed(found)), list[AlarmChange])

    async def figures(self, condition: str, *names: str, at_start: bool = False) -> list[FigureValue]:
        """Figures of the period, by time. One is told at the end of the time that it is about, so that of midnight is
        the last one of the day before; with `at_start` at its beginning."""
        if self._figures is None:
            self._figures = await self.ask("figures", limit=10_000)
        there = {each["name"] for each in self._figures if each["condition"] == condition}
        out: list[FigureValue] = []
        later = 0 if at_start else 1
        wanted = sorted(there if not names else there & set(names))
        for done, name in enumerate(wanted):
            self.told(condition, done, len(wanted))
            question = {
                "condition": condition, "name": name, "start": self.period.start + later,
                "end": self.period.end + later,
            }  # fmt: skip
            out += [FigureValue(*row) async for row in self._rows("read_figures", question)]
        out.sort(key=lambda each: (each.ts, each.asset, each.name))
        return out

    async def series(self, profile: str, *quantities: str) -> list[tuple[str, str]]:
        """(device, quantity) of a profile, by device; all quantities where none is named."""
        if self._series is None:
            self._series = await self.ask("series", limit=_ALL)
        return [
            (each["device"], each["quantity"]) for each in self._series
            if each["profile"] == profile and (not quantities or each["quantity"] in quantities)
        ]  # fmt: skip

    async def profiles(self) -> set[str]:
        """Of all series that there are."""
        await self.series("")
        return {each["profile"] for each in self._series or ()}

    async def windows(self, series: Sequence[tuple[str, str]], step: int, what: str = "") -> list[Windows]:
        """Windows of `step` seconds of each series, in their order; tells how far it is where `what` names them."""
        out: list[Windows] = []
        at_once = max(1, _PAGE_WINDOWS * step * 1_000_000_000 // (self.period.end - self.period.start))
        for first in range(0, len(series), at_once):
            if what:
                self.told(what, first, len(series))
            out += await self._windows(series[first : first + at_once], step)
        return out

    async def _windows(self, series: Sequence[tuple[str, str]], step: int) -> list[Windows]:
        """The one place that knows how windows are read."""
        units: dict[tuple[str, str], str] = {}
        parts: dict[tuple[str, str], list[list[F64]]] = {}
        at: int | None = self.period.start
        while at is not None:
            page = await self._link.read(series, at, self.period.end, step=step, limit=_PAGE_WINDOWS)
            columns = [page.table[name].to_numpy() for name in ("start", "mean", "min", "max", "count")]
            # rows come by series and time
            edges = np.searchsorted(page.table["series"].to_numpy(), np.arange(len(page.names) + 1))
            for name, first, end in zip(page.names, edges, edges[1:], strict=False):
                key = name.device, name.quantity
                units[key] = name.unit
                parts.setdefault(key, []).append([column[first:end] for column in columns])
            at = page.next
        return [_joined(key, units.get(key, ""), parts.get(key, [])) for key in series]

    async def _rows(self, method: str, question: dict[str, Any]) -> AsyncIterator[list[Any]]:
        """Rows of all pages."""
        while True:
            page = await self.ask(method, **question)
            for row in page["rows"]:
                yield row
            if page["next"] is None:
                return
            question |= {"start": page["next"], "end": page["end"], "store": page["store"]}

    async def flags(self, profiles: Sequence[str]) -> list[FlagCount]:
        """How many readings there are of each series, by flag and why."""
        spans = [
            (at, min(at + _QUARTER_OF_DAY, end))
            for begin, end in self.period.days for at in range(begin, end, _QUARTER_OF_DAY)
        ]  # fmt: skip
        sums: dict[tuple[str, str, str, int, int], int] = {}
        for done, profile in enumerate(profiles):
            for start, end in spans:
                self.told(profile, done, len(profiles))
                found = await self.ask("flag_counts", profile=profile, start=start, end=end)
                for device, quantity, flag, why, readings in found["rows"]:
                    key = (profile, device, quantity, flag, why)
                    sums[key] = sums.get(key, 0) + readings
        return [FlagCount(*key, readings) for key, readings in sorted(sums.items())]


def _joined(series: tuple[str, str], unit: str, parts: list[list[F64]]) -> Windows:
    """Windows of one series of all pages, without those of which no reading was used."""
    if not parts:
        nothing = np.empty(0)
        return Windows(*series, unit, np.empty(0, np.int64), nothing, nothing, nothing, nothing)
    start, mean, least, most, count = (np.concatenate(each) for each in zip(*parts, strict=True))
    used = count > 0
    return Windows(
        *series, unit, start[used].astype(np.int64), mean[used], least[used], most[used], count[used].astype(np.float64)
    )
