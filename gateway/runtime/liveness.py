"""Live or catching up: wall-clock progress (idle lanes, silence) counts only while the source is live.

Live = every source connected and subscribed, the inbox drained, and the newest receipts fresh, all of it for
`idle_timeout`. So an outage of ours makes no pane late and no device silent.
"""

from collections.abc import Callable

__all__ = ["Liveness"]


class Liveness:
    """Times are ns of the engine's clock."""

    def __init__(self, now: Callable[[], int], idle_timeout: int) -> None:
        self._now = now
        self.idle_timeout_ns = idle_timeout
        self._not_since = now()

    def observe(self, *, connected: bool, backlog: bool, newest_event: int, newest_receipt: int) -> bool:
        """Look at the state of things before a call; whether it counts as live."""
        now = self._now()
        stale = newest_receipt > 0 and newest_receipt - newest_event > self.idle_timeout_ns
        if not connected or backlog or stale:
            self._not_since = now
            return False
        return now - self._not_since >= self.idle_timeout_ns
