"""A device: its newest readings, charts, alarms, record, what was counted of it, and its neighbours."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from nicegui import ui

from gateway.console import marks
from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, age, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.charts import Charts
from gateway.console.pages.lines import alarm_line
from gateway.console.view.alarm_book import nanoseconds
from gateway.console.view.chart_marks import AlarmSpan
from gateway.console.view.device import alarm_spans, nearest
from gateway.console.view.format import UNITS, count, figure, local_time, with_unit
from gateway.console.view.judged import limits_of, limits_said
from gateway.live.events import Kind

__all__ = ["device_page"]

_RECORD_SECS = 5.0
_COUNTS = ("accepted", "duplicate", "conflict", "quarantined", "expired", "invalid", "late", "missing", "shed")


async def device_page(page: Page, name: str) -> None:
    """Build it."""
    about = await page.ask("device", device=name)
    if about is not None:
        await _Device(page, about).build()


class _Device:
    def __init__(self, page: Page, about: dict[str, Any]) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._about = about
        order = list(getattr(page.console.profiles.get(about["profile"]), "fields", ()))
        self._order = order
        about["series"].sort(
            key=lambda each: order.index(each["quantity"]) if each["quantity"] in order else len(order)
        )
        self._asked = monotonic()
        self._drawn: tuple[Any, ...] = ()

    @property
    def _places(self) -> list[str]:
        about = self._about
        return [about["id"], about["asset"], about["zone"], self._console.places.district(about["zone"])]

    async def build(self) -> None:
        """Draw it, and keep it up to date."""
        page, about, words = self._page, self._about, self._words
        page.title(about["id"])
        self._console.feed.devices.want()
        with ui.element("div").classes("page"):
            self._head = page.show(self._head_frame(), self._slots())
            charts = Charts(page, about, self._places, self._spans)
            await charts.build()
            self._record = page.show(
                el(
                    "div.two",
                    el("section.panel", el("h2", words("device.record")), slot("record")),
                    el("section.panel", el("h2", words("device.neighbours")), slot("neighbours")),
                ),
                self._record_slots(),
            )
        page.every_tick(self._look)

    def _head_frame(self) -> Node:
        about, words = self._about, self._words
        crumbs = (
            [link(where(self._console, words, about["zone"]), "/asset", {"id": about["zone"]})] if about["zone"] else []
        )
        if about["asset"]:
            crumbs.append(link(where(self._console, words, about["asset"]), "/asset", {"id": about["asset"]}))
        return el(
            "div.stack",
            el(
                "div.title",
                el("h1", about["id"], id="content", tabindex="-1"),
                el("span.muted", words("device.of", profile=about["profile"])),
                *crumbs,
                slot("heard", "span.muted"),
            ),
            slot("alarms", "ul.alarm-lines"),
            el("section.panel", el("h2.hidden-text", words("device.latest")), slot("latest", "div.latest")),
        )

    def _slots(self) -> dict[str, Keyed]:
        words, console, about = self._words, self._console, self._about
        alarms = [alarm for alarm in console.feed.alarms.of_asset([about["id"], about["asset"]]) if not alarm.aside]
        lines = [(alarm.alarm, alarm_line(console, words, alarm)) for alarm in alarms]
        heard = about["heard"]
        said = (
            el("span", words("device.heard"), " ", age(heard, local_time(heard, console.zone)), words("frame.ago"))
            if heard
            else el("span", words("device.never"))
        )
        return {"alarms": lines, "latest": self._latest(), "heard": [("heard", said)]}

    def _latest(self) -> Keyed:
        about, words = self._about, self._words
        event = self._console.link.feed.state(Kind.LATEST, about["zone"], about["id"])
        told: Mapping[str, Any] = {} if event is None else event.data["quantities"]
        return [(each["quantity"], self._figure(each, told.get(each["quantity"]))) for each in about["series"]] or [
            ("none", el("p.muted", words("device.no_series")))
        ]

    def _figure(self, series: Mapping[str, Any], told: Mapping[str, Any] | None) -> Node:
        words, unit = self._words, str(series["unit"])
        name = words.term("quantity", series["quantity"])
        value, flag = (None, 0) if told is None else (told["value"], int(told["flag"]))
        limits = limits_of(self._console.conditions, self._about["profile"], series["quantity"], places=self._places)
        beyond = [
            each.priority
            for each in limits
            if value is not None and (value >= each.value if each.high else value <= each.value)
        ]
        doubt = words.term("flag", str(flag)) if flag not in (0, 1, 2) else ""
        why = ", ".join(words.term("why", each) for each in (told or {}).get("why", ()))
        said = "%" if unit == "ratio" else UNITS.get(unit, unit)
        when = nanoseconds(told["time"]) if told is not None else 0
        return el(
            "div.figure",
            el("span.label", name, title=name),
            el(
                "span.value",
                marks.priority(min(beyond), words, waits=False) if beyond else None,
                el("span.num", figure(value, unit)),
                el("span.unit", said) if said else None,
            ),
            el("span.limits", limits_said(limits, unit)[0], title=limits_said(limits, unit)[1]) if limits else None,
            el("span.warn", doubt, title=why or None) if doubt else None,
            el("span.limits", age(when, local_time(when, self._console.zone)), words("frame.ago")) if when else None,
        )

    async def _look(self) -> None:
        feed = self._console.feed
        # the reader makes the link ask for readings, too; what it brings is looked up by `state`
        self._page.follow(frozenset({self._about["id"]}))
        if monotonic() - self._asked > _RECORD_SECS:
            self._asked = monotonic()
            found = await self._page.ask("device", device=self._about["id"])
            if found is not None:
                self._about = {**found, "series": self._about["series"] or found["series"]}
            self._record.show(self._record_slots())
        state = (self._console.link.feed.newest_id, feed.alarms.version, self._asked)
        if state != self._drawn:
            self._drawn = state
            self._head.show(self._slots())

    async def _spans(self, start: int, end: int) -> Sequence[AlarmSpan]:
        changes = list(self._about["history"])
        asset = self._about["asset"]
        if asset:
            changes += await self._page.ask("alarm_history", asset=asset, limit=300) or []
        return alarm_spans(changes, start, end, self._console.zone, self._words, self._console.titles)

    # -- record --------------------------------------------------------------------------------------------------------

    def _record_slots(self) -> dict[str, Keyed]:
        return {"record": [("record", self._facts())], "neighbours": [("near", self._near())]}

    def _facts(self) -> Node:
        words, about, zone = self._words, self._about, self._console.zone
        offset = about["offset"]
        facts: list[tuple[str, Node | None]] = [
            ("device.installed", about["installed"]),
            ("device.since", local_time(about["since"], zone)),
            ("device.state", words.term("device_state", about["state"])),
            ("device.keys", ", ".join(about["keys"])),
            ("device.place", f"{about['lon']:.5f}, {about['lat']:.5f}" if about["lon"] is not None else None),
            ("device.cell", about["cell"]),
            ("device.interval", f"{about['interval_secs']:g} s" if about["interval_secs"] else None),
            ("device.offset", f"{offset / 1e9:+.1f} s" if offset is not None else None),
            ("device.offline", local_time(about["offline"], zone) if about["offline"] else None),
        ]
        rows: list[Node] = []
        for key, value in facts:
            if value:
                rows += [el("dt", words(key)), el("dd", value)]
        counted = about["counts"]
        for name in _COUNTS:
            if counted.get(name):
                rows += [el("dt", words(f"count.{name}")), el("dd.num", count(counted[name]))]  # texts: count.*
        return el("dl.facts", *rows)

    def _near(self) -> Node:
        words, console = self._words, self._console
        rows = []
        for metres, other in nearest(self._about, console.feed.devices.answer or ()):
            event = console.link.feed.state(Kind.LATEST, str(other["zone"]), str(other["id"]))
            told = {} if event is None else event.data["quantities"]
            first = next(((name, told[name]) for name in self._order if name in told), None)
            said = (
                "–"
                if first is None
                else f"{words.term('quantity', first[0])} {with_unit(first[1]['value'], first[1]['unit'])}"
            )
            rows.append(
                el(
                    "tr",
                    el("td", link(str(other["id"]), "/asset", {"id": str(other["id"])})),
                    el("td", where(console, words, str(other["asset"]))),
                    el("td.num", f"{metres:,.0f} m"),
                    el("td", said),
                )
            )
        if not rows:
            return el("p.muted", words("frame.none"))
        heads = ("device.device", "alarms.where", "device.distance", "device.newest")
        return el(
            "table", el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))), el("tbody", *rows)
        )
