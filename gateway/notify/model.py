"""What is told to whom: items (one change for one channel) and messages (items that go out together).

    gathering --due--> sending --taken--> sent
        |                 +--not taken for too long--> failed --retry--> sending
        +--acknowledged before it went out--> cancelled
    expired: it could not be told in time, for nothing ran

A message's items are final, and it is on record as `sending`, before the first attempt; the outcome is noted after it.
A crash in between leaves `sending`, so it goes out again, under the same id: at least once, and the receiver can tell.
"""

import hashlib
from enum import StrEnum

import msgspec

from gateway.engine.alarm_model import Transition

__all__ = ["Item", "Message", "MessageState", "NotifyKind", "Reminder", "item_id", "message_id"]


class MessageState(StrEnum):
    """Where a message is."""

    GATHERING = "gathering"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class NotifyKind(StrEnum):
    """Why somebody is told."""

    ALARM = "alarm"
    ESCALATION = "escalation"
    """Nobody has acknowledged it."""
    REMINDER = "reminder"
    """Something falls due."""


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One change of one alarm, or one reminder, for one channel. Times are UTC ns."""

    id: str
    alarm: str
    """Of a reminder: the device and what falls due."""
    change: str
    condition: str
    asset: str
    zone: str
    domain: str
    level: int
    priority: int
    value: float | None
    at: int
    since: int
    text: str = ""


class Reminder(msgspec.Struct, frozen=True, array_like=True):
    """Something that falls due."""

    subject: str
    """What it is about: `calibration`."""
    device: str
    zone: str
    due: int
    """UTC ns."""
    text: str
    channels: tuple[str, ...]


class Message(msgspec.Struct, frozen=True, array_like=True):
    """Items of one zone for one channel."""

    id: str
    kind: str
    channel: str
    zone: str
    priority: int
    """Of its most urgent item."""
    created: int
    due: int
    state: str
    attempts: int = 0
    tried_at: int = 0
    done_at: int = 0
    problem: str = ""
    items: tuple[Item, ...] = ()


def item_id(change: Transition, channel: str, step: int) -> str:
    """The same for the same (alarm, transition, channel, step of escalation), after any crash or repetition."""
    name = f"{change.alarm}\0{change.change}\0{change.at}\0{change.level}\0{channel}\0{step}"
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def message_id(channel: str, first: str) -> str:
    """A message is named by its channel and its first item."""
    return hashlib.blake2b(f"{channel}\0{first}".encode(), digest_size=8).hexdigest()
