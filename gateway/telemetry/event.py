"""What an internal event is: one small dataclass each, `<Noun><PastVerb>[Error]`.

`Telemetry.emit` writes the log line and moves the counter. WARNING = nothing is lost; ERROR (and the name ends in
`Error`) = data is lost or an operator is needed. Labels have closed lists of values; all else is in the log only.
The log text is the class name in words: `StoreHaltedError` says "store halted".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

__all__ = ["Event", "Level"]


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
