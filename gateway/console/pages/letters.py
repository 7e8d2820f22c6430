"""Dead letters: what could not be used and why, the message as it came, and sending it through again."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from gateway.console.nodes import Keyed, Node, act, el, link, slot
from gateway.console.page import Page
from gateway.console.parts.live_view import Act
from gateway.console.view.format import clock_time, count, local_time

__all__ = ["LetterList"]

_AGAIN_SECS = 3.0
_MOST = 200
_MOST_PAYLOAD = 20_000


class LetterList:
    """The tab of dead letters, narrowed by the address's `profile`, `reason` and `device`."""

    def __init__(self, page: Page, query: Mapping[str, str]) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._which = {key: query.get(key, "")[:100] for key in ("profile", "reason", "device")}
        self._letters: Sequence[Mapping[str, Any]] = ()
        self._held = 0
        self._asked = 0.0

    async def build(self, tabs: Node) -> None:
        """Draw it, and keep it up to date."""
        words = self._words
        await self._ask()
        heads = (
            "streams.at",
            "streams.reason",
            "device.profile",
            "device.device",
            "streams.topic",
            "streams.detail",
            "streams.bytes",
            "alarms.acts",
        )
        labels = {
            "profile": words("device.profile"),
            "reason": words("streams.reason"),
            "device": words("device.device"),
        }
        fields = [
            el("label.field", el("span", labels[key]), el("input", type="search", name=key, value=value))
            for key, value in self._which.items()
        ]
        self._view = self._page.show(
            el(
                "div.page",
                el(
                    "div.title", el("h1", words("nav.streams"), id="content", tabindex="-1"), slot("held", "span.muted")
                ),
                tabs,
                el(
                    "form.filters.panel",
                    *fields,
                    slot("all"),
                    data_act="which",
                    data_live="1",
                    aria_label=words("alarms.filters"),
                ),
                el(
                    "section.panel.scroll",
                    el(
                        "table",
                        el("caption.hidden-text", words("streams.tab_rejects")),
                        el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))),
                        slot("rows", "tbody", hold=True),
                    ),
                ),
                slot("dialog"),
            ),
            self._slots(),
            self._act,
        )
        self._page.every_tick(self._look)

    async def _ask(self) -> None:
        self._asked = monotonic()
        if not self._page.may("dead_letters.read"):
            return
        found = await self._page.ask("dead_letters", limit=_MOST, **self._which)
        if found is not None:
            self._letters, self._held = found["dead_letters"], int(found.get("held", 0))

    async def _look(self) -> None:
        if monotonic() - self._asked > _AGAIN_SECS:
            await self._ask()
            self._view.show(self._slots())

    def _slots(self) -> dict[str, Keyed]:
        words = self._words
        said = (
            words("streams.no_letters") if self._page.identity.may("dead_letters.read") else words("frame.may_not_see")
        )
        none: Keyed = [("none", el("tr", el("td.muted", said, colspan="8")))]
        may = self._page.identity.may("dead_letters.replay")
        every = act(words("streams.replay_all"), "replay-all", class_="b", disabled=None if may else "disabled")
        return {
            "held": [("held", el("span", words("streams.held", n=count(self._held))))],
            "rows": [(str(each["id"]), self._row(each)) for each in self._letters] or none,
            "all": [("all", every)] if self._which["reason"] and self._letters else [],
        }

    def _row(self, each: Mapping[str, Any]) -> Node:
        words, console = self._words, self._console
        name, device = str(each["id"]), str(each["device"])
        again = (
            words("streams.replayed_at", time=local_time(each["replayed_at"], console.zone))
            if each["replayed_at"]
            else ""
        )
        may = self._page.identity.may("dead_letters.replay") and each["topic"]
        return el(
            f"tr{'.quiet' if again else ''}",
            el(
                "td.nowrap",
                clock_time(each["received_at"], console.zone, self._page.now),
                title=local_time(each["received_at"], console.zone),
            ),
            el("td", str(each["reason"]), title=again or None),
            el("td", str(each["profile"])),
            el("td", link(device, "/asset", {"id": device}) if device else "–"),
            el("td.topic", str(each["topic"])),
            el("td", str(each["detail"])),
            el("td.num", count(each["bytes"])),
            el(
                "td.acts",
                act(words("streams.view"), "view", name, class_="b"),
                act(words("streams.replay"), "replay", name, class_="b", disabled=None if may else "disabled"),
            ),
        )

    async def _act(self, said: Act) -> None:
        match said.name:
            case "which":
                self._which = {key: said.values.get(key, "").strip()[:100] for key in self._which}
                await self._ask()
                self._view.show(self._slots())
            case "view":
                await self._show_letter(said.key)
            case "close":
                self._view.show({"dialog": []})
            case "replay":
                await self._replay(ids=[said.key])
            case "replay-all" if self._which["reason"]:
                await self._replay(**self._which)

    async def _replay(self, **which: Any) -> None:
        done = await self._page.order("dead_letters.replay", "replay_dead_letters", **which)
        if done is not None:
            self._page.say(self._words("streams.replayed", n=done["replayed"], left=done["remaining"]))
            await self._ask()
            self._view.show(self._slots())

    async def _show_letter(self, name: str) -> None:
        words = self._words
        found = await self._page.order("payload.read", "dead_letter", id=name)
        if found is None:
            return
        said = words("streams.payload") if "payload" in found else words("streams.payload_hex")
        payload = str(found.get("payload", found.get("payload_hex", "")))[:_MOST_PAYLOAD]
        may = self._page.identity.may("dead_letters.replay") and found["topic"]
        facts = (
            ("streams.at", local_time(found["received_at"], self._console.zone)),
            ("streams.reason", str(found["reason"])),
            ("streams.detail", str(found["detail"])),
            ("streams.topic", str(found["topic"])),
            ("device.profile", str(found["profile"])),
            ("streams.bytes", count(found["bytes"])),
        )
        rows: list[Node] = []
        for key, value in facts:
            rows += [el("dt", words(key)), el("dd", value or "–")]
        dialog = el(
            "dialog.large",
            el(
                "div.stack",
                el("h2", f"{found['reason']} · {name}", id="dialog-title"),
                el("dl.facts", *rows),
                el("h3", said),
                el("pre.payload", payload, tabindex="0", role="group", aria_label=said),
                el(
                    "div.ends",
                    act(words("streams.replay"), "replay", name, class_="b", disabled=None if may else "disabled"),
                    act(words("frame.close"), "close", class_="b"),
                ),
            ),
            aria_labelledby="dialog-title",
        )
        self._view.show({"dialog": [("dialog", dialog)]})
