"""The catalogue of internal events: one small dataclass each, `<Noun><PastVerb>[Error]`.

`Telemetry.emit` writes the log line and moves the counter. WARNING = nothing is lost; ERROR (and the name ends in
`Error`) = data is lost or an operator is needed. Labels have closed lists of values; all else is in the log only.
The log text is the class name in words: `StoreHaltedError` says "store halted".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from gateway.reasons import Invalid, Rejected, Unstored

__all__ = [
    "EVENTS",
    "BrokerConnected",
    "BrokerConnectionLost",
    "BrokerDroppedMessagesError",
    "BrokerUnreachable",
    "ClockSuspectError",
    "DeadLettersPurgedError",
    "DeviceProvisioned",
    "Event",
    "GatewayStarted",
    "InboxFull",
    "JournalWriteFailedError",
    "LedgerImbalanceError",
    "Level",
    "MessageRejected",
    "OutboxFull",
    "PointsRefused",
    "ReadingsLate",
    "RecoveryFinished",
    "RevisionSkipped",
    "RevisionWritten",
    "SessionLostError",
    "ShutdownFinished",
    "ShutdownStarted",
    "SnapshotWritten",
    "StoreCompacted",
    "StoreForgotten",
    "StoreHaltedError",
    "StoreRecovered",
    "StoreRetrying",
    "SubscriptionRefusedError",
    "SubscriptionWeakened",
]  # fmt: skip

STORES = frozenset({"duckdb", "influxdb", "records"})
LETTER_REASONS = frozenset(str(reason) for reasons in (Rejected, Invalid, Unstored) for reason in reasons)


class Level(StrEnum):
    """How loud an event is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; its fields are what the log line carries."""

    LEVEL: ClassVar[Level] = Level.INFO
    COUNTER: ClassVar[str] = ""
    """Name of the counter without `cityloom_` and `_total`."""
    AMOUNT: ClassVar[str] = ""
    """The field by which the counter grows; one where empty."""
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({})
    """Fields that label the counter, each with every value that it can have."""
    EVERY_SECS: ClassVar[float] = 10.0
    """At most one log line in this time for each set of labels; 0 = all of them. Counters count everything."""


# -- broker ------------------------------------------------------------------------------------------------------------


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


# -- journal -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InboxFull(Event):
    """No more acknowledgements until there is room: the broker holds."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "inbox_full"
    problem: str


@dataclass(frozen=True, slots=True)
class OutboxFull(Event):
    """The engine waits until a store has taken blocks."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "outbox_full"
    problem: str


@dataclass(frozen=True, slots=True)
class JournalWriteFailedError(Event):
    """A write of the journal failed; nothing that it held was acknowledged."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "journal_write_failures"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"journal": frozenset({"inbox", "outbox", "snapshot", "trim", "check", "compact"})}
    )
    journal: str
    problem: str


@dataclass(frozen=True, slots=True)
class GatewayStarted(Event):
    """Everything is open and the sources begin to connect; `health` is the address of health and metrics."""

    COUNTER: ClassVar[str] = "starts"
    EVERY_SECS: ClassVar[float] = 0.0
    version: str
    data_dir: str
    health: str


@dataclass(frozen=True, slots=True)
class RecoveryFinished(Event):
    """The state before the last stop is back."""

    COUNTER: ClassVar[str] = "recoveries"
    EVERY_SECS: ClassVar[float] = 0.0
    steps: int
    rows: int
    secs: float


@dataclass(frozen=True, slots=True)
class SnapshotWritten(Event):
    """The engines' state is on disk."""

    LEVEL: ClassVar[Level] = Level.DEBUG
    COUNTER: ClassVar[str] = "snapshots"
    EVERY_SECS: ClassVar[float] = 0.0
    step: int
    secs: float


