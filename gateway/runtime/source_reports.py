"""Reports of the MQTT sources as events of the catalogue, and what readiness needs to remember of them."""

from collections.abc import Callable

from gateway.mqtt.reason_codes import reason_of
from gateway.telemetry.broker_events import (
    BrokerConnected,
    BrokerConnectionLost,
    BrokerDroppedMessagesError,
    BrokerPassesOnAgain,
    BrokerSilentError,
    BrokerUnreachable,
    CanaryUnusable,
    SentAwayByBrokerError,
    SessionLostError,
    SubscriptionGranted,
    SubscriptionRefusedError,
    SubscriptionWeakened,
)
from gateway.telemetry.telemetry import Telemetry

__all__ = ["SourceReports"]

_SILENT = "Look at the broker's log, and at its nodes in a cluster; or its rules let us not read that topic any more."
_ALLOW = 'Let the broker allow this user to write and read it, or write canary = "off".'


class SourceReports:
    """Reports of all sources, as events of the catalogue. Remembers which filters were refused, for readiness."""

    def __init__(
        self, telemetry: Telemetry, *, session_expected: bool, lost: Callable[[str, int], None] = lambda *_: None
    ) -> None:
        """`lost` is told how many messages a source's broker dropped, for the ledger."""
        self.refused: dict[str, set[str]] = {}
        self._silent: set[str] = set()
        self._lost = lost
        self._telemetry = telemetry
        self._session_expected = session_expected

    def connected(self, source: str, address: str, *, session_present: bool, after_secs: float) -> None:
        """Connected and subscribed."""
        self._telemetry.emit(BrokerConnected(source, address, session_present, after_secs))

    def unreachable(self, source: str, address: str, problem: str, retry_in: float) -> None:
        """No connection came about."""
        self._telemetry.emit(BrokerUnreachable(source, address, problem, retry_in))

    def connection_lost(self, source: str, problem: str, retry_in: float) -> None:
        """The connection ended; it is tried again."""
        self._telemetry.emit(BrokerConnectionLost(source, problem))

    def sent_away(self, source: str, code: int | None, problem: str, remedy: str) -> None:
        """The broker wants us gone, and it won't pass by itself."""
        reason = "none given" if code is None else f"0x{code:02X} {reason_of(code).text}"
        self._telemetry.emit(SentAwayByBrokerError(source, reason, problem, remedy))

    def canary_silent(self, source: str, problem: str) -> None:
        """The broker answers and passes nothing on."""
        self._silent.add(source)
        self._telemetry.emit(BrokerSilentError(source, problem, _SILENT))

    def canary_returned(self, source: str) -> None:
        """What we publish comes back."""
        if source in self._silent:
            self._silent.discard(source)
            self._telemetry.emit(BrokerPassesOnAgain(source))

    def canary_unusable(self, source: str, problem: str) -> None:
        """Nothing is made of the canary's silence."""
        self._silent.discard(source)
        self._telemetry.emit(CanaryUnusable(source, problem, _ALLOW))

    def subscribe_refused(self, source: str, pattern: str, code: int) -> None:
        """What is published by this filter does not come."""
        self.refused.setdefault(source, set()).add(pattern)
        meant = reason_of(code)
        reason = f"0x{code:02X} {meant.text}"
        self._telemetry.emit(SubscriptionRefusedError(source, pattern, reason, meant.remedy))

    def subscribe_granted(self, source: str, pattern: str) -> None:
        """A filter that was refused is granted now."""
        self.refused.get(source, set()).discard(pattern)
        self._telemetry.emit(SubscriptionGranted(source, pattern))

    def qos_lowered(self, source: str, pattern: str) -> None:
        """QoS 0 was granted where 1 was asked."""
        self._telemetry.emit(SubscriptionWeakened(source, pattern, "granted at QoS 0 only: it can lose messages"))

    def session_lost(self, source: str, seconds: float | None) -> None:
        """The broker forgot our session."""
        if self._session_expected:
            self._telemetry.emit(SessionLostError(source, seconds if seconds is not None else -1.0))

    def session_shortened(self, source: str, seconds: int) -> None:
        """The broker keeps our session for less than asked."""
        self._telemetry.emit(SubscriptionWeakened(source, "", f"the broker keeps our session for {seconds} s only"))

    def window_exceeded(self, source: str, in_flight: int, receive_maximum: int) -> None:
        """The broker sends more than we asked for; it is held back by not reading."""
        problem = f"{in_flight} messages in flight, {receive_maximum} were asked for: held back by not reading"
        self._telemetry.emit(SubscriptionWeakened(source, "", problem))

    def dropped_at_broker(self, source: str, count: int) -> None:
        """The broker admits that it dropped messages."""
        self._telemetry.emit(BrokerDroppedMessagesError(source, count))
        self._lost(source, count)

    def watch_refused(self, source: str) -> None:
        """The broker does not say what it drops; nothing follows from that."""
