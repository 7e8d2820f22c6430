"""The way of one reading: received, decoded, stored, in which windows, beside which alarms and dead letters."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from gateway.console.frame import where
from gateway.console.nodes import Node, el, link, slot
from gateway.console.page import Page
from gateway.console.parts.live_view import Act
from gateway.console.view.format import figure, local_time, with_unit
from processors.flags import Why

__all__ = ["TraceForm", "parse_time"]

_STEPS = {10: "10 s", 60: "1 min", 900: "15 min", 3_600: "1 h", 86_400: "1 d"}
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")


def parse_time(text: str, zone: tzinfo) -> int | None:
    """Local time of the city -> UTC ns; None: it is none."""
    for form in _FORMS:
        try:
            return round(datetime.strptime(text.strip(), form).replace(tzinfo=zone).timestamp()) * 1_000_000_000
        except (ValueError, OverflowError):
            continue
    return None


class TraceForm:
    """The tab that traces: `?device=&at=` begins at once."""

    def __init__(self, page: Page, query: Mapping[str, str]) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._device, self._at = query.get("device", ""), query.get("at", "")

    async def build(self, tabs: Node) -> None:
        """Draw it."""
        words = self._words
        devices = await self._console.feed.devices_now()
        at = self._at or local_time(self._page.now, self._console.zone) if self._page.now else self._at
        form = el(
            "form.filters.panel",
            el(
                "label.field",
                el("span", words("streams.trace_device")),
                el("input", type="text", name="device", value=self._device, list="devices", required="required"),
            ),
            el(
                "label.field",
                el("span", words("streams.trace_at")),
                el("input", type="text", name="at", value=at, required="required"),
            ),
            el("datalist", *(el("option", value=str(each["id"])) for each in devices[:1_000]), id="devices"),
            el("button.b.main", words("streams.trace_go"), type="submit", data_act="trace"),
            data_act="trace",
        )
        self._view = self._page.show(
            el("div.page", el("h1", words("nav.streams"), id="content", tabindex="-1"), tabs, form, slot("way")),
            {},
            self._act,
        )
        if self._device and self._at:
            await self._trace(self._device, self._at)

    async def _act(self, said: Act) -> None:
        if said.name == "trace":
            await self._trace(said.values.get("device", "").strip(), said.values.get("at", ""))

    async def _trace(self, device: str, text: str) -> None:
        if not self._page.may("trace.read"):
            self._page.say(self._words("frame.may_not"), failed=True)
            return
        at = parse_time(text, self._console.zone)
        if at is None:
            self._page.say(self._words("streams.trace_bad"), failed=True)
            return
        found = await self._page.ask("trace", device=device, at=at)
        if found is not None:
            self._view.show({"way": [("way", self._way(found))]})

    def _way(self, found: Mapping[str, Any]) -> Node:
        words, zone = self._words, self._console.zone
        units = {each["quantity"]: each["unit"] for rows in found["stores"].values() for each in rows if "unit" in each}
        messages = [
            words(
                "trace.message",
                offset=each["offset"],
                time=local_time(each["received_at"], zone),
                topic=each["topic"],
                bytes=each["bytes"],
            )
            for each in found["messages"]
        ]
        stored = [
            words(
                "trace.reading",
                store=name,
                quantity=words.term("quantity", each["quantity"]),
                value=with_unit(each["value"], each["unit"]),
                flag=words.term("flag", str(each["flag"])),
                why=self._why(int(each["why"])),
            )
            for name, rows in found["stores"].items()
            for each in rows
            if "ts" in each
        ]
        windows = [
            words(
                "trace.window",
                quantity=words.term("quantity", each["quantity"]),
                step=_STEPS.get(each["step"], f"{each['step']} s"),
                time=local_time(each["start"], zone),
                mean=with_unit(each["mean"], units.get(each["quantity"], "")),
                count=each["count"],
                good=f"{figure(each['good'], 'ratio')} %",
                revision=each["revision"],
            )
            for each in found["windows"]
        ]
        alarms: list[Node] = [
            el(
                "span",
                local_time(each["at"], zone),
                " ",
                link(
                    words.condition(each["condition"], self._console.titles.get(each["condition"], "")),
                    "/alarms",
                    {"alarm": each["alarm"]},
                ),
                f" {words.term('alarm_change', each['change'])} ",
                where(self._console, words, each["asset"]),
            )
            for each in found["alarms"]
        ]
        letters = [
            f"{local_time(each['received_at'], zone)} {each['reason']}: {each['detail']}"
            for each in found["dead_letters"]
        ]
        head = words("streams.trace_of", device=found["device"], time=local_time(found["ts"], zone))
        parts: list[tuple[str, Sequence[Node], str]] = [
            ("trace.messages", messages, "trace.trimmed"),
            ("trace.stores", stored, "trace.none"),
            ("trace.windows", windows, "trace.none"),
            ("trace.alarms", alarms, "trace.none"),
            ("trace.letters", letters, "trace.none"),
        ]
        return el(
            "section.panel.stack",
            el("h2", head),
            *(
                el(
                    "div.way-part",
                    el("h3", words(key)),
                    el("ul", *(el("li", each) for each in rows)) if rows else el("p.muted", words(empty)),
                )
                for key, rows, empty in parts
            ),
        )

    def _why(self, bits: int) -> str:
        named = [self._words.term("why", str(bit.name).lower()) for bit in Why(bits)] if bits else []
        return f"({', '.join(named)})" if named else ""
