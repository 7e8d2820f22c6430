"""When alarms stood: changes of a period, and what stood at its ends, as spans of time.

before --[raised]----[returned]---[repeated]---------> after        clipped to the period
"""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.engine.alarm_model import AlarmState, Change
from gateway.reports.facts import AlarmChange, AlarmFacts
from gateway.reports.period import Period

__all__ = ["ACTIVE", "ANNOUNCED", "Span", "announcements", "spans"]

ANNOUNCED = (Change.RAISED, Change.REPEATED)
"""Changes that call somebody."""
ACTIVE = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)
"""Of an alarm whose condition holds, and which is not put aside."""
_BEGIN = ANNOUNCED
_END = (Change.RETURNED, Change.RETIRED)


class Span(NamedTuple):
    """One alarm's condition held from `begin` to `end` (UTC ns), as far as that is in the period."""

    alarm: str
    condition: str
    asset: str
    zone: str
    priority: int
    """The most urgent one it had."""
    begin: int
    end: int
    stands: bool
    """It goes on behind the period's end."""


def announcements(changes: Iterable[AlarmChange]) -> list[AlarmChange]:
    """Those that called an operator: raised or repeated, neither put aside nor for the record only."""
    return [
        each for each in changes
        if each.change in ANNOUNCED and not each.historic and each.state == AlarmState.UNACKNOWLEDGED
    ]  # fmt: skip


def spans(facts: AlarmFacts, period: Period) -> list[Span]:
    """All of them, by their begin; those that began before the period begin with it."""
    open_: dict[tuple[str, str], Span] = {}
    out: list[Span] = []
    for each in facts.before:
        if each.state in ACTIVE:
            open_[each.condition, each.asset] = _span(each, period.start)
    for each in facts.changes:
        key = each.condition, each.asset
        if key in open_ and each.priority < open_[key].priority:
            open_[key] = open_[key]._replace(priority=each.priority)
        if each.change in _BEGIN and key not in open_:
            open_[key] = _span(each, min(max(each.at, period.start), period.end))
        elif each.change in _END and key in open_:
            begun = open_.pop(key)
            out.append(begun._replace(end=min(max(each.at, begun.begin), period.end)))
    out += [begun._replace(end=period.end, stands=True) for begun in open_.values()]
    return sorted(out, key=lambda span: (span.begin, span.condition, span.asset))


def _span(change: AlarmChange, begin: int) -> Span:
    return Span(change.alarm, change.condition, change.asset, change.zone, change.priority, begin, begin, False)
