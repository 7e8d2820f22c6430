"""The hub: incidents with what belongs to them on a time line and a map, and citizens' reports on their way."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec
from nicegui import ui

from gateway.console import marks
from gateway.console.city_plan import map_words
from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, age, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.report_list import ReportList
from gateway.console.parts.city_map import CityMap
from gateway.console.view.city_map import states_of
from gateway.console.view.format import clock_time, local_time
from gateway.console.view.incidents import TimeLine, places_in, time_line

__all__ = ["incidents_page"]

_DETAIL_SECS = 3.0
_PAGE = 60


async def incidents_page(page: Page, query: Mapping[str, str]) -> None:
    """Build it: `?id=` an incident, `?tab=reports` the reports."""
    if query.get("tab") == "reports":
        await ReportList(page, query.get("id", "")).build(_tabs(page, "reports"))
    else:
        await _Incidents(page, query.get("id", ""), everything=query.get("tab") == "all").build()


def _tabs(page: Page, chosen: str) -> Node:
    words = page.words
    tabs = (("", "incidents.open"), ("all", "incidents.all"), ("reports", "reports.title"))
    return el(
        "nav.tabs",
        *(
            link(words(key), "/incidents", {"tab": tab}, aria_current="page" if tab == chosen else None)
            for tab, key in tabs
        ),
        aria_label=words("nav.incidents"),
    )


class _Incidents:
    def __init__(self, page: Page, chosen: str, *, everything: bool) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._chosen, self._everything = chosen, everything
        self._all: Sequence[Mapping[str, Any]] = ()
        self._one: Mapping[str, Any] | None = None
        self._asked = 0.0
        self._map: CityMap | None = None

    async def build(self) -> None:
        """Draw it, and keep it up to date."""
        page, words = self._page, self._words
        page.title(words("nav.incidents"))
        await self._ask()
        with ui.element("div").classes("page"):
            page.show(
                el(
                    "div.stack",
                    el("h1", words("nav.incidents"), id="content", tabindex="-1"),
                    _tabs(page, "all" if self._everything else ""),
                ),
                {},
            )
            with ui.element("div").classes("hub" if self._one else ""):
                self._view = page.show(self._list_frame(), self._list_slots())
                if self._one is not None:
                    with ui.element("div").classes("stack"):
                        self._detail = page.show(self._detail_frame(), self._detail_slots())
                        self._add_map(self._one)
        page.every_tick(self._look)

    async def _ask(self) -> None:
        self._asked = monotonic()
        feed = self._console.feed
        if feed.incidents.want() is None:
            await feed.refresh(feed.incidents)
        if self._everything:
            self._all = await self._page.ask("incidents", limit=300) or ()
        if self._chosen:
            self._one = await self._page.ask("incident", id=self._chosen) or self._one

    async def _look(self) -> None:
        self._console.feed.incidents.want()
        if monotonic() - self._asked > _DETAIL_SECS:
            await self._ask()
            if self._one is not None:
                self._detail.show(self._detail_slots())
        self._view.show(self._list_slots())
        if self._map is not None and self._one is not None:
            self._map.show(self._states(self._one))

    # -- list ----------------------------------------------------------------------------------------------------------

    def _list_frame(self) -> Node:
        words = self._words
        heads = ("alarms.priority", "incidents.what", "alarms.where", "alarms.age", "alarms.state")
        numbers = ("incidents.parts", "incidents.standing", "incidents.reports")
        return el(
            "section.panel.scroll",
            el(
                "table",
                el("caption.hidden-text", words("nav.incidents")),
                el(
                    "thead",
                    el(
                        "tr",
                        *(el("th", words(key), scope="col") for key in heads),
                        *(el("th.num", words(key), scope="col") for key in numbers),
                    ),
                ),
                slot("rows", "tbody", hold=True),
            ),
        )

    def _list_slots(self) -> dict[str, Keyed]:
        found = self._all if self._everything else self._console.feed.incidents.answer or ()
        none: Keyed = [("none", el("tr", el("td.muted", self._words("incidents.none"), colspan="8")))]
        return {"rows": [(str(each["incident"]), self._row(each)) for each in found[: 5 * _PAGE]] or none}

    def _row(self, each: Mapping[str, Any]) -> Node:
        words, console = self._words, self._console
        is_open = each["state"] == "open"
        chosen = self._one is not None and self._one["incident"] == each["incident"]
        tab = "all" if self._everything else ""
        return el(
            f"tr{'' if is_open else '.quiet'}{'.chosen' if chosen else ''}",
            el("td", marks.priority_named(each["priority"], words, waits=is_open)),
            el(
                "td",
                link(
                    self._kind(str(each["cause_kind"])),
                    "/incidents",
                    {"id": str(each["incident"]), "tab": tab},
                    aria_current="true" if chosen else None,
                ),
            ),
            el("td", where(console, words, str(each["cause_asset"] or each["zone"]))),
            el("td.nowrap", age(each["since"], local_time(each["since"], console.zone))),
            el("td.nowrap", words.term("incident_state", each["state"])),
            *(el("td.num", str(each[key])) for key in ("parts", "standing", "reports")),
        )

    def _kind(self, kind: str) -> str:
        if "." in kind:
            return self._words.condition(kind, self._console.titles.get(kind, ""))
        return self._words.term("report_kind", kind)

    # -- one -----------------------------------------------------------------------------------------------------------

    def _detail_frame(self) -> Node:
        words = self._words
        return el(
            "section.panel.stack",
            slot("head"),
            el("h3", words("incidents.time_line")),
            slot("line"),
            el("h3", words("incidents.happened")),
            slot("history", "div.scroll.low"),
        )

    def _detail_slots(self) -> dict[str, Keyed]:
        one = self._one
        assert one is not None
        words, console = self._words, self._console
        head = el(
            "div.stack",
            el(
                "div.row",
                marks.priority_named(one["priority"], words, waits=one["state"] == "open"),
                el("h2", self._kind(str(one["cause_kind"]))),
                link(
                    where(console, words, str(one["cause_asset"] or one["zone"])),
                    "/asset",
                    {"id": str(one["cause_asset"] or one["zone"])},
                ),
            ),
            el(
                "p.muted",
                words.term("incident_state", one["state"]),
                " · ",
                words("alarms.begun", time=local_time(one["since"], console.zone)),
                " · ",
                words("incidents.parts_said", n=one["parts"], standing=one["standing"], reports=one["reports"]),
                " · ",
                words("incidents.cause"),
            ),
        )
        return {
            "head": [("head", head)],
            "line": [("line", self._line(time_line(one, self._page.now)))],
            "history": [("history", self._history(one["history"]))],
        }

    def _line(self, line: TimeLine) -> Node:
        words, console = self._words, self._console
        ticks = [
            el("span.tick", clock_time(at, console.zone, self._page.now), style=f"left:{share * 100:.2f}%")
            for share, at in line.ticks
        ]
        rows: list[Node] = [el("div.bar-row", el("span"), el("div.ticks", *ticks))]
        for bar in line.bars[:_PAGE]:
            name = self._kind(bar.kind)
            place = where(console, words, bar.asset)
            to = (
                link(name, "/alarms", {"alarm": bar.part})
                if bar.part_type == "alarm"
                else link(name, "/incidents", {"tab": "reports", "id": bar.part})
            )
            style = f"left:{bar.begin * 100:.2f}%;width:{max(bar.end - bar.begin, 0.004) * 100:.2f}%"
            look = f"span.bar-span{'.stands' if bar.stands else ''}{'.report' if bar.part_type == 'report' else ''}"
            said = words("incidents.stands") if bar.stands else words("incidents.over")
            rows.append(
                el(
                    "div.bar-row",
                    el("span.bar-name", to, " ", el("span.muted", place), el("strong", " ◂") if bar.is_cause else None),
                    el("div.track", el(look, style=style, title=f"{name}, {place}: {said}")),
                )
            )
        if len(line.bars) > _PAGE:
            rows.append(el("p.muted", words("incidents.more", n=len(line.bars) - _PAGE)))
        return el("div.time-line.scroll", *rows, tabindex="0", role="group", aria_label=words("incidents.time_line"))

    def _history(self, history: Sequence[Mapping[str, Any]]) -> Node:
        words, console = self._words, self._console
        rows = [
            el(
                "tr",
                el("td.nowrap", local_time(each["at"], console.zone)),
                el("td", words.term("incident_event", each["change"])),
                el("td", self._kind(str(each["part_kind"])) if each["part_kind"] else ""),
                el("td", where(console, words, str(each["part_asset"]))),
            )
            for each in reversed(history[-200:])
        ]
        heads = ("alarms.when", "alarms.change", "incidents.what", "alarms.where")
        return el(
            "table", el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))), el("tbody", *rows)
        )

    # -- map -----------------------------------------------------------------------------------------------------------

    def _add_map(self, one: Mapping[str, Any]) -> None:
        words = self._words
        inside = places_in(one, self._devices())
        features = [
            each
            for each in self._console.plan.features(words)
            if each["id"] in inside or each.get("level") == 0 or each["kind"] == "segment"
        ]
        focus = [str(each["id"]) for each in features if each["id"] in inside]
        self._map = CityMap(
            msgspec.json.encode(features).decode(), {}, map_words(words), tile_url=self._console.tile_url, focus=focus
        )
        self._map.classes("small")
        self._map.show(self._states(one))

    def _devices(self) -> dict[str, Mapping[str, Any]]:
        return {str(each["id"]): each for each in self._console.feed.devices.want() or ()}

    def _states(self, one: Mapping[str, Any]) -> dict[str, list[int]]:
        """Of what belongs to the incident: standing parts by their alarms, others hollow."""
        devices = self._devices()
        inside = places_in(one, devices)
        states = states_of(self._console.feed.alarms.alarms(), self._console.places, devices)
        return {name: state for name, state in states.items() if name in inside} | {
            name: [one["priority"], 0] for name in inside if name not in states and name != one["zone"]
        }
