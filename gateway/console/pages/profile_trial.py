"""A changed profile tried on recent messages before it goes live: choose, edit, look what becomes of them."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from gateway.console.nodes import Keyed, Node, act, el, slot
from gateway.console.page import Page
from gateway.console.parts.live_view import Act
from gateway.console.view.device import safe_name
from gateway.console.view.format import count, local_time
from gateway.console.view.profile_trial import (
    CHANGES,
    SIGNS,
    MessageRow,
    ReadingRow,
    counts_of,
    message_rows,
)
from gateway.errors import GatewayError
from gateway.workshop.profile_check import MOST_TEXT, check_profile

__all__ = ["ProfileTrial"]

_MOST_ROWS = 50
_LIMITS = (50, 200, 1_000)
_NEW = "+"
"""The choice of none that there is."""


class ProfileTrial:
    """The tab's frame, slots and acts; `chosen`: the name of a profile, or "" for the first."""

    def __init__(self, page: Page, chosen: str) -> None:
        self._page, self._words = page, page.words
        self._names: list[str] = []
        """Of those in force."""
        self._chosen = chosen
        self._text = ""
        self._answer: Mapping[str, Any] | None = None
        self._shown = _MOST_ROWS

    async def load(self) -> None:
        """The text of the chosen one, as its file has it."""
        self._answer, self._shown = None, _MOST_ROWS
        if not self._names:
            self._names = sorted(each["name"] for each in await self._page.ask("profiles") or ())
        if self._chosen not in (*self._names, _NEW):
            self._chosen = (self._names or [_NEW])[0]
        found = None if self._chosen == _NEW else await self._page.ask("profile_text", name=self._chosen)
        self._text = "" if found is None else str(found["text"])

    def frame(self) -> Node:
        """Without what changes."""
        words = self._words
        return el(
            "div.stack",
            el(
                "section.panel.stack",
                el("p", words("trial.explained")),
                slot("chosen", "div"),
                slot("editor", "div"),
            ),
            slot("result", "div", role="status"),
        )

    def slots(self) -> dict[str, Keyed]:
        """Editor and answer."""
        answer = self._answer
        result: Keyed = [] if answer is None else [("result", self._result(answer))]
        return {
            "chosen": [(f"chosen {self._chosen}", self._choice())],
            "editor": [(f"editor {self._chosen}", self._editor())],
            "result": result,
        }

    async def act(self, said: Act) -> None:
        """What somebody did here."""
        match said.name:
            case "choose":
                name = said.values.get("profile", "")
                self._chosen = name if name in (*self._names, _NEW) else self._chosen
                await self.load()
            case "try":
                await self._try(said.values.get("text", ""), said.values.get("limit", ""))
            case "save":
                name = "profile" if self._chosen == _NEW else self._chosen
                ui.download(said.values.get("text", "").encode(), f"{safe_name(name)}.toml", "application/toml")
            case "more":
                self._shown += _MOST_ROWS

    async def _try(self, text: str, limit: str) -> None:
        page = self._page
        if not page.may("configuration.check"):
            page.say(self._words("frame.may_not"), failed=True)
            return
        number = int(limit) if limit in map(str, _LIMITS) else _LIMITS[1]
        replaces = "" if self._chosen == _NEW else self._chosen
        try:
            self._answer = await check_profile(page.console.link, text[:MOST_TEXT], replaces, number)
        except GatewayError as error:
            page.say(self._words("frame.failed", problem=error.problem, remedy=error.remedy), failed=True)
        self._shown = _MOST_ROWS

    # -- the editor ----------------------------------------------------------------------------------------------------

    def _choice(self) -> Node:
        words = self._words
        options = [
            el("option", words("trial.new") if name == _NEW else name, value=name,
               selected="selected" if name == self._chosen else None)
            for name in (*self._names, _NEW)
        ]  # fmt: skip
        return el(
            "form.row",
            el("label.field", el("span", words("trial.profile")), el("select", *options, name="profile")),
            data_act="choose", data_live="1",
        )  # fmt: skip

    def _editor(self) -> Node:
        words = self._words
        may = self._page.identity.may("configuration.check")
        limits = [
            el("option", count(number), value=str(number), selected="selected" if number == _LIMITS[1] else None)
            for number in _LIMITS
        ]
        return el(
            "form.stack",
            el(
                "label.field.wide", el("span", words("trial.text")),
                el("textarea.code", self._text, name="text", rows="14", spellcheck="false", wrap="off",
                   maxlength=str(MOST_TEXT)),
            ),
            el(
                "div.filters",
                el("label.field", el("span", words("trial.limit")), el("select", *limits, name="limit")),
                el("button.b.main", words("trial.try"), type="submit", data_act="try",
                   disabled=None if may else "disabled"),
                act(words("trial.save"), "save", class_="b", title=words("trial.save_why")),
            ),
            data_act="try",
        )  # fmt: skip

    # -- the answer ----------------------------------------------------------------------------------------------------

    def _result(self, answer: Mapping[str, Any]) -> Node:
        words = self._words
        if answer["problems"]:
            problems = [
                el(
                    "li",
                    el("strong", f"{each['file']}: {each['key']}" if each["key"] else each["file"]),
                    f": {each['problem']}. ",
                    each["remedy"],
                )
                for each in answer["problems"]
            ]
            return el("div.notice.bad-edge.stack", el("strong", words("trial.refused")), el("ul", *problems))
        rows = message_rows(answer)
        since = local_time(answer["since"], self._page.console.zone) if answer["since"] else "–"
        looked = words("trial.looked", n=count(len(rows)), rows=count(answer["looked"]), since=since)
        if not rows:
            return el("section.panel", el("p", words("trial.no_messages")), el("p.muted", looked))
        heads = ("trial.becomes", "trial.received", "trial.message", "trial.readings")
        return el(
            "section.panel.stack",
            el("h2", words("trial.result")),
            self._counts(answer),
            el("p.muted", looked, "" if answer["replaces"] else f" {words('trial.beside')}"),
            el(
                "div.scroll",
                el(
                    "table.trial",
                    el("caption.hidden-text", words("trial.result")),
                    el("thead", el("tr", *(el("th", words(head), scope="col") for head in heads))),
                    el("tbody", *(self._row(row) for row in rows[: self._shown])),
                ),
            ),
            act(words("frame.more", n=_MOST_ROWS), "more", class_="b") if len(rows) > self._shown else None,
        )

    def _counts(self, answer: Mapping[str, Any]) -> Node:
        words = self._words
        found = counts_of(answer)
        heads = [el("th.num", *self._change(change), scope="col") for change in CHANGES]
        return el(
            "table.narrow",
            el("caption.hidden-text", words("trial.counts")),
            el("thead", el("tr", el("td"), *heads)),
            el(
                "tbody",
                el("tr", el("th", words("trial.messages"), scope="row"),
                   *(el("td.num", count(messages)) for _, messages, _ in found)),
                el("tr", el("th", words("trial.readings"), scope="row"),
                   *(el("td.num", count(readings)) for _, _, readings in found)),
            ),
        )  # fmt: skip

    def _change(self, change: str) -> tuple[Node, str]:
        return el("span.sign", SIGNS[change], aria_hidden="true"), f" {self._words.term('profile_change', change)}"

    def _row(self, row: MessageRow) -> Node:
        words, zone = self._words, self._page.console.zone
        payload = row.payload if self._page.identity.may("payload.read") else words("frame.may_not_see")
        said: list[Node] = [self._reading(each) for each in row.readings]
        if row.more > 0:
            said.append(el("div.muted", words("trial.more_readings", n=count(row.more))))
        if row.reason:
            said.append(el("div", el("strong", row.reason)))
        said += [
            el("div.trouble", el("span.warn", path), f" {what}", el("div.muted", hint) if hint else None)
            for path, what, hint in row.troubles
        ]
        if row.reason_now and row.reason_now != row.reason:
            said.append(el("div.muted", words("trial.now_is", what=row.reason_now)))
        return el(
            f"tr{'.quiet' if row.change == 'same' else ''}",
            el("td.nowrap", *self._change(row.change)),
            el("td.nowrap", local_time(row.received_at, zone) if row.received_at else "–"),
            el("td.topic", el("div", row.topic), el("div.muted.code", payload)),
            el("td", *said),
        )

    def _reading(self, each: ReadingRow) -> Node:
        words = self._words
        name = words.term("quantity", each.quantity)
        if each.change == "same":
            said = self._valued(each.then, each.then_flag)
        elif each.change == "changed":
            said = f"{self._valued(each.now, each.now_flag)} → {self._valued(each.then, each.then_flag)}"
        else:
            said = self._valued(each.then or each.now, each.then_flag or each.now_flag)
        when = local_time(each.ts, self._page.console.zone)
        return el(
            f"div{'.muted' if each.change == 'same' else ''}",
            el("span.sign", SIGNS[each.change], title=words.term("profile_change", each.change), role="img",
               aria_label=words.term("profile_change", each.change)),
            f" {each.device} · {name} ", el("strong", said) if each.change != "same" else said, f" · {when}",
        )  # fmt: skip

    def _valued(self, value: str, flag: str) -> str:
        """With its flag, where that is no good one."""
        return value if flag in ("", "1") else f"{value} ({self._words.term('flag', flag)})"
