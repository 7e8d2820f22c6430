"""Citizens' reports."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.models.base import Document, Next, Question, Time, TimeOrNone, example

__all__ = ["Advancing", "Contact", "NewReportQuestion", "ReportAdvanced", "ReportTaken", "ReportWithHistory", "Reports"]

_REPORT = {
    "report": "r-5f0c2a91", "state": "received", "kind": "gas-smell", "domain": "gas", "priority": 1, "lon": 113.3245,
    "lat": 23.1351, "cell": "8941187a5d3ffff", "zone": "tianhe", "asset": "", "since": "2026-03-01T23:14:00.000000000Z",
    "at": "2026-03-01T23:14:00.000000000Z", "target": "accept", "due": "2026-03-01T23:29:00.000000000Z", "late": "",
    "text": "Smell of gas at the corner", "has_contact": True, "incident": "9a41c07be2d95f13",
}  # fmt: skip


class ReportDocument(Document):
    """A report as it stands."""

    model_config = example(_REPORT)

    report: str
    state: str
    """received, accepted, dispatched, resolved, confirmed, reopened."""
    kind: str
    domain: str
    priority: int
    lon: float | None
    lat: float | None
    cell: str
    zone: str
    asset: str
    since: Time
    """When it was reported."""
    at: Time
    """Of its newest change."""
    target: str
    """What is to be done next within a time: accept, resolve; empty: nothing."""
    due: TimeOrNone
    late: str
    """due_soon or overdue; empty: neither."""
    text: str
    has_contact: bool
    incident: str | None


class Reports(Document):
    """A page of reports: unresolved ones by priority and what is due first, all of them the newest first."""

    model_config = example({"reports": [_REPORT], "next": None})

    reports: list[ReportDocument]
    next: Next


class ReportChangeDocument(Document):
    """Something that happened to a report."""

    change: str
    state: str
    at: Time
    now: Time
    target: str
    due: TimeOrNone
    who: str
    note: str


class ReportWithHistory(ReportDocument):
    """A report with what happened to it."""

    model_config = example({**_REPORT, "contact": "138***00", "history": [
        {"change": "received", "state": "received", "at": "2026-03-01T23:14:00.000000000Z",
         "now": "2026-03-01T23:14:00.200000000Z", "target": "accept", "due": "2026-03-01T23:29:00.000000000Z",
         "who": "Chen", "note": ""},
    ]})  # fmt: skip

    contact: str
    """Masked: 138***00. Who may see all of it asks for it by itself."""
    history: list[ReportChangeDocument]
    """The oldest first."""


class Contact(Document):
    """How to reach who reported."""

    model_config = example({"report": "r-5f0c2a91", "contact": "13800138000"})

    report: str
    contact: str
    """Empty: nothing is known."""


class NewReportQuestion(Question):
    """A report to be taken down. It says where: a point, an asset, or a zone."""

    model_config = example({
        "kind": "gas-smell", "text": "Smell of gas at the corner", "lon": 113.3245, "lat": 23.1351, "zone": "tianhe",
        "contact": "13800138000",
    })  # fmt: skip

    kind: Annotated[str, Field(min_length=1, max_length=64)]
    """As incidents.toml has them, such as gas-smell."""
    text: Annotated[str, Field(max_length=2_000)] = ""
    id: Annotated[str, Field(pattern=r"^(|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$")] = ""
    """Your own id, so that the same report sent twice is one; given where it is empty."""
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    asset: Annotated[str, Field(max_length=64)] = ""
    zone: Annotated[str, Field(max_length=64)] = ""
    contact: Annotated[str, Field(max_length=200)] = ""
    """How to reach who reported. It is masked to all but those who may see it."""
    at: Annotated[str, Field(max_length=64)] = ""
    """When it was reported, RFC 3339 with an offset; empty: now."""


class ReportTaken(Document):
    """A report that is journaled."""

    model_config = example({"report": "r-5f0c2a91", "known": False, "running": True})

    report: str
    known: bool
    """There was one with this id before: nothing was done."""
    running: bool


class Advancing(Question):
    """How far a report has come."""

    model_config = example({"state": "dispatched", "note": "Team 4 is on the way"})

    state: Literal["accepted", "dispatched", "resolved", "confirmed", "reopened"]
    note: Annotated[str, Field(max_length=2_000)] = ""


class ReportAdvanced(Document):
    """A step that is journaled."""

    model_config = example({"report": "r-5f0c2a91", "state": "dispatched", "running": True})

    report: str
    state: str
    running: bool
