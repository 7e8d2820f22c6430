"""One profile on many messages: the readings that they become, and where and why they don't.

Decoded as a gateway does, by the same code; flags are those of the two spans. Checks that look at the readings before,
duplicates and late data are the engine's: `cityloom replay` shows them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gateway.codecs.compiled import CompiledProfile, compile_profile
from gateway.codecs.decoded import Decoded, Fault, State
from gateway.codecs.timestamps import RECEIPT
from gateway.config.bounds import Bounds
from gateway.config.profile_model import Profile
from gateway.engine.router import Match, Router
from gateway.reasons import Ignored
from gateway.workshop.hints import hint_for_field, hint_for_message
from gateway.workshop.message import Heard
from gateway.workshop.topic_difference import difference
from processors.flags import Flag

__all__ = ["MAX_AHEAD_SECS", "Reading", "Trial", "Tried", "Trouble"]

MAX_AHEAD_SECS = 300.0
"""A time so far ahead of its receipt is quarantined by the engine, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value as it would be stored. `value` None: an explicit null."""

    device: str
    quantity: str
    ts: int
    """UTC ns."""
    at_receipt: bool
    """The payload carried no time."""
    value: float | None
    unit: str
    flag: Flag
    state: str
    """The word of an enumeration or of a yes and no; else empty."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be used."""

    path: str
    reason: str
    detail: str
    hint: str


@dataclass(slots=True)
class Tried:
    """What became of one message."""

    number: int
    heard: Heard
    outcome: str = "decoded"
    """decoded, ignored, rejected or topic (it is none of the profile's)."""
    reason: str = ""
    readings: list[Reading] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether something of it would be lost."""
        return bool(self.troubles)


class Trial:
    """Never called concurrently. `now` (UTC ns) is the receipt of messages of which nobody knows it."""

    def __init__(self, profile: Profile, bounds: Bounds, now: int) -> None:
        self.profile = profile
        self.compiled: CompiledProfile = compile_profile(profile, bounds)
        self.counts: Counter[str] = Counter()
        """Messages by outcome; readings; readings by flag; troubles by reason."""
        self._bounds = bounds
        self._router = Router([profile], bounds.max_topic_bytes)
        self._now = now
        self._number = 0

    def take(self, heard: Heard) -> Tried:
        """Try one message more."""
        self._number += 1
        out = Tried(self._number, heard)
        match = self._router.match(heard.topic)
        if isinstance(match, Match):
            self._decode(heard, match, out)
        elif isinstance(match.reason, Ignored):
            out.outcome, out.reason = "ignored", str(match.reason)
        else:
            out.outcome, out.reason = "topic", str(match.reason)
            nearest = min((difference(template, heard.topic) for template in self.profile.templates), default=None)
            detail = nearest.what if nearest is not None and nearest.what else "the gateway takes no such topic"
            out.troubles.append(
                Trouble("topic", out.reason, detail, "write it into topics, or try the profile of its kind")
            )
        self.counts[f"messages {out.outcome}"] += 1
        self.counts["readings"] += len(out.readings)
        self.counts.update(f"flag {reading.flag.name.lower()}" for reading in out.readings)
        self.counts.update(f"trouble {trouble.reason}" for trouble in out.troubles)
        return out

    def _decode(self, heard: Heard, match: Match, out: Tried) -> None:
        receipt = self._now if heard.received_at is None else heard.received_at
        decoded = self.compiled.decode([heard.payload], [heard.topic], np.array([receipt], np.int64))
        for _, reason, detail in decoded.rejected:
            out.outcome, out.reason = "rejected", str(reason)
            hint = hint_for_message(self.profile, reason, heard, self._bounds)
            out.troubles.append(Trouble("message", str(reason), detail, hint))
        for _, ignored in decoded.ignored:
            out.outcome, out.reason = "ignored", str(ignored)
        out.troubles.extend(self._trouble(fault, heard) for fault in decoded.invalid)
        out.readings.extend(self._readings(decoded, match.key, receipt))
        if heard.received_at is not None:
            out.troubles.extend(self._ahead(out.readings, receipt))

    def _trouble(self, fault: Fault, heard: Heard) -> Trouble:
        spec = self.profile.fields.get(fault.quantity)
        path = "record" if spec is None else _listed(spec.path)
        hint = hint_for_field(self.profile, fault.quantity, fault.reason, heard, self._bounds)
        return Trouble(path, str(fault.reason), fault.detail, hint)

    def _ahead(self, readings: list[Reading], receipt: int) -> Iterator[Trouble]:
        """Times that are no times yet: most often a local clock that was taken for another zone's."""
        ahead = max((reading.ts - receipt for reading in readings), default=0) / 1e9
        if ahead > MAX_AHEAD_SECS:
            time = self.profile.time
            path = "time" if time is None or not time.path else " or ".join(time.path)
            yield Trouble(
                path, "ahead_of_receipt", f"it is {ahead / 3600:.2g} h after its receipt, and would be quarantined",
                "look at the format and the zone under [time]",
            )  # fmt: skip

    def _readings(self, decoded: Decoded, key: str | None, receipt: int) -> Iterator[Reading]:
        for row, ts in enumerate(decoded.ts.tolist()):
            device = decoded.keys[row] if decoded.keys is not None else key or ""
            for k, quantity in enumerate(self.compiled.quantities):
                state = decoded.state[row, k]
                if state not in (State.PRESENT, State.MISSING):
                    continue
                value = float(decoded.value[row, k]) if state == State.PRESENT else None
                at = receipt if ts == RECEIPT else ts
                yield Reading(
                    device, quantity.name, at, ts == RECEIPT, value, quantity.unit, self._flag(k, value),
                    self._state(quantity.name, value),
                )  # fmt: skip

    def _flag(self, k: int, value: float | None) -> Flag:
        made = self.compiled
        if value is None:
            return Flag.MISSING
        if not made.fail_low[k] <= value <= made.fail_high[k]:
            return Flag.FAIL
        return Flag.GOOD if made.suspect_low[k] <= value <= made.suspect_high[k] else Flag.SUSPECT

    def _state(self, quantity: str, value: float | None) -> str:
        spec = self.profile.fields[quantity]
        if value is None:
            return ""
        if spec.type == "boolean":
            return "yes" if value else "no"
        return next((word for word, number in spec.enum.items() if number == value), "")


def _listed(paths: tuple[str, ...]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} (or {len(paths) - 1} more places)"
