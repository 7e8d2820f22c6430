"""How late the freshest of all devices' messages are: a backlog of ours is worked off, the error of a clock stays.

delay   ____              ____________
       |    \\            |                 our clock is fast: constant
_______|     \\___  ______|
       a backlog
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

__all__ = ["CommonDelay"]

_SETTLED = 5
"""Times the bound: a backlog that is worked off a fifth faster than new messages come has become smaller by more than
the bound meanwhile."""


@dataclass(slots=True)
class CommonDelay:
    """Times are UTC ns, delays ns. Part of the engine's state."""

    newest: int = 0
    """Newest event time of a device whose clock is not ahead."""
    since: int = -1
    """Receipt since which the delay has been about the same; -1: there was none."""
    delay: int = 0
    """What it was then."""

    def constant_since(self, newest_receipt: int, bound: int) -> int:
        """Since which receipt all messages are late by the same, more than `bound`; -1: they are not, or not for long.

        To be asked now and then, with the receipt of the newest message of any device.
        """
        if not self.newest:
            return -1
        delay = newest_receipt - self.newest
        if self.since < 0 or abs(delay - self.delay) > bound:
            self.since, self.delay = newest_receipt, delay
        return self.since if delay > bound and newest_receipt - self.since >= _SETTLED * bound else -1

    def snapshot(self) -> tuple[int, int, int]:
        """What `restore` takes."""
        return astuple(self)

    @classmethod
    def restore(cls, state: Sequence[int]) -> Self:
        """What gave `state`; a new one where that is empty."""
        return cls(*state)
