"""A message as people and programs read it. Pure; local times are the city's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.engine.alarm_model import Change
from gateway.live.events import time_text
from gateway.notify.model import Item, Message, NotifyKind

__all__ = ["Rendered", "Wording", "render"]

_PRIORITIES = {1: "critical", 2: "high", 3: "medium", 4: "low"}
_OVER = frozenset({Change.RETURNED, Change.RETIRED})
_MOST_LINES = 50
"""Of a burst of thousands the first say enough."""
_NOT_TOLD = ("id", "text")


@dataclass(frozen=True, slots=True)
class Wording:
    """What is needed to speak of a city's alarms. `title`: what people call a condition, "" where nothing."""

    city: str
    timezone: ZoneInfo
    title: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message, ready for any channel."""

    id: str
    kind: str
    zone: str
    priority: int
    subject: str
    text: str
    created: int
    data: Mapping[str, Any]
    """JSON-ready."""


def render(message: Message, wording: Wording) -> Rendered:
    """The same message gives the same text, so that a repetition is one."""
    items = message.items
    lines = [_line(item, wording) for item in items[:_MOST_LINES]]
    if len(items) > _MOST_LINES:
        lines.append(f"... and {len(items) - _MOST_LINES:,} more: `cityloom alarms list --zone {message.zone}`.")
    subject = _subject(message, wording)
    data = {
        "message": message.id, "kind": message.kind, "city": wording.city, "zone": message.zone,
        "priority": message.priority, "priority_name": _PRIORITIES.get(message.priority, ""), "subject": subject,
        "text": "\n".join(lines), "count": len(items), "items": [_plain(item, wording) for item in items],
    }  # fmt: skip
    return Rendered(
        message.id, message.kind, message.zone, message.priority, subject, "\n".join(lines), message.created, data
    )


def _subject(message: Message, wording: Wording) -> str:
    items = message.items
    over = all(item.change in _OVER for item in items)
    mark = "over" if over else _PRIORITIES.get(message.priority, "")
    where = f" ({message.zone})" if message.zone else ""
    if message.kind == NotifyKind.REMINDER:
        what = f"{items[0].condition} due: {items[0].asset}" if len(items) == 1 else f"{len(items)} reminders"
        return f"[reminder] {what}{where}"
    if len(items) == 1:
        what = f"{_title(items[0], wording)} at {items[0].asset}"
    else:
        what = f"{len(items):,} changes of {len({item.alarm for item in items}):,} alarms"
    still = ", not acknowledged" if message.kind == NotifyKind.ESCALATION else ""
    return f"[{mark}] {what}{where}{still}"


def _line(item: Item, wording: Wording) -> str:
    when = datetime.fromtimestamp(item.at // 1_000_000_000, wording.timezone)
    if item.change == "due":
        return f"{item.condition} of {item.asset} is due on {when:%Y-%m-%d}. {item.text}".rstrip()
    change = "over" if item.change in _OVER else str(item.change).replace("_", " ")
    value = "" if item.value is None else f", value {item.value:.4g}"
    level = f", level {item.level}" if item.level else ""
    return (
        f"{when:%Y-%m-%d %H:%M:%S} {change}: {_title(item, wording)} at {item.asset}"
        f" ({_PRIORITIES.get(item.priority, '')}{level}{value}; alarm {item.alarm[:8]})"
    )


def _title(item: Item, wording: Wording) -> str:
    return wording.title(item.condition) or item.condition


def _plain(item: Item, wording: Wording) -> dict[str, Any]:
    data = {name: value for name, value in msgspec.structs.asdict(item).items() if name not in _NOT_TOLD}
    return {
        **data, "title": _title(item, wording), "at": time_text(item.at), "since": time_text(item.since),
        "text": _line(item, wording),
    }  # fmt: skip
