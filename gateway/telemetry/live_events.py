"""The part of the catalogue about who listens and who is told: the live hub's publisher, and notifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gateway.telemetry.event import Event, Level

__all__ = [
    "LiveEventsLost",
    "LivePublisherConnected",
    "LivePublisherUnreachable",
    "NotificationFailedError",
    "NotificationRetrying",
    "NotificationSent",
]

NOTIFICATIONS = frozenset({"alarm", "escalation", "reminder"})


@dataclass(frozen=True, slots=True)
class LivePublisherConnected(Event):
    """Latest values, windows and alarm states are being published."""

    COUNTER: ClassVar[str] = "live_publisher_connections"
    EVERY_SECS: ClassVar[float] = 0.0
    address: str


@dataclass(frozen=True, slots=True)
class LivePublisherUnreachable(Event):
    """Nothing live is published for now; tried again by backoff."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "live_publisher_failures"
    address: str
    problem: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class LiveEventsLost(Event):
    """The broker takes live messages slower than they come: some were left out, and all states are told again."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "live_events_lost"
    AMOUNT: ClassVar[str] = "events"
    events: int


@dataclass(frozen=True, slots=True)
class NotificationSent(Event):
    """Somebody was told of an alarm."""

    COUNTER: ClassVar[str] = "notifications_sent"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"kind": NOTIFICATIONS})
    channel: str
    kind: str
    message: str
    items: int


@dataclass(frozen=True, slots=True)
class NotificationRetrying(Event):
    """A channel did not take a message; it is tried again."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "notification_retries"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"kind": NOTIFICATIONS})
    channel: str
    kind: str
    message: str
    problem: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class NotificationFailedError(Event):
    """A message was given up: nobody was told on this channel. `cityloom notifications list` has it."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "notifications_failed"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"kind": NOTIFICATIONS})
    EVERY_SECS: ClassVar[float] = 0.0
    channel: str
    kind: str
    message: str
    problem: str
