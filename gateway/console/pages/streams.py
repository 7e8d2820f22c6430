"""What arrives: by profile and by zone, what came just now, what could not be used, and the way of one reading."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, age, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.letters import LetterList
from gateway.console.pages.trace import TraceForm
from gateway.console.parts.live_view import Act
from gateway.console.view.alarm_book import nanoseconds
from gateway.console.view.format import UNITS, count, figure, local_time
from gateway.console.view.rates import Rates
from gateway.console.view.streams import Arrivals, ProfileRow, ZoneRow, by_profile, by_zone, profile_totals

__all__ = ["streams_page"]

_TABS = ("profiles", "zones", "arriving", "rejects", "trace")
_LEDGER_SECS = 2.0


async def streams_page(page: Page, query: Mapping[str, str]) -> None:
    """Build it: `?tab=` one of profiles, zones, arriving, rejects, trace."""
    tab = query.get("tab", "")
    tab = tab if tab in _TABS else _TABS[0]
    page.title(page.words("nav.streams"))
    tabs = _tabs(page, tab)
    if tab == "rejects":
        await LetterList(page, query).build(tabs)
    elif tab == "trace":
        await TraceForm(page, query).build(tabs)
    else:
        await _Streams(page, tab).build(tabs)


def _tabs(page: Page, chosen: str) -> Node:
    words = page.words
    return el(
        "nav.tabs",
        *(
            link(words(f"streams.tab_{tab}"), "/streams", {"tab": tab}, aria_current="page" if tab == chosen else None)
            for tab in _TABS
        ),
        aria_label=words("nav.streams"),
    )


_PROFILE_HEADS = (
    "streams.devices",
    "streams.silent",
    "streams.messages",
    "streams.readings",
    "streams.good",
    "streams.late",
    "streams.missing",
    "streams.duplicates",
    "streams.invalid",
    "streams.rejected",
    "streams.offset",
)
_ZONE_HEADS = ("streams.devices", "streams.silent", "streams.series", "streams.good", "streams.heard")


class _Streams:
    def __init__(self, page: Page, tab: str) -> None:
        self._page, self._words, self._console, self._tab = page, page.words, page.console, tab
        self._rates, self._arrivals = Rates(20.0), Arrivals()
        self._ledger: Mapping[str, Any] | None = None
        self._asked = 0.0
        self._search = ""

    async def build(self, tabs: Node) -> None:
        """Draw it, and keep it up to date."""
        words = self._words
        await self._console.feed.devices_now()
        await self._ask()
        self._view = self._page.show(
            el(
                "div.page",
                el(
                    "div.title",
                    el("h1", words("nav.streams"), id="content", tabindex="-1"),
                    slot("summary", "span.muted"),
                ),
                tabs,
                self._frame(),
            ),
            self._slots(),
            self._act,
        )
        if self._tab == "arriving":
            self._page.follow(frozenset(), self._arrivals.take)
        self._page.every_tick(self._look)

    def _frame(self) -> Node:
        words = self._words
        if self._tab == "arriving":
            keys = (
                "device.device",
                "device.profile",
                "alarms.where",
                "alarms.zone",
                "streams.quantities",
                "alarms.age",
            )
            form = el("form.filters", el("label.field", el("span", words("alarms.search")),
                      el("input", type="search", name="search")), data_act="search", data_live="1")  # fmt: skip
            return el(
                "section.panel",
                form,
                el("div.scroll", el("table", el("thead", _heads(self._page, keys)), slot("rows", "tbody"))),
            )
        first, heads = ("device.profile", _PROFILE_HEADS) if self._tab == "profiles" else ("alarms.zone", _ZONE_HEADS)
        row = el("tr", el("th", words(first), scope="col"), *(el("th.num", words(key), scope="col") for key in heads))
        return el(
            "section.panel.scroll",
            el("table", el("caption.hidden-text", words("nav.streams")), el("thead", row), slot("rows", "tbody")),
        )

    async def _ask(self) -> None:
        self._asked = monotonic()
        found = await self._page.ask("ledger")
        if found is not None:
            self._ledger = found
            self._rates.take(monotonic(), profile_totals(found))

    async def _look(self) -> None:
        self._console.feed.devices.want()
        if self._tab == "profiles" and monotonic() - self._asked > _LEDGER_SECS:
            await self._ask()
        self._view.show(self._slots())

    def _act(self, said: Act) -> None:
        if said.name == "search":
            self._search = said.values.get("search", "")[:100]
            self._view.show(self._slots())

    def _slots(self) -> dict[str, Keyed]:
        status = self._console.feed.status.answer
        summary: Keyed = [] if status is None else [("summary", el("span", self._summary(status)))]
        if self._tab == "arriving":
            rows: Keyed = [(str(number), self._arrival(data)) for number, data in self._arrivals.rows(self._search)]
        elif status is None or self._ledger is None:
            rows = [("loading", el("tr", el("td.muted", self._words("frame.loading"), colspan="12")))]
        else:
            devices, alarms = self._console.feed.devices.answer or (), self._console.feed.alarms.alarms()
            if self._tab == "profiles":
                found = by_profile(self._ledger, status, devices, alarms, self._rates.per_second)
                rows = [(row.profile, self._profile(row)) for row in found]
            else:
                rows = [(row.zone, self._zone(row)) for row in by_zone(status, devices, alarms)]
        return {"summary": summary, "rows": rows}

    def _summary(self, status: Mapping[str, Any]) -> str:
        rates, latency = status["rates"], status["latency_ms"]
        times = {"ack50": "ack_p50", "ack99": "ack_p99", "stored50": "stored_p50", "stored99": "stored_p99"}
        said = {name: "–" if latency[key] is None else f"{latency[key]:,.0f} ms" for name, key in times.items()}
        return self._words(
            "streams.summary", messages=count(rates["messages_per_s"]), readings=count(rates["readings_per_s"]), **said
        )

    def _profile(self, row: ProfileRow) -> Node:
        offsets = (
            "–"
            if row.offset_median is None or row.offset_worst is None
            else f"{_offset(row.offset_median)}, {_offset(row.offset_worst)}"
        )
        return el(
            "tr",
            el(
                "td",
                link(row.profile, "/streams", {"tab": "rejects", "profile": row.profile})
                if row.rejected
                else row.profile,
            ),
            _num(count(row.devices)),
            _num(str(row.silent or "–"), row.silent > 0),
            _num(_rate(row.messages_rate)),
            _num(_rate(row.readings_rate)),
            _num(_share(row.good), row.good is not None and row.good < 0.9),
            *(
                _num(count(number) if number else "–")
                for number in (row.late, row.missing, row.duplicate, row.invalid, row.rejected)
            ),
            _num(offsets, row.offset_worst is not None and abs(row.offset_worst) > 60),
        )

    def _zone(self, row: ZoneRow) -> Node:
        words, console = self._words, self._console
        heard = age(row.heard, local_time(row.heard, console.zone)) if row.heard else words("device.never")
        return el(
            "tr", el("td", link(where(console, words, row.zone), "/asset", {"id": row.zone})), _num(count(row.devices)),
            _num(str(row.silent or "–"), row.silent > 0), _num(count(row.series)),
            _num(_share(row.good), row.good is not None and row.good < 0.9), el("td.num", heard),
        )  # fmt: skip

    def _arrival(self, data: Mapping[str, Any]) -> Node:
        words, console = self._words, self._console
        said, newest = [], ""
        for quantity, each in data["quantities"].items():
            unit = "%" if each["unit"] == "ratio" else UNITS.get(each["unit"], each["unit"])
            doubt = f" ({words.term('flag', str(each['flag']))})" if each["flag"] not in (1, 2) else ""
            said.append(
                f"{words.term('quantity', quantity)} {figure(each['value'], each['unit'])} {unit}".strip() + doubt
            )
            newest = max(newest, str(each["time"]))
        when = nanoseconds(newest or None)
        device, asset, zone = (str(data.get(key) or "") for key in ("device", "asset", "zone"))
        return el(
            "tr", el("td", link(device, "/asset", {"id": device})), el("td", str(data.get("profile", ""))),
            el("td", where(console, words, asset)), el("td", where(console, words, zone)), el("td", " · ".join(said)),
            el("td.nowrap", age(when, local_time(when, console.zone)) if when else "–"),
        )  # fmt: skip


def _heads(page: Page, keys: tuple[str, ...]) -> Node:
    return el("tr", *(el("th", page.words(key), scope="col") for key in keys))


def _num(text: str, odd: bool = False) -> Node:
    return el(f"td.num{'.warn' if odd else ''}", text)


def _offset(secs: float) -> str:
    return "0.0 s" if abs(secs) < 0.05 else f"{secs:+.1f} s"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"
