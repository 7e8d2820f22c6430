"""The flow: the pipeline from the brokers to the databases with live figures, and the books of what came and went."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from gateway.console import marks
from gateway.console.frame import problems_said
from gateway.console.nodes import Keyed, Node, el, slot
from gateway.console.page import Page
from gateway.console.texts.terms import TERMS
from gateway.console.view.flow import Equation, Stage, equations, stages, totals_of
from gateway.console.view.format import count
from gateway.console.view.health import health_of
from gateway.console.view.rates import Rates

__all__ = ["flow_page"]

_DOTS = {"ok": "ok", "warn": "warn", "bad": "bad"}


async def flow_page(page: Page, _: Mapping[str, str]) -> None:
    """Build it."""
    _Flow(page).build()


class _Flow:
    def __init__(self, page: Page) -> None:
        self._page, self._words = page, page.words
        self._rates = Rates()
        self._seen = -1

    def build(self) -> None:
        """Draw it, and keep it up to date."""
        words = self._words
        self._page.title(words("nav.flow"))
        self._view = self._page.show(
            el(
                "div.page",
                el("h1", words("nav.flow"), id="content", tabindex="-1"),
                slot("away"),
                el(
                    "section.flow",
                    slot("source", "div.stage-col"),
                    self._arrow("received", "flow.messages_rate"),
                    slot("inbox", "div.stage-col"),
                    self._arrow("", ""),
                    slot("engine", "div.stage-col"),
                    self._arrow("accepted", "flow.readings_rate"),
                    slot("outbox", "div.stage-col"),
                    self._arrow("store", "flow.stored_rate"),
                    slot("store", "div.stage-col"),
                    aria_label=words("nav.flow"),
                ),
                el("section.panel", el("h2", words("flow.books")), slot("books", "div.stack")),
            ),
            self._slots(),
        )
        self._page.every_tick(self._look)

    def _arrow(self, rate: str, key: str) -> Node:
        """With the rate over it."""
        return el(
            "div.arrow",
            slot(f"rate-{rate}", "span.rate") if rate else el("span.rate", " "),
            el("span.way", aria_hidden="true"),
            el("span.muted", self._words(key)) if key else el("span.muted", " "),
        )

    def _look(self) -> None:
        status = self._page.console.feed.status
        if status.version == self._seen:
            return
        self._seen = status.version
        if status.answer is not None:
            self._rates.take(monotonic(), totals_of(status.answer))
        self._view.show(self._slots())

    def _slots(self) -> dict[str, Keyed]:
        topic, words = self._page.console.feed.status, self._words
        status = topic.answer
        if status is None:
            said = words("health.away", problem=topic.problem) if topic.problem else words("frame.loading")
            return {"away": [("away", el("p.notice.bad-edge" if topic.problem else "p.muted", said))]}
        columns: dict[str, list[tuple[str, Node]]] = {
            name: [] for name in ("source", "inbox", "engine", "outbox", "store")
        }
        beside = {"records": "store", "hub": "outbox"}
        for each in stages(status):
            columns[beside.get(each.kind, each.kind)].append((f"{each.kind} {each.name}", self._stage(each)))
        books: Keyed = [(each.name, self._equation(each)) for each in equations(status["ledger"])]
        stores = [self._rates.per_second(f"store.{name}") for name in status["stores"]]
        known = [rate for rate in stores if rate is not None]
        return {
            **columns,
            "away": self._problems(status),
            "books": [*books, ("beside", self._beside(status["ledger"]["beside"]))],
            "rate-received": self._rate(status["rates"]["messages_per_s"]),
            "rate-accepted": self._rate(status["rates"]["readings_per_s"]),
            "rate-store": self._rate(sum(known) if known else None),
        }

    def _problems(self, status: Mapping[str, Any]) -> Keyed:
        """Why it is not as it should be."""
        said = problems_said(self._words, health_of(status))
        return [("problems", el("ul.notice.bad-edge", *(el("li", each) for each in said)))] if said else []

    def _rate(self, rate: float | None) -> Keyed:
        return [("rate", el("span.num", "–" if rate is None else f"{count(rate)} /s"))]

    def _stage(self, stage: Stage) -> Node:
        words = self._words
        title = words(f"flow.{stage.kind}")  # texts: flow.*
        state = stage.state if stage.state not in TERMS["state"] else words.term("state", stage.state)
        said = words(f"flow.state_{stage.state}") if stage.kind in ("inbox", "engine", "outbox", "hub") else state
        style = {"warn": ".warn", "bad": ".bad"}.get(stage.level, ".muted")
        rows: list[Node] = []
        for fact in stage.facts:
            look = {"warn": ".warn", "bad": ".bad"}.get(fact.level, "")
            rows += [el("dt", words(f"flow.{fact.key}")), el(f"dd.num{look}", fact.value)]
        return el(
            f"div.stage.{stage.level}",
            el("h2", title, f" {stage.name}" if stage.name else None),
            el("p.state", marks.health_dot(_DOTS[stage.level]), el(f"span{style}", said)),
            el("dl.facts", *rows),
            el("p.warn", stage.problem) if stage.problem else None,
        )  # fmt: skip

    def _equation(self, each: Equation) -> Node:
        words = self._words
        terms: list[Node] = []
        for place, (key, amount) in enumerate(each.terms):
            terms += [
                el("span.op", "=" if not place else "+"),
                el("span.term", el("span.num", count(amount)), el("span.muted", words(f"book.{key}"))),
            ]
        name = words(f"book.{each.name}") if each.name in ("messages", "readings") else each.name
        off = (
            el("strong.bad", words("flow.off", n=count(each.off)))
            if each.off
            else el("span.muted", words("flow.balanced"))
        )
        return el(
            "div.equation",
            el("strong.of", name),
            el("span.term", el("span.num", count(each.came)), el("span.muted", words(f"book.{each.came_key}"))),
            *terms,
            off,
        )

    def _beside(self, beside: Mapping[str, int]) -> Node:
        words = self._words
        facts = [f"{words(f'book.{key}')} {count(beside.get(key, 0))}" for key in ("late", "missing", "lost_at_broker")]
        return el("p.muted", words("flow.beside"), " ", " · ".join(facts))
