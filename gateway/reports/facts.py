"""What gathering brings and builders work on: plain, frozen, of one period."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.reports.period import Period
from processors.columns import F64, I64

__all__ = ["AlarmChange", "AlarmFacts", "Context", "FigureValue", "FlagCount", "Windows"]


class AlarmChange(msgspec.Struct, frozen=True):
    """One change of one alarm, as `alarm_history` has it (keys that no report uses are left out)."""

    alarm: str
    change: str
    state: str
    condition: str
    asset: str
    zone: str
    domain: str
    priority: int
    at: int
    now: int
    since: int
    value: float | None = None
    historic: bool = False


class AlarmFacts(msgspec.Struct, frozen=True):
    """Alarms of a period."""

    changes: tuple[AlarmChange, ...]
    """In it, by time."""
    before: tuple[AlarmChange, ...]
    """The newest change of each alarm that stood when it began ..."""
    after: tuple[AlarmChange, ...]
    """... and of each that stood when it ended."""

    def of(self, *domains: str) -> "AlarmFacts":
        """Those of some domains."""
        return AlarmFacts(
            *(
                tuple(each for each in part if each.domain in domains)
                for part in (self.changes, self.before, self.after)
            )
        )


class FigureValue(msgspec.Struct, frozen=True):
    """A figure of a condition at a time."""

    condition: str
    asset: str
    name: str
    unit: str
    ts: int
    value: float


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one series, by time; `start` UTC ns. A window that is missing, or of which no reading was good enough
    to be used, is not there.
    """

    device: str
    quantity: str
    unit: str
    start: I64
    mean: F64
    min: F64
    max: F64
    count: F64
    """Readings that were used."""


class FlagCount(msgspec.Struct, frozen=True):
    """Readings of one series with one flag and why."""

    profile: str
    device: str
    quantity: str
    flag: int
    why: int
    readings: int


@dataclass(frozen=True, slots=True)
class Context:
    """What every builder needs: the period, what places are called, which conditions judge."""

    period: Period
    city: str
    names: dict[str, str]
    """Of zones, in the report's language; roads of segments."""
    zone_of: dict[str, str]
    """Zone of each listed device and asset."""
    asset_of: dict[str, str] = field(default_factory=dict)
    conditions: tuple[Any, ...] = ()
    """Models of gateway.config.conditions, as they are configured now."""
    intervals: dict[str, float] = field(default_factory=dict)
    """Seconds between two readings of a profile's devices."""
    unheard: tuple[tuple[int, int], ...] = ()
    """Hours, joined, in which nothing came from any of the devices that were looked at: begins and ends, UTC ns."""
    known_until: int = 0
    """Up to here there could be data: the period's end, or the gateway's clock where it is earlier."""

    def name(self, place: str) -> str:
        """What a zone or an asset is called; its id where it has no name."""
        return self.names.get(place, place)

    def zone(self, place: str) -> str:
        """Name of the zone in which a device or an asset is; empty where that is not known."""
        zone = self.zone_of.get(place, "")
        return self.names.get(zone, zone)

    def title(self, condition: str) -> str:
        """What people call a condition."""
        return next((each.title for each in self.conditions if each.name == condition), condition)

    def is_unheard(self, begin: int, end: int) -> bool:
        """Whether nothing came in all of this time."""
        return any(first <= begin and end <= last for first, last in self.unheard)

    def of_kind(self, *kinds: str) -> list[Any]:
        """Conditions of these kinds, in the order of their file."""
        return [each for each in self.conditions if each.kind in kinds]
