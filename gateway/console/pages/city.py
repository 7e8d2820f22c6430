"""The city at a glance: the map, a strip a domain with the figures that matter, urgent alarms and incidents."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from gateway.console import marks
from gateway.console.city_plan import map_words
from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, age, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.lines import alarm_line
from gateway.console.parts.city_map import CityMap
from gateway.console.texts.terms import TERMS
from gateway.console.view.alarm_book import Alarm
from gateway.console.view.alarms import counts
from gateway.console.view.city_map import states_of
from gateway.console.view.format import UNITS, count, figure, local_time
from gateway.console.view.judged import limits_said
from gateway.console.view.strips import Drawn, trend

__all__ = ["city_page"]

_MOST_ALARMS = 8
_MOST_INCIDENTS = 6
_ARROWS = {"up": "↗", "down": "↘", "flat": "→", "": ""}


async def city_page(page: Page, _: Mapping[str, str]) -> None:
    """Build it."""
    _City(page).build()


class _City:
    def __init__(self, page: Page) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._drawn: tuple[Any, ...] = ()

    def build(self) -> None:
        """Draw it, and keep it up to date."""
        page, words, feed = self._page, self._words, self._console.feed
        page.title(words("nav.city"))
        for topic in (feed.devices, feed.strips, feed.incidents):
            topic.want()
        with ui.element("div").classes("page"):
            page.show(el("div.hidden-text", el("h1", words("nav.city"), id="content", tabindex="-1")), {})
            with ui.element("div").classes("city"):
                with ui.element("div").classes("left"):
                    self._map = CityMap(
                        self._console.plan.features_json(words), self._console.plan.cells(words), map_words(words),
                        tile_url=self._console.tile_url,
                    )  # fmt: skip
                self._strips = page.show(
                    el("section.panel", el("h2", words("city.domains")), slot("strips")), self._strip_slots()
                )
            self._lists = page.show(self._lists_frame(), self._list_slots())
        page.every_tick(self._look)

    def _lists_frame(self) -> Node:
        words = self._words
        return el(
            "div.two",
            el(
                "section.panel",
                el("h2", words("city.urgent")),
                slot("alarms", "ul"),
                el("p", link(words("city.all_alarms"), "/alarms")),
            ),
            el(
                "section.panel",
                el("h2", words("city.incidents")),
                slot("incidents", "ul"),
                el("p", link(words("city.all_incidents"), "/incidents")),
            ),
        )

    def _look(self) -> None:
        feed = self._console.feed
        devices, strips, incidents = feed.devices.want(), feed.strips.want(), feed.incidents.want()
        state = (feed.alarms.version, feed.devices.version, feed.strips.version, feed.incidents.version)
        if state == self._drawn:
            return
        before, self._drawn = self._drawn, state
        if not before or before[1] != state[1]:
            self._map.cells(self._console.plan.cells(self._words))
        by_id = {device["id"]: device for device in devices or ()}
        self._map.show(states_of(feed.alarms.alarms(), self._console.places, by_id))
        self._strips.show(self._strip_slots())
        self._lists.show(self._list_slots())
        del strips, incidents

    # -- strips --------------------------------------------------------------------------------------------------------

    def _strip_slots(self) -> dict[str, Keyed]:
        answer: Sequence[Drawn] | None = self._console.feed.strips.answer
        if answer is None:
            return {"strips": [("loading", el("p.muted", self._words("frame.loading")))]}
        strips = answer
        alarms = self._console.feed.alarms.alarms()
        out = []
        for domain in TERMS["domain"]:
            mine = [each for each in strips if each.figure.domain == domain]
            own = [alarm for alarm in alarms if alarm.domain == domain]
            if domain == "device":
                out.append((domain, self._strip(domain, own, self._device_figures(own))))
            elif mine or own:
                out.append((domain, self._strip(domain, own, [self._figure(each) for each in mine])))
        return {"strips": out}

    def _strip(self, domain: str, alarms: Sequence[Alarm], figures: Sequence[Node]) -> Node:
        words = self._words
        standing = [
            link(
                el("span.row", marks.priority(n, words, waits=waiting > 0), str(amount)),
                "/alarms",
                {"domain": domain, "priority": str(n)},
                aria_label=f"{words.term('domain', domain)}, {words.term('priority', str(n))}: {amount}",
            )
            for n, (amount, waiting) in counts(alarms).items()
            if amount
        ]
        normal = el("span.muted", words("city.normal"))
        return el(
            "div.strip",
            el(
                "div.name",
                link(el("h3", words.term("domain", domain)), "/alarms", {"domain": domain}),
                el("div.marks", *(standing or [normal])),
            ),
            el("div.figures", *figures),
        )

    def _figure(self, each: Drawn) -> Node:
        words, unit = self._words, each.figure.unit
        label = words(f"strip.{each.figure.key}")  # texts: strip.*
        said = "%" if unit == "ratio" else UNITS.get(unit, unit)
        limits, every = limits_said(each.limits, unit)
        sign = marks.priority(each.breach, words, waits=False) if each.breach else None
        way = words(f"trend.{trend(each.values)}") if trend(each.values) else ""  # texts: trend.*
        return el(
            "div.figure",
            el("span.label", label, title=label),
            el(
                "span.value",
                sign,
                el("span.num", figure(each.now, unit)),
                el("span.unit", said) if said else None,
                el("span.unit", _ARROWS[trend(each.values)], title=way),
            ),
            marks.sparkline(
                each.values, f"{label}: {way or words('trend.flat')}", [limit.value for limit in each.limits]
            ),
            el("span.limits", words("city.limits", limits=limits) if limits else words("city.no_limits"), title=every),
        )

    def _device_figures(self, alarms: Sequence[Alarm]) -> list[Node]:
        words, status = self._words, self._console.feed.status.answer
        if status is None:
            return []
        silent = sum(
            alarm.condition == "device.silent" and not alarm.aside and alarm.state != "returned" for alarm in alarms
        )
        lanes = status["city"]
        series = sum(lane["series"] for lane in lanes)
        good = (
            sum(lane["good"] * lane["series"] for lane in lanes if lane["good"] is not None) / series
            if series
            else None
        )
        rate = status["rates"]["readings_per_s"]
        plain = [
            (words("strip.devices"), count(status["engine"]["devices"]), words("strip.silent", n=silent)),
            (words("strip.good"), f"{figure(good, 'ratio')} %", words("strip.of_series", n=count(series))),
            (words("strip.rate"), f"{count(rate)} /s", ""),
        ]
        return [
            el(
                "div.figure",
                el("span.label", label),
                el("span.value", el("span.num", value)),
                el("span.limits", note) if note else None,
            )
            for label, value, note in plain
        ]

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _list_slots(self) -> dict[str, Keyed]:
        words, feed = self._words, self._console.feed
        alarms = [alarm for alarm in feed.alarms.alarms() if not alarm.aside][:_MOST_ALARMS]
        incidents = (feed.incidents.answer or ())[:_MOST_INCIDENTS]
        none = el("li.muted", words("frame.none"))
        return {
            "alarms": [(alarm.alarm, alarm_line(self._console, words, alarm)) for alarm in alarms] or [("none", none)],
            "incidents": [(each["incident"], self._incident(each)) for each in incidents] or [("none", none)],
        }

    def _incident(self, each: Mapping[str, Any]) -> Node:
        words, console = self._words, self._console
        kind = str(each["cause_kind"])
        title = words.condition(kind, console.titles.get(kind, "")) if "." in kind else words.term("report_kind", kind)
        return el(
            "li.row",
            marks.priority(each["priority"], words, waits=each["state"] == "open"),
            link(title, "/incidents", {"id": each["incident"]}),
            el("span", where(console, words, each["cause_asset"] or each["zone"])),
            el("span.muted", words("city.parts", n=each["parts"], standing=each["standing"])),
            el("span.muted", age(each["since"], local_time(each["since"], console.zone))),
        )
