r"""What a changed profile makes of messages, beside what the profiles in force make of them. Pure.

    message --> Readers of now ---> readings ---+--> each reading: same, changed, new or lost
            \-> Readers of then --> readings ---+    the message:  the same words, or unread: neither reads anything

Readers are whole sets of profiles, so that a topic which another profile takes as the more specific one goes there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.codecs.redaction import StrangerRedactor
from gateway.config.bounds import Bounds
from gateway.config.profile_model import Profile
from gateway.engine.router import Match, Router
from gateway.reasons import Ignored
from gateway.workshop.message import Heard
from gateway.workshop.trial import Reading, Trial, Tried, Trouble

__all__ = ["Change", "Compared", "ComparedReading", "Readers", "compare", "summary_of"]


class Change(StrEnum):
    """What a changed profile does to a reading or a message."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    LOST = "lost"
    UNREAD = "unread"
    """Of a message only: no reading now, and none then."""


@dataclass(frozen=True, slots=True)
class ComparedReading:
    """A reading of one time of one quantity of one device; at least one of both is there."""

    change: Change
    now: Reading | None
    """As it is decoded now."""
    then: Reading | None
    """As the changed profile would have it."""

    @property
    def shown(self) -> Reading:
        """The one to come, or the one that is lost."""
        found = self.then or self.now
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Compared:
    """One message."""

    heard: Heard
    change: Change
    profile: str
    """Which would read it; "" where none would."""
    now: Tried
    then: Tried
    readings: Sequence[ComparedReading]


class Readers:
    """A whole set of profiles, as a gateway has them. Never called concurrently."""

    def __init__(self, profiles: Sequence[Profile], bounds: Bounds, now: int) -> None:
        """`now`, UTC ns: the receipt of messages of which nobody knows it."""
        self._profiles, self._bounds, self._now = profiles, bounds, now
        self._router = Router(profiles, bounds.max_topic_bytes)
        self._trials: dict[int, Trial] = {}  # compiled where a message needs it
        self._stranger: StrangerRedactor | None = None

    def take(self, heard: Heard) -> tuple[str, Tried]:
        """Name of the profile that reads it, "" for none; and what it makes of it."""
        match = self._router.match(heard.topic)
        if match.profile >= 0:
            return self._profiles[match.profile].name, self._trial(match.profile).take(heard)
        assert not isinstance(match, Match)
        out = Tried(0, heard, "ignored" if isinstance(match.reason, Ignored) else "topic", str(match.reason))
        if out.outcome == "topic":
            out.troubles.append(Trouble("topic", out.reason, "no profile takes it", "write it into topics"))
        return "", out

    def redact(self, heard: Heard) -> tuple[str, bytes]:
        """Topic and payload without what the profiles call secrets."""
        match = self._router.match(heard.topic)
        if match.profile >= 0:
            return self._trial(match.profile).compiled.redact(heard.topic, heard.payload)
        if self._stranger is None:
            self._stranger = StrangerRedactor([self._trial(k).compiled.redactor for k in range(len(self._profiles))])
        return self._stranger.redact(heard.topic, heard.payload)

    def _trial(self, number: int) -> Trial:
        found = self._trials.get(number)
        if found is None:
            found = self._trials[number] = Trial(self._profiles[number], self._bounds, self._now)
        return found


def compare(now: Readers, then: Readers, messages: Iterable[Heard]) -> list[Compared]:
    """Every message, in order."""
    return [_compared(heard, now, then) for heard in messages]


def _compared(heard: Heard, now: Readers, then: Readers) -> Compared:
    (_, before), (profile, after) = now.take(heard), then.take(heard)
    readings = _paired(before.readings, after.readings)
    return Compared(heard, _overall(readings), profile, before, after, readings)


def _paired(before: Sequence[Reading], after: Sequence[Reading]) -> list[ComparedReading]:
    """By device, quantity and time; those to come in their order, then the lost ones. One that comes twice, twice."""
    left: dict[tuple[str, str, int], list[Reading]] = {}
    for reading in before:
        left.setdefault(_key(reading), []).append(reading)
    out = []
    for reading in after:
        was = left.get(_key(reading))
        old = was.pop(0) if was else None
        out.append(ComparedReading(_change(old, reading), old, reading))
    lost = (reading for readings in left.values() for reading in readings)
    return out + [ComparedReading(Change.LOST, reading, None) for reading in lost]


def _key(reading: Reading) -> tuple[str, str, int]:
    return reading.device, reading.quantity, reading.ts


def _change(now: Reading | None, then: Reading) -> Change:
    if now is None:
        return Change.NEW
    return Change.SAME if now == then else Change.CHANGED


def _overall(readings: Sequence[ComparedReading]) -> Change:
    """Of a message by its readings: all alike is that, a mixture is a change."""
    found = {reading.change for reading in readings}
    if not found:
        return Change.UNREAD
    return found.pop() if len(found) == 1 else Change.CHANGED


def summary_of(compared: Iterable[Compared]) -> dict[str, dict[str, int]]:
    """How many `messages` and `readings` are what; messages have `unread` besides."""
    messages: Counter[str] = Counter()
    readings: Counter[str] = Counter()
    for each in compared:
        messages[each.change] += 1
        readings.update(str(reading.change) for reading in each.readings)
    return {
        "messages": {str(change): messages[change] for change in Change},
        "readings": {str(change): readings[change] for change in Change if change is not Change.UNREAD},
    }
