"""When each message is due, and which connection brings it: arithmetic, so a schedule of any length needs no memory.

Message n is due n / rate seconds after the beginning. It comes from device n % devices, and device d keeps to
connection d % connections. Nothing here looks at what was sent: the schedule is open loop.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Schedule", "Share"]

I64 = NDArray[np.int64]
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """rate: messages a second, 0 = whenever there is room. messages: how many there are at all; None: no end."""

    devices: int
    connections: int
    rate: float
    messages: int | None

    def __post_init__(self) -> None:
        if self.devices < 1 or self.connections < 1 or self.rate < 0:
            raise ValueError("devices and connections must be at least 1, the rate at least 0")
        if self.connections > self.devices:
            raise ValueError(f"{self.connections} connections need at least as many devices, not {self.devices}")
        if self.rate > 1000 * self.devices:
            raise ValueError(
                f"a device speaks at most once a millisecond: {self.rate:g} messages a second need at least "
                f"{int(self.rate / 1000) + 1} devices"
            )

    def due_by(self, elapsed: int) -> int:
        """Messages due within the first `elapsed` ns."""
        if self.rate == 0:
            due = self.messages if self.messages is not None else 1 << 62
        else:
            due = int(elapsed * self.rate / _NS) + 1 if elapsed >= 0 else 0
        return due if self.messages is None else min(due, self.messages)

    def due_times(self, numbers: I64) -> I64:
        """ns after the beginning; meaningless without a rate."""
        return (numbers * (_NS / self.rate)).astype(np.int64)

    def share(self, connection: int) -> "Share":
        """What one connection brings."""
        return Share(self, connection, len(range(connection, self.devices, self.connections)))


@dataclass(frozen=True, slots=True)
class Share:
    """The messages of one connection, counted 0, 1, 2 ... in order of their due times."""

    schedule: Schedule
    connection: int
    devices: int

    def count(self, messages: int) -> int:
        """How many of the first `messages` of the whole schedule are mine."""
        rounds, rest = divmod(messages, self.schedule.devices)
        return rounds * self.devices + max(0, -((self.connection - rest) // self.schedule.connections))

    def numbers(self, first: int, count: int) -> I64:
        """Numbers in the whole schedule of mine from `first` on."""
        rounds, place = np.divmod(np.arange(first, first + count, dtype=np.int64), self.devices)
        numbers: I64 = rounds * self.schedule.devices + self.connection + place * self.schedule.connections
        return numbers
