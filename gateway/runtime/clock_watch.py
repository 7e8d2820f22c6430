"""Whether our own clock is wrong: what the devices say of it, and what we see ourselves.

A clock that is ahead or behind shows in the devices' times, once enough of them have spoken (engine/timegate.py). One
that was set back shows at once: the engine has been told of a later time already. As its `now` never goes back, timers
stand still until the clock has caught up, receipts too, and alarms meanwhile count as old ones.
"""

from gateway.clock import Clock, ManualClock
from gateway.engine.engines import Engines

__all__ = ["ClockWatch"]

SET_BACK = "set back"


class ClockWatch:
    """Of one gateway. Cheap to ask."""

    def __init__(self, clock: Clock, engines: Engines, bound: int) -> None:
        """bound: ns that a clock may be off."""
        self._clock = clock
        self._engines = engines
        self.bound_ns = bound

    @property
    def behind_secs(self) -> int:
        """How far the clock is behind what it said before; 0: it isn't, or a test turns it."""
        behind = self._engines.now - self._clock.now()
        return behind // 1_000_000_000 if behind > self.bound_ns and not isinstance(self._clock, ManualClock) else 0

    @property
    def suspect(self) -> str:
        """`fast`, `slow`, `set back`; "": nothing is wrong with it."""
        return SET_BACK if self.behind_secs else self._engines.zone.clock_suspect

    def reason(self) -> str:
        """Why the gateway isn't ready because of it; "": it is."""
        if behind := self.behind_secs:
            return f"our clock was set back by {behind:,} s: timers stand still until it has caught up"
        return f"our clock looks {self.suspect}" if self.suspect else ""
