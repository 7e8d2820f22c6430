"""Profiles as texts, and what a changed one makes of recent messages."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.models.base import Document, Question, Time, TimeOrNone, example
from gateway.api.models.operation import ProblemOfFile
from gateway.workshop.profile_check import MOST_MESSAGES, MOST_TEXT

__all__ = ["ProfileChecked", "ProfileText", "ProfileToCheck"]

_Change = Literal["same", "changed", "new", "lost"]


class ProfileText(Document):
    """The file of a profile."""

    model_config = example({"name": "gas-detector", "file": "", "text": 'name = "gas-detector"\n'})

    name: str
    file: str
    """Empty: it is built in."""
    text: str
    """TOML, with its comments, as the file is now: it may differ from what is in force."""


class ProfileToCheck(Question):
    """A changed profile, or a new one."""

    model_config = example({"text": 'name = "gas-detector"\n', "replaces": "gas-detector", "limit": 100})

    text: Annotated[str, Field(max_length=MOST_TEXT)]
    """TOML."""
    replaces: Annotated[str, Field(max_length=200)] = ""
    """The profile in force that it is tried in place of; empty: the one of the same name, if there is one."""
    limit: Annotated[int, Field(ge=1, le=MOST_MESSAGES)] = 200
    """Of how many recent messages."""


class ValueOfReading(Document):
    """A reading in its canonical unit."""

    value: float | None
    """Null: the device says that it has none."""
    unit: str
    flag: str
    """By the spans of the profile: what checks over time say is not known here."""
    state: str
    """The word of an enumeration or of a yes and no; else empty."""


class ReadingCompared(Document):
    """A reading of one time, as it would be and as it is now."""

    change: _Change
    device: str
    quantity: str
    time: Time
    at_receipt: bool
    """The payload carries no time."""
    then: ValueOfReading | None
    """By the changed profile; null: it is lost."""
    now: ValueOfReading | None
    """By what is in force; null: it is new."""


class TroubleOfMessage(Document):
    """Something of a message that could not be used."""

    path: str
    reason: str
    detail: str
    hint: str
    """What to write in the profile instead, where that can be told."""


class MessageCompared(Document):
    """A recent message."""

    received_at: TimeOrNone
    topic: str
    bytes: int
    payload: str | None
    """Its beginning, without secrets; null where the token may not read payloads."""
    change: Literal["same", "changed", "new", "lost", "unread"]
    """By its readings; unread: it has none, now and then."""
    profile: str
    """Which would read it; empty: none."""
    outcome: str
    """decoded, ignored, rejected, or topic: no profile takes it."""
    reason: str
    """Why it would be ignored or a dead letter."""
    outcome_now: str
    reason_now: str
    readings: list[ReadingCompared]
    """The first fifty, those that are another first."""
    readings_in_all: int
    troubles: list[TroubleOfMessage]


class HowMany(Document):
    """By what the change does to them."""

    messages: dict[str, int]
    readings: dict[str, int]


class ProfileChecked(Document):
    """What a changed profile makes of recent messages. Where it can't be used, `problems` say why."""

    model_config = example({
        "profile": "gas-detector", "replaces": "gas-detector", "problems": [], "looked": 4000,
        "since": "2026-03-02T00:00:00.000000000Z",
        "summary": {"messages": {"same": 1, "changed": 0, "new": 0, "lost": 0, "unread": 0},
                    "readings": {"same": 3, "changed": 0, "new": 0, "lost": 0}},
        "messages": [],
    })  # fmt: skip

    profile: str
    replaces: str
    """The profile that it was compared with; empty: it is a new one."""
    problems: list[ProblemOfFile]
    looked: int
    """At so many rows of the journal, the newest ones."""
    since: TimeOrNone
    """The receipt of the oldest of these."""
    summary: HowMany
    messages: list[MessageCompared]
    """The newest first; behind them dead letters of the same topics."""
