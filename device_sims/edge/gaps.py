"""The gaps in one edge node's numbers, as whoever counts them sees them, and which of them a request for births ends.

    lost --> (unseen) --a numbered message arrives--> gap --births that were asked for--> answered
                                                       `---born by itself, or gone-----> moot: it may have been asked

Messages that are lost while a gap stands belong to it: births name everything anew, so one request mends all of them.
Source: Eclipse Sparkplug 3.0, 5.9 and tck-id-operational-behavior-host-reordering-rebirth.
"""

from dataclasses import dataclass

__all__ = ["Gaps"]


@dataclass(slots=True)
class Gaps:
    """Of one node. Never called concurrently."""

    lost: int = 0
    """Numbers that were used and never sent."""
    missing: int = 0
    """Those of them that a later number has shown."""
    gaps: int = 0
    answered: int = 0
    moot: int = 0
    unasked: int = 0
    """Requests without a gap."""
    _unseen: int = 0
    _open: bool = False

    def lose(self) -> None:
        """A number is used and nothing sent."""
        self.lost += 1
        self._unseen += 1

    def arrive(self) -> None:
        """A numbered message that is no birth of the node went out."""
        if self._unseen:
            self.missing += self._unseen
            self._unseen = 0
            if not self._open:
                self.gaps, self._open = self.gaps + 1, True

    def born(self, *, asked: bool) -> None:
        """The node is born anew."""
        if self._open and asked:
            self.answered += 1
        elif asked:
            self.unasked += 1
        self._close(moot=not asked)

    def gone(self) -> None:
        """The session is over."""
        self._close(moot=True)

    def _close(self, *, moot: bool) -> None:
        self.moot += self._open and moot
        self._open, self._unseen = False, 0
