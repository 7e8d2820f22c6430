"""Alarms against the script of a simulated day: hit, late, missed, again, not cleared, and those that nothing explains.

    trouble  |start ------------ end|                     expected: condition and asset
             |within|               |over|
    alarm         told ----------------- told that it is over

What counts is when an operator was told: later than what happened by windows and by the delays of conditions.

An alarm may also be a consequence: one in a zone that the trouble touches, while the trouble lasts or shortly after, of
a condition that the script names beside the expected one; or of the expected one elsewhere in the zone, if it came in
its place too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Expected", "Raised", "TroubleScore", "Verdict", "alarms_of", "score_troubles"]


EVER = 1 << 62
"""UTC ns: the year 2116."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A trouble of the script, as the simulators' truth tells it. Times are UTC ns."""

    kind: str
    start: int
    end: int
    expect: str
    """The condition that ought to raise an alarm; "": none."""
    at: str
    zone: str
    within: int
    over: int
    sentence: str = ""
    also: tuple[str, ...] = ()
    """Conditions of which an alarm in one of its zones is a consequence."""
    zones: tuple[str, ...] = ()
    """All zones that it touches, beside `zone`."""


@dataclass(slots=True)
class Raised:
    """One alarm from its beginning on. Times are UTC ns."""

    condition: str
    asset: str
    zone: str
    at: int
    """Since when things are so, by the readings."""
    over: int | None = None
    """Until when they were so; None: it stands."""
    told: int = 0
    """When that was said, by the gateway's clock."""
    told_over: int = 0

    @property
    def raised(self) -> int:
        """When an operator could know."""
        return max(self.at, self.told)

    @property
    def cleared(self) -> int | None:
        """When an operator could know that it is over."""
        return None if self.over is None else max(self.over, self.told_over)


@dataclass(slots=True)
class Verdict:
    """What became of one trouble."""

    expected: Expected
    alarms: list[Raised] = field(default_factory=list)
    until: int = EVER
    """When the run ended: what may come later isn't asked for."""

    @property
    def hit(self) -> bool:
        """Raised within its delay."""
        return bool(self.alarms) and self.alarms[0].raised <= self.expected.start + self.expected.within

    @property
    def once(self) -> bool:
        """And not twice."""
        return len(self.alarms) == 1

    @property
    def cleared(self) -> bool:
        """In time after its end, if the run went on for so long."""
        if self.alarms and self.expected.end + self.expected.over > self.until:
            return True
        over = self.alarms[-1].cleared if self.alarms else None
        return over is not None and over <= self.expected.end + self.expected.over

    @property
    def right(self) -> bool:
        """All of it."""
        return self.hit and self.once and self.cleared

    @property
    def delay_secs(self) -> float | None:
        """From start to alarm."""
        return (self.alarms[0].raised - self.expected.start) / 1e9 if self.alarms else None


@dataclass(slots=True)
class TroubleScore:
    """The whole script."""

    verdicts: list[Verdict]
    unexplained: list[Raised]
    unplayed: list[Expected] = field(default_factory=list)
    """The run ended before they had to be raised, and they were not."""

    @property
    def wrong(self) -> list[Verdict]:
        """Troubles that were not raised once, in time, and cleared."""
        return [verdict for verdict in self.verdicts if not verdict.right]


def alarms_of(transitions: Iterable[Mapping[str, Any]]) -> list[Raised]:
    """Alarms from their changes, in order of time; changes are those of `alarm_history`, oldest first."""
    standing: dict[tuple[str, str], Raised] = {}
    out: list[Raised] = []
    for change in transitions:
        name = change["condition"], change["asset"]
        what = change["change"]
        if what in ("raised", "repeated"):
            again = standing.get(name)
            if again is not None and again.over is None:
                continue  # said again, no longer historic
            standing[name] = Raised(*name, change["zone"], change["at"], told=change["now"])
            out.append(standing[name])
        elif what in ("returned", "retired") and name in standing:
            standing[name].over, standing[name].told_over = change["at"], change["now"]
    return sorted(out, key=lambda alarm: (alarm.at, alarm.condition, alarm.asset))


def score_troubles(expected: Sequence[Expected], alarms: Sequence[Raised], until: int = EVER) -> TroubleScore:
    """Match alarms to the troubles that explain them; `until` is when the run ended, UTC ns."""
    verdicts = [Verdict(trouble, until=until) for trouble in expected if trouble.expect]
    others: list[Raised] = []
    for alarm in alarms:
        meant = next((verdict for verdict in verdicts if _is_meant(verdict.expected, alarm)), None)
        (others if meant is None else meant.alarms).append(alarm)
    raised = {verdict.expected for verdict in verdicts if verdict.alarms}
    unexplained = [
        alarm for alarm in others if not any(_is_consequence(each, alarm, each in raised) for each in expected)
    ]
    unplayed = [
        verdict.expected for verdict in verdicts
        if not verdict.alarms and verdict.expected.start + verdict.expected.within > until
    ]  # fmt: skip
    played = [verdict for verdict in verdicts if verdict.expected not in unplayed]
    return TroubleScore(played, unexplained, unplayed)


def _is_meant(trouble: Expected, alarm: Raised) -> bool:
    named = alarm.condition == trouble.expect and alarm.asset == trouble.at and alarm.zone == trouble.zone
    return named and trouble.start <= alarm.at <= trouble.end + trouble.over


def _is_consequence(trouble: Expected, alarm: Raised, raised: bool) -> bool:
    if alarm.zone not in (trouble.zone, *trouble.zones) or not trouble.start <= alarm.at <= trouble.end + trouble.over:
        return False
    return alarm.condition in trouble.also or (
        raised and alarm.condition == trouble.expect and alarm.asset != trouble.at
    )
