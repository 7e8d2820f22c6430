"""How fast totals grow: of counters that are looked at now and then, by the clock of this process."""

from collections import deque
from collections.abc import Mapping

__all__ = ["Rates"]


class Rates:
    """Counters by name. Over the last `span` seconds; a total that fell (another gateway began) starts anew."""

    def __init__(self, span: float = 10.0) -> None:
        self._span = span
        self._seen: deque[tuple[float, Mapping[str, float]]] = deque()

    def take(self, when: float, totals: Mapping[str, float]) -> None:
        """Totals as they are at `when`, seconds of a clock that never goes back."""
        if self._seen and any(totals.get(name, 0) < value for name, value in self._seen[-1][1].items()):
            self._seen.clear()
        self._seen.append((when, dict(totals)))
        while len(self._seen) > 2 and self._seen[1][0] <= when - self._span:
            self._seen.popleft()

    def per_second(self, name: str) -> float | None:
        """None: it was seen only once."""
        if len(self._seen) < 2:
            return None
        (first, before), (last, now) = self._seen[0], self._seen[-1]
        return (now.get(name, 0) - before.get(name, 0)) / (last - first) if last > first else None