# -- messages and readings ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageRejected(Event):
    """A message or a part of it became a dead letter: it is kept, and can be replayed."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "dead_letters"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"reason": LETTER_REASONS})
    reason: str
    profile: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReadingsLate(Event):
    """Readings came after their window had closed; it will be computed again."""

    LEVEL: ClassVar[Level] = Level.DEBUG
    COUNTER: ClassVar[str] = "readings_late"
    AMOUNT: ClassVar[str] = "n"
    n: int


@dataclass(frozen=True, slots=True)
class DeviceProvisioned(Event):
    """A device that nobody listed was met on the wire."""

    COUNTER: ClassVar[str] = "devices_provisioned"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"state": frozenset({"provisioned", "pending"})})
    device: str
    profile: str
    state: str


@dataclass(frozen=True, slots=True)
class ClockSuspectError(Event):
    """Most devices are off in the same direction: it is our own clock that is wrong."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "clock_suspect"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"direction": frozenset({"fast", "slow"})})
    direction: str


@dataclass(frozen=True, slots=True)
class RevisionWritten(Event):
    """Aggregates were computed again after late readings."""

    LEVEL: ClassVar[Level] = Level.DEBUG
    COUNTER: ClassVar[str] = "windows_revised"
    AMOUNT: ClassVar[str] = "windows"
    windows: int


@dataclass(frozen=True, slots=True)
class RevisionSkipped(Event):
    """Windows of some series were not computed again: part of their readings is past its retention."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "revisions_skipped"
    AMOUNT: ClassVar[str] = "series"
    series: int


@dataclass(frozen=True, slots=True)
class LedgerImbalanceError(Event):
    """Messages or readings are not accounted for."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "ledger_imbalances"
    off: str


# -- stores ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoreRetrying(Event):
    """A store did not take a block; the same block goes again."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "store_retries"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    store: str
    problem: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class StoreHaltedError(Event):
    """A store stands until an operator acts; intake goes on."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "store_halts"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    EVERY_SECS: ClassVar[float] = 0.0
    store: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StoreRecovered(Event):
    """A store takes blocks again."""

    COUNTER: ClassVar[str] = "store_recoveries"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    EVERY_SECS: ClassVar[float] = 0.0
    store: str
    secs: float


@dataclass(frozen=True, slots=True)
class StoreForgotten(Event):
    """The configuration no longer has a store: nothing is kept for it, and `waiting` readings never reach it."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "stores_forgotten"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    EVERY_SECS: ClassVar[float] = 0.0
    store: str
    waiting: int


@dataclass(frozen=True, slots=True)
class DeadLettersPurgedError(Event):
    """The dead letters' bound is reached: the oldest `letters` went for new ones, and can't be replayed any more."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "dead_letters_purged"
    AMOUNT: ClassVar[str] = "letters"
    letters: int
    purged: int
    """In all, ever."""
    held: int


@dataclass(frozen=True, slots=True)
class StoreCompacted(Event):
    """A store dropped what is past its retention and merged what was superseded."""

    COUNTER: ClassVar[str] = "store_compactions"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    EVERY_SECS: ClassVar[float] = 0.0
    store: str
    days_dropped: int
    readings_dropped: int
    rows_saved: int


@dataclass(frozen=True, slots=True)
class PointsRefused(Event):
    """A store will never take these points; they are dead letters now."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "points_refused"
    AMOUNT: ClassVar[str] = "points"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    store: str
    points: int
    detail: str


# -- the process -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShutdownStarted(Event):
    """Nothing new is taken in; what was is worked off."""

    COUNTER: ClassVar[str] = "shutdowns_started"
    EVERY_SECS: ClassVar[float] = 0.0


@dataclass(frozen=True, slots=True)
class ShutdownFinished(Event):
    """Everything is on disk."""

    COUNTER: ClassVar[str] = "shutdowns_finished"
    EVERY_SECS: ClassVar[float] = 0.0
    secs: float


EVENTS: tuple[type[Event], ...] = tuple(
    kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
)
"""Every event there is."""
