"""The shift's list of alarms: which are shown under which filter, in what order, and whether it is a flood.

What counts as a flood: more than ten alarms of one operator in ten minutes (ANSI/ISA-18.2-2016, clause 16; EEMUA 191).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.console.view.alarm_book import Alarm

__all__ = ["FLOOD", "AlarmFilter", "Flood", "acts_on", "counts", "flood_of", "shown"]

FLOOD = 10
"""More than so many in ten minutes."""
_TEN_MINUTES = 600_000_000_000
_MOST_GROUPS = 5
_KEYS = ("domain", "zone", "state", "search")


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """What is empty doesn't narrow. `state`: waiting, standing, aside."""

    domain: str = ""
    zone: str = ""
    priority: int = 0
    state: str = ""
    search: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "AlarmFilter":
        """From a form or a query; what makes no sense is as if it were empty."""
        said = values.get("priority", "")
        priority = int(said) if said in {"1", "2", "3", "4"} else 0
        texts = {key: values.get(key, "").strip()[:100] for key in _KEYS}
        return cls(texts["domain"], texts["zone"], priority, texts["state"], texts["search"])

    def query(self) -> dict[str, str]:
        """What stands in the address, so that a filtered list can be passed on."""
        said = {key: getattr(self, key) for key in _KEYS} | {"priority": str(self.priority or "")}
        return {key: value for key, value in said.items() if value}

    def wants(self, alarm: Alarm, title: str, zones: frozenset[str]) -> bool:
        """Whether an alarm is among them. `zones`: the chosen zone with those that lie in it."""
        return (
            (not self.domain or alarm.domain == self.domain)
            and (not self.zone or alarm.zone in zones)
            and (not self.priority or alarm.priority <= self.priority)
            and (not self.state or _in_state(alarm, self.state))
            and all(word in f"{title} {alarm.condition} {alarm.asset} {alarm.zone}".lower()
                    for word in self.search.lower().split())
        )  # fmt: skip


def _in_state(alarm: Alarm, state: str) -> bool:
    return {"waiting": alarm.waits, "standing": not alarm.aside, "aside": alarm.aside}.get(state, True)


@dataclass(frozen=True, slots=True)
class Flood:
    """How many began within the last ten minutes of the city's time, and of what most of them are."""

    began: int
    groups: Sequence[tuple[str, str, int]] = ()
    """(condition, zone, how many), the most frequent first."""

    @property
    def is_one(self) -> bool:
        """More than an operator can look at."""
        return self.began > FLOOD


def flood_of(alarms: Iterable[Alarm], now: int) -> Flood:
    """What began within ten minutes before `now` (UTC ns, the city's time)."""
    recent = [alarm for alarm in alarms if alarm.since > now - _TEN_MINUTES and not alarm.aside]
    groups = Counter((alarm.condition, alarm.zone) for alarm in recent).most_common(_MOST_GROUPS)
    return Flood(len(recent), [(condition, zone, number) for (condition, zone), number in groups])


def shown(
    alarms: Iterable[Alarm], which: AlarmFilter, titles: Mapping[str, str], children: Mapping[str, frozenset[str]]
) -> list[Alarm]:
    """Those that a filter lets through, in their order. `children`: of each zone, itself and the zones in it."""
    zones = children.get(which.zone, frozenset({which.zone}))
    return [alarm for alarm in alarms if which.wants(alarm, titles.get(alarm.condition, ""), zones)]


def counts(alarms: Iterable[Alarm]) -> dict[int, tuple[int, int]]:
    """By priority: (how many stand or wait, how many of them are to be acknowledged); put aside ones are left out."""
    out = dict.fromkeys((1, 2, 3, 4), (0, 0))
    for alarm in alarms:
        if not alarm.aside:
            number, waiting = out.get(alarm.priority, (0, 0))
            out[alarm.priority] = (number + 1, waiting + alarm.waits)
    return out


def acts_on(alarm: Alarm) -> tuple[str, ...]:
    """What can be done with an alarm where it stands, the most likely first."""
    match alarm.state:
        case "unacknowledged" | "returned":
            return ("ack", "shelve", "comment", "out_of_service")
        case "latched":
            return ("reset", "comment")
        case "shelved":
            return ("unshelve", "comment")
        case "out_of_service":
            return ("in_service", "comment")
        case "suppressed":
            return ("comment",)
        case _:
            return ("shelve", "comment", "out_of_service")
