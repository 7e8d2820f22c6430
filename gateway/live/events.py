"""What the live hub tells: one event each, with what a reader sees of it. JSON-ready, times as RFC 3339 in UTC."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from gateway.engine.alarm_model import Transition
from processors.flags import Why

__all__ = ["Interest", "Kind", "LiveEvent", "alarm_data", "time_text", "why_names"]


class Kind(StrEnum):
    """What an event is about."""

    LATEST = "latest"
    """The newest reading of every quantity of a device."""
    AGGREGATE = "aggregate"
    """A closed or revised window of every quantity of a device."""
    ALARM = "alarm"
    """A change of an alarm, and where it stands after it."""
    GAP = "gap"
    """Events were lost: to this subscriber, who was too slow, or to all, while nobody listened."""


class LiveEvent(NamedTuple):
    """One event. `id` counts up by one within a run of the hub."""

    id: int
    kind: Kind
    levels: tuple[str, ...]
    """What it is about, from zone to thing: of two events with one kind and levels the later one says it all."""
    zone: str
    data: Mapping[str, Any]


class Interest(NamedTuple):
    """Which events somebody wants; what is empty doesn't narrow. Gaps always come."""

    kinds: frozenset[Kind] = frozenset()
    zones: frozenset[str] = frozenset()

    def wants(self, kind: Kind, zone: str) -> bool:
        """Whether an event of this kind and zone is among them."""
        if kind is Kind.GAP:
            return True
        return (not self.kinds or kind in self.kinds) and (not self.zones or zone in self.zones)


def time_text(ns: int) -> str:
    """UTC ns as RFC 3339 to the nanosecond: a JSON number would lose the last digits in JavaScript."""
    secs, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(secs, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def why_names(bits: int) -> list[str]:
    """Names of the checks and circumstances in `why`."""
    return [str(bit.name).lower() for bit in Why(bits)] if bits else []


def alarm_data(change: Transition, title: str = "") -> dict[str, Any]:
    """A transition as others read it."""
    data = msgspec.structs.asdict(change)
    for name in ("at", "now", "since"):
        data[name] = time_text(data[name])
    data["until"] = time_text(change.until) if change.until else None
    return {"title": title, **data} if title else data
