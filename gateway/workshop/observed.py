"""What is heard while listening: counts by kind of topic, which profile reads it, and what differs where none does.

    message -> Router -+- a profile's: decoded, counted by template
                       +- none's: counted by topic, folded into templates when it is looked at

Bounded: topics that no profile has are kept one by one up to a number, what comes beyond it is one line.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gateway.codecs.compiled import compile_profile
from gateway.codecs.redaction import StrangerRedactor
from gateway.config.bounds import Bounds
from gateway.config.profile_model import Profile
from gateway.engine.router import Match, NoMatch, Router
from gateway.reasons import Ignored
from gateway.workshop.draft import shape_of
from gateway.workshop.guess_topic import Family, Shape, fold
from gateway.workshop.guess_wire import content_of
from gateway.workshop.message import Heard, shown_payload, tidy
from gateway.workshop.nearest import nearest

__all__ = ["Line", "Observed"]

_SAMPLE_BYTES = 64 * 1024
_RATE_SECS = 10
_MOST_ROUTES = 100_000
_FURTHER = "(further topics)"


@dataclass(slots=True)
class _Tally:
    """Counts of one template or topic."""

    count: int = 0
    bytes: int = 0
    longest: int = 0
    retained: int = 0
    qos: set[int] = field(default_factory=set)
    last: Heard | None = None
    seconds: dict[int, int] = field(default_factory=dict)
    readings: int = 0
    decoded: int = 0
    ignored: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def take(self, heard: Heard, qos: int) -> None:
        size = len(heard.payload)
        self.count += 1
        self.bytes += size
        self.longest = max(self.longest, size)
        self.retained += heard.retained
        self.qos.add(qos)
        self.last = heard if size <= _SAMPLE_BYTES else heard._replace(payload=heard.payload[:_SAMPLE_BYTES])
        second = (heard.received_at or 0) // 1_000_000_000
        self.seconds[second] = self.seconds.get(second, 0) + 1
        if len(self.seconds) > 2 * _RATE_SECS:
            self.seconds = {at: n for at, n in self.seconds.items() if at > second - _RATE_SECS}

    def add(self, other: "_Tally") -> None:
        self.count += other.count
        self.bytes += other.bytes
        self.longest = max(self.longest, other.longest)
        self.retained += other.retained
        self.qos |= other.qos
        self.readings, self.decoded, self.ignored = (
            self.readings + other.readings,
            self.decoded + other.decoded,
            self.ignored + other.ignored,
        )
        self.faults.update(other.faults)
        if other.last is not None and (
            self.last is None or (other.last.received_at or 0) > (self.last.received_at or 0)
        ):
            self.last = other.last
        for second, count in other.seconds.items():
            self.seconds[second] = self.seconds.get(second, 0) + count


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of topic, as a view shows it. All texts are a stranger's, on one line and without control characters."""

    topics: str
    count_of_topics: int
    messages: int
    rate: float
    """Messages a second, over the last ten."""
    mean_bytes: float
    longest: int
    qos: tuple[int, ...]
    retained: int
    profile: str
    """Which reads it, or by design reads nothing of it; empty: none."""
    decoded: int
    readings: int
    faults: dict[str, int]
    why: str
    """What keeps it from being read: the nearest profile, and what differs."""
    topic: str
    sample: str


