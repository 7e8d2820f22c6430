"""Which alarms go to whom, and when: routes and quiet hours. Pure; times are UTC ns, quiet hours those of the city."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.engine.alarm_model import Transition

__all__ = ["QuietHours", "Route", "Rules"]

_SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Route:
    """What is empty doesn't narrow."""

    name: str
    channels: tuple[str, ...]
    domains: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    priority: int = 4
    """This one and more urgent ones."""
    escalate: tuple[str, ...] = ()
    escalate_after_ns: int = 900 * _SECOND
    returned: bool = True
    quiet: bool = True

    def takes(self, change: Transition) -> bool:
        """Whether it is about this alarm at this priority."""
        return (
            change.priority <= self.priority
            and (not self.domains or change.domain in self.domains)
            and (not self.zones or change.zone in self.zones)
            and (not self.conditions or change.condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` o'clock of `zone`, over midnight where end is before start."""

    zone: ZoneInfo
    start: time
    end: time
    lets_through: int = 1
    """This priority and more urgent ones."""

    def release(self, now: int, priority: int) -> int:
        """When something that is to be told at `now` may go out: at once (`now`), or when the quiet hours end.

        An end that a clock change skips is where the clock is put to; one that comes twice is the first.
        """
        if priority <= self.lets_through:
            return now
        local = datetime.fromtimestamp(now // _SECOND, self.zone)
        clock = local.time()
        if self.start < self.end:
            quiet, days = self.start <= clock < self.end, 0
        else:
            quiet, days = clock >= self.start or clock < self.end, int(clock >= self.start)
        if not quiet:
            return now
        end = datetime.combine(local.date() + timedelta(days=days), self.end, self.zone)
        return max(now, round((end - _EPOCH).total_seconds()) * _SECOND)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that planning goes by."""

    routes: Sequence[Route] = ()
    quiet: QuietHours | None = None
    group_ns: int = 5 * _SECOND
    max_age_ns: int = 3600 * _SECOND
    at_once: int = 0
    """This priority and more urgent ones wait for no others of their zone."""

    def matching(self, change: Transition) -> list[Route]:
        """In the order of the configuration."""
        return [route for route in self.routes if route.takes(change)]

    def route(self, name: str) -> Route | None:
        """None: it is no longer configured."""
        return next((route for route in self.routes if route.name == name), None)

    def held_until(self, now: int, priority: int, route: Route | None) -> int:
        """When quiet hours let it go; `now` where they don't apply."""
        if self.quiet is None or (route is not None and not route.quiet):
            return now
        return self.quiet.release(now, priority)
