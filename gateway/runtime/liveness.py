"""Live or catching up: wall-clock progress (idle lanes, silence) counts only while the source is live.

Live = every source connected and subscribed, what came journaled and worked on, the newest receipts fresh, and this
process awake, all of it for `idle_timeout`. So an outage of ours makes no pane late and no device silent.
"""

import math
import time
from collections.abc import Callable

from gateway.clock import Clock, ManualClock

__all__ = ["Liveness", "stall_secs"]

_STALL_SECS = 5.0
"""Less than the shortest time that windows wait for readings out of order."""
_TICKS = 2.5
"""Where nothing comes, it is looked once a tick; else as often as messages have been gathered."""


def stall_secs(clock: Clock, tick_secs: float, gather_secs: float = 0.0) -> float:
    """How long (real seconds) nothing may have moved without that being an outage of ours.

    A recording turns its clock by itself: it goes as far and as fast as it likes.
    """
    if isinstance(clock, ManualClock):
        return math.inf
    return max(_STALL_SECS / clock.speed, _TICKS * max(tick_secs, gather_secs))


class Liveness:
    """Times are ns of the engine's clock."""

    def __init__(
        self, now: Callable[[], int], idle_timeout: int, *, stall_secs: float, speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """speed: of the engine's clock."""
        self._now = now
        self._monotonic = monotonic
        self.idle_timeout_ns = idle_timeout
        self.stall_secs = stall_secs
        self._speed = speed
        self._not_since = now()
        self._looked_now, self._looked_at = self._not_since, monotonic()

    def observe(self, *, connected: bool, backlog: bool, newest_event: int, newest_receipt: int) -> bool:
        """Look at the state of things before a call; whether it counts as live.

        Not where too long has passed since the last look, by either clock: the process stood still, or the machine
        slept, or the clock was set. What came meanwhile waits somewhere yet.
        """
        now, at = self._now(), self._monotonic()
        passed = max(at - self._looked_at, (now - self._looked_now) / 1e9 / self._speed)
        self._looked_now, self._looked_at = now, at
        stale = newest_receipt > 0 and newest_receipt - newest_event > self.idle_timeout_ns
        if not connected or backlog or stale or passed > self.stall_secs:
            self._not_since = now
            return False
        return now - self._not_since >= self.idle_timeout_ns
