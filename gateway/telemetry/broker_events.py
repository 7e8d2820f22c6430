"""The part of the catalogue about the brokers that we subscribe to."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.telemetry.event import Event, Level

__all__ = [
    "BrokerConnected",
    "BrokerConnectionLost",
    "BrokerDroppedMessagesError",
    "BrokerPassesOnAgain",
    "BrokerSilentError",
    "BrokerUnreachable",
    "CanaryUnusable",
    "SentAwayByBrokerError",
    "SessionLostError",
    "SubscriptionGranted",
    "SubscriptionRefusedError",
    "SubscriptionWeakened",
]


@dataclass(frozen=True, slots=True)
class BrokerConnected(Event):
    """Connected and subscribed."""

    COUNTER: ClassVar[str] = "broker_connections"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    address: str
    session_present: bool
    after_secs: float


@dataclass(frozen=True, slots=True)
class BrokerConnectionLost(Event):
    """The connection ended without our doing; the broker holds what comes."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "broker_connections_lost"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    problem: str


@dataclass(frozen=True, slots=True)
class BrokerUnreachable(Event):
    """No connection yet; tried again by backoff."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "broker_connection_failures"
    source: str
    address: str
    problem: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class SubscriptionRefusedError(Event):
    """The broker doesn't let us subscribe to a filter: what is published there never comes."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "subscriptions_refused"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    filter: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SubscriptionGranted(Event):
    """A filter that was refused is granted after all."""

    COUNTER: ClassVar[str] = "subscriptions_granted_late"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    filter: str


@dataclass(frozen=True, slots=True)
class SentAwayByBrokerError(Event):
    """The broker refuses or disconnects us, and somebody has to do something; it is tried again, ever more rarely."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "broker_sent_us_away"
    EVERY_SECS: ClassVar[float] = 10.0
    source: str
    reason: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class BrokerSilentError(Event):
    """The broker answers and passes nothing on: what was published meanwhile may be lost. It is connected to anew."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "broker_silences"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class BrokerPassesOnAgain(Event):
    """A broker that was silent passes on what is published."""

    COUNTER: ClassVar[str] = "broker_silences_over"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str


@dataclass(frozen=True, slots=True)
class CanaryUnusable(Event):
    """Whether the broker passes on what is published can't be watched: its rules forbid it."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "canaries_unusable"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SessionLostError(Event):
    """The broker has forgotten our session: what came while we were away (`seconds`) is lost."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "broker_sessions_lost"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SubscriptionWeakened(Event):
    """The broker grants less than was asked for: a lower quality of service, or a shorter session."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "subscriptions_weakened"
    EVERY_SECS: ClassVar[float] = 0.0
    source: str
    filter: str
    problem: str


@dataclass(frozen=True, slots=True)
class BrokerDroppedMessagesError(Event):
    """The broker's own counters say that it dropped `n` more messages."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "broker_dropped_messages"
    AMOUNT: ClassVar[str] = "n"
    source: str
    n: int
