"""How late the freshest of all devices' messages are: a backlog of ours is worked off, the error of a clock stays.

delay   ____              ____________
       |    \\            |                 our clock is fast: constant
_______|     \\___  ______|
       a backlog
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Self

from gateway.engine.registry import Registry
from gateway.engine.timegate import suspect_clock

__all__ = ["CommonDelay"]

_ACTIVE_WITHIN = 3600 * 1_000_000_000
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

    def suspect(self, registry: Registry, now: int, newest_receipt: int, bound: int, live_since: int) -> str:
        """`fast` or `slow` where our own clock is wrong, else "".

        Behind a backlog of ours every device looks slow, and one that speaks seldom does until it speaks again; so
        those are asked that were heard since it was over (`live_since`, -1: not live), or since the delay stays.
        """
        constant = self.constant_since(newest_receipt, bound)
        since = live_since if live_since >= 0 else constant
        # where nobody says anything any more, nothing is known
        since = since if now - newest_receipt <= _SETTLED * bound else -1
        n = len(registry)
        heard = registry.heard[:n]
        return suspect_clock(
            registry.offset[:n], registry.lane[:n], heard > now - _ACTIVE_WITHIN, (heard >= since) & (since >= 0),
            bound, len(registry.lanes),
        )  # fmt: skip

    def snapshot(self) -> tuple[int, int, int]:
        """What `restore` takes."""
        return astuple(self)

    @classmethod
    def restore(cls, state: Sequence[int]) -> Self:
        """What gave `state`; a new one where that is empty."""
        return cls(*state)
