"""When to commit what has come: at once, or a little later and more of it together.

A commit costs the same fixed 0.2 ms of CPU and one sync for one message or for a hundred (measured; a message adds
0.8 us). Where messages come in numbers it pays to wait a few milliseconds, but never for messages that can't come: a
broker stops at its window of unacknowledged messages, and only our PUBACKs make it go on. That window can't be asked
for. So the most that was seen in flight stands for it: where that is reached again nothing is waited for, but a moment
for the other connections, so that their messages share the commit. Seen too high (the broker that was reconnected to
has a smaller one), it costs a few waits, at the end of which the same number is in flight each time, and is corrected.
"""

from collections.abc import Mapping

__all__ = ["Gathering"]

GATHER_SECS = 0.020
OTHERS_SECS = 0.005
ENOUGH_ROWS = 2_000
BUSY_RATE = 300.0
"""Rows a second; below, a wait brings three rows together at best, and would only be latency."""
_STALLS = 3
"""Waits that end with one number in flight: by so many it is the window, and no chance."""


class Gathering:
    """Of one inbox. `in_flight`: by source, messages whose PUBACK has not left."""

    def __init__(self) -> None:
        self._most: dict[int, int] = {}
        self._stalled: dict[int, tuple[int, int]] = {}
        """By source: in flight at the end of the newest wait, and how many waits ended so."""
        self._busy = False
        self._committed_at = 0.0

    def came(self, source: int, in_flight: int) -> None:
        """A source handed rows over."""
        if in_flight > self._most.get(source, 0):
            self._most[source] = in_flight

    def due_at(self, first_at: float, rows: int, in_flight: Mapping[int, int]) -> float:
        """When to commit `rows`, the first of which came at `first_at` (monotonic seconds); may have passed."""
        if not self._busy or rows >= ENOUGH_ROWS:
            return first_at
        full = [source for source, most in self._most.items() if 0 < most <= in_flight.get(source, 0)]
        if not full:
            return first_at + GATHER_SECS
        return first_at if len(full) == len(self._most) else first_at + OTHERS_SECS

    def waited(self, in_flight: Mapping[int, int]) -> None:
        """The time is over and not every window was full."""
        for source in {*self._most, *in_flight}:
            number = in_flight.get(source, 0)
            before, times = self._stalled.get(source, (0, 0))
            times = times + 1 if number == before else 1
            self._stalled[source] = number, times
            if times < _STALLS:
                continue
            if number:
                self._most[source] = number
            else:  # it fell silent: nobody waits for it
                self._most.pop(source, None)
                del self._stalled[source]

    def committed(self, now: float, rows: int) -> None:
        """`rows` became durable; what comes next is gathered where they came fast."""
        self._busy = rows >= BUSY_RATE * (now - self._committed_at)
        self._committed_at = now