class Observed:
    """Never called concurrently."""

    MOST_TOPICS = 2_000

    def __init__(self, profiles: Sequence[Profile], bounds: Bounds) -> None:
        self._compiled = [compile_profile(profile, bounds) for profile in profiles]
        self._router = Router(profiles, bounds.max_topic_bytes)
        self._strangers = StrangerRedactor([one.redactor for one in self._compiled])
        self._bounds = bounds
        self._routes: dict[str, tuple[Match | NoMatch, str]] = {}
        self._read: dict[tuple[int, str], tuple[_Tally, set[str]]] = {}
        self._unread: dict[str, _Tally] = {}
        self._further = _Tally()
        self._further_topics: set[str] = set()
        self._shapes: dict[str, Shape] = {}
        self._why: dict[str, str] = {}
        self._folded: list[Family] = []
        self._folded_of = 0
        self.messages = 0

    def take(self, heard: Heard, qos: int) -> None:
        """Count one message, and decode it where a profile reads its topic."""
        self.messages += 1
        match, template = self._route(heard.topic)
        index = match.profile
        if index < 0:
            tally = self._unread.get(heard.topic)
            if tally is None:
                if len(self._unread) < self.MOST_TOPICS:
                    tally = self._unread[heard.topic] = _Tally()
                    self._shapes[heard.topic] = shape_of(heard.payload[:_SAMPLE_BYTES], self._bounds)
                else:
                    tally = self._further
                    if len(self._further_topics) < _MOST_ROUTES:
                        self._further_topics.add(heard.topic)
            tally.take(heard, qos)
            return
        tally, topics = self._read.setdefault((index, template), (_Tally(), set()))
        tally.take(heard, qos)
        if len(topics) < _MOST_ROUTES:
            topics.add(heard.topic)
        if isinstance(match, Match):
            self._decode(index, heard, tally)
        elif isinstance(match.reason, Ignored):
            tally.ignored += 1
        else:
            tally.faults[str(match.reason)] += 1

    def _route(self, topic: str) -> tuple[Match | NoMatch, str]:
        found = self._routes.get(topic)
        if found is None:
            match = self._router.match(topic)
            template = ""
            if match.profile >= 0:
                profile = self._compiled[match.profile].profile
                every = (*profile.templates, *(one for one, _ in profile.ignored_topics))
                template = next((one.text for one in every if one.match(topic) is not None), "")
            found = (match, template)
            if len(self._routes) >= _MOST_ROUTES:
                self._routes.clear()
            self._routes[topic] = found
        return found

    def _decode(self, index: int, heard: Heard, tally: _Tally) -> None:
        decoded = self._compiled[index].decode(
            [heard.payload], [heard.topic], np.array([heard.received_at or 0], np.int64)
        )
        tally.readings += int(np.isin(decoded.state, (1, 2)).sum())
        tally.ignored += len(decoded.ignored)
        tally.faults.update(str(reason) for _, reason, _ in decoded.rejected)
        tally.faults.update(str(fault.reason) for fault in decoded.invalid)
        tally.decoded += not decoded.rejected and not decoded.ignored

    def lines(self, now: int) -> list[Line]:
        """All kinds of topics, the most numerous first. `now`: UTC ns."""
        out = [
            self._line(template, len(topics), tally, index, now)
            for (index, template), (tally, topics) in self._read.items()
        ]
        if self._folded_of != len(self._unread):
            self._folded, self._folded_of = fold(list(self._unread), self._shapes), len(self._unread)
        for family in self._folded:
            tally = _Tally()
            for topic in family.topics:
                tally.add(self._unread[topic])
            text = family.text if len(family.topics) > 1 else family.topics[0]
            out.append(self._line(text, len(family.topics), tally, -1, now))
        if self._further.count:
            out.append(self._line(_FURTHER, len(self._further_topics), self._further, -1, now))
        return sorted(out, key=lambda line: (-line.messages, line.topics))

    def _line(self, text: str, topics: int, tally: _Tally, index: int, now: int) -> Line:
        assert tally.last is not None
        since = now // 1_000_000_000 - _RATE_SECS
        recent = {at: count for at, count in tally.seconds.items() if at >= since}
        span = max(now // 1_000_000_000 - min(recent, default=0), 1) if recent else 1
        shown_topic, payload = self._redacted(tally.last, index)
        profile = "" if index < 0 else self._compiled[index].name
        why = self._nearest(text, tally.last) if index < 0 and text != _FURTHER else ""
        if index < 0 and topics == 1 and text != _FURTHER:
            text = shown_topic
        return Line(
            tidy(text, 200), topics, tally.count, sum(recent.values()) / span, tally.bytes / tally.count, tally.longest,
            tuple(sorted(tally.qos)), tally.retained, profile, tally.decoded, tally.readings, dict(tally.faults), why,
            tidy(shown_topic, 200), tidy(shown_payload(payload, 200), 200),
        )  # fmt: skip

    def _redacted(self, heard: Heard, index: int) -> tuple[str, bytes]:
        content, _ = content_of(heard.payload, self._bounds)
        if index < 0:
            return self._strangers.redact(heard.topic, content)
        topic, payload = self._compiled[index].redact(heard.topic, heard.payload)
        return topic, content_of(payload, self._bounds)[0]

    def _nearest(self, text: str, heard: Heard) -> str:
        """Looked for once a kind of topic: it costs every profile's decoder a message."""
        if text not in self._why:
            if len(self._why) > self.MOST_TOPICS:
                self._why.clear()
            found = nearest(self._compiled, heard)
            self._why[text] = f"nearest {found.profile}: {found.what}" if found.profile else found.what
        return self._why[text]
