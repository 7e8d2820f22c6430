"""How long to wait after a connection ended, or none came about, and what somebody has to do about it. Pure.

The waits are those of Backoff. They begin small again after a connection that has stood, unless somebody is needed. Two
gateways under one client id throw each other out in turn, each standing as long as the other waits: so a reason code
that needs somebody keeps the waits growing. Where a broker closes without a word time and again that is a guess only,
and a balancer or a bad line may do it too: the waits grow to some seconds, at which the connections stand again.
"""

from numpy.random import Generator

from gateway.mqtt.backoff import Backoff
from gateway.mqtt.options import MqttOptions
from gateway.mqtt.reporting import Ending
from gateway.mqtt.wire import CLOSED

__all__ = ["STEADY_SECS", "Waits"]

STEADY_SECS = 2.0
"""A connection that was subscribed for so long has worked."""
_LONG_SECS = 60.0
"""One that the broker closes sooner than this without a reason is suspicious."""
_CLOSINGS = 3
"""So many in a row mean something. mosquitto 2.0.11 closes like this where another client comes under the same id."""


class Waits:
    """Of one source."""

    def __init__(self, options: MqttOptions, rng: Generator) -> None:
        self._options = options
        self._backoff = Backoff(options.backoff_min_secs, options.backoff_max_secs, rng)
        self._closings = 0

    def ended(self, stood: float, why: str, ending: Ending | None) -> Ending | None:
        """A connection was subscribed for `stood` seconds; `ending`: what its session said. Gives what it means."""
        if ending is None and why == CLOSED and stood < _LONG_SECS:
            self._closings += 1
            if self._closings >= _CLOSINGS:
                ending = self._unexplained()
        else:
            self._closings = 0
        if stood >= STEADY_SECS:
            if ending is None or not ending.remedy:
                self._backoff.reset()
            elif ending.code is None:
                self._backoff.hold()
        return ending

    def next(self, ending: Ending | None) -> float:
        """Seconds until the next try."""
        slow = ending is not None and ending.code is not None and bool(ending.remedy)
        return self._backoff.next_delay(self._options.backoff_refused_secs if slow else None)

    def _unexplained(self) -> Ending:
        problem = f"the broker closed {self._closings} connections in a row without a reason"
        whose = self._options.client_id
        remedy = f"If another client uses the client id {whose!r}, give each its own; else the broker's log says why."
        return Ending(problem, remedy=remedy)
