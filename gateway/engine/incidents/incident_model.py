"""What an incident is: one trouble with everything that belongs to it, and the changes that everybody else sees.

OPEN --all parts over--> CLOSING --quiet--> CLOSED --long enough--> forgotten
  ^_______reopened__________|__________________|          any of them --MERGED--> into another
"""

import hashlib
from enum import StrEnum

import msgspec

__all__ = ["Head", "Incident", "IncidentChange", "IncidentEvent", "IncidentState", "Part", "PartType", "incident_id"]

_MINUTE = 60_000_000_000


class IncidentState(StrEnum):
    """Where an incident is."""

    OPEN = "open"
    CLOSING = "closing"
    """All of it is over; it waits whether that stays so."""
    CLOSED = "closed"
    MERGED = "merged"
    """It turned out to be part of another one."""


class IncidentEvent(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    JOINED = "joined"
    """An alarm or a report is part of it too."""
    OVER = "over"
    """A part of it is over."""
    AGAIN = "again"
    """A part that was over came again."""
    PRIORITY = "priority"
    """Another one is the most urgent."""
    CAUSE = "cause"
    """Another part is the likely first cause."""
    CLOSING = "closing"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"


class PartType(StrEnum):
    """What a part is."""

    ALARM = "alarm"
    REPORT = "report"


class Part(msgspec.Struct):
    """An alarm or a report as part of an incident. Changed in place by `Incidents`."""

    key: str
    type: str
    id: str
    """Of the alarm (the newest one where it came again) or of the report."""
    kind: str
    """Condition, or kind of report."""
    asset: str
    zone: str
    domain: str
    priority: int
    depth: int
    """Place in the asset graph: 0 a network zone, 1 an asset, 2 a device, 3 a citizen's word."""
    began: int
    latest: int
    """When it began last."""
    tokens: tuple[str, ...]
    """Its place: cells, and what it stands on."""
    over: int = 0
    """UTC ns; 0: it stands."""
    until: int = 0
    """When it is forgotten, should it stay over; 0: not yet."""
    incident: str = ""


class Head(msgspec.Struct, frozen=True, array_like=True, order=True):
    """The first part of one kind and depth: (when it began, which)."""

    began: int
    key: str


class Incident(msgspec.Struct):
    """Changed in place by `Incidents`."""

    id: str
    since: int
    """When its first part began."""
    state: IncidentState = IncidentState.OPEN
    until: int = 0
    """When it is closed, or forgotten, should nothing happen."""
    parts: dict[str, None] = {}
    """Keys, in order of joining; those that were over long ago are dropped but for heads."""
    total: int = 0
    """Parts that it ever had."""
    reports: int = 0
    """How many of them were reports."""
    standing: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0, 0])
    """Parts that are not over, by priority."""
    worst: int = 4
    """The most urgent priority of all."""
    zone: str = ""
    """The first that a part named."""
    domains: list[str] = []
    """Of all parts, by name."""

    @property
    def urgent(self) -> int:
        """The most urgent priority of what stands, or of all where nothing does."""
        return next((k for k, number in enumerate(self.standing) if number), self.worst)

    heads: dict[str, list[Head | None]] = {}
    """By kind, then by depth."""
    cause: str = ""
    """Key of the likely first cause."""


class IncidentChange(msgspec.Struct, frozen=True, array_like=True):
    """One change of one incident. Times are UTC ns: `at` of what happened, `now` of the call."""

    incident: str
    change: str
    state: str
    """After it, and so is all that follows."""
    since: int
    at: int
    now: int
    priority: int
    """The most urgent one of what stands, or of all where nothing does."""
    parts: int
    standing: int
    reports: int
    cause: str
    """Id of the alarm or report that is the likely first cause."""
    cause_type: str
    cause_kind: str
    cause_asset: str
    zone: str
    """Of the cause, or of another part where that one names none."""
    domains: str
    """Of all parts, by name, with commas."""
    part_type: str = ""
    part: str = ""
    """Id of the alarm or report that the change is about."""
    part_kind: str = ""
    part_asset: str = ""
    part_began: int = 0
    into: str = ""
    """The incident that it became part of (merged)."""


def incident_id(key: str, began: int) -> str:
    """Of the incident that a part opens: 16 hexadecimal digits, the minute first: the smallest id is the oldest."""
    digest = hashlib.blake2b(f"{key}\n{began}".encode(), digest_size=8).hexdigest()
    return f"{max(began, 0) // _MINUTE:07x}{digest[:9]}"
