"""Clocks: `now()` is UTC nanoseconds. Everything that judges event time asks one of these and never the system."""

import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "ScaledClock", "SystemClock"]


class Clock(Protocol):
    """A source of `now`."""

    speed: float
    """City seconds per real second."""

    def now(self) -> int:
        """UTC nanoseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    speed = 1.0

    def now(self) -> int:
        """UTC nanoseconds of the machine."""
        return time.time_ns()


class ManualClock:
    """A clock that tests turn."""

    speed = 1.0

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """UTC nanoseconds, as last set."""
        return self._now

    def advance(self, ns: int) -> None:
        """Turn forward by `ns`."""
        if ns < 0:
            raise ValueError("a clock never goes back")
        self._now += ns


class ScaledClock:
    """The city clock: `now = origin + (system - start) * speed`. Gateway and simulators get the same three figures."""

    def __init__(self, origin: int, start: int, speed: float) -> None:
        self.origin = origin
        self.start = start
        self.speed = speed

    def now(self) -> int:
        """UTC nanoseconds of the city."""
        return self.origin + int((time.time_ns() - self.start) * self.speed)
