"""All conditions of a zone's engine and its alarms: readings, windows and acts in, transitions out.

readings --+
windows  --+--> every condition --Signals--> Alarms --> Transitions
ticks    --+                        acts ------^
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from gateway.config.conditions.kinds import is_tuning, load_conditions
from gateway.config.content import EngineContent
from gateway.config.profiles import Profile
from gateway.engine.alarm_model import Change, Transition
from gateway.engine.alarms import Alarms
from gateway.engine.brought import Brought
from gateway.engine.conditions.base import NOTHING, Condition, Context, Rule
from gateway.engine.conditions.kinds import rule_of
from gateway.engine.conditions.shares import Shares
from gateway.engine.outputs import Outputs
from gateway.engine.registry import Registry
from gateway.engine.timezone import day_edges
from gateway.engine.usual import Usual
from gateway.rows import Row
from processors.columns import I64, AggregateBatch
from processors.conditions.signals import Signals
from processors.flags import Why

__all__ = ["Judge"]

_TEN_SECONDS = 10_000_000_000
_SEVERAL = 16
"""Lanes beyond which everybody that waits is asked."""
_NO_WINDOWS = AggregateBatch.empty()


class Judge:
    """Never called concurrently. Blank until it is configured."""

    def __init__(self) -> None:
        self.alarms = Alarms()
        self._rules: dict[str, Condition] = {}
        self._context: Context | None = None
        self._specs: list[dict[str, Any]] = []
        self._bound = (0, 0)
        self._judging: set[str] = set()
        """Conditions that have series."""
        self._read, self._windowed = Shares(), Shares()
        self._closed: I64 = np.empty(0, np.int64)
        self._ticking: set[int] = set()
        """Rules that time alone says something to."""
        self._watching: dict[int, set[int]] = {}
        """Of each lane: rules that wait for it."""
        self._watchers: set[int] = set()
        """All of them."""

    def configure(
        self, content: EngineContent, profiles: Sequence[Profile], registry: Registry, now: int, out: list[Transition]
    ) -> None:
        """Take a configuration. What a condition has learned is kept where it stays the same but for how it judges
        (TUNING of its model); alarms that nothing feeds any more are closed."""
        kept = {name: rule.snapshot() for name, rule in self._rules.items()}
        before = {spec["name"]: spec for spec in self._specs}
        self._build(content, profiles, registry)
        for spec in self._specs:
            name = spec["name"]
            if name in before and is_tuning(before[name], spec):
                self._rules[name].restore(kept[name])
        fed = set(chain.from_iterable(rule.keys() for rule in self._rules.values()))
        self.alarms.retire(set(range(len(self.alarms))) - fed, now, out)

    def _build(self, content: EngineContent, profiles: Sequence[Profile], registry: Registry) -> None:
        self._specs = [dict(spec) for spec in content.conditions]
        self._context = Context(
            registry, self.alarms, {asset.id: asset for asset in content.assets},
            frozenset(device.id for device in content.devices), frozenset(content.zones),
            {profile.name: profile.interval_ns for profile in profiles},
            {profile.name: profile.provisioning.zone or "" for profile in profiles},
            {device.id: device.figures for device in content.devices if device.figures}, day_edges(content.timezone),
            content.timezone,
        )  # fmt: skip
        self._rules, self._bound, self._judging = {}, (0, 0), set()
        self._read, self._windowed = Shares(), Shares()
        self._closed = np.empty(0, np.int64)
        for spec in load_conditions(self._specs):
            self._rules[spec.name] = rule_of(spec)
        rules = enumerate(self._rules.values())
        self._ticking = {number for number, rule in rules if getattr(type(rule), "tick", None) is not Rule.tick}
        self._watching, self._watchers = {}, set()
        self._bind()

    def _bind(self) -> None:
        """Let every condition meet the series and devices that came since."""
        assert self._context is not None
        registry = self._context.registry
        have = len(registry.series), len(registry)
        if have == self._bound:
            return
        new = registry.series[self._bound[0] :]
        self._bound = have
        for number, rule in enumerate(self._rules.values()):
            bound = rule.bind(new, self._context)
            if bound:
                self._judging.add(rule.name)
            (self._windowed if rule.by_window else self._read).put(bound, number, rule.steps())
            for lane in set(rule.lanes()) if rule.name in self._judging else ():
                self._watching.setdefault(lane, set()).add(number)
                self._watchers.add(number)
        self._closed = np.empty(0, np.int64)

    def step(
        self, readings: Sequence[Brought], aggregates: Sequence[AggregateBatch], watermarks: I64, now: int,
        live: bool, out: Outputs,
    ) -> None:  # fmt: skip
        """Judge what a call has brought, late readings left out."""
        if self._context is None:
            return
        self._context.watermarks = watermarks
        self._bind()
        batches = self._read.of(_in_time(Brought.concat(readings)))
        closed = AggregateBatch.concat(aggregates)
        windows = self._windowed.of(closed, closed.step)
        asked = self._passed(watermarks).union(windows, batches, self._ticking)
        rules = list(self._rules.values())
        for number in sorted(asked):
            rule = rules[number]
            if number in batches:
                self._observe(rule.readings(batches[number]), now, out)
            elif rule.by_window:
                self._observe(rule.windows(windows.get(number, _NO_WINDOWS), watermarks), now, out)
            # last: what waits for its lane must not be judged before what this call has brought
            if number in self._ticking:
                self._observe(rule.tick(now, live), now, out)
            out.figures += rule.figures()
        self.alarms.advance(watermarks, now, live, out.transitions)

    def _passed(self, watermarks: I64) -> set[int]:
        """Rules of which a lane has come past a whole ten seconds, where windows end."""
        closed = watermarks // _TEN_SECONDS
        if len(closed) == len(self._closed):
            lanes = np.flatnonzero(closed != self._closed).tolist()
        else:
            lanes = list(range(len(closed)))
        self._closed = closed
        if len(lanes) > _SEVERAL:
            return set(self._watchers)
        return set[int]().union(*(self._watching[lane] for lane in lanes if lane in self._watching))

    def _observe(self, signals: Signals, now: int, out: Outputs) -> None:
        if signals is not NOTHING and len(signals):
            self.alarms.observe(signals, now, out.transitions)

    def act(self, row: Row, now: int, out: list[Transition]) -> bool:
        """Carry out an operator's act; False where it is none or changes nothing."""
        try:
            act = msgspec.json.decode(row.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return isinstance(act, dict) and self.alarms.act(act, row.received_at, now, out)

    def usual(self, series: int, ts: I64) -> Usual | None:
        """What the first condition that learns a series has learned of it, at `ts`."""
        found = (rule.usual(series, ts) for rule in self._rules.values())
        return next((each for each in found if each is not None), None)

    def standing(self) -> list[Transition]:
        """The alarms that are not normal, each as a transition that brings it to where it is."""
        out = []
        for key, alarm in sorted(self.alarms.open.items()):
            what = self.alarms.definitions[key]
            out.append(
                Transition(
                    alarm.id,
                    str(Change.RAISED),
                    str(alarm.state),
                    what.condition,
                    what.asset,
                    what.zone,
                    what.domain,
                    alarm.level,
                    what.priority(alarm.level),
                    alarm.value,
                    alarm.since,
                    alarm.since,
                    alarm.since,
                    alarm.historic,
                )
            )
        return out

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on, but for the configuration."""
        return {
            "alarms": self.alarms.snapshot(), "rules": {name: rule.snapshot() for name, rule in self._rules.items()},
        }  # fmt: skip

    def restore(
        self, state: Mapping[str, Any], content: EngineContent, profiles: Sequence[Profile], registry: Registry
    ) -> None:
        """Take back what `snapshot` gave, under the configuration of then; the first versions had nothing."""
        if "alarms" in state:
            self.alarms = Alarms.restore(state["alarms"])
        self._build(content, profiles, registry)
        rules: Mapping[str, Any] = state.get("rules", {})
        known = {name for name, learned in rules.items() if self._takes(name, learned)}
        if len(known) < len(rules):
            # an older version learned in another shape: those learn anew, from nothing half taken over
            self._build(content, profiles, registry)
            for name in known:
                self._rules[name].restore(rules[name])

    def _takes(self, name: str, learned: Mapping[str, Any]) -> bool:
        try:
            self._rules[name].restore(learned)
        except KeyError:
            return False
        return True


def _in_time(batch: Brought) -> Brought:
    """Without the late ones."""
    late = (batch.why & np.uint32(Why.LATE)) != 0
    return batch.take(~late) if late.any() else batch
