"""The part of the catalogue about the stores."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gateway.telemetry.event import Event, Level

__all__ = [
    "DeadLettersPurgedError",
    "PointsRefused",
    "ReadingsDroppedError",
    "StoreCompacted",
    "StoreForgotten",
    "StoreHaltedError",
    "StoreRecovered",
    "StoreRetrying",
]

STORES = frozenset({"duckdb", "influxdb", "records"})


@dataclass(frozen=True, slots=True)
class StoreRetrying(Event):
    """A store did not take a block; the same block goes again."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "store_retries"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    store: str
    problem: str
    retry_in: float
    remedy: str = ""


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
class ReadingsDroppedError(Event):
    """The outbox is full: `readings` that a store lacks, of times from `first` to `last` (UTC), went for good."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "readings_dropped"
    AMOUNT: ClassVar[str] = "readings"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"store": STORES})
    EVERY_SECS: ClassVar[float] = 0.0
    store: str
    readings: int
    first: str
    last: str
    problem: str
    """Of the store."""
    remedy: str


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
