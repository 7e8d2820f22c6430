"""Where topics lead, found once: a number for each topic, and what is known of it in columns. Bounded.

Topics come from outside, so any number of them may come. Those that lead to no device (strangers, devices beyond a
quota, unreadable messages, devices that the payload names) are fewer and forgotten alone: a flood of them leaves the
others what they have.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.engine.router import Match, NoMatch, Router

__all__ = ["Routes"]


class Routes:
    """A cache: it changes nothing but the cost. Never called concurrently."""

    MOST = 300_000
    MOST_LEADING_NOWHERE = 50_000
    MOST_CHARS = 48 << 20
    """Of all topics: a long one would count for many."""

    def __init__(self, router: Router, devices: int = 0) -> None:
        """`devices`: so many may come, each with a topic of its own; none of them is forgotten for the others."""
        self.match: list[Match | NoMatch] = []
        """Of each route."""
        self.profile = np.empty(0, np.int32)
        """Index of the profile that reads it; -1: none."""
        self.device = np.empty(0, np.int32)
        """Filled in once a message has been decoded, where the topic holds the device's key; before that -1."""
        self._router = router
        self._most = max(self.MOST, devices + 2 * self.MOST_LEADING_NOWHERE if devices else 0)
        self._most_chars = self.MOST_CHARS * self._most // self.MOST
        self._numbers: dict[str, int] = {}
        self._chars = 0
        self._settled = 0
        """How many there were when those that led nowhere were forgotten last."""

    def of(self, topics: Sequence[str]) -> NDArray[np.int32]:
        """The route of each topic; numbers of before may mean something else after this."""
        numbers = self._numbers
        try:
            return np.fromiter(map(numbers.__getitem__, topics), np.int32, len(topics))
        except KeyError:
            fresh = [topic for topic in dict.fromkeys(topics) if topic not in numbers]
            if self._make_room(fresh):
                fresh = [topic for topic in dict.fromkeys(topics) if topic not in numbers]
            for topic in fresh:
                self._meet(topic)
            return np.fromiter(map(numbers.__getitem__, topics), np.int32, len(topics))

    def _meet(self, topic: str) -> None:
        match = self._router.match(topic)
        number = self._numbers[topic] = len(self.match)
        self._chars += len(topic)
        self.match.append(match)
        if number == len(self.profile):
            more = np.full(max(256, number), -1, np.int32)
            self.profile, self.device = np.concatenate([self.profile, more]), np.concatenate([self.device, more])
        self.profile[number] = -1 if isinstance(match, NoMatch) else match.profile

    def _make_room(self, fresh: Sequence[str]) -> bool:
        """Forget what has to go before `fresh` come; whether anything went."""
        chars = sum(map(len, fresh))
        if len(self.match) + len(fresh) > self._most or self._chars + chars > self._most_chars:
            self._keep(np.empty(0, np.int64))
            return True
        # looked at again only where enough have come since that it pays
        if len(self.match) + len(fresh) - self._settled <= self.MOST_LEADING_NOWHERE:
            return False
        used = len(self.match)
        somewhere = np.flatnonzero(self.device[:used] >= 0)
        if used - len(somewhere) + len(fresh) <= self.MOST_LEADING_NOWHERE:
            self._settled = len(somewhere)
            return False
        self._keep(somewhere)
        return True

    def _keep(self, which: NDArray[np.int64]) -> None:
        topics = list(self._numbers)  # in order of their numbers: none is ever taken out by itself
        kept = which.tolist()
        self._numbers.clear()
        self._numbers.update((topics[old], new) for new, old in enumerate(kept))
        self._chars = sum(map(len, self._numbers))
        self.match[:] = [self.match[old] for old in kept]
        self.profile, self.device = self.profile[which].copy(), self.device[which].copy()
        self._settled = len(kept)
