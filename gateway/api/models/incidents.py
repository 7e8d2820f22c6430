"""Incidents: troubles with everything that belongs to them."""

from gateway.api.models.base import Document, Next, Time, TimeOrNone, example

__all__ = ["IncidentWithHistory", "Incidents"]

_INCIDENT = {
    "incident": "9a41c07be2d95f13", "state": "open", "since": "2026-03-01T23:15:00.000000000Z",
    "at": "2026-03-01T23:16:10.000000000Z", "priority": 1, "parts": 3, "standing": 2, "reports": 1,
    "cause": "5f0c2a91d3b4e677", "cause_type": "alarm", "cause_kind": "gas.lel", "cause_asset": "tunnel-3",
    "zone": "tianhe", "domains": ["gas"], "into": None,
}  # fmt: skip


class IncidentDocument(Document):
    """An incident as it stands."""

    model_config = example(_INCIDENT)

    incident: str
    state: str
    """open, closing (all of it is over), closed, or merged (into another)."""
    since: Time
    at: Time
    """Of its newest change."""
    priority: int
    parts: int
    standing: int
    """Parts that are not over."""
    reports: int
    """Parts that are citizens' reports."""
    cause: str
    """The likely first cause: an alarm or a report."""
    cause_type: str
    cause_kind: str
    """Condition, or kind of report."""
    cause_asset: str
    zone: str
    domains: list[str]
    into: str | None
    """The one that it was merged into."""


class Incidents(Document):
    """A page of incidents: open ones by priority, all of them the newest first."""

    model_config = example({"incidents": [_INCIDENT], "next": None})

    incidents: list[IncidentDocument]
    next: Next


class PartDocument(Document):
    """An alarm or a report that belongs to an incident."""

    part_type: str
    part: str
    kind: str
    asset: str
    began: Time
    over: TimeOrNone


class IncidentChangeDocument(Document):
    """Something that happened to an incident."""

    incident: str
    change: str
    """opened, joined, over, again, priority, cause, closing, closed, reopened, merged."""
    state: str
    at: Time
    now: Time
    priority: int
    parts: int
    standing: int
    reports: int
    cause: str
    part_type: str
    part: str
    part_kind: str
    part_asset: str
    part_began: TimeOrNone
    into: str | None


class IncidentWithHistory(IncidentDocument):
    """An incident with its parts and what happened; of one that was merged, the one it is part of."""

    model_config = example({**_INCIDENT, "asked": "9a41c07be2d95f13", "history": [], "members": [
        {"part_type": "alarm", "part": "5f0c2a91d3b4e677", "kind": "gas.lel", "asset": "tunnel-3",
         "began": "2026-03-01T23:15:00.000000000Z", "over": None},
    ]})  # fmt: skip

    asked: str
    """The id that was asked for."""
    members: list[PartDocument]
    history: list[IncidentChangeDocument]
    """The oldest first."""
