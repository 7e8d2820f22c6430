"""How many devices may be told of at a moment, so that in a second no more are than were asked for."""

__all__ = ["Pace"]

_INTERVALS = 2.0
"""Worth of these may be carried over: turns come late, and what is left of one is told with the next."""


class Pace:
    """`per_second`: devices; `interval`: seconds between two turns at least."""

    def __init__(self, per_second: float, interval: float) -> None:
        self._per_second = per_second
        self._most = max(per_second * interval * _INTERVALS, 2.0)
        self._room = max(self._most / _INTERVALS, 1.0)
        self._at: float | None = None

    def take(self, now: float) -> int:
        """How many may be told of now, which then are; 0: it is too early for one. now: monotonic seconds."""
        passed = 0.0 if self._at is None else now - self._at
        self._at = now
        room = min(self._room + passed * self._per_second, self._most)
        count = int(room)
        self._room = room - count
        return count
