"""Alarms, what happened to them, and what operators do."""

from typing import Annotated

from pydantic import Field

from gateway.api.models.base import Document, Next, Question, Time, TimeOrNone, example
from gateway.engine.alarm_model import Act

__all__ = [
    "ActOnAlarm", "ActOnAlarms", "ActsTaken", "AlarmChangeDocument", "AlarmChanges", "AlarmDocument",
    "AlarmWithHistory", "Alarms",
]  # fmt: skip

_CHANGE = {
    "alarm": "5f0c2a91d3b4e677", "change": "raised", "state": "unacknowledged", "condition": "gas.lel",
    "title": "Combustible gas", "asset": "tunnel-3", "zone": "tianhe", "domain": "gas", "level": 2, "priority": 1,
    "value": 26.5, "at": "2026-03-01T23:15:00.000000000Z", "now": "2026-03-01T23:15:00.412000000Z",
    "since": "2026-03-01T23:15:00.000000000Z", "historic": False, "who": "", "text": "", "until": None,
}  # fmt: skip
_LONGEST_TEXT = 2_000


class AlarmChangeDocument(Document):
    """A change of an alarm, and where that left it."""

    model_config = example(_CHANGE)

    alarm: str
    change: str
    """raised, repeated, level, returned, acknowledged, reset, shelved, unshelved, suppressed, unsuppressed,
    removed_from_service, returned_to_service, commented or retired."""
    state: str
    """After ISA-18.2: normal, unacknowledged, acknowledged, returned, latched, shelved, suppressed, out_of_service."""
    condition: str
    title: str
    """Of the condition."""
    asset: str
    """What it is about: an asset, a device or a zone."""
    zone: str
    domain: str
    level: int
    priority: int
    """1 critical to 4 low."""
    value: float | None
    at: Time
    """Of the readings, or of the act."""
    now: Time
    """When it was judged."""
    since: Time
    """When the condition began."""
    historic: bool
    """It came too late for anybody to act: on record only."""
    who: str
    text: str
    until: TimeOrNone
    """When a shelving ends."""


class NumberedChange(AlarmChangeDocument):
    """One of all changes."""

    model_config = example({**_CHANGE, "number": 812})

    number: int
    """Grows with each change."""


class AlarmDocument(AlarmChangeDocument):
    """An alarm, as its newest change left it."""

    model_config = example({**_CHANGE, "repeats": 0})

    repeats: int
    """How often it came again before it was closed."""


class Alarms(Document):
    """A page of alarms: open ones by priority, all of them the newest first."""

    model_config = example({"alarms": [{**_CHANGE, "repeats": 0}], "next": None})

    alarms: list[AlarmDocument]
    next: Next


class AlarmWithHistory(AlarmDocument):
    """One alarm, and what happened to it."""

    model_config = example({**_CHANGE, "repeats": 0, "history": [_CHANGE]})

    history: list[AlarmChangeDocument]
    """The newest first; 1,000 at most."""


class AlarmChanges(Document):
    """A page of changes, the newest first."""

    model_config = example({"changes": [{**_CHANGE, "number": 812}], "next": None})

    changes: list[NumberedChange]
    next: Next


class ActOnAlarm(Question):
    """What is done."""

    model_config = example({"act": "shelve", "text": "Calibration gas until noon", "for_secs": 7200})

    act: Act
    text: Annotated[str, Field(max_length=_LONGEST_TEXT)] = ""
    """Why, for others: shelve, suppress, out_of_service and comment need it."""
    for_secs: Annotated[float, Field(ge=0, le=30 * 86_400)] = 0.0
    """How long a shelving lasts, in seconds of the city's clock."""


class ActOnAlarms(ActOnAlarm):
    """What is done to several alarms at once: to all of them, or where one is wrong to none."""

    model_config = example(
        {"act": "ack", "alarms": ["5f0c2a91d3b4e677"]},
        {"act": "out_of_service", "condition": "gas.lel", "asset": "tunnel-3", "text": "Detector is being replaced"},
    )

    alarms: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$")]], Field(max_length=1_000)] = Field([])
    """Ids."""
    condition: Annotated[str, Field(max_length=64)] = ""
    """In place of ids: this condition ..."""
    asset: Annotated[str, Field(max_length=128)] = ""
    """... of this asset, device or zone; also beforehand, while nothing is wrong."""


class Target(Document):
    """What an act was about."""

    condition: str
    asset: str


class ActsTaken(Document):
    """Acts that are journaled."""

    model_config = example({"acts": 1, "alarms": [{"condition": "gas.lel", "asset": "tunnel-3"}], "running": True})

    acts: int
    alarms: list[Target]
    running: bool
    """Whether the engine carries them out now, or when the gateway starts."""
