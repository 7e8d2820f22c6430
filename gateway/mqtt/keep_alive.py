"""Pings: that the broker is there, and that what left before one has arrived. Pure; `now` is monotonic seconds.

A ping goes out every half keep-alive, whether or not anything else is sent, and at once where somebody wants proof. One
that is not answered for as long, with nothing else coming either, means that nobody is there: a cut that neither side
was told of (half-open) is found within one keep-alive.
"""

__all__ = ["KeepAlive"]

CONFIRM_SECS = 1.0
"""A ping that proves the arrival of PUBACKs is sent at most this often, but for each receive maximum of them."""


class KeepAlive:
    """Of one connection at a time; `begin` when it is accepted."""

    def __init__(self) -> None:
        self.answered_at = 0.0
        """When the newest answered ping was sent."""
        self._pings: list[tuple[int, float]] = []
        self._heard_at = self._ping_at = 0.0
        self._half = 0.0

    @property
    def asking(self) -> bool:
        """A ping is not answered yet."""
        return bool(self._pings)

    def begin(self, secs: float, now: float) -> None:
        """A connection is accepted, with this keep-alive."""
        self._half = secs / 2
        self._heard_at = self._ping_at = now

    def end(self) -> None:
        """The connection is gone."""
        self._pings.clear()

    def heard(self, now: float) -> None:
        """Something came, or nothing can because of us."""
        self._heard_at = now

    def sent(self, number: int, now: float) -> None:
        """A ping leaves; `number` is what its answer will prove."""
        self._pings.append((number, now))
        self._ping_at = now

    def answered(self) -> int:
        """The oldest ping is answered; gives its number."""
        number, self.answered_at = self._pings.pop(0)
        return number

    def problem(self, now: float) -> str:
        """Why nobody seems to be there; "" where somebody does."""
        # the oldest unanswered one counts: others may follow it in any number
        if self._pings and now - max(self._heard_at, self._pings[0][1]) > self._half:
            return f"no PINGRESP and nothing else for {self._half:.0f} s"
        return ""

    def due(self, now: float, *, proof: bool) -> bool:
        """Whether to ping. proof: there is something to prove."""
        return not self._pings and now - self._ping_at >= (min(CONFIRM_SECS, self._half) if proof else self._half)
