"""Tokens, sessions, the audit log, and who one is."""

from typing import Annotated

from pydantic import Field

from gateway.access.roles import Permission, Role
from gateway.api.models.base import Document, Next, Question, Time, TimeOrNone, example

__all__ = [
    "Audit", "AuditVerified", "IssuedToken", "NewToken", "Rotation", "SessionBegun", "Sessions", "SignIn",
    "TokenDocument", "Tokens", "WhoAmI",
]  # fmt: skip

_TOKEN = {
    "id": "7k2m9q4x", "name": "signal control", "role": "viewer", "permissions": ["readings.read", "status.read"],
    "zones": ["tianhe"], "state": "valid", "created": "2026-03-01T00:00:00.000000000Z", "created_by": "gateway",
    "expires": "2027-03-01T00:00:00.000000000Z", "revoked": None, "used": "2026-03-01T23:15:00.000000000Z",
    "generation": 1, "old_until": None,
}  # fmt: skip
_TEXT = "cl_7k2m9q4x_" + 43 * "0"
_WHO = {
    "name": "signal control", "role": "viewer", "permissions": ["readings.read", "status.read"], "zones": ["tianhe"],
    "token": "7k2m9q4x", "expires": "2027-03-01T00:00:00.000000000Z", "session": None, "csrf": None,
}  # fmt: skip


class TokenDocument(Document):
    """A token, without anything that could stand for it."""

    model_config = example(_TOKEN)

    id: str
    name: str
    role: str
    permissions: list[str]
    """What it may, all told."""
    zones: list[str]
    """Empty: the whole city."""
    state: str
    """valid, expired or revoked."""
    created: Time
    created_by: str
    expires: TimeOrNone
    """Null: never."""
    revoked: TimeOrNone
    used: TimeOrNone
    """To the minute."""
    generation: int
    """Of its secret."""
    old_until: TimeOrNone
    """Until when the secret before counts."""


class Tokens(Document):
    """Tokens that count; with `all` every one that there ever was."""

    model_config = example({"tokens": [_TOKEN]})

    tokens: list[TokenDocument]


class NewToken(Question):
    """A token to be made: it may no more than its maker."""

    model_config = example({"name": "signal control", "role": "viewer", "zones": ["tianhe"], "lifetime_days": 365})

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Of the person or application."""
    role: Role
    permissions: Annotated[list[Permission], Field(max_length=50)] = Field([])
    """Narrowed to these; empty: all of the role."""
    zones: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100)] = Field([])
    """Narrowed to these; empty: the whole city."""
    lifetime_days: Annotated[float | None, Field(gt=0, le=3650)] = 365
    """Null: it never expires."""


class IssuedToken(TokenDocument):
    """A token with its text, which is shown this once."""

    model_config = example({**_TOKEN, "text": _TEXT})

    text: str


class Rotation(Question):
    """A new secret."""

    model_config = example({"grace_hours": 24})

    grace_hours: Annotated[float, Field(ge=0, le=720)] = 24
    """For how long the old one counts on."""
    lifetime_days: Annotated[float | None, Field(gt=0, le=3650)] = None
    """From now on; null: as long as it was made for."""


class SessionDocument(Document):
    """A browser that is signed in."""

    id: str
    """Public; stands for nothing."""
    token: str
    created: Time
    seen: Time
    address: str


class Sessions(Document):
    """Sessions, the one seen last first."""

    model_config = example({"sessions": [{
        "id": "5f0c2a91d3b4", "token": "7k2m9q4x", "created": "2026-03-01T23:00:00.000000000Z",
        "seen": "2026-03-01T23:15:00.000000000Z", "address": "192.0.2.7",
    }]})  # fmt: skip

    sessions: list[SessionDocument]


class SignIn(Question):
    """A token that is pasted."""

    model_config = example({"token": _TEXT})

    token: Annotated[str, Field(max_length=300)]


class WhoAmI(Document):
    """Who asks, and what they may."""

    model_config = example(_WHO)

    name: str
    role: str
    permissions: list[str]
    zones: list[str]
    """Empty: the whole city."""
    token: str
    """Public id."""
    expires: TimeOrNone
    session: str | None
    """Public id of the browser session; null: a bearer token was sent."""
    csrf: str | None
    """What the pages of the session send as X-CSRF-Token with each act."""


class SessionBegun(WhoAmI):
    """A session that begins; its cookie is set."""

    model_config = example({**_WHO, "session": "5f0c2a91d3b4", "csrf": "x" * 43, "ends": _WHO["expires"]})

    ends: Time
    """At the latest."""


class AuditEntry(Document):
    """An act, or a try that was denied."""

    seq: int
    at: Time
    token: str
    name: str
    role: str
    address: str
    act: str
    what: str
    outcome: str
    """done, denied or failed."""
    detail: str
    hash: str


class Audit(Document):
    """A page of the audit log, the newest first."""

    model_config = example({
        "entries": [{
            "seq": 812, "at": "2026-03-01T23:15:00.000000000Z", "token": "7k2m9q4x", "name": "Chen", "role": "operator",
            "address": "192.0.2.7", "act": "alarms.ack", "what": "gas.lel of tunnel-3", "outcome": "done", "detail": "",
            "hash": 64 * "0",
        }],
        "next": None,
    })  # fmt: skip

    entries: list[AuditEntry]
    next: Next


class AuditProblem(Document):
    """Where the log is not what was written."""

    seq: int
    kind: str
    text: str


class AuditVerified(Document):
    """Whether the log is as it was written."""

    model_config = example({"intact": True, "entries": 812, "head": 64 * "0", "problems": []})

    intact: bool
    entries: int
    head: str
    """Hash of the last entry: note it elsewhere, and nobody can write the log anew."""
    problems: list[AuditProblem]
