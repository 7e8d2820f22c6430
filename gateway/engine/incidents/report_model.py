"""What a citizen's report is: its states, what may be asked of it, and the changes that everybody else sees.

    RECEIVED --> ACCEPTED --> DISPATCHED --> RESOLVED --> CONFIRMED
        |____________|____________^  ^          |             |
                                  |  +------ REOPENED <-------+

Steps may be left out on the way to RESOLVED. Only what is resolved can be confirmed or reopened, by the citizen's word.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self, TypeVar

import msgspec

from gateway.rows import Row

__all__ = [
    "ADD", "ADVANCE", "MOVES", "OVER", "Advance", "NewReport", "ReportChange", "ReportEvent", "ReportState", "Target",
]  # fmt: skip

T = TypeVar("T")

ADD, ADVANCE = "add", "advance"
"""Topics of rows."""


class ReportState(StrEnum):
    """Where a report is."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    """Somebody has it in hand."""
    DISPATCHED = "dispatched"
    """Somebody is on the way, or at it."""
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    """The citizen says so too."""
    REOPENED = "reopened"
    """It was not resolved after all."""


class ReportEvent(StrEnum):
    """A change of a report that is no state: its targets."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


class Target(StrEnum):
    """What is to be done within a time of its kind."""

    NONE = ""
    ACCEPT = "accept"
    RESOLVE = "resolve"


_S = ReportState
OVER = frozenset({_S.RESOLVED, _S.CONFIRMED})
MOVES: Mapping[ReportState, frozenset[ReportState]] = {
    _S.RECEIVED: frozenset({_S.ACCEPTED, _S.DISPATCHED, _S.RESOLVED}),
    _S.ACCEPTED: frozenset({_S.DISPATCHED, _S.RESOLVED}),
    _S.DISPATCHED: frozenset({_S.RESOLVED}),
    _S.RESOLVED: frozenset({_S.CONFIRMED, _S.REOPENED}),
    _S.CONFIRMED: frozenset({_S.REOPENED}),
    _S.REOPENED: frozenset({_S.ACCEPTED, _S.DISPATCHED, _S.RESOLVED}),
}
"""Where one can go from each state."""

ReportId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Who = Annotated[str, msgspec.Meta(max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=2_000)]
Lon = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Lat = Annotated[float, msgspec.Meta(ge=-90, le=90)]


class NewReport(msgspec.Struct, frozen=True):
    """What a row with topic `add` carries."""

    id: ReportId
    """Given by whoever takes the report: the same id again changes nothing."""
    kind: str
    text: Text = ""
    lon: Lon | None = None
    lat: Lat | None = None
    asset: str = ""
    zone: str = ""
    contact: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """How to reach whoever reported: a secret."""
    at: Time = 0
    """UTC ns at which it was reported, where that was before this row came."""
    who: Who = ""
    """Who took it down."""

    @classmethod
    def of(cls, row: Row) -> Self | None:
        """None: it is none."""
        return _decoded(row.payload, cls)

    def __repr__(self) -> str:
        return _masked(self)


class Advance(msgspec.Struct, frozen=True):
    """What a row with topic `advance` carries."""

    report: ReportId
    state: ReportState
    who: Who = ""
    note: Text = ""
    id: str = ""
    """Of the act: one that was seen before changes nothing."""

    @classmethod
    def of(cls, row: Row) -> Self | None:
        """None: it is none."""
        return _decoded(row.payload, cls)


class ReportChange(msgspec.Struct, frozen=True, array_like=True):
    """One change of one report. Times are UTC ns: `at` of the act or the target, `now` of the call."""

    report: str
    change: str
    """A ReportState or a ReportEvent."""
    state: str
    """After it."""
    kind: str
    domain: str
    priority: int
    lon: float | None
    lat: float | None
    cell: str
    """H3, of the resolution in which incidents are linked; "" where no point is known."""
    zone: str
    asset: str
    since: int
    """When it was reported."""
    at: int
    now: int
    target: str
    """What is to be done next (`Target`)."""
    due: int
    """Until when; 0 = no target."""
    who: str = ""
    note: str = ""
    text: str = ""
    """Of the report itself; only said with `received`, as is the contact."""
    contact: str = ""

    def __repr__(self) -> str:
        return _masked(self)


def _masked(report: NewReport | ReportChange) -> str:
    """A repr that shows that there is a contact, and not which: reprs get into logs."""
    shown = msgspec.structs.asdict(report) | ({"contact": "***"} if report.contact else {})
    return f"{type(report).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def _decoded(payload: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
