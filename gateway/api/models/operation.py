"""Dead letters, the trace of a reading, what the books say, notifications, configuration, stores."""

from typing import Annotated, Any

from pydantic import Field

from gateway.api.models.base import Document, Next, Question, Time, TimeOrNone, example

__all__ = [
    "Adopted", "ConfigurationInForce", "DeadLetterDocument", "DeadLetters", "LetterPayload", "LettersPurged",
    "LettersReplayed",
    "LettersToReplay", "Notifications", "NotificationsRetried", "NotificationsToRetry", "Reloaded", "Trace", "Verified",
    "WhichLetters",
]  # fmt: skip

_LETTER = {
    "id": "5f0c2a91d3b4", "received_at": "2026-03-01T23:15:00.000000000Z", "reason": "malformed",
    "detail": "unexpected end of data at byte 12", "profile": "loop-detector", "device": "",
    "topic": "city/tianhe/loop/loop-0001", "bytes": 12, "replayed_at": None,
}  # fmt: skip
_Name = Annotated[str, Field(max_length=200)]


class DeadLetterDocument(Document):
    """A message that could not be used, whole or in part; without the message."""

    model_config = example(_LETTER)

    id: str
    received_at: Time
    reason: str
    detail: str
    profile: str
    device: str
    topic: str
    """Empty: a store refused a point, there is no message."""
    bytes: int
    replayed_at: TimeOrNone


class DeadLetters(Document):
    """A page of dead letters, the newest first."""

    model_config = example({
        "dead_letters": [_LETTER], "next": None, "held": 1, "held_bytes": 180, "purged": 0, "purged_reasons": {},
    })  # fmt: skip

    dead_letters: list[DeadLetterDocument]
    next: Next
    held: int
    """Of all of them."""
    held_bytes: int
    purged: int
    """For want of room, so far."""
    purged_reasons: dict[str, int]


class LetterPayload(Document):
    """The message of a dead letter."""

    model_config = example({"id": "5f0c2a91d3b4", "topic": "city/tianhe/loop/loop-0001", "payload": '{"speed": 4',
                            "payload_hex": None})  # fmt: skip

    id: str
    topic: str
    payload: str | None
    """Where it is text."""
    payload_hex: str | None
    """Where it is none."""


class WhichLetters(Question):
    """Dead letters; what is empty does not narrow."""

    model_config = example({"reason": "malformed", "profile": "loop-detector"})

    reason: _Name = ""
    profile: _Name = ""
    device: _Name = ""


class LettersToReplay(WhichLetters):
    """Named ones, however often they went; or of those chosen a page of those that never did, the oldest first."""

    model_config = example({"ids": ["5f0c2a91d3b4"]}, {"profile": "loop-detector"})

    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1_000)] = Field([])
    upto: Annotated[int, Field(ge=0, le=1 << 62)] = 0
    """Of the answer before, to go on with what `remaining` counts."""


class LettersReplayed(Document):
    """Dead letters that went through the engine again."""

    model_config = example({"replayed": 1, "remaining": 0, "upto": 812})

    replayed: int
    remaining: int
    upto: int


class LettersPurged(Document):
    """Dead letters that are deleted."""

    model_config = example({"purged": 12})

    purged: int


class Trace(Document):
    """The way of one reading; times are UTC ns, as the journal has them."""

    device: str
    asked: int
    ts: int
    """The time of the reading that is nearest."""
    record: dict[str, Any] | None
    """The device's."""
    messages: list[dict[str, Any]]
    """Receipts that brought it, while the inbox still holds them; without payloads."""
    stores: dict[str, list[dict[str, Any]]]
    """What each database has of it."""
    windows: list[dict[str, Any]]
    alarms: list[dict[str, Any]]
    dead_letters: list[dict[str, Any]]


class Verified(Document):
    """What the books say is stored, compared with what each database holds."""

    agrees: bool
    balanced: bool
    stores: dict[str, dict[str, Any]]


class NotificationDocument(Document):
    """A message to people."""

    id: str
    kind: str
    channel: str
    zone: str
    priority: int
    created: Time
    due: TimeOrNone
    state: str
    attempts: int
    tried_at: TimeOrNone
    done_at: TimeOrNone
    problem: str
    items: list[dict[str, Any]]


class Notifications(Document):
    """Messages, the newest first, and how many there are in each state."""

    notifications: list[NotificationDocument]
    next: Next
    states: dict[str, int]


class NotificationsToRetry(Question):
    """Messages that have failed."""

    model_config = example({"ids": ["9a41c07be2d95f13"]})

    ids: Annotated[list[Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")]], Field(min_length=1, max_length=1_000)]


class NotificationsRetried(Document):
    """Messages that will be sent again."""

    model_config = example({"retried": 1, "running": True})

    retried: int
    running: bool


class ConfigurationInForce(Document):
    """What the gateway runs with."""

    model_config = example({
        "settings": {"http": {"host": "127.0.0.1", "port": 8480}}, "digest": 64 * "0",
        "numbers": {"profiles": 31, "devices": 467, "zones": 34, "conditions": 60, "assets": 150},
    })  # fmt: skip

    settings: dict[str, Any]
    """By section, as sample.toml has them."""
    digest: str
    """Of what the engines judge by: profiles, devices, conditions, places."""
    numbers: dict[str, int]


class ProblemOfFile(Document):
    """What can't be used."""

    file: str
    key: str
    problem: str
    remedy: str


class Ending(Document):
    """An alarm that stands and ends, because nothing judges it any more."""

    condition: str
    asset: str
    alarm: str


class Reloaded(Document):
    """What another configuration changes. Where it can't be used, `problems` say why, and nothing was changed."""

    model_config = example({
        "applied": False, "offset": -1, "in_force": True, "problems": [], "warnings": [], "ends": [],
        "differences": {},
    })  # fmt: skip

    applied: bool
    offset: int
    """The row of the inbox that changes the engine; -1: there is none."""
    in_force: bool
    problems: list[ProblemOfFile]
    warnings: list[str]
    ends: list[Ending]
    differences: dict[str, Any]


class Adopted(Document):
    """A store that goes on without what it lost."""

    model_config = example({"store": "duckdb", "from_block": 812, "stored": 120_400, "dropped": 0})

    store: str
    from_block: int
    stored: int
    dropped: int
