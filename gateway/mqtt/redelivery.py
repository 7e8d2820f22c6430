"""Telling what a broker sends again from what is new, by order and content.

After a reconnect with the session resumed the broker first sends again every QoS 1 message whose PUBACK it did not get,
then new ones. Packet ids and the DUP flag can't be relied on (rumqttd renumbers and never sets it). But PUBACKs leave
in receive order, so what it lacks is always a suffix of W, what we were given and have no proof of:

    W, in order      a b c d e f g          acknowledged, acks may be lost
    broker repeats         c d e f g  then new ones      = W[k:], k unknown
    arriving               c d e f g h i
                           ---------  the longest suffix of W that arrives from its first to its last: redelivered

A message that may belong to a suffix is held until the suffix is whole, or until a mismatch shows that there is none,
or a quiet time in which the broker answered a ping (so it is not just slow): then it is new. A duplicate is better than
a loss. Repeated contents are ambiguous (a new message may equal one of W); the longest suffix wins, so a new message is
taken for an old one only if the same topic and payload were handed out within W. All suffixes are followed at once as
bits of one number (Shift-And): bit i is set when the newest arrival equals W[i] and everything before it matched.

A broker's window can be full of messages whose PUBACKs wait behind those of held ones (PUBACKs keep their order); then
the rest of the suffix can't come. It shows as silence that a ping does not break, and the held ones are acknowledged
before their verdict: equal ones are journaled, and they stay held, so that they are handed out should they be new.

rumqttd goes filter by filter: the unacknowledged and then the *new* ones of one filter come before the old ones of the
next. So W is split by filter, and each part is matched by itself; a broker that keeps one order keeps these too.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from gateway.mqtt.topics import matches

__all__ = ["Redelivery", "SuffixMatcher"]

T = TypeVar("T")
_SILENT_PART = 0.25
"""Of the quiet time: the broker sends nothing at all for so long, so its window may be full."""
_CACHE_FROM = 64
"""Occurrences of one content from which its bits are kept: few contents can have as many."""


class SuffixMatcher(Generic[T]):
    """Follows one stream against W. Items are opaque and come back in the order in which they were offered."""

    def __init__(self, candidates: Sequence[Hashable]) -> None:
        self._last = 1 << (len(candidates) - 1) if candidates else 0
        self._places: dict[Hashable, list[int]] = {}
        for place, content in enumerate(candidates):
            self._places.setdefault(content, []).append(place)
        self._bits: dict[Hashable, int] = {}
        self._state = 0
        self._begun = False
        self.done = not candidates
        """No suffix can match any more: everything that follows is new."""
        self.held: list[T] = []

    def offer(self, content: Hashable, item: T) -> tuple[list[T], list[T]]:
        """(redelivered, new): what this arrival settles, oldest first; both empty: held."""
        if self.done:
            return [], [item]
        places = self._mask(content)
        self._state = (self._state << 1) & places if self._begun else places
        self._begun = True
        self.held.append(item)
        if not self._state:
            return [], self.give_up()
        if not self._state & self._last:
            return [], []
        # a suffix is whole: all that arrived is redelivered, whatever a longer one still needs
        self._state &= ~self._last
        redelivered, self.held = self.held, []
        self.done = not self._state
        return redelivered, []

    def give_up(self) -> list[T]:
        """No more is expected: what is held is new."""
        self.done = True
        new, self.held = self.held, []
        return new

    def _mask(self, content: Hashable) -> int:
        mask = self._bits.get(content, 0)
        if not mask:
            places = self._places.get(content, ())
            for place in places:
                mask |= 1 << place
            if len(places) >= _CACHE_FROM:
                self._bits[content] = mask
        return mask


class Redelivery(Generic[T]):
    """W split by filter, one matcher each. Bounded by W: what is held is a part of a copy of it."""

    def __init__(self, candidates: Iterable[tuple[str, bytes]], filters: Sequence[str], quiet: float) -> None:
        self._filters = filters
        self._quiet = quiet
        self._route: dict[str, int] = {}
        parts: dict[int, list[tuple[str, bytes]]] = {}
        for topic, payload in candidates:
            parts.setdefault(self._part(topic), []).append((topic, payload))
        self._matchers = {part: SuffixMatcher[T](contents) for part, contents in parts.items()}
        self._newest: dict[int, float] = {}
        self._newest_of_all = 0.0

    @property
    def done(self) -> bool:
        """Everything that follows is new."""
        return all(matcher.done for matcher in self._matchers.values())

    @property
    def held(self) -> int:
        """Messages without a verdict."""
        return sum(len(matcher.held) for matcher in self._matchers.values())

    def offer(self, topic: str, payload: bytes, item: T, now: float) -> tuple[list[T], list[T]]:
        """(redelivered, new), as SuffixMatcher.offer. now: monotonic seconds."""
        self._newest_of_all = now
        part = self._part(topic)
        matcher = self._matchers.get(part)
        if matcher is None:
            return [], [item]
        self._newest[part] = now
        return matcher.offer((topic, payload), item)

    def stuck(self, now: float, answered: float) -> list[T]:
        """What is held, where the broker is silent though it answered; its quiet time starts again. See tick."""
        silent = now - self._newest_of_all
        if answered < self._newest_of_all or silent < self._quiet * _SILENT_PART:
            return []
        held: list[T] = []
        for part, matcher in self._matchers.items():
            if matcher.held:
                held += matcher.held
                self._newest[part] = now
        return held

    def tick(self, now: float, answered: float, *, blocking: bool = False) -> list[T]:
        """What was held for the quiet time and so is new.

        answered: when the newest answered ping was sent; blocking: PUBACKs wait behind held messages, so that silence
        proves nothing until `stuck` was asked.
        """
        new: list[T] = []
        for part, matcher in self._matchers.items():
            newest = self._newest.get(part, now)
            until = self._newest_of_all if blocking else now
            if matcher.held and until - newest >= self._quiet and answered >= newest:
                new += matcher.give_up()
        return new

    def _part(self, topic: str) -> int:
        part = self._route.get(topic)
        if part is None:
            found = (index for index, pattern in enumerate(self._filters) if matches(pattern, topic))
            part = next(found, -1)
            if len(self._route) < 65_536 and len(topic) <= 1024:
                self._route[topic] = part
        return part
