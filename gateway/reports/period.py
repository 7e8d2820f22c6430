"""The day or week that a report is about, by local midnights of the city as UTC ns: a day may have 23 or 25 hours.

2026-03-02   [ midnight, next midnight )        2026-W10   [ Monday's midnight, next Monday's midnight )
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gateway.engine.timezone import day_edges
from gateway.errors import CommandError

__all__ = ["HOUR", "Period", "day_of", "local", "period_of", "week_of", "yesterday"]

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
_QUARTER = 900 * SECOND
_FIRST_DAY = date(1990, 1, 1)
"""That of `day_edges`."""
_LAST_DAY = date(2070, 12, 1)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


class Period(msgspec.Struct, frozen=True):
    """[start, end) in UTC ns."""

    kind: Literal["day", "week"]
    name: str
    """As it was asked for: 2026-03-02, 2026-W10."""
    timezone: str
    midnights: tuple[int, ...]
    """Of each day, and of the one after the last."""

    @property
    def start(self) -> int:
        """The first instant."""
        return self.midnights[0]

    @property
    def end(self) -> int:
        """The first instant after it."""
        return self.midnights[-1]

    @property
    def zone(self) -> ZoneInfo:
        """The city's."""
        return ZoneInfo(self.timezone)

    @property
    def days(self) -> list[tuple[int, int]]:
        """Start and end of each."""
        return list(zip(self.midnights, self.midnights[1:], strict=False))

    @property
    def hours(self) -> float:
        """How long it is: 24 on most days, 23 or 25 on two."""
        return (self.end - self.start) / HOUR

    def ticks(self) -> Iterator[tuple[int, str]]:
        """Where a time axis has a mark, and what it says: each third hour of a day, each day of a week."""
        if self.kind == "week":
            yield from ((begin, f"{local(begin, self.zone):%m-%d}") for begin in self.midnights)
            return
        for at in range(self.start, self.end, _QUARTER):  # no zone changes its clock by less
            when = local(at, self.zone)
            if when.minute == 0 and when.hour % 3 == 0:
                yield at, f"{when:%H:%M}"
        yield self.end, "24:00"

    def hour_of(self, ts: int) -> int:
        """What a clock on the wall shows, 0 to 23."""
        return local(ts, self.zone).hour


def local(ns: int, zone: ZoneInfo) -> datetime:
    """A time as clocks of the city show it, to the second."""
    return datetime.fromtimestamp(ns // SECOND, zone)


def day_of(text: str, timezone: str) -> Period:
    """A day such as 2026-03-02. Raises CommandError."""
    try:
        if _DAY.fullmatch(text) is None:
            raise ValueError("a day has no other form")
        day = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no day.", "Write it like 2026-03-02.", 2) from error
    return _period("day", text, timezone, day, 1)


def week_of(text: str, timezone: str) -> Period:
    """A week of ISO 8601, from Monday on, such as 2026-W10. Raises CommandError."""
    try:
        found = _WEEK.fullmatch(text)
        if found is None:
            raise ValueError("a week has no other form")
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError as error:
        raise CommandError(f"{text!r} is no week.", "Write it like 2026-W10.", 2) from error
    return _period("week", text, timezone, monday, 7)


def period_of(text: str, now: int, timezone: str) -> Period:
    """A day or a week as it is written, else yesterday. Raises CommandError, also where it has not begun."""
    if not text:
        return yesterday(now, timezone)
    period = week_of(text, timezone) if "W" in text else day_of(text, timezone)
    if period.start >= now:
        raise CommandError(f"{text} has not begun.", "Name a day or a week that is over, or the one of now.", 2)
    return period


def yesterday(now: int, timezone: str) -> Period:
    """The last day that is over, by the city's clocks."""
    day = local(now, ZoneInfo(timezone)).date() - timedelta(days=1)
    return _period("day", day.isoformat(), timezone, day, 1)


def _period(kind: Literal["day", "week"], name: str, timezone: str, first: date, days: int) -> Period:
    if not _FIRST_DAY <= first < _LAST_DAY:
        raise CommandError(f"{name!r} is too far away.", "Name a time between 1990 and 2070.", 2)
    at = (first - _FIRST_DAY).days
    edges: list[int] = np.asarray(day_edges(timezone)[at : at + days + 1]).tolist()
    return Period(kind, name, timezone, tuple(edges))
