"""The city's clock, from the same three figures that the gateway gets: origin, start, speed."""

import time
from collections.abc import Callable

__all__ = ["CityClock"]


class CityClock:
    """City time in UTC nanoseconds: `origin + (system time - start) * speed`."""

    def __init__(self, origin: int, start: int, speed: float, system: Callable[[], int] = time.time_ns) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.origin = origin
        self.start = start
        self.speed = speed
        self._system = system

    def now(self) -> int:
        """City time, UTC nanoseconds."""
        return self.origin + int((self._system() - self.start) * self.speed)

    def seconds_until(self, moment: int) -> float:
        """Real seconds until the city reads `moment` (UTC ns); negative when it has passed."""
        return (moment - self.now()) / self.speed / 1e9
