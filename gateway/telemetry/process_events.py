"""The part of the catalogue about the process and its journal: from start to stop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gateway.telemetry.event import Event, Level

__all__ = [
    "ConfigurationRefusedError",
    "ConfigurationReloaded",
    "GatewayStarted",
    "InboxFull",
    "JournalWriteFailedError",
    "OutboxFull",
    "RecoveryFinished",
    "ShutdownFinished",
    "ShutdownStarted",
    "SnapshotWritten",
    "WebProcessEndedError",
]


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
class ConfigurationReloaded(Event):
    """Other settings, profiles, devices or conditions are in force, or nothing was another; `restart`: what waits."""

    COUNTER: ClassVar[str] = "reloads"
    EVERY_SECS: ClassVar[float] = 0.0
    offset: int
    """Of the inbox's row that brought it to the engine; -1: the engine goes on as before."""
    secs: float
    changes: Mapping[str, object]
    restart: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class ConfigurationRefusedError(Event):
    """A reload was asked for and what was read can't be used; the old configuration goes on."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "reloads_refused"
    EVERY_SECS: ClassVar[float] = 0.0
    problem: str
    remedy: str
    problems: int
    """How many there are; this is the first."""


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


@dataclass(frozen=True, slots=True)
class WebProcessEndedError(Event):
    """Console and API are away until their process is up again; the gateway goes on."""

    LEVEL: ClassVar[Level] = Level.ERROR
    COUNTER: ClassVar[str] = "web_process_ends"
    code: int
    retry_in: float
