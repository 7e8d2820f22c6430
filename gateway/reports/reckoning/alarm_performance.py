"""How well the alarm system did, by the measures of ANSI/ISA-18.2-2016, clause 16, and EEMUA 191.

    measure                                      very likely acceptable
    alarms per operator in ten minutes, mean     1  (2 is the most that is manageable)
    ten minutes with more than 10 alarms         below 1 % of the time
    most alarms in ten minutes                   10
    share of the ten most frequent alarms        below 1 ... 5 %
    chattering and fleeting alarms               0
    stale alarms (standing for a day)            below 5
    priorities low / medium / high               80 / 15 / 5 %

From memory of both, not looked up. What calls an operator is counted: an alarm that was raised or came again, neither
put aside nor for the record only. An alarm is named by condition and asset; what chatters is judged as the engine does.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.engine.alarm_figures import FLOOD, AlarmFigures
from gateway.engine.alarm_model import Change
from gateway.reports.facts import AlarmChange, AlarmFacts
from gateway.reports.period import HOUR
from gateway.reports.reckoning.alarm_spans import ACTIVE, announcements
from processors.columns import I64

__all__ = ["FLOOD", "GUIDE", "MANAGEABLE", "TEN_MINUTES", "Performance", "performance"]

TEN_MINUTES = 600_000_000_000
MANAGEABLE = (1.0, 2.0)
"""Alarms per operator in ten minutes: very likely acceptable, and the most that is manageable."""
GUIDE = (0.05, 0.15, 0.80)
"""Shares of high (with critical), medium and low alarms."""
TOP = 10
_DAY = 24 * HOUR


class Frequent(NamedTuple):
    """One of the most frequent alarms."""

    condition: str
    asset: str
    number: int
    share: float


class Performance(NamedTuple):
    """Of one period and all operators."""

    number: int
    """Alarms that were announced."""
    tens: I64
    """How many in each ten minutes of the period, from its start on."""
    heard: NDArray[np.bool_]
    """Whether anything came in these; of the others nothing is known."""
    priorities: tuple[int, int, int, int]
    """Number of each, critical first."""
    top: tuple[Frequent, ...]
    chattering: tuple[tuple[str, str], ...]
    """Condition and asset."""
    stale: tuple[AlarmChange, ...]
    """At the end of the period, standing for more than 24 h."""
    acknowledged: tuple[tuple[int, float], ...]
    """Priority, and seconds from being told to being acknowledged, of each that was."""

    @property
    def flood_share(self) -> float | None:
        """Share of the ten minutes that had more than can be looked at."""
        return float((self.tens[self.heard] > FLOOD).mean()) if self.heard.any() else None

    @property
    def top_share(self) -> float | None:
        """Of the ten most frequent ones, in all that was announced."""
        return sum(each.share for each in self.top) if self.number else None

    def shares(self) -> tuple[float, float, float] | None:
        """High with critical, medium, low; None where there was no alarm."""
        if not self.number:
            return None
        critical, high, medium, low = (each / self.number for each in self.priorities)
        return critical + high, medium, low


def performance(facts: AlarmFacts, start: int, end: int, unheard: Sequence[tuple[int, int]] = ()) -> Performance:
    """Of [start, end), UTC ns; `end` not behind what is known. `unheard`: spans in which nothing came."""
    told = [each for each in announcements(facts.changes) if start <= each.at < end]
    counted = AlarmFigures(kept=max(len(told), 1))
    names = sorted({(each.condition, each.asset) for each in told})
    number = {name: place for place, name in enumerate(names)}
    for each in told:
        counted.raised(number[each.condition, each.asset], each.at)
    # both count what is younger than the span at a moment, the first instant of the period included
    top = counted.top(end - 1, end - start, TOP)
    chattering = counted.chattering(end - 1, end - start)
    tens = np.bincount(
        np.array([(each.at - start) // TEN_MINUTES for each in told], np.int64),
        minlength=-(-(end - start) // TEN_MINUTES),
    )
    heard = tens > 0
    begin = start + TEN_MINUTES * np.arange(len(tens))
    heard |= ~np.logical_or.reduce(
        [(first <= begin) & (begin + TEN_MINUTES <= last) for first, last in unheard] or [np.zeros(len(tens), np.bool_)]
    )
    by_priority = Counter(each.priority for each in told)
    return Performance(
        len(told), tens.astype(np.int64), heard, (by_priority[1], by_priority[2], by_priority[3], by_priority[4]),
        tuple(Frequent(*names[key], times, times / len(told)) for key, times in top),
        tuple(names[key] for key in chattering),
        tuple(each for each in facts.after if each.since <= end - _DAY and each.state in ACTIVE),
        tuple(_acknowledged(facts.changes)),
    )  # fmt: skip


def _acknowledged(changes: tuple[AlarmChange, ...]) -> list[tuple[int, float]]:
    """From being told (`now` of the call) to the act, by the clock of who was told."""
    waits: dict[str, tuple[int, int]] = {}
    out = []
    for each in sorted(changes, key=lambda change: change.now):
        if each.change in (Change.RAISED, Change.REPEATED) and not each.historic:
            waits.setdefault(each.alarm, (each.now, each.priority))
        elif each.change == Change.ACKNOWLEDGED and each.alarm in waits:
            told, priority = waits.pop(each.alarm)
            out.append((priority, (each.now - told) / 1e9))
    return out
