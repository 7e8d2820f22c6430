"""The alarms of a zone's engine: signals of conditions and acts of operators in, transitions out. Pure.

    Signals (key, ts, level, held, value) --> on-delay --> raised ... level ... off-delay --> returned
                                                 |
    acts ---------------------------------------- ack, shelve, suppress, out of service, comment, reset

A signal says at which level a condition stands and which level it would still hold with its deadband (`held`), so the
level is min(max(level, the one before), held): no condition keeps a state for its deadband. Delays run in the readings'
time. There is one open alarm for each (condition, asset), whatever a burst or a restart does.

Live or historic: a condition whose time is within `max_age` of now, or that still stands when a backlog ends, is an
alarm for somebody; what began and ended in a backlog is put on record only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from gateway.engine.alarm_figures import AlarmFigures
from gateway.engine.alarm_model import Act, AlarmDefinition, AlarmState, Change, Transition, alarm_id
from processors.conditions.signals import Signals

__all__ = ["Alarms", "OpenAlarm"]

_NONE = -(2**63)
_REMEMBERED_ACTS = 1_000


class OpenAlarm(msgspec.Struct):
    """An alarm that is not normal, or that somebody has put aside."""

    key: int
    id: str
    since: int
    level: int
    value: float | None
    active: bool
    acknowledged: bool
    historic: bool
    ended: int = 0
    """When the condition was over, while `active` is false."""
    shelved_until: int = 0
    suppressed: bool = False
    out_of_service: bool = False
    shown: bool = True
    """False: put aside before anything was wrong."""

    def state(self, latching: bool) -> AlarmState:
        """By precedence: decisions first, then the process."""
        if self.out_of_service:
            return AlarmState.OUT_OF_SERVICE
        if self.suppressed:
            return AlarmState.SUPPRESSED
        if self.shelved_until:
            return AlarmState.SHELVED
        if not self.shown:
            return AlarmState.NORMAL
        if self.active:
            return AlarmState.ACKNOWLEDGED if self.acknowledged else AlarmState.UNACKNOWLEDGED
        if latching:
            return AlarmState.LATCHED
        return AlarmState.NORMAL if self.acknowledged else AlarmState.RETURNED

    @property
    def put_aside(self) -> bool:
        """Somebody decided that it is not to be announced."""
        return bool(self.shelved_until) or self.suppressed or self.out_of_service


@dataclass(slots=True)
class _Call:
    """What one call needs everywhere."""

    now: int
    live: bool
    out: list[Transition]


class Alarms:
    """Never called concurrently. Keys are dense indices of definitions, in order of `define`."""

    def __init__(self, max_age_ns: int = 900_000_000_000) -> None:
        self.max_age_ns = max_age_ns
        self.definitions: list[AlarmDefinition] = []
        self.open: dict[int, OpenAlarm] = {}
        self.figures = AlarmFigures()
        self._index: dict[tuple[str, str], int] = {}
        # by key: when a condition that is not raised yet began, when one that is not returned yet was over
        self._pending = np.empty(0, np.int64)
        self._clearing = np.empty(0, np.int64)
        self._level = np.empty(0, np.uint8)
        self._value = np.empty(0, np.float64)
        self._newest = np.empty(0, np.int64)
        self._busy = np.empty(0, np.bool_)
        self._acts: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self.definitions)

    def define(self, definition: AlarmDefinition) -> int:
        """The key of a definition; one with the same condition and asset is replaced."""
        name = (definition.condition, definition.asset)
        key = self._index.get(name)
        if key is not None:
            self.definitions[key] = definition
            return key
        key = self._index[name] = len(self.definitions)
        self.definitions.append(definition)
        if key >= len(self._level):
            self._grow(max(64, 2 * len(self._level)))
        return key

    def _grow(self, room: int) -> None:
        more = room - len(self._level)
        self._pending = np.concatenate([self._pending, np.full(more, _NONE)])
        self._clearing = np.concatenate([self._clearing, np.full(more, _NONE)])
        self._newest = np.concatenate([self._newest, np.full(more, _NONE)])
        self._level = np.concatenate([self._level, np.zeros(more, np.uint8)])
        self._value = np.concatenate([self._value, np.full(more, np.nan)])
        self._busy = np.concatenate([self._busy, np.zeros(more, np.bool_)])

    # -- what the process does ----------------------------------------------------------------------------------------

    def observe(self, signals: Signals, now: int, live: bool, out: list[Transition]) -> None:
        """Take signals, those of one key in the order of their times."""
        if not len(signals):
            return
        # almost all say that what is normal still is
        told = signals.take((signals.level > 0) | self._busy[signals.key])
        call = _Call(now, live, out)
        for key, ts, level, held, value in _changes(told):
            self._take(key, ts, level, held, value, call)

    def advance(self, watermarks: Sequence[int], now: int, live: bool, out: list[Transition]) -> None:
        """Let time pass: delays end by the watermark of a key's lane, shelvings by `now`, and backlogs when live."""
        call = _Call(now, live, out)
        for key in np.flatnonzero(self._busy).tolist():
            definition = self.definitions[key]
            if 0 <= definition.lane < len(watermarks):
                self._delays(key, int(watermarks[definition.lane]), call)
            alarm = self.open.get(key)
            if alarm is None:
                continue
            if alarm.shelved_until and now >= alarm.shelved_until:
                alarm.shelved_until = 0
                self._say(alarm, Change.UNSHELVED, now, call)
                self._settle(key)
            elif alarm.historic and alarm.active and live:
                # the backlog has ended and it still stands
                alarm.historic = False
                self._raise(alarm, Change.RAISED, alarm.since, call)

    def _take(self, key: int, ts: int, level: int, held: int, value: float, call: _Call) -> None:
        if ts < self._newest[key]:
            return  # judged already with newer readings
        self._newest[key] = ts
        self._delays(key, ts, call)
        before = int(self._level[key])
        level = min(max(level, before), held)
        self._level[key], self._value[key] = level, value
        alarm = self.open.get(key)
        active = alarm is not None and alarm.active
        if level:
            self._clearing[key] = _NONE
            if active:
                assert alarm is not None
                if level != alarm.level:
                    alarm.level, alarm.value = level, _figure(value)
                    self._say(alarm, Change.LEVEL, ts, call)
            elif self._pending[key] == _NONE:
                self._pending[key] = ts
                self._busy[key] = True
        else:
            self._pending[key] = _NONE
            if active and self._clearing[key] == _NONE:
                self._clearing[key] = ts
        self._delays(key, ts, call)
        self._settle(key)

    def _delays(self, key: int, reached: int, call: _Call) -> None:
        """Time has come as far as `reached` for this key."""
        definition = self.definitions[key]
        began, over = int(self._pending[key]), int(self._clearing[key])
        if began != _NONE and reached - began >= definition.on_delay_ns:
            self._pending[key] = _NONE
            self._begin(key, began, call)
        elif over != _NONE and reached - over >= definition.off_delay_ns:
            self._clearing[key] = _NONE
            self._end(key, over, call)
            self._settle(key)

    def _begin(self, key: int, since: int, call: _Call) -> None:
        definition = self.definitions[key]
        level, value = max(int(self._level[key]), 1), _figure(float(self._value[key]))
        historic = not call.live and call.now - since > self.max_age_ns
        alarm = self.open.get(key)
        if alarm is None or not alarm.shown:
            aside = alarm
            alarm = OpenAlarm(
                key, alarm_id(definition.condition, definition.asset, since), since, level, value, active=True,
                acknowledged=False, historic=historic,
            )  # fmt: skip
            if aside is not None:
                alarm.shelved_until, alarm.suppressed = aside.shelved_until, aside.suppressed
                alarm.out_of_service = aside.out_of_service
            self.open[key] = alarm
            self._raise(alarm, Change.RAISED, since, call)
            return
        alarm.active, alarm.acknowledged, alarm.ended = True, False, 0
        alarm.level, alarm.value = level, value
        self._raise(alarm, Change.REPEATED, since, call)

    def _raise(self, alarm: OpenAlarm, change: Change, at: int, call: _Call) -> None:
        self._busy[alarm.key] = True
        if not alarm.historic and not alarm.put_aside:
            self.figures.raised(alarm.key, at)
        self._say(alarm, change, at, call)

    def _end(self, key: int, at: int, call: _Call) -> None:
        alarm = self.open[key]
        alarm.active, alarm.ended = False, at
        if alarm.historic:
            alarm.acknowledged = True  # nobody was asked to
        self._say(alarm, Change.RETURNED, at, call)

    def _settle(self, key: int) -> None:
        """Forget an alarm that is normal and that nobody has put aside."""
        alarm = self.open.get(key)
        if alarm is not None and not alarm.put_aside and not alarm.active:
            latched = self.definitions[key].latching and not alarm.historic and alarm.shown
            if not latched and (alarm.acknowledged or not alarm.shown):
                del self.open[key]
        self._busy[key] = key in self.open or self._pending[key] != _NONE

    # -- what people do -----------------------------------------------------------------------------------------------

    def act(self, act: Mapping[str, Any], at: int, call_now: int, out: list[Transition]) -> bool:
        """Carry out an act; False: there is nothing that it could change. Repeating it changes nothing.

        `act` has `act`, `condition`, `asset`, `who` and, as the act needs them, `until` (UTC ns), `text` and an `id`.
        """
        key = self._index.get((str(act.get("condition", "")), str(act.get("asset", ""))))
        named = str(act.get("id", ""))
        if key is None or (named and named in self._acts):
            return False
        what = Act(act["act"])
        call = _Call(call_now, True, out)
        before = len(out)
        self._carry_out(key, what, act, at, call)
        self._settle(key)
        if named:
            self._acts[named] = None
            while len(self._acts) > _REMEMBERED_ACTS:
                del self._acts[next(iter(self._acts))]
        return len(out) > before

    def _carry_out(self, key: int, what: Act, act: Mapping[str, Any], at: int, call: _Call) -> None:
        alarm = self.open.get(key)
        who, text = str(act.get("who", "")), str(act.get("text", ""))
        if what in (Act.SHELVE, Act.SUPPRESS, Act.OUT_OF_SERVICE) and alarm is None:
            definition = self.definitions[key]
            # put aside while nothing is wrong
            alarm = self.open[key] = OpenAlarm(
                key, alarm_id(definition.condition, definition.asset, at), at, 0, None, active=False,
                acknowledged=True, historic=False, shown=False,
            )  # fmt: skip
        if alarm is None:
            return
        change = _CHANGES[what]
        until = 0
        match what:
            case Act.ACK:
                done = alarm.shown and not alarm.acknowledged
                alarm.acknowledged = True
            case Act.RESET:
                done = alarm.shown and not alarm.active
                if done:
                    self._say(alarm, change, at, call, who, text)
                    del self.open[key]
                return
            case Act.SHELVE:
                until = int(act["until"])
                done = until > call.now and alarm.shelved_until != until
                alarm.shelved_until = until if done else alarm.shelved_until
            case Act.UNSHELVE:
                done, alarm.shelved_until = bool(alarm.shelved_until), 0
            case Act.SUPPRESS:
                done, alarm.suppressed = not alarm.suppressed, True
            case Act.UNSUPPRESS:
                done, alarm.suppressed = alarm.suppressed, False
            case Act.OUT_OF_SERVICE:
                done, alarm.out_of_service = not alarm.out_of_service, True
            case Act.IN_SERVICE:
                done, alarm.out_of_service = alarm.out_of_service, False
            case Act.COMMENT:
                done = bool(text)
        if done:
            self._say(alarm, change, at, call, who, text, until)

    def _say(
        self, alarm: OpenAlarm, change: Change, at: int, call: _Call, who: str = "", text: str = "", until: int = 0
    ) -> None:
        definition = self.definitions[alarm.key]
        state = AlarmState.NORMAL if change is Change.RESET else alarm.state(definition.latching and not alarm.historic)
        call.out.append(
            Transition(
                alarm.id,
                str(change),
                str(state),
                definition.condition,
                definition.asset,
                definition.zone,
                definition.domain,
                alarm.level,
                definition.priority(alarm.level),
                alarm.value,
                at,
                call.now,
                alarm.since,
                alarm.historic,
                who,
                text,
                until,
            )
        )

    # -- state --------------------------------------------------------------------------------------------------------

    def standing(self) -> int:
        """Alarms that somebody has to look at."""
        return sum(alarm.shown and not alarm.put_aside and not alarm.historic for alarm in self.open.values())

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on."""
        n = len(self.definitions)
        return {
            "definitions": msgspec.to_builtins(self.definitions),
            "open": [msgspec.to_builtins(alarm) for _, alarm in sorted(self.open.items())],
            "pending": self._pending[:n].copy(), "clearing": self._clearing[:n].copy(),
            "newest": self._newest[:n].copy(), "level": self._level[:n].copy(), "value": self._value[:n].copy(),
            "acts": list(self._acts), "figures": self.figures.snapshot(), "max_age_ns": self.max_age_ns,
        }  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "Alarms":
        """The alarms that gave `state`."""
        made = cls(state["max_age_ns"])
        for definition in msgspec.convert(state["definitions"], list[AlarmDefinition]):
            made.define(definition)
        n = len(made.definitions)
        for name in ("pending", "clearing", "newest", "level", "value"):
            getattr(made, f"_{name}")[:n] = state[name]
        made.open = {alarm.key: alarm for alarm in msgspec.convert(state["open"], list[OpenAlarm])}
        made._acts = dict.fromkeys(state["acts"])
        made.figures = AlarmFigures.restore(state["figures"])
        for key in range(n):
            made._busy[key] = key in made.open or made._pending[key] != _NONE
        return made


_CHANGES = {
    Act.ACK: Change.ACKNOWLEDGED, Act.RESET: Change.RESET, Act.SHELVE: Change.SHELVED, Act.UNSHELVE: Change.UNSHELVED,
    Act.SUPPRESS: Change.SUPPRESSED, Act.UNSUPPRESS: Change.UNSUPPRESSED,
    Act.OUT_OF_SERVICE: Change.REMOVED_FROM_SERVICE, Act.IN_SERVICE: Change.RETURNED_TO_SERVICE,
    Act.COMMENT: Change.COMMENTED,
}  # fmt: skip


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else value


def _changes(signals: Signals) -> list[tuple[int, int, int, int, float]]:
    """Signals key by key in their order; of a run that says the same only the first and the last, which tells time."""
    if not len(signals):
        return []
    order = np.argsort(signals.key, kind="stable")
    s = signals.take(order)
    same = (s.key[1:] == s.key[:-1]) & (s.level[1:] == s.level[:-1]) & (s.held[1:] == s.held[:-1])
    keep = np.ones(len(s), np.bool_)
    keep[1:-1] = ~(same[:-1] & same[1:])
    s = s.take(keep)
    return list(zip(s.key.tolist(), s.ts.tolist(), s.level.tolist(), s.held.tolist(), s.value.tolist(), strict=True))
