"""The alarms of a zone's engine: signals of conditions and acts of operators in, transitions out. Pure.

    Signals (key, ts, level, held, value) --> on-delay --> raised ... level ... off-delay --> returned
                                                 |
    acts ---------------------------------------- ack, shelve, suppress, out of service, comment, reset

A signal says at which level a condition stands and which level it would still hold with its deadband (`held`), so the
level is min(max(level, the one before), held): no condition keeps a state for its deadband. A level holds until the
next signal, so a delay ends with that signal or with the watermark of the key's lane, whichever tells first that the
time is over: a key whose signals stop is raised all the same, and never returns by silence. Times are those of the
readings. There is one open alarm for each (condition, asset), whatever a burst or a restart does.

Live or historic: what became an alarm within `max_age` of now, or still stands when a backlog has ended, is for
somebody; what is older was over before anybody could have acted, and is put on record only.

For one key the transitions depend on its signals, on acts and on calls of `advance`; not on how signals are split into
calls of `observe`, on other keys, or on snapshots.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from gateway.engine.alarm_acts import CHANGES, PUTTING_ASIDE, ActIds, ActRequest, carry_out
from gateway.engine.alarm_figures import AlarmFigures
from gateway.engine.alarm_keys import AlarmKeys
from gateway.engine.alarm_model import AlarmDefinition, AlarmState, Change, Transition, alarm_id
from gateway.engine.alarm_open import OpenAlarm
from processors.columns import I64
from processors.conditions.signals import Signals

__all__ = ["Alarms"]


@dataclass(slots=True)
class _Call:
    """What one call needs everywhere."""

    now: int
    out: list[Transition]


class Alarms:
    """Never called concurrently. Keys are dense indices of definitions, in order of `define`."""

    def __init__(self, max_age_ns: int = 900_000_000_000) -> None:
        self.max_age_ns = max_age_ns
        self.definitions: list[AlarmDefinition] = []
        self.open: dict[int, OpenAlarm] = {}
        self.figures = AlarmFigures()
        self._index: dict[str, dict[str, int]] = {}
        """Key by condition and asset."""
        self._retired: set[int] = set()
        self._keys = AlarmKeys()
        self._acts = ActIds()
        # open ones that `advance` looks at: shelved until a time, and historic ones that still stand
        self._shelved: set[int] = set()
        self._backlog: set[int] = set()

    def __len__(self) -> int:
        return len(self.definitions)

    # -- what there is ------------------------------------------------------------------------------------------------

    def define(self, definition: AlarmDefinition) -> int:
        """The key of a definition. One with the same condition and asset is replaced, or comes back, under its key.

        New delays hold from now on, for what waits too; an open alarm goes on, with the latching that it began with.
        """
        of_condition = self._index.setdefault(definition.condition, {})
        key = of_condition.get(definition.asset)
        if key is None:
            key = of_condition[definition.asset] = len(self.definitions)
            self.definitions.append(definition)
            self._keys.grow(len(self.definitions))
        self.definitions[key] = definition
        self._keys.set_lane(key, definition.lane)
        if key in self._retired:
            self._retired.remove(key)
            self._keys.reopen(key)
        elif key in self._keys.waiting:
            self._turn(key, int(self._keys.turned[key]))
        return key

    def retire(self, keys: Iterable[int], now: int, out: list[Transition]) -> None:
        """Definitions that are gone: what is open is closed and says so; signals and acts change nothing any more.

        A key is kept for its name, so memory grows with the names that ever were.
        """
        for key in sorted(set(keys) - self._retired):
            alarm = self.open.get(key)
            if alarm is not None:
                alarm.clear()
                alarm.shelved_until, alarm.suppressed, alarm.out_of_service = 0, False, False
                self._say(alarm, Change.RETIRED, now, _Call(now, out))
                self._settle(key)
            self._keys.close(key)
            self._retired.add(key)

    # -- what the process does ----------------------------------------------------------------------------------------

    def observe(self, signals: Signals, now: int, out: list[Transition]) -> None:
        """Take signals in order of arrival: of one key, whatever is older than one before it changes nothing."""
        call = _Call(now, out)
        for key, ts, level, held, value in self._keys.sift(signals):
            self._keys.newest[key] = ts
            self._delay(key, ts, call)
            self._judge(key, ts, level, held, value, call)
            self._delay(key, ts, call)

    def advance(self, watermarks: Sequence[int] | I64, now: int, live: bool, out: list[Transition]) -> None:
        """Let time pass: delays end by the watermark of a key's lane, shelvings by `now`, and backlogs when live."""
        call = _Call(now, out)
        for key, reached in self._keys.due_by(watermarks):
            self._delay(key, reached, call)
        for key in sorted(self._shelved):
            alarm = self.open[key]
            until = alarm.shelved_until
            if now >= until:
                alarm.shelved_until = 0
                self._decided(alarm, Change.UNSHELVED, until, call)
        # what has turned to normal already doesn't stand, even if its off-delay still runs
        for key in sorted(self._backlog - self._keys.waiting) if live else ():
            alarm = self.open[key]
            alarm.historic = False
            self._announce(alarm, now)
            self._say(alarm, Change.RAISED, alarm.since, call)
            self._settle(key)

    def _judge(self, key: int, ts: int, level: int, held: int, value: float, call: _Call) -> None:
        """Bring a key to the level that a signal says."""
        before = int(self._keys.level[key])
        level = min(max(level, before), held)
        if level == before:
            return
        self._keys.level[key], self._keys.value[key] = level, value
        alarm = self.open.get(key)
        active = alarm is not None and alarm.active
        if active == (level > 0):
            self._keys.unturn(key)
        elif active or not before:
            self._turn(key, ts)
        if alarm is not None and active and level not in (0, alarm.level):
            if alarm.move(level, _figure(value)):
                self._announce(alarm, ts, again=True)
            self._say(alarm, Change.LEVEL, ts, call)

    def _turn(self, key: int, at: int) -> None:
        definition = self.definitions[key]
        self._keys.turn(key, at, definition.on_delay_ns if self._keys.level[key] else definition.off_delay_ns)

    def _delay(self, key: int, reached: int, call: _Call) -> None:
        """Time has come as far as `reached` for this key."""
        if reached < self._keys.due[key]:
            return
        turned, due = int(self._keys.turned[key]), int(self._keys.due[key])
        self._keys.unturn(key)
        if self._keys.level[key]:
            self._begin(key, turned, due, call)
        else:
            alarm = self.open[key]
            alarm.active = False
            self._say(alarm, Change.RETURNED, turned, call)
        self._settle(key)

    def _begin(self, key: int, since: int, due: int, call: _Call) -> None:
        alarm = self.open.get(key) or self._blank(key, since)
        change = Change.RAISED if alarm.blank else Change.REPEATED
        if alarm.blank:
            alarm.since, alarm.historic = since, call.now - due > self.max_age_ns
        alarm.begin(int(self._keys.level[key]), _figure(float(self._keys.value[key])), self.definitions[key].latching)
        self.open[key] = alarm
        self._announce(alarm, since, again=True)
        self._say(alarm, change, since, call)

    def _blank(self, key: int, at: int) -> OpenAlarm:
        definition = self.definitions[key]
        return OpenAlarm(key, alarm_id(definition.condition, definition.asset, at), at)

    def _announce(self, alarm: OpenAlarm, at: int, *, again: bool = False) -> None:
        """Somebody is told of what stands, unless it is put aside or for the record."""
        if alarm.active and not alarm.put_aside and not alarm.historic and (again or not alarm.announced):
            alarm.announced = True
            self.figures.raised(alarm.key, at)

    def _settle(self, key: int) -> None:
        """Forget what is over and asks for nothing; what is put aside stays as a blank."""
        alarm = self.open[key]
        if alarm.process_state is AlarmState.NORMAL:
            alarm.clear()
            if not alarm.put_aside:
                del self.open[key]
        for found, keys in ((alarm.shelved_until, self._shelved), (alarm.historic, self._backlog)):
            if found:
                keys.add(key)
            else:
                keys.discard(key)

    # -- what people do -----------------------------------------------------------------------------------------------

    def act(self, act: Mapping[str, Any], at: int, now: int, out: list[Transition]) -> bool:
        """Carry out an act (`ActRequest`) done at `at`; False: there is nothing that it could change, or it is no act.

        Repeating it changes nothing.
        """
        request = ActRequest.of(act)
        if request is None or self._acts.seen(request.id):
            return False
        key = self._index.get(request.condition, {}).get(request.asset)
        if key is None or key in self._retired:
            return False
        alarm = self.open.get(key)
        if request.alarm and (alarm is None or alarm.id != request.alarm):
            return False
        if alarm is None:
            if request.act not in PUTTING_ASIDE:
                return False
            alarm = self._blank(key, at)
        if not carry_out(alarm, request, now):
            return False
        self.open[key] = alarm
        self._decided(alarm, CHANGES[request.act], at, _Call(now, out), request)
        return True

    def _decided(
        self, alarm: OpenAlarm, change: Change, at: int, call: _Call, request: ActRequest | None = None
    ) -> None:
        """Say what was decided; what stands and is no longer put aside is announced now."""
        self._announce(alarm, call.now)
        self._say(alarm, change, at, call, request)
        self._settle(alarm.key)

    def _say(self, alarm: OpenAlarm, change: Change, at: int, call: _Call, request: ActRequest | None = None) -> None:
        definition = self.definitions[alarm.key]
        who, text = ("", "") if request is None else (request.who, request.text)
        call.out.append(
            Transition(
                alarm=alarm.id, change=str(change), state=str(alarm.state), condition=definition.condition,
                asset=definition.asset, zone=definition.zone, domain=definition.domain, level=alarm.level,
                priority=definition.priority(alarm.level), value=alarm.value, at=at, now=call.now, since=alarm.since,
                historic=alarm.historic, who=who, text=text, until=alarm.shelved_until,
            )
        )  # fmt: skip

    # -- state --------------------------------------------------------------------------------------------------------

    def standing(self) -> int:
        """Alarms that somebody has to look at."""
        return sum(alarm.announced and not alarm.put_aside for alarm in self.open.values())

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on."""
        return {
            "max_age_ns": self.max_age_ns,
            "definitions": list(self.definitions),
            "retired": sorted(self._retired),
            "open": [msgspec.to_builtins(alarm) for _, alarm in sorted(self.open.items())],
            "keys": self._keys.snapshot(),
            "acts": self._acts.snapshot(),
            "figures": self.figures.snapshot(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "Alarms":
        """The alarms that gave `state`."""
        made = cls(state["max_age_ns"])
        for definition in msgspec.convert(state["definitions"], list[AlarmDefinition]):
            made.define(definition)
        made._retired = set(state["retired"])
        made._keys.restore(state["keys"])
        for key in made._keys.turned_keys():
            made._turn(key, int(made._keys.turned[key]))
        for alarm in msgspec.convert(state["open"], list[OpenAlarm]):
            made.open[alarm.key] = alarm
            made._settle(alarm.key)
        made._acts.restore(state["acts"])
        made.figures = AlarmFigures.restore(state["figures"])
        return made


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else value
