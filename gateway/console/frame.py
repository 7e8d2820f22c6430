"""What stands around every page: its pages, the city's clock, whether data flows, the line of alarms, who looks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from gateway.console import marks
from gateway.console.console import Console
from gateway.console.nodes import Keyed, Node, act, age, el, link, path, slot
from gateway.console.seams import Identity
from gateway.console.texts.words import LANGUAGES, Words
from gateway.console.view.alarm_book import Alarm
from gateway.console.view.alarms import counts
from gateway.console.view.format import local_time
from gateway.console.view.health import Health, health_of

__all__ = ["FrameView", "Said", "head_frame", "problems_said", "where"]

_PAGES = (
    ("city", "/"),
    ("alarms", "/alarms"),
    ("incidents", "/incidents"),
    ("documents", "/documents"),
    ("streams", "/streams"),
    ("flow", "/flow"),
    ("configuration", "/configuration"),
    ("access", "/access"),
)
_NEEDS = {"access": "audit.read"}
"""Pages that are named to those only who may see them."""
_SAID_SECS = 8.0
_CLOCK_SECS = 10.0
_MOST_NEW = 3


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a page tells for a while."""

    text: str
    failed: bool = False
    at: float = field(default_factory=monotonic)

    @property
    def stays(self) -> bool:
        """It is not old yet."""
        return monotonic() - self.at < _SAID_SECS


def where(console: Console, words: Words, name: str) -> str:
    """What people call a zone or an asset."""
    place = console.places.get(name)
    return words.named(place.name, place.name_en) or name if place is not None else name


def problems_said(words: Words, health: Health) -> list[str]:
    """What is wrong, in words."""
    out = []
    for key, given in health.problems:
        named = {**given, "state": words.term("state", given["state"])} if "state" in given else given
        out.append(words(key, **named))
    return out


def head_frame(console: Console, words: Words, identity: Identity, name: str, here: str) -> Node:
    """The part that stays. `here`: its address, for who changes the language."""
    city = console.link.city.city
    pages = [
        link(words(f"nav.{each}"), address, aria_current="page" if each == name else None)
        for each, address in _PAGES
        if each not in _NEEDS or (console.gate is not None and identity.may(_NEEDS[each]))
    ]
    other = next(code for code in LANGUAGES if code != words.language)
    return el(
        "header.head",
        el("a.skip", words("frame.skip"), href="#content"),
        el(
            "div.bar",
            el("div.brand", words("app.name"), el("span.of", words.named(city.name, city.name_en))),
            el("nav.pages", *pages, aria_label=words("frame.nav")),
            el(
                "div.right",
                el("span.clock", data_clock="1", data_zone=console.link.city.timezone, title=words("frame.city_time")),
                slot("speed", "span"),
                el("a.b", LANGUAGES[other], href=path("/language", to=other, next=here), lang=other, hreflang=other),
                act("◐", "theme", class_="b", aria_label=words("frame.theme"), title=words("frame.theme")),
                el("span.who", identity.name, title=words("frame.signed_in", name=identity.name)),
                _sign_out(console, words),
            ),
        ),
        el(
            "div.line",
            el(
                "section.now",
                slot("counts", "span.counts"),
                slot("newest", "span.newest"),
                aria_label=words("frame.alarm_line"),
            ),
            slot("health", "span"),
        ),
        slot("announced", "div.hidden-text", role="status", aria_live="assertive"),
        slot("said", "div.said", role="status", aria_live="polite"),
    )


def _sign_out(console: Console, words: Words) -> Node | None:
    return link(words("frame.sign_out"), console.sign_out, class_="b") if console.sign_out else None


class FrameView:
    """What of the frame changes, for one page."""

    def __init__(self, console: Console, words: Words, identity: Identity, name: str) -> None:
        self._console, self._words = console, words
        self._seen = console.feed.begun[-1][0] if console.feed.begun else 0
        self._new: list[Alarm] = []
        self._clocked = 0.0
        self.look()

    def look(self) -> None:
        """What is new since the last time."""
        feed = self._console.feed
        feed.status.want()
        fresh = [(number, alarm) for number, alarm in feed.begun if number > self._seen]
        if fresh:
            self._seen = fresh[-1][0]
            self._new = [alarm for _, alarm in fresh][-_MOST_NEW:]

    def clock_due(self) -> bool:
        """The browser's clock is to be set right."""
        if monotonic() - self._clocked < _CLOCK_SECS:
            return False
        self._clocked = monotonic()
        return True

    def slots(self) -> dict[str, Keyed]:
        """All but what is said."""
        known = self._console.clock()
        speed = 1.0 if known is None else known[1]
        sped = el("span.warn", f"×{speed:g}", title=self._words("frame.speed", speed=f"{speed:g}"))
        return {
            "speed": [("speed", sped)] if speed != 1 else [],
            "health": [("health", self._health())],
            "counts": self._counts(),
            "newest": [("newest", self._newest())],
            "announced": [(alarm.alarm, el("p", self._announced(alarm))) for alarm in self._new],
        }

    def said(self, said: Sequence[Said]) -> Keyed:
        """What the page tells just now."""
        return [
            (f"{each.at}", el("div.row.failed" if each.failed else "div.row", el("span", each.text),
                              act(self._words("frame.close"), "quiet", class_="b")))
            for each in said if each.stays
        ]  # fmt: skip

    def _health(self) -> Node:
        status = self._console.feed.status
        if status.answer is None and not status.problem:
            return el("span.state.muted", self._words("frame.loading"))
        health = health_of(status.answer, status.problem)
        problems = "; ".join(problems_said(self._words, health))
        word = {"away": "health.gone"}.get(health.level, f"health.{health.level}")
        style = {"bad": ".bad", "away": ".bad", "warn": ".warn", "catching": ""}.get(health.level, ".muted")
        return el(
            "a.state", marks.health_dot(health.level), el(f"span{style}", self._words(word)), href="/flow",
            title=problems or None,
        )  # fmt: skip

    def _counts(self) -> Keyed:
        found = counts(self._console.feed.alarms.alarms())
        return [
            (
                f"p{number}",
                link(
                    el(
                        "span.count",
                        marks.priority(number, self._words, waits=waiting > 0),
                        el("span.num", str(amount)),
                    ),
                    "/alarms",
                    {"priority": str(number)},
                    title=": ".join(
                        (self._words.term("priority", str(number)), self._words("frame.unacknowledged", n=waiting))
                    ),
                ),
            )
            for number, (amount, waiting) in found.items()
        ]

    def _newest(self) -> Node:
        alarms = [alarm for alarm in self._console.feed.alarms.alarms() if not alarm.aside]
        if not alarms:
            return el("span.muted", self._words("frame.no_alarms"))
        first = alarms[0]
        if not first.waits:
            return el("span.muted", self._words("frame.all_acknowledged"))
        said = self._words(
            "frame.newest", what=self._title(first), where=where(self._console, self._words, first.asset)
        )
        since = age(first.since, local_time(first.since, self._console.zone))
        return el(
            "span", marks.priority(first.priority, self._words), " ",
            link(said, "/alarms", {"alarm": first.alarm}), " ", el("span.muted", since),
        )  # fmt: skip

    def _title(self, alarm: Alarm) -> str:
        return self._words.condition(alarm.condition, self._console.titles.get(alarm.condition, ""))

    def _announced(self, alarm: Alarm) -> str:
        return self._words(
            "frame.new_alarm", priority=self._words.term("priority", str(alarm.priority)), what=self._title(alarm),
            where=where(self._console, self._words, alarm.asset),
        )  # fmt: skip
