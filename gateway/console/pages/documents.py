"""Daily and weekly reports of the city: having some made, how far that is, and those that are kept."""

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic

from gateway.console.nodes import Keyed, Node, act, el, slot
from gateway.console.page import Page
from gateway.console.parts.live_view import Act
from gateway.console.texts.words import LANGUAGES
from gateway.console.view.documents import JobRow, KeptRow, asked_of, job_rows, kept_rows, named, yesterday
from gateway.errors import GatewayError
from gateway.reports.make import DOMAINS
from gateway.reports.period import period_of
from gateway.reports.press import Press
from gateway.reports.shelf import Kept

__all__ = ["documents_page"]

_PAGE = 50
_LOOK_SECS = 10.0
_FILES = "/api/v1/documents"
_MAKE = "documents.make"


async def documents_page(page: Page, query: Mapping[str, str]) -> None:
    """Build it: `?domain=` narrows what is kept."""
    page.title(page.words("documents.title"))
    press = page.console.press
    if press is None or not page.identity.may("documents.read"):
        heading = el("h1", page.words("documents.title"), id="content", tabindex="-1")
        page.show(el("div.page", heading, el("p.muted", page.words("frame.may_not_see"))), {})
        return
    domain = query.get("domain", "")
    await _Documents(page, press, domain if domain in DOMAINS else "").build()


