"""The part of the catalogue about Sparkplug edge nodes and their devices."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.telemetry.event import Event, Level

__all__ = ["EdgeNodeBorn", "EdgeNodeDied", "RebirthFailed", "RebirthRequested"]


@dataclass(frozen=True, slots=True)
class EdgeNodeBorn(Event):
    """A birth came of an edge node or a device that was not there."""

    COUNTER: ClassVar[str] = "edge_births"
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class EdgeNodeDied(Event):
    """A death was told of an edge node or a device; its device is silent until it is born again."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "edge_deaths"
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class RebirthRequested(Event):
    """An edge node was asked for its births."""

    COUNTER: ClassVar[str] = "rebirths_asked"
    node: str
    why: str


@dataclass(frozen=True, slots=True)
class RebirthFailed(Event):
    """A request for births could not be sent; it is made again while they are missing."""

    LEVEL: ClassVar[Level] = Level.WARNING
    COUNTER: ClassVar[str] = "rebirths_failed"
    node: str
    problem: str
