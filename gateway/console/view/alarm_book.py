"""Where every alarm stands, kept by events and set right by snapshots. The same for all pages; never goes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

__all__ = ["Alarm", "AlarmBook"]

_FIELDS = (
    "alarm", "change", "state", "condition", "asset", "zone", "domain", "level", "priority", "value", "who", "text",
)  # fmt: skip
_TIMES = ("at", "now", "since", "until")
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as it stands. Times are UTC ns."""

    alarm: str
    change: str
    state: str
    condition: str
    asset: str
    zone: str
    domain: str
    level: int
    priority: int
    value: float | None
    who: str
    text: str
    at: int
    now: int
    since: int
    until: int = 0
    repeats: int = 0

    @property
    def waits(self) -> bool:
        """Somebody is to acknowledge it."""
        return self.state in ("unacknowledged", "returned")

    @property
    def stands(self) -> bool:
        """What it is about goes on, as far as is known."""
        return self.state in ("unacknowledged", "acknowledged")

    @property
    def aside(self) -> bool:
        """Put aside by people or by design."""
        return self.state in ("shelved", "suppressed", "out_of_service")

    @property
    def order(self) -> tuple[bool, bool, int, int, str]:
        """What needs somebody first: put aside last, unacknowledged before acknowledged, then priority, the newest."""
        return (self.aside, self.state not in ("unacknowledged", "returned"), self.priority, -self.since, self.alarm)


class AlarmBook:
    """`version` counts changes, so that a page looks at nothing twice."""

    def __init__(self) -> None:
        self.version = 0
        self._open: dict[str, Alarm] = {}
        self._sorted: tuple[int, list[Alarm]] = (-1, [])
        """For which version, and the alarms in order."""
        self._seen: dict[str, int] = {}
        """`now` of the newest change of each alarm that this book has heard of."""

    def replace(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take a snapshot: the desk's open alarms. What an event has told meanwhile stands."""
        found = {alarm.alarm: alarm for alarm in map(_of_row, rows)}
        newest = max((alarm.now for alarm in found.values()), default=0)
        for name, alarm in self._open.items():
            known = found.get(name)
            if known is not None and known.now < alarm.now:
                found[name] = alarm
        if found != self._open:
            self._open = found
            self.version += 1
        self._seen = {name: alarm.now for name, alarm in found.items()} | {
            name: now for name, now in self._seen.items() if name not in found and now > newest
        }

    def told(self, data: Mapping[str, Any]) -> Alarm | None:
        """Take an event of the live hub. Gives the alarm where it begins or comes again, else None."""
        alarm = _of_event(data)
        before = self._open.get(alarm.alarm)
        if data.get("historic") or self._seen.get(alarm.alarm, -1) > alarm.now:
            return None
        self._seen[alarm.alarm] = alarm.now
        self.version += 1
        if before is not None:
            alarm = replace(alarm, repeats=before.repeats + (alarm.change == "repeated"))
        if alarm.state == "normal":
            self._open.pop(alarm.alarm, None)
            return None
        self._open[alarm.alarm] = alarm
        begins = before is None and alarm.change == "raised"
        return alarm if begins or alarm.change == "repeated" else None

    def alarms(self) -> list[Alarm]:
        """All that are open, what needs somebody first."""
        if self._sorted[0] != self.version:
            self._sorted = (self.version, sorted(self._open.values(), key=lambda alarm: alarm.order))
        return self._sorted[1]

    def of_asset(self, names: Iterable[str]) -> list[Alarm]:
        """Those of some assets, devices or zones."""
        wanted = set(names)
        return [alarm for alarm in self.alarms() if alarm.asset in wanted]

    def get(self, alarm: str) -> Alarm | None:
        """One of them, by its id."""
        return self._open.get(alarm)


def _of_row(row: Mapping[str, Any]) -> Alarm:
    return _alarm(row, {name: int(row[name]) for name in _TIMES})


def _of_event(data: Mapping[str, Any]) -> Alarm:
    return _alarm(data, {name: nanoseconds(data[name]) for name in _TIMES})


def _alarm(said: Mapping[str, Any], times: Mapping[str, int]) -> Alarm:
    plain: dict[str, Any] = {name: said[name] for name in _FIELDS}
    return Alarm(**(plain | dict(times)), repeats=int(said.get("repeats", 0)))


def nanoseconds(text: str | int | None) -> int:
    """UTC ns of an RFC 3339 time with nanoseconds, which `datetime` would cut off."""
    if text is None or isinstance(text, int):
        return text or 0
    secs, _, rest = text.removesuffix("Z").partition(".")
    whole = datetime.fromisoformat(f"{secs}+00:00") - _EPOCH
    return round(whole.total_seconds()) * 1_000_000_000 + int(rest.ljust(9, "0")[:9] or 0)
