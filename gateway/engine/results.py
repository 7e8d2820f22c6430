"""What a call of an engine gives: everything that must survive it, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.incidents.incident_model import IncidentChange
from gateway.engine.incidents.report_model import ReportChange
from processors.columns import AggregateBatch, DirtyPanes, FlagRewrites, ReadingBatch

__all__ = ["DeviceRecord", "EdgeNote", "LedgerDelta", "LedgerKey", "Reject", "SeriesName", "StepResult"]


class LedgerKey(NamedTuple):
    """One account of the ledger. `reason`, `source` and `profile` are "" where they don't apply."""

    book: str
    """`message` or `reading`."""
    term: str
    """decoded, ignored, rejected, shed | decoded, accepted, duplicate, conflict, quarantined, expired, invalid |
    beside."""
    reason: str
    source: str
    profile: str


LedgerDelta = dict[LedgerKey, int]


class Reject(msgspec.Struct, frozen=True, array_like=True):
    """A dead letter: a message that could not be used whole or in part. (offset, reason, device) names it."""

    offset: int
    received_at: int
    reason: str
    detail: str
    """One sentence with path and value; secrets redacted."""
    source: int
    profile: str
    topic: str
    payload: bytes
    device: str = ""


class SeriesName(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The lasting name of a series beside its index in this engine."""

    index: int
    device: str
    quantity: str
    profile: str
    unit: str


class DeviceRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A device as the registry knows it; the newest record of an id stands."""

    id: str
    profile: str
    zone: str
    keys: tuple[str, ...]
    lon: float | None
    lat: float | None
    cell: str
    asset: str
    state: str
    """`known` (from the seeds), `provisioned` (met on the wire) or `pending` (met, waits for an operator)."""
    since: int
    """UTC ns of the row that brought it."""


class EdgeNote(msgspec.Struct, frozen=True, array_like=True):
    """Something about a Sparkplug edge node, or a device of it, that others should do or know."""

    kind: str
    """`rebirth`: ask the node for its births; `online`, `offline`: a birth or a death has said so."""
    group: str
    node: str
    device: str
    """"": the node itself."""
    at: int
    """UTC ns."""
    source: int
    """The connection by which it is heard."""
    why: str = ""


@dataclass(slots=True)
class StepResult:
    """One call's outputs. `checksum` of a call is taken over their encoding, so order within each part is fixed."""

    readings: ReadingBatch = field(default_factory=ReadingBatch.empty)
    rewrites: FlagRewrites = field(default_factory=FlagRewrites.empty)
    aggregates: AggregateBatch = field(default_factory=AggregateBatch.empty)
    dirty: DirtyPanes = field(default_factory=DirtyPanes.empty)
    rejects: Sequence[Reject] = ()
    series: Sequence[SeriesName] = ()
    devices: Sequence[DeviceRecord] = ()
    counts: LedgerDelta = field(default_factory=dict)
    transitions: Sequence[Transition] = ()
    figures: Sequence[Figure] = ()
    reports: Sequence[ReportChange] = ()
    incidents: Sequence[IncidentChange] = ()
    edges: Sequence[EdgeNote] = ()
