"""The part of the catalogue about messages, readings and what is computed of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gateway.reasons import Invalid, Rejected, Unstored
from gateway.telemetry.event import Event, Level

__all__ = [
    "ClockSuspectError",
    "DeviceFloodingError",
    "DeviceProvisioned",
    "DevicesRefusedError",
    "LedgerImbalanceError",
    "LettersNotKeptError",
    "MessageRejected",
    "ReadingsLate",
    "RevisionSkipped",
    "RevisionWritten",
]

LETTER_REASONS = frozenset(str(reason) for reasons in (Rejected, Invalid, Unstored) for reason in reasons)


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
class DeviceFloodingError(Event):
    """A device sends faster than one may: messages of it are shed. Told once a device and minute."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "devices_flooding"
    device: str
    profile: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DevicesRefusedError(Event):
    """More devices that nobody listed were met than may be: messages of further ones are dead letters."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "devices_refused"
    AMOUNT: ClassVar[str] = "messages"
    EVERY_SECS: ClassVar[float] = 3600.0
    messages: int
    profile: str
    remedy: str


@dataclass(frozen=True, slots=True)
class LettersNotKeptError(Event):
    """Of a flood of dead letters a sample is kept; the rest is counted, and can't be replayed."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "dead_letters_not_kept"
    AMOUNT: ClassVar[str] = "letters"
    EVERY_SECS: ClassVar[float] = 60.0
    letters: int
    reason: str
    profile: str


@dataclass(frozen=True, slots=True)
class ClockSuspectError(Event):
    """Most devices are off in the same direction, or our clock went back: it is our own clock that is wrong."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "clock_suspect"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"direction": frozenset({"fast", "slow", "set back"})}
    )
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
    """Windows of some series were not computed again: part of their readings is gone, past its retention or dropped."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "revisions_skipped"
    AMOUNT: ClassVar[str] = "series"
    LABELS: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({"reason": frozenset({"retention", "dropped"})})
    series: int
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerImbalanceError(Event):
    """Messages or readings are not accounted for."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "ledger_imbalances"
    off: str
