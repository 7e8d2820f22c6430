"""The page of alarms: the shift's list, what can be done, and what happened. The list never moves under a pointer."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from gateway.console import marks
from gateway.console.frame import where
from gateway.console.nodes import Keyed, Node, act, age, el, fresh, link, path, slot
from gateway.console.page import Page
from gateway.console.pages.alarm_dialogs import detail_dialog, shelve_dialog
from gateway.console.parts.live_view import Act
from gateway.console.texts.terms import TERMS
from gateway.console.view.alarm_book import Alarm
from gateway.console.view.alarms import AlarmFilter, acts_on, flood_of, shown
from gateway.console.view.format import clock_time, local_time, with_unit
from gateway.console.view.judged import unit_of_alarm

__all__ = ["alarms_page"]

_PAGE = 100
_HISTORY_SECS = 5.0
_OPEN, _HISTORY = "", "history"


async def alarms_page(page: Page, query: Mapping[str, str]) -> None:
    """Build it from the address: `?priority=2&zone=tianhe`, `?alarm=...` opens one, `?tab=history`."""
    await _Alarms(page, query).build(query.get("alarm", ""))


class _Alarms:
    def __init__(self, page: Page, query: Mapping[str, str]) -> None:
        self._page, self._words, self._console = page, page.words, page.console
        self._which = AlarmFilter.of(query)
        self._tab = _HISTORY if query.get("tab") == _HISTORY else _OPEN
        self._most = _PAGE
        self._changes: Sequence[Mapping[str, Any]] = ()
        self._asked = 0.0
        self._dialog: Keyed = []
        self._drawn: tuple[Any, ...] = ()

    async def build(self, alarm: str) -> None:
        """Draw it, and keep it up to date."""
        self._page.title(self._words("alarms.title"))
        if self._tab == _HISTORY:
            await self._ask_history()
        self._view = self._page.show(self._frame(), self._slots(), self._act)
        self._page.every_tick(self._look)
        if alarm:
            await self._open(alarm)

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _frame(self) -> Node:
        words = self._words
        body = self._open_frame() if self._tab == _OPEN else slot("history", "div.panel.scroll")
        return el(
            "div.page",
            el("div.title", el("h1", words("alarms.title"), id="content", tabindex="-1"), slot("summary", "div.muted")),
            el(
                "nav.tabs",
                self._tab_link(_OPEN, "alarms.open"),
                self._tab_link(_HISTORY, "alarms.history"),
                aria_label=words("alarms.title"),
            ),
            self._filters(),
            slot("flood"),
            body,
            slot("dialog"),
        )

    def _tab_link(self, tab: str, key: str) -> Node:
        query = {**self._which.query(), "tab": tab}
        return link(self._words(key), "/alarms", query, aria_current="page" if tab == self._tab else None)

    def _open_frame(self) -> Node:
        words = self._words
        columns = ("alarms.priority", "alarms.what", "alarms.where", "alarms.zone", "alarms.age", "alarms.state")
        heads = [el("th", words(key), scope="col") for key in columns]
        heads.insert(0, el("th", el("span.hidden-text", words("alarms.select")), scope="col"))
        heads += [el("th.num", words("alarms.value"), scope="col"), el("th", words("alarms.acts"), scope="col")]
        return el(
            "form.panel",
            el(
                "div.row",
                el(
                    "button.b",
                    words("alarms.ack_selected"),
                    type="submit",
                    data_act="ack-picked",
                    disabled=self._disabled,
                ),
                fresh("rows", words("alarms.new")),
            ),
            el(
                "div.scroll",
                el(
                    "table.alarms",
                    el("caption.hidden-text", words("alarms.list")),
                    el("thead", el("tr", *heads)),
                    slot("rows", "tbody", hold=True),
                ),
            ),
            slot("rest"),
            data_act="ack-picked",
        )

    @property
    def _disabled(self) -> str | None:
        return None if self._page.identity.may("alarms.act") else "disabled"

    def _filters(self) -> Node:
        words, which = self._words, self._which
        domains = [(name, words.term("domain", name)) for name in TERMS["domain"] if name != "city"]
        zones = [(name, where(self._console, words, name)) for name in self._console.places.zones]
        priorities = [
            (
                str(n),
                words("alarms.priority_from", name=words.term("priority", str(n)))
                if n > 1
                else words.term("priority", "1"),
            )
            for n in (1, 2, 3)
        ]
        fields = [
            _select("priority", words("alarms.priority"), priorities, str(which.priority or ""), words("frame.all")),
            _select("domain", words("alarms.domain"), domains, which.domain, words("frame.all")),
            _select("zone", words("alarms.zone"), zones, which.zone, words("frame.all")),
        ]
        if self._tab == _OPEN:
            states = [
                (name, words(f"alarms.{name}")) for name in ("waiting", "standing", "aside")
            ]  # texts: alarms.waiting alarms.standing alarms.aside
            fields.append(_select("state", words("alarms.state"), states, which.state, words("frame.all")))
            fields.append(
                el(
                    "label.field",
                    el("span", words("alarms.search")),
                    el(
                        "input",
                        type="search",
                        name="search",
                        value=which.search,
                        placeholder=words("alarms.search_hint"),
                    ),
                )
            )
        return el("form.filters.panel", *fields, data_act="filter", data_live="1", aria_label=words("alarms.filters"))

    def _slots(self) -> dict[str, Keyed]:
        if self._tab == _HISTORY:
            return {"history": [("table", self._history())], "dialog": self._dialog, "summary": [], "flood": []}
        found, words = self._found(), self._words
        flood = flood_of(self._console.feed.alarms.alarms(), self._page.now)
        every = len(self._console.feed.alarms.alarms())
        said = words("alarms.shown", shown=len(found), n=every)
        rate = words("alarms.rate", n=flood.began)
        left = len(found) - self._most
        empty = words("alarms.none") if every else words("alarms.all_normal")
        rest = [act(words("frame.more", n=min(left, _PAGE)), "more", class_="b")] if left > 0 else []
        return {
            "summary": [("n", el("span", said, " · ", rate, title=words("alarms.rate_limit")))],
            "flood": [("flood", self._flood(flood.groups, flood.began))] if flood.is_one else [],
            "rows": [(alarm.alarm, self._row(alarm)) for alarm in found[: self._most]],
            "rest": [("rest", el("p.muted", empty))] if not found else [("rest", each) for each in rest],
            "dialog": self._dialog,
        }

    def _found(self) -> list[Alarm]:
        titles = {name: self._title(name) for name in self._console.titles}
        return shown(self._console.feed.alarms.alarms(), self._which, titles, self._console.places.within)

    def _title(self, condition: str) -> str:
        return self._words.condition(condition, self._console.titles.get(condition, ""))

    def _flood(self, groups: Sequence[tuple[str, str, int]], began: int) -> Node:
        each = [
            el(
                "li",
                link(
                    f"{number} × {self._title(condition)}, {where(self._console, self._words, zone)}",
                    "/alarms",
                    {"zone": zone, "search": condition},
                ),
            )
            for condition, zone, number in groups
        ]
        return el("div.notice", el("p", el("strong", self._words("alarms.flood", n=began))), el("ul", *each))

    def _row(self, alarm: Alarm) -> Node:
        words, console = self._words, self._console
        title, place = self._title(alarm.condition), where(console, words, alarm.asset)
        said = {"what": title, "where": place}
        unit = unit_of_alarm(console.conditions.get(alarm.condition), console.profiles)
        again = (
            el(
                "span.muted",
                words("alarms.repeated", n=alarm.repeats + 1),
                title=words("alarms.repeated_said", n=alarm.repeats + 1),
            )
            if alarm.repeats
            else None
        )
        state = words.term("alarm_state", alarm.state)
        if alarm.state == "shelved" and alarm.until:
            state += f" {words('alarms.shelved_until', time=clock_time(alarm.until, console.zone, self._page.now))}"
        return el(
            f"tr{'' if alarm.waits else '.quiet'}",
            el(
                "td",
                el(
                    "input",
                    type="checkbox",
                    name="pick",
                    value=alarm.alarm,
                    aria_label=words("alarms.select_one", **said),
                    disabled=self._disabled,
                ),
            ),
            el("td", marks.priority_named(alarm.priority, words, waits=alarm.waits)),
            el("td", act(title, "open", alarm.alarm, class_="plain"), " " if again else None, again),
            el("td", link(place, "/asset", {"id": alarm.asset})),
            el("td", where(console, words, alarm.zone)),
            el("td.nowrap", age(alarm.since, local_time(alarm.since, console.zone))),
            el("td", state),
            el("td.num", with_unit(alarm.value, unit)),
            el("td.acts", *self._buttons(alarm, said)),
        )

    def _buttons(self, alarm: Alarm, said: Mapping[str, str]) -> list[Node]:
        words = self._words
        first = acts_on(alarm)[0]
        labels = {
            "ack": "alarms.ack",
            "reset": "alarms.reset",
            "unshelve": "alarms.unshelve",
            "in_service": "alarms.in_service",
        }
        out: list[Node] = []
        if first in labels:
            name = words("alarms.ack_of", **said) if first == "ack" else f"{words(labels[first])}: {said['what']}"
            out.append(
                act(words(labels[first]), first, alarm.alarm, class_="b", aria_label=name, disabled=self._disabled)
            )
        if "shelve" in acts_on(alarm):
            name = words("alarms.shelve_title", **said)
            out.append(
                act(
                    words("alarms.shelve"),
                    "shelve-ask",
                    alarm.alarm,
                    class_="b",
                    aria_label=name,
                    disabled=self._disabled,
                )
            )
        out.append(
            act(words("alarms.more"), "open", alarm.alarm, class_="b", aria_label=words("alarms.more_of", **said))
        )
        return out

    def _history(self) -> Node:
        words, console = self._words, self._console
        columns = ("alarms.when", "alarms.priority", "alarms.what", "alarms.where", "alarms.zone", "alarms.change")
        heads = [el("th", words(key), scope="col") for key in (*columns, "alarms.who", "alarms.note")]
        rows = [
            el(
                "tr",
                el(
                    "td.nowrap",
                    clock_time(change["at"], console.zone, self._page.now),
                    title=local_time(change["at"], console.zone),
                ),
                el("td", marks.priority_named(change["priority"], words, waits=False)),
                el("td", act(self._title(change["condition"]), "open", change["alarm"], class_="plain")),
                el("td", link(where(console, words, change["asset"]), "/asset", {"id": change["asset"]})),
                el("td", where(console, words, change["zone"])),
                el("td", words.term("alarm_change", change["change"])),
                el("td", change["who"]),
                el("td", change["text"]),
            )
            for change in self._changes
        ]
        return el(
            "table", el("caption", words("alarms.newest_first")), el("thead", el("tr", *heads)), el("tbody", *rows)
        )

    # -- what changes --------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        if self._tab == _HISTORY:
            if monotonic() - self._asked > _HISTORY_SECS:
                await self._ask_history()
                self._view.show({"history": [("table", self._history())]})
            return
        state = (self._console.feed.alarms.version, self._page.now // 10_000_000_000, self._most, self._which)
        if state != self._drawn:
            self._drawn = state
            self._view.show(self._slots())

    async def _ask_history(self) -> None:
        self._asked = monotonic()
        which = self._which
        found = await self._page.ask("alarm_history", zone=which.zone, domain=which.domain, limit=300)
        most = which.priority or 4
        self._changes = [change for change in found or () if change["priority"] <= most]

    async def _act(self, said: Act) -> None:
        match said.name:
            case "filter":
                self._which = AlarmFilter.of(said.values)
                self._most = _PAGE
                self._page.go(path("/alarms", **self._which.query(), tab=self._tab))
                if self._tab == _HISTORY:
                    await self._ask_history()
                self._view.show(self._slots())
            case "more":
                self._most += _PAGE
                self._view.show(self._slots())
            case "open":
                await self._open(said.key)
            case "shelve-ask":
                self._ask_shelve(said.key)
            case "close":
                self._show_dialog(None)
            case "ack-picked":
                picked = [each for each in said.values.get("pick", "").split("\n") if each]
                await self._do("ack", [each for each in picked if self._waits(each)])
            case "ack" | "reset" | "unshelve" | "in_service":
                await self._do(said.name, [said.key])
            case "shelve" | "comment" | "out_of_service":
                await self._with_reason(said)

    def _waits(self, name: str) -> bool:
        alarm = self._console.feed.alarms.get(name)
        return alarm is not None and alarm.waits

    async def _with_reason(self, said: Act) -> None:
        text = said.values.get("text", "").strip()
        secs = said.values.get("for", "0")
        for_secs = float(secs) if secs.isdecimal() else 0.0
        if await self._do(said.name, [said.key], text=text, for_secs=for_secs if said.name == "shelve" else 0.0):
            self._show_dialog(None)

    async def _do(self, name: str, alarms: Sequence[str], **more: Any) -> bool:
        if not alarms:
            return False
        done = await self._page.act("alarms.act", "alarm_act", act=name, alarms=list(alarms), **more)
        if done is None:
            return False
        self._page.say(self._words("alarms.done", act=self._words(f"act.{name}"), n=done["acts"]))
        return True

    def _ask_shelve(self, name: str) -> None:
        alarm = self._console.feed.alarms.get(name)
        if alarm is not None:
            said = {"what": self._title(alarm.condition), "where": where(self._console, self._words, alarm.asset)}
            self._show_dialog(shelve_dialog(self._words, name, self._words("alarms.shelve_title", **said)))

    async def _open(self, name: str) -> None:
        changes = await self._page.ask("alarm_history", alarm=name, limit=200)
        if changes:
            standing = self._console.feed.alarms.get(name)
            may = self._page.identity.may("alarms.act")
            self._show_dialog(detail_dialog(self._console, self._words, standing, changes, may=may))

    def _show_dialog(self, dialog: Node | None) -> None:
        self._dialog = [] if dialog is None else [("dialog", dialog)]
        self._view.show({"dialog": self._dialog})


def _select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str, every: str) -> Node:
    shown_options = [el("option", every, value="")] + [
        el("option", text, value=value, selected="selected" if value == chosen else None) for value, text in options
    ]
    return el("label.field", el("span", label), el("select", *shown_options, name=name))
