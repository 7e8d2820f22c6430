"""Who may what, and who did what: the audit log with its proof; tokens and sessions of browsers are in tokens.py."""

import asyncio
from collections.abc import Mapping

from gateway.access.audit import AuditFilter, AuditPage
from gateway.access.audit_chain import Entry, Verified
from gateway.access.gate import Gate
from gateway.console.nodes import Keyed, Node, act, el, link, slot
from gateway.console.page import Page
from gateway.console.pages.tokens import TokensPage
from gateway.console.parts.live_view import Act
from gateway.console.view.format import count, local_time
from gateway.errors import StoreError

__all__ = ["access_page"]

_PAGE = 100
_FIELDS = ("who", "act", "outcome")


async def access_page(page: Page, query: Mapping[str, str]) -> None:
    """Build it: `?tab=tokens`, or the audit log narrowed by `who`, `act`, `outcome`."""
    page.title(page.words("nav.access"))
    gate = page.console.gate
    tab = "tokens" if query.get("tab") == "tokens" else ""
    needed = "access.manage" if tab else "audit.read"
    if gate is None or not page.identity.may(needed):
        page.show(el("div.page", _head(page, tab), el("p.muted", page.words("frame.may_not_see"))), {})
    elif tab:
        await TokensPage(page, gate, _head(page, tab)).build()
    else:
        await _Audit(page, gate, query).build()


def _head(page: Page, chosen: str) -> Node:
    words = page.words
    tabs = [
        link(words(key), "/access", {"tab": tab}, aria_current="page" if tab == chosen else None)
        for tab, key in (("", "access.audit"), ("tokens", "access.tokens"))
    ]
    return el(
        "div.stack", el("h1", words("nav.access"), id="content", tabindex="-1"),
        el("nav.tabs", *tabs, aria_label=words("nav.access")),
    )  # fmt: skip


class _Audit:
    def __init__(self, page: Page, gate: Gate, query: Mapping[str, str]) -> None:
        self._page, self._words, self._gate = page, page.words, gate
        self._which = {key: query.get(key, "")[:100] for key in _FIELDS}
        self._entries: list[Entry] = []
        self._next: int | None = None

    async def build(self) -> None:
        """Draw it."""
        words = self._words
        await self._read()
        fields = [
            el("label.field", el("span", words(f"access.{key}")), el("input", type="search", name=key, value=value))
            for key, value in self._which.items()
        ]
        heads = ("number", "at", "who", "role", "act", "what", "outcome", "detail", "address")
        row = el("tr", *(el("th", words(f"access.{head}"), scope="col") for head in heads))
        self._view = self._page.show(
            el(
                "div.page",
                _head(self._page, ""),
                el(
                    "form.filters.panel",
                    *fields,
                    act(words("access.verify"), "verify", class_="b"),
                    slot("verified"),
                    data_act="which",
                    data_live="1",
                    aria_label=words("alarms.filters"),
                ),
                el(
                    "section.panel",
                    el(
                        "div.scroll",
                        el(
                            "table",
                            el("caption.hidden-text", words("access.audit")),
                            el("thead", row),
                            slot("rows", "tbody"),
                        ),
                    ),
                    slot("rest"),
                ),
            ),
            self._slots(),
            self._act,
        )

    async def _read(self, before: int | None = None) -> None:
        which = AuditFilter(who=self._which["who"], act=self._which["act"], outcome=self._which["outcome"])
        try:
            found: AuditPage = await asyncio.to_thread(self._gate.audit.read, which, before, _PAGE)
        except StoreError as error:
            self._page.say(self._words("frame.failed", problem=error.problem, remedy=error.remedy), failed=True)
            return
        self._entries = [*(self._entries if before is not None else ()), *found.entries]
        self._next = found.next

    async def _act(self, said: Act) -> None:
        if said.name == "which":
            self._which = {key: said.values.get(key, "").strip()[:100] for key in _FIELDS}
            await self._read()
        elif said.name == "more" and self._next is not None:
            await self._read(self._next)
        elif said.name == "verify" and self._page.may("audit.read"):
            found = await asyncio.to_thread(self._gate.audit.verify)
            self._view.show({"verified": [("verified", self._verified(found))]})
        self._view.show(self._slots())

    def _verified(self, found: Verified) -> Node:
        if found.intact:
            return el("span", self._words("access.intact", n=count(found.entries)))
        first = found.problems[0]
        return el("strong.bad", self._words("access.broken", n=first.seq, what=first.text))

    def _slots(self) -> dict[str, Keyed]:
        words = self._words
        none: Keyed = [("none", el("tr", el("td.muted", words("frame.none"), colspan="9")))]
        rest = act(words("frame.more", n=_PAGE), "more", class_="b")
        return {
            "rows": [(str(each.seq), self._row(each)) for each in self._entries] or none,
            "rest": [("rest", rest)] if self._next is not None else [],
        }

    def _row(self, each: Entry) -> Node:
        odd = "" if each.outcome == "done" else ".warn"
        return el(
            "tr", el("td.num", count(each.seq)), el("td.nowrap", local_time(each.at, self._page.console.zone)),
            el("td", each.name, title=each.token or None), el("td", each.role), el("td", each.act), el("td", each.what),
            el(f"td{odd}", each.outcome), el("td", each.detail), el("td", each.address),
        )  # fmt: skip
