"""The part of the catalogue about who may do what, and the record of it."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.telemetry.event import Event

__all__ = ["AuditHeadNoted"]


@dataclass(frozen=True, slots=True)
class AuditHeadNoted(Event):
    """How long the audit log is and the hash of its last entry: each hour, and at the end, where it is another one.

    `cityloom audit verify` compares with what the data folder has of it, with `--anchor ENTRIES:HASH` what another
    machine has of this line.
    """

    COUNTER: ClassVar[str] = "audit_heads_noted"
    EVERY_SECS: ClassVar[float] = 0.0
    entries: int
    hash: str
