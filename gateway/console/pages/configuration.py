"""What is configured, to look at; and what the files would change: shown first, then applied by who may."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.console import marks
from gateway.console.nodes import Keyed, Node, act, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.profile_trial import ProfileTrial
from gateway.console.parts.live_view import Act
from gateway.console.view.configuration import condition_keys, differences_of, field_rows

__all__ = ["configuration_page"]

_TABS = ("profiles", "conditions", "trial", "changes")


async def configuration_page(page: Page, query: Mapping[str, str]) -> None:
    """Build it: `?tab=` profiles, conditions, trial (with `&profile=`) or changes."""
    tab = query.get("tab", "")
    page.title(page.words("nav.configuration"))
    made = _Configuration(page, tab if tab in _TABS else _TABS[0], query.get("profile", ""))
    await made.build()


class _Configuration:
    def __init__(self, page: Page, tab: str, profile: str) -> None:
        self._page, self._words, self._console, self._tab = page, page.words, page.console, tab
        self._trial = (
            ProfileTrial(page, profile) if tab == "trial" and page.identity.may("configuration.read") else None
        )

    async def build(self) -> None:
        """Draw it."""
        words = self._words
        tabs = [
            link(
                words(f"configuration.tab_{tab}"), "/configuration", {"tab": tab},
                aria_current="page" if tab == self._tab else None,
            )
            for tab in _TABS
        ]  # fmt: skip
        trial = self._trial
        body: Callable[[], Node] = {
            "profiles": self._profiles, "conditions": self._conditions, "changes": self._changes,
            "trial": self._changes if trial is None else trial.frame,
        }[self._tab]  # fmt: skip
        if trial is not None:
            await trial.load()
        self._view = self._page.show(
            el(
                "div.page",
                el("h1", words("nav.configuration"), id="content", tabindex="-1"),
                el("nav.tabs", *tabs, aria_label=words("nav.configuration")),
                body() if self._page.identity.may("configuration.read") else el("p.muted", words("frame.may_not_see")),
            ),
            {} if trial is None else trial.slots(),
            self._act,
        )

    def _profiles(self) -> Node:
        words = self._words
        heads = ("quantity", "path", "wire_unit", "unit", "span", "plausible")
        parts: list[Node] = []
        for profile in self._console.profiles.values():
            rows = [
                el("tr", el("td", words.term("quantity", row.quantity)), *(el("td", each) for each in (
                    row.path, row.wire_unit, row.unit, row.span, row.plausible)))
                for row in field_rows(profile)
            ]  # fmt: skip
            parts.append(
                el(
                    "details",
                    el("summary", el("strong", profile.name), " ", el("span.muted", profile.description)),
                    el("p.muted", f"{profile.codec} · {profile.interval_secs:g} s · ", ", ".join(profile.topic_texts)),
                    el(
                        "p",
                        link(
                            words("configuration.to_trial"), "/configuration", {"tab": "trial", "profile": profile.name}
                        ),
                    ),
                    el("div.scroll", _table([words(f"configuration.{head}") for head in heads], rows)),
                )
            )  # texts: configuration.*
        return el("section.panel.stack", *parts)

    def _conditions(self) -> Node:
        words = self._words
        heads = ("alarms.what", "configuration.kind", "alarms.priority", "configuration.steps")
        rows = []
        for condition in self._console.conditions.values():
            said = "; ".join(f"{key} {value}" for key, value in condition_keys(condition))
            rows.append(
                el(
                    "tr",
                    el("td", words.condition(condition.name, condition.title), el("div.muted", condition.name)),
                    el("td", condition.kind),
                    el("td", *(marks.priority(number, words, waits=False) for number in condition.priorities)),
                    el("td", said),
                )
            )
        return el("section.panel.scroll", _table([words(head) for head in heads], rows))

    def _changes(self) -> Node:
        words = self._words
        may = self._page.identity.may("configuration.check")
        return el(
            "section.panel.stack",
            el("p", words("configuration.explained")),
            el(
                "div.row",
                act(words("configuration.check"), "check", class_="b main", disabled=None if may else "disabled"),
                slot("apply", "span"),
            ),
            slot("answer"),
        )

    async def _act(self, said: Act) -> None:
        if self._trial is not None:
            await self._trial.act(said)
            self._view.show(self._trial.slots())
            return
        if said.name == "check":
            answer = await self._page.order("configuration.check", "reload", check=True)
        elif said.name == "apply":
            answer = await self._page.order("configuration.reload", "reload", check=False)
        else:
            return
        if answer is not None:
            self._view.show({"answer": [("answer", self._answer(answer))], "apply": self._apply(answer)})

    def _apply(self, answer: Mapping[str, Any]) -> Keyed:
        """Only what was looked at, and has something in it."""
        waiting = not answer["applied"] and not answer["problems"] and any(
            not each.restart for each in differences_of(answer)
        )  # fmt: skip
        may = self._page.identity.may("configuration.reload")
        button = act(self._words("configuration.apply"), "apply", class_="b", disabled=None if may else "disabled")
        return [("apply", button)] if waiting else []

    def _answer(self, answer: Mapping[str, Any]) -> Node:
        words = self._words
        if answer["problems"]:
            problems = [
                el("li", f"{each['file']}: {each['key']}: {each['problem']}. {each['remedy']}")
                for each in answer["problems"]
            ]
            return el("div.notice.bad-edge", el("strong", words("configuration.refused")), el("ul", *problems))
        found = differences_of(answer)
        rows = [
            el("tr", el("td", each.what), el("td", each.which), el("td", each.before), el("td", each.after))
            for each in found
        ]
        ends = [
            el("li", words("configuration.ends", what=each["condition"], where=each["asset"]))
            for each in answer["ends"]
        ]
        heads = ("what", "which", "before", "after")
        return el(
            "div.stack",
            el("p", el("strong", words("configuration.applied"))) if answer["applied"] else None,
            _table([words(f"configuration.{head}") for head in heads], rows)
            if rows
            else el("p", words("configuration.same")),
            el("ul", *ends) if ends else None,
            *(el("p.warn", str(each)) for each in answer["warnings"]),
        )


def _table(heads: Sequence[str], rows: Sequence[Node]) -> Node:
    return el("table", el("thead", el("tr", *(el("th", head, scope="col") for head in heads))), el("tbody", *rows))
