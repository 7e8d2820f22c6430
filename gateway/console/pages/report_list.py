"""Citizens' reports: the list by urgency, one of them with its way, and taking a new one down."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from gateway.console import marks
from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, act, age, el, fresh, link, slot
from gateway.console.page import Page
from gateway.console.parts.live_view import Act
from gateway.console.texts.terms import TERMS
from gateway.console.view.format import local_time
from gateway.console.view.incidents import report_moves

__all__ = ["ReportList"]

_AGAIN_SECS = 2.0


class ReportList:
    """The tab of reports. `chosen`: the id of one that is opened at once."""

    def __init__(self, page: Page, chosen: str) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._chosen = chosen
        self._everything = False
        self._all: Sequence[Mapping[str, Any]] = ()
        self._asked = 0.0

    async def build(self, tabs: Node) -> None:
        """Draw it, and keep it up to date."""
        words = self._words
        self._page.title(words("reports.title"))
        await self._ask()
        may = self._page.identity.may("reports.act")
        heads = (
            "alarms.priority",
            "reports.kind",
            "alarms.where",
            "alarms.age",
            "alarms.state",
            "reports.due",
            "reports.text",
            "alarms.acts",
        )
        self._view = self._page.show(
            el(
                "div.page",
                el("h1", words("nav.incidents"), id="content", tabindex="-1"),
                tabs,
                el(
                    "section.panel",
                    el(
                        "form.row",
                        act(words("reports.new"), "new", class_="b main", disabled=None if may else "disabled"),
                        el(
                            "label",
                            el("input", type="checkbox", name="all", value="yes"),
                            " ",
                            words("reports.everything"),
                        ),
                        fresh("rows", words("reports.fresh")),
                        data_act="which",
                        data_live="1",
                    ),
                    el(
                        "div.scroll",
                        el(
                            "table",
                            el("caption.hidden-text", words("reports.title")),
                            el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))),
                            slot("rows", "tbody", hold=True),
                        ),
                    ),
                ),
                slot("dialog"),
            ),
            self._slots(),
            self._act,
        )
        self._page.every_tick(self._look)
        if self._chosen:
            await self._open(self._chosen)

    async def _ask(self) -> None:
        self._asked = monotonic()
        self._all = await self._page.ask("reports", everything=self._everything, limit=500) or ()

    async def _look(self) -> None:
        if monotonic() - self._asked > _AGAIN_SECS:
            await self._ask()
            self._view.show(self._slots())

    def _slots(self) -> dict[str, Keyed]:
        none: Keyed = [("none", el("tr", el("td.muted", self._words("reports.none"), colspan="8")))]
        return {"rows": [(str(each["report"]), self._row(each)) for each in self._all] or none}

    def _row(self, each: Mapping[str, Any]) -> Node:
        words, console = self._words, self._console
        name = str(each["report"])
        over = each["state"] in ("resolved", "confirmed")
        moves = report_moves(str(each["state"]))
        disabled = None if self._page.identity.may("reports.act") else "disabled"
        buttons = [
            act(
                words.term("report_act", move),
                move,
                name,
                class_="b",
                disabled=disabled,
                aria_label=f"{words.term('report_act', move)}: {words.term('report_kind', str(each['kind']))} {name}",
            )
            for move in moves[:1]
        ]
        more = act(words("alarms.more"), "open", name, class_="b", aria_label=f"{words('alarms.more')}: {name}")
        return el(
            f"tr{'.quiet' if over else ''}",
            el("td", marks.priority_named(each["priority"], words, waits=each["state"] == "received")),
            el("td", act(words.term("report_kind", str(each["kind"])), "open", name, class_="plain")),
            el("td", self._place(each)),
            el("td.nowrap", age(each["since"], local_time(each["since"], console.zone))),
            el("td", words.term("report_state", str(each["state"]))),
            el("td", self._due(each)),
            el("td.text", str(each["text"])[:160]),
            el("td.acts", *buttons, more),
        )

    def _place(self, each: Mapping[str, Any]) -> Node:
        name = str(each["asset"] or each["zone"])
        if name:
            return link(where(self._console, self._words, name), "/asset", {"id": name})
        return f"{each['lon']:.4f}, {each['lat']:.4f}" if each["lon"] is not None else "–"

    def _due(self, each: Mapping[str, Any]) -> Node:
        words = self._words
        if not each["due"]:
            return "–"
        late = {"due_soon": ".warn", "overdue": ".bad"}.get(str(each["late"]), "")
        said = f"{words.term('target', str(each['target']))}: {local_time(each['due'], self._console.zone)}"
        if late:
            said += f" ({words.term('report_state', str(each['late']))})"
        return el(f"span{late}", said)

    # -- acts ----------------------------------------------------------------------------------------------------------

    async def _act(self, said: Act) -> None:
        match said.name:
            case "which":
                self._everything = said.values.get("all") == "yes"
                await self._ask()
                self._view.show(self._slots())
            case "new":
                self._show(self._new_dialog())
            case "close":
                self._show(None)
            case "open":
                await self._open(said.key)
            case "contact":
                await self._open(said.key, contact=True)
            case "add":
                await self._add(said.values)
            case "accepted" | "dispatched" | "resolved" | "confirmed" | "reopened":
                await self._advance(said.key, said.name, said.values.get("note", ""))

    async def _advance(self, name: str, state: str, note: str) -> None:
        done = await self._page.act("reports.act", "report_advance", id=name, state=state, note=note)
        if done is not None:
            self._page.say(self._words("reports.done", state=self._words.term("report_state", state), name=name))
            self._show(None)
            await self._ask()
            self._view.show(self._slots())

    async def _add(self, values: Mapping[str, str]) -> None:
        """A point, an asset or a zone; the gateway says where that is not enough."""
        given: dict[str, Any] = {
            key: values.get(key, "").strip() for key in ("kind", "text", "asset", "zone", "contact")
        }
        point = values.get("point", "").replace("，", ",").strip()
        if point:
            parts = point.split(",")
            try:
                given["lon"], given["lat"] = float(parts[0]), float(parts[1])
            except (ValueError, IndexError):
                self._page.say(self._words("reports.bad_point"), failed=True)
                return
        done = await self._page.act("reports.act", "report_add", **given)
        if done is not None:
            self._page.say(self._words("reports.added", name=done["report"]))
            self._show(None)

    async def _open(self, name: str, *, contact: bool = False) -> None:
        if contact:
            found = await self._page.order("reports.contact", "report", id=name, contact=True)
        else:
            found = await self._page.ask("report", id=name)
        if found is not None:
            self._show(self._detail_dialog(found, shown=contact))

    def _show(self, dialog: Node | None) -> None:
        self._view.show({"dialog": [] if dialog is None else [("dialog", dialog)]})

    # -- dialogs -------------------------------------------------------------------------------------------------------

    def _new_dialog(self) -> Node:
        words, console = self._words, self._console
        kinds = [
            el("option", words.term("report_kind", kind.name) if kind.name in _known() else kind.title, value=kind.name)
            for kind in console.rules.reports
        ]
        zones = [el("option", words("frame.none"), value="")] + [
            el("option", where(console, words, name), value=name)
            for name, zone in console.places.zones.items()
            if zone.kind == "district"
        ]
        assets = [el("option", where(console, words, name), value=name) for name in console.places.assets]
        return el(
            "dialog",
            el(
                "form",
                el("h2", words("reports.new"), id="dialog-title"),
                el("label.field", el("span", words("reports.kind")), el("select", *kinds, name="kind")),
                el(
                    "label.field",
                    el("span", words("reports.text")),
                    el("textarea", name="text", rows="3", maxlength="2000"),
                ),
                el(
                    "div.row",
                    el("label.field", el("span", words("alarms.zone")), el("select", *zones, name="zone")),
                    el(
                        "label.field",
                        el("span", words("reports.asset")),
                        el("input", type="text", name="asset", list="assets"),
                    ),
                ),
                el("datalist", *assets, id="assets"),
                el(
                    "label.field",
                    el("span", words("reports.point")),
                    el("input", type="text", name="point", placeholder="113.3106, 23.1332"),
                ),
                el(
                    "label.field",
                    el("span", words("reports.contact")),
                    el("input", type="text", name="contact", maxlength="200", autocomplete="off"),
                ),
                el(
                    "div.ends",
                    act(words("frame.cancel"), "close", class_="b"),
                    el("button.b.main", words("reports.add"), type="submit", data_act="add"),
                ),
                data_act="add",
            ),
            aria_labelledby="dialog-title",
        )

    def _detail_dialog(self, found: Mapping[str, Any], *, shown: bool) -> Node:
        words, console = self._words, self._console
        name = str(found["report"])
        rows = [
            el(
                "tr",
                el("td.nowrap", local_time(each["at"], console.zone)),
                el("td", words.term("report_state", str(each["change"]))),
                el("td", str(each["who"])),
                el("td", str(each["note"])),
            )
            for each in reversed(found["history"])
        ]
        heads = ("alarms.when", "alarms.change", "alarms.who", "alarms.note")
        contact = el("span", str(found["contact"]) or "–")
        reveal = (
            act(words("reports.show_contact"), "contact", name, class_="b")
            if found["contact"] and not shown and self._page.identity.may("reports.contact")
            else None
        )
        moves = report_moves(str(found["state"]))
        form = (
            el(
                "form",
                el(
                    "label.field",
                    el("span", words("alarms.note")),
                    el("textarea", name="note", rows="2", maxlength="2000"),
                ),
                el(
                    "div.row",
                    *(
                        el("button.b", words.term("report_act", move), type="submit", data_act=move, data_key=name)
                        for move in moves
                    ),
                ),
                data_act=moves[0] if moves else "close",
                data_key=name,
            )
            if self._page.identity.may("reports.act") and moves
            else None
        )
        incident = (
            link(words("reports.incident"), "/incidents", {"id": str(found["incident"])}, class_="b")
            if found["incident"]
            else None
        )
        return el(
            "dialog.large",
            el(
                "div.stack",
                el(
                    "div.row",
                    marks.priority_named(found["priority"], words, waits=found["state"] == "received"),
                    el("h2", f"{words.term('report_kind', str(found['kind']))} · {name}", id="dialog-title"),
                ),
                el("p", str(found["text"]) or "–"),
                el(
                    "dl.facts",
                    el("dt", words("alarms.state")),
                    el("dd", words.term("report_state", str(found["state"]))),
                    el("dt", words("alarms.where")),
                    el("dd", self._place(found)),
                    el("dt", words("reports.due")),
                    el("dd", self._due(found)),
                    el("dt", words("reports.contact")),
                    el("dd", contact, " " if reveal else None, reveal),
                ),
                el("div.row", incident) if incident else None,
                form,
                el("h3", words("alarms.happened")),
                el(
                    "table",
                    el("thead", el("tr", *(el("th", words(key), scope="col") for key in heads))),
                    el("tbody", *rows),
                ),
                el("div.ends", act(words("frame.close"), "close", class_="b")),
            ),
            aria_labelledby="dialog-title",
        )


def _known() -> frozenset[str]:
    """Kinds that there are words for."""
    return frozenset(TERMS["report_kind"])
