"""Where topics lead, found once: a number for each topic, and what is known of it in columns. Bounded."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gateway.engine.router import Match, NoMatch, Router

__all__ = ["Routes"]


class Routes:
    """A cache: it changes nothing but the cost. Never called concurrently."""

    MOST = 300_000

    def __init__(self, router: Router) -> None:
        self.match: list[Match | NoMatch] = []
        """Of each route."""
        self.profile = np.empty(0, np.int32)
        """Index of the profile that reads it; -1: none."""
        self.device = np.empty(0, np.int32)
        """Filled in once a message has been decoded, where the topic holds the device's key; before that -1."""
        self._router = router
        self._numbers: dict[str, int] = {}

    def of(self, topics: Sequence[str]) -> NDArray[np.int32]:
        """The route of each topic; numbers of before may mean something else after this."""
        numbers = self._numbers
        try:
            return np.fromiter(map(numbers.__getitem__, topics), np.int32, len(topics))
        except KeyError:
            fresh = [topic for topic in dict.fromkeys(topics) if topic not in numbers]
            if len(numbers) + len(fresh) > self.MOST:
                self._forget()
                fresh = list(dict.fromkeys(topics))
            for topic in fresh:
                self._meet(topic)
            return np.fromiter(map(numbers.__getitem__, topics), np.int32, len(topics))

    def _meet(self, topic: str) -> None:
        match = self._router.match(topic)
        number = self._numbers[topic] = len(self.match)
        self.match.append(match)
        if number == len(self.profile):
            more = np.full(max(256, number), -1, np.int32)
            self.profile, self.device = np.concatenate([self.profile, more]), np.concatenate([self.device, more])
        self.profile[number] = -1 if isinstance(match, NoMatch) else match.profile

    def _forget(self) -> None:
        self._numbers.clear()
        self.match.clear()
        self.profile, self.device = np.empty(0, np.int32), np.empty(0, np.int32)