class _Documents:
    def __init__(self, page: Page, press: Press, domain: str) -> None:
        self._page, self._words, self._press, self._domain = page, page.words, press, domain
        self._kept: Sequence[Kept] = ()
        self._looked, self._version, self._made = 0.0, -1, -1
        self._shown = _PAGE

    async def build(self) -> None:
        """Draw it, and keep it up to date."""
        words = self._words
        told = await self._page.ask("clock") or {"now": 0}
        await self._read()
        heads = ("report", "period", "language", "made", "by", "until", "files")
        most = self._page.console.link.settings.web.max_documents
        self._view = self._page.show(
            el(
                "div.page",
                el("h1", words("documents.title"), id="content", tabindex="-1"),
                el("p.muted", words("documents.explained")),
                self._form(yesterday(int(told["now"]), self._page.console.zone)),
                slot("jobs", "div.stack", role="status"),
                el(
                    "section.panel.stack",
                    el("h2", words("documents.kept")),
                    el("form.filters", self._choice(), data_act="which", data_live="1"),
                    el(
                        "div.scroll",
                        el(
                            "table",
                            el("caption.hidden-text", words("documents.kept")),
                            el("thead", el("tr", *(el("th", words(f"documents.{key}"), scope="col") for key in heads))),
                            slot("rows", "tbody"),
                        ),
                    ),
                    slot("rest"),
                    el("p.muted", words("documents.fewest", n=f"{most:,}")),
                ),
            ),
            self._slots(),
            self._act,
        )
        self._page.every_tick(self._look)

    def _form(self, day: str) -> Node:
        words = self._words
        about = [
            el("label", el("input", type="checkbox", name="domain", value=each, checked="checked"), " ",
               words.term("document_domain", each))
            for each in DOMAINS
        ]  # fmt: skip
        kinds = [el("option", words.term("document_kind", kind), value=kind) for kind in ("day", "week")]
        languages = [
            el("option", name, value=code, selected="selected" if code == words.language else None)
            for code, name in LANGUAGES.items()
        ]
        disabled = None if self._page.identity.may(_MAKE) else "disabled"
        return el(
            "form.panel.stack",
            el("fieldset.row", el("legend", words("documents.about")), *about),
            el(
                "div.filters",
                _field(words("documents.span"), el("select", *kinds, name="kind")),
                _field(words("documents.day"), el("input", type="date", name="day", value=day or None)),
                _field(words("documents.language"), el("select", *languages, name="lang")),
                _field(
                    words("documents.operators"),
                    el("input", type="number", name="operators", value="1", min="1", max="1000"),
                ),
                el("button.b.main", words("documents.make"), type="submit", data_act="make", disabled=disabled),
            ),
            data_act="make",
        )

    def _choice(self) -> Node:
        words = self._words
        options = [
            el("option", words.term("document_domain", each) if each else words("frame.all"), value=each,
               selected="selected" if each == self._domain else None)
            for each in ("", *DOMAINS)
        ]  # fmt: skip
        return _field(words("documents.about"), el("select", *options, name="about"))

    async def _read(self) -> None:
        self._looked = monotonic()
        self._kept = await asyncio.to_thread(self._press.shelf.all)

    async def _look(self) -> None:
        """Orders whenever one is further, files when one was made, and now and then: others make some, too."""
        made = sum(len(job.documents) for job in self._press.jobs())
        old = monotonic() - self._looked > _LOOK_SECS
        if made != self._made or old:
            self._made = made
            await self._read()
        elif self._version == self._press.version:
            return
        self._version = self._press.version
        self._view.show(self._slots())

    async def _act(self, said: Act) -> None:
        match said.name:
            case "make":
                await self._make(said.values)
            case "give_up":
                who = self._page.permitted(_MAKE)
                if who is not None:
                    await self._press.give_up(said.key, who.principal)
            case "which":
                about = said.values.get("about", "")
                self._domain, self._shown = about if about in DOMAINS else "", _PAGE
            case "more":
                self._shown += _PAGE
        self._view.show(self._slots())

    async def _make(self, values: Mapping[str, str]) -> None:
        who, words, asked = self._page.permitted(_MAKE), self._words, asked_of(values)
        if who is None:
            return
        if not asked.domains:
            self._page.say(words("documents.nothing_chosen"), failed=True)
            return
        told = await self._page.ask("clock")
        if told is None:
            return
        try:
            period = period_of(asked.period, int(told["now"]), self._page.console.link.city.timezone)
            self._press.order(asked.domains, period, asked.lang, asked.operators, who.principal)
        except GatewayError as error:
            self._page.say(words("frame.failed", problem=error.problem, remedy=error.remedy), failed=True)
            return
        self._page.say(words("documents.ordered", what=named(asked.domains, period.name, words)))

    def _slots(self) -> dict[str, Keyed]:
        words = self._words
        rows = kept_rows(self._kept, self._domain, words, self._page.console.zone)
        jobs: list[tuple[str, Node]] = [(row.job, self._job(row)) for row in job_rows(self._press.jobs(), words)]
        none: Keyed = [("none", el("tr", el("td.muted", words("documents.none"), colspan="7")))]
        more = act(words("frame.more", n=min(_PAGE, len(rows) - self._shown)), "more", class_="b")
        return {
            "jobs": [("title", el("h2", words("documents.orders"))), *jobs] if jobs else [],
            "rows": [(row.document, self._row(row)) for row in rows[: self._shown]] or none,
            "rest": [("rest", more)] if len(rows) > self._shown else [],
        }

    def _job(self, row: JobRow) -> Node:
        words = self._words
        if not row.open:
            return el("div.notice.bad-edge", row.said)
        mine = self._page.identity.may(_MAKE)
        up = act(words("documents.give_up"), "give_up", row.job, class_="b",
                 aria_label=f"{words('documents.give_up')}: {row.what}")  # fmt: skip
        return el(
            "div.panel.row", el("strong", row.what),
            el("progress", value=f"{row.share:.3f}", max="1", aria_label=words("documents.progress", what=row.what)),
            el("span.muted", row.said), up if mine else None,
        )  # fmt: skip

    def _row(self, row: KeptRow) -> Node:
        words = self._words
        files = f"{_FILES}/{row.document}"
        page = el("a.b", words("documents.open"), href=f"{files}/html", target="_blank", rel="noopener",
                  aria_label=words("documents.open_which", what=row.what))  # fmt: skip
        pdf = el("a.b", words("documents.save", size=row.pdf), href=f"{files}/pdf", download=f"{row.document}.pdf",
                 aria_label=words("documents.save_which", what=row.what))  # fmt: skip
        until = el("td.warn", row.until) if row.until else el("td", words("documents.whole"))
        return el(
            "tr", el("td", row.domain), el("td.nowrap", row.period), el("td", row.language), el("td.nowrap", row.made),
            el("td", row.by), until, el("td.acts", page, pdf),
        )  # fmt: skip


def _field(name: str, control: Node) -> Node:
    return el("label.field", el("span", name), control)
