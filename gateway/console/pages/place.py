"""An asset or a zone: its alarms, the figures that conditions compute of it, its devices with their newest readings."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from gateway.console import marks
from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, act, age, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.lines import alarm_line
from gateway.console.parts.live_view import Act
from gateway.console.view.figures import AssetFigure, figures_over_time
from gateway.console.view.format import UNITS, figure, local_time
from gateway.console.view.judged import figure_limits
from gateway.console.view.places import Place
from gateway.console.view.strips import trend
from gateway.live.events import Kind

__all__ = ["place_page"]

_PAGE = 100
_FIGURES_SECS = 10.0
_DAY = 86_400_000_000_000
_ARROWS = {"up": "↗", "down": "↘", "flat": "→", "": ""}
_MOST_QUANTITIES = 4


async def place_page(page: Page, place: Place) -> None:
    """Build it."""
    await _PlacePage(page, place).build()


class _PlacePage:
    def __init__(self, page: Page, place: Place) -> None:
        self._page, self._words, self._console, self._place = page, page.words, page.console, place
        self._most = _PAGE
        self._asked = 0.0
        self._drawn: tuple[Any, ...] = ()
        self._figures: Sequence[AssetFigure] = ()
        self._within = self._console.places.within.get(place.id, frozenset())

    async def build(self) -> None:
        """Draw it, and keep it up to date."""
        page, words = self._page, self._words
        page.title(where(self._console, words, self._place.id))
        await self._console.feed.devices_now()
        self._view = page.show(self._frame(), self._slots(), self._act)
        page.every_tick(self._look)

    def _frame(self) -> Node:
        words, place = self._words, self._place
        parent = link(where(self._console, words, place.zone), "/asset", {"id": place.zone}) if place.zone else None
        heads = ("device.device", "alarms.where", "device.profile", "device.newest", "device.heard")
        return el(
            "div.page",
            el(
                "div.title",
                el("h1", where(self._console, words, place.id), id="content", tabindex="-1"),
                el("span.muted", words.term("asset_kind", place.kind), f" {place.id}"),
                parent,
            ),
            slot("alarms", "ul.alarm-lines"),
            el("section.panel", el("h2", words("asset.figures")), slot("figures", "div.latest")),
            el(
                "div.two",
                el("section.panel", el("h2", words("asset.facts")), el("dl.facts", *self._facts())),
                el(
                    "section.panel",
                    el("h2", words("asset.neighbours" if self._place.kind == "segment" else "asset.assets")),
                    el("div.row", *self._others()),
                ),
            ),
            el(
                "section.panel",
                el("h2", words("asset.devices")),
                el(
                    "div.scroll",
                    el(
                        "table",
                        el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))),
                        slot("devices", "tbody"),
                    ),
                ),
                slot("rest"),
            ),
        )

    def _facts(self) -> list[Node]:
        place, words = self._place, self._words
        rows: list[Node] = [el("dt", words("device.place")), el("dd", f"{place.lon:.5f}, {place.lat:.5f}")]
        for name, value in (place.facts or {}).items():
            if name != "neighbours":
                rows += [el("dt", name.replace("_", " ")), el("dd", str(value))]
        return rows

    def _others(self) -> list[Node]:
        places, words = self._console.places, self._words
        if self._place.kind == "segment":
            names = list((self._place.facts or {}).get("neighbours", ()))
        elif self._within:
            names = [name for name in sorted(self._within) if name != self._place.id]
            names += [asset.id for asset in places.assets.values() if asset.zone in self._within]
        else:
            names = [
                asset.id
                for asset in places.assets.values()
                if asset.zone == self._place.zone and asset.id != self._place.id
            ]
        shown = names[:80]
        return [link(where(self._console, words, name), "/asset", {"id": name}) for name in shown] or [
            el("span.muted", words("frame.none"))
        ]

    # -- what changes --------------------------------------------------------------------------------------------------

    def _devices(self) -> list[Mapping[str, Any]]:
        devices = self._console.feed.devices.want() or ()
        if self._within:
            return [each for each in devices if each["zone"] in self._within]
        return [each for each in devices if each["asset"] == self._place.id]

    def _slots(self) -> dict[str, Keyed]:
        words, console = self._words, self._console
        devices = self._devices()
        names = {self._place.id, *(str(each["id"]) for each in devices)} | set(self._within)
        if self._within:
            names |= {asset.id for asset in console.places.assets.values() if asset.zone in self._within}
        alarms = [alarm for alarm in console.feed.alarms.of_asset(names) if not alarm.aside]
        lines: Keyed = [(alarm.alarm, alarm_line(console, words, alarm)) for alarm in alarms[:6]]
        if len(alarms) > 6:
            more = link(
                words("frame.more", n=len(alarms) - 6), "/alarms", {"zone": self._place.id if self._within else ""}
            )
            lines = [*lines, ("more", el("li", more))]
        left = len(devices) - self._most
        rest = [("rest", act(words("frame.more", n=min(left, _PAGE)), "more", class_="b"))] if left > 0 else []
        none: Keyed = [("none", el("tr", el("td.muted", words("asset.none"), colspan="5")))]
        return {
            "alarms": lines,
            "figures": [(f"{each.condition} {each.name} {each.asset}", self._figure(each)) for each in self._figures]
            or [("none", el("p.muted", words("frame.none")))],
            "devices": [(str(each["id"]), self._row(each)) for each in devices[: self._most]] or none,
            "rest": rest,
        }

    def _figure(self, each: AssetFigure) -> Node:
        words = self._words
        label = words.term("quantity", each.name)
        limits = figure_limits(self._console.conditions, each.condition, each.name)
        beyond = [limit.priority for limit in limits if each.now >= limit.value]
        said = "%" if each.unit == "ratio" else UNITS.get(each.unit, each.unit)
        title = words.condition(each.condition, self._console.titles.get(each.condition, ""))
        shown = ", ".join(f"≥ {figure(limit.value, each.unit)}" for limit in limits)
        return el(
            "div.figure",
            el("span.label", label, title=title),
            el(
                "span.value",
                marks.priority(min(beyond), words, waits=False) if beyond else None,
                el("span.num", figure(each.now, each.unit)),
                el("span.unit", said) if said else None,
                el("span.unit", _ARROWS[trend(each.values)]),
            ),
            marks.sparkline(each.values, label, [limit.value for limit in limits])
            if sum(value is not None for value in each.values) > 3
            else None,
            el("span.limits", words("city.limits", limits=shown)) if shown else None,
            el("span.limits", where(self._console, words, each.asset)) if each.asset != self._place.id else None,
        )

    def _row(self, device: Mapping[str, Any]) -> Node:
        words, console = self._words, self._console
        name = str(device["id"])
        event = console.link.feed.state(Kind.LATEST, str(device["zone"]), name)
        told = {} if event is None else event.data["quantities"]
        newest = []
        for quantity, each in list(told.items())[:_MOST_QUANTITIES]:
            unit = "%" if each["unit"] == "ratio" else UNITS.get(each["unit"], each["unit"])
            doubt = f" ({words.term('flag', str(each['flag']))})" if each["flag"] not in (1, 2) else ""
            newest.append(
                f"{words.term('quantity', quantity)} {figure(each['value'], each['unit'])} {unit}".strip() + doubt
            )
        heard = int(device["heard"])
        return el(
            "tr",
            el("td", link(name, "/asset", {"id": name})),
            el("td", where(console, words, str(device["asset"]))),
            el("td", str(device["profile"])),
            el("td", " · ".join(newest) or "–"),
            el(
                "td.nowrap",
                *(
                    (age(heard, local_time(heard, console.zone)), words("frame.ago"))
                    if heard
                    else (words("device.never"),)
                ),
            ),
        )

    async def _look(self) -> None:
        self._page.follow(frozenset(str(each["id"]) for each in self._devices()))
        if monotonic() - self._asked > _FIGURES_SECS and self._page.now:
            self._asked = monotonic()
            await self._ask_figures()
        feed = self._console.feed
        state = (self._console.link.feed.newest_id, feed.devices.version, feed.alarms.version, self._asked)
        if state != self._drawn:
            self._drawn = state
            self._view.show(self._slots())

    async def _ask_figures(self) -> None:
        """The figures of this place, and of a zone's own feeders and areas; with the last day."""
        names = [self._place.id, *sorted(self._within - {self._place.id})][:50]
        found = await self._page.ask("figures", assets=names, limit=200)
        if not found:
            self._figures = ()
            return
        now = self._page.now
        past = await self._page.ask("read_figures", assets=names, start=now - _DAY, end=now + 1, limit=50_000)
        self._figures = figures_over_time(found, past["rows"] if past else (), now - _DAY, now)[:24]

    async def _act(self, said: Act) -> None:
        if said.name == "more":
            self._most += _PAGE
            self._view.show(self._slots())
