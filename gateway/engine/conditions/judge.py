"""All conditions of a zone's engine and its alarms: readings, windows and acts in, transitions out.

readings --+
windows  --+--> every condition --Signals--> Alarms --> Transitions
ticks    --+                        acts ------^
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions import (
    BurstCondition,
    CongestionCondition,
    SilenceCondition,
    StepsCondition,
    load_conditions,
)
from gateway.config.content import EngineContent
from gateway.engine.alarm_model import Act, Change, Transition
from gateway.engine.alarms import Alarms
from gateway.engine.conditions.base import Condition, Context
from gateway.engine.conditions.burst import BurstRule
from gateway.engine.conditions.congestion import CongestionRule
from gateway.engine.conditions.silence import SilenceRule
from gateway.engine.conditions.steps import StepsRule
from gateway.engine.registry import Registry
from gateway.rows import Row
from processors.columns import AggregateBatch, ReadingBatch
from processors.conditions.signals import Signals

__all__ = ["Judge"]


class Judge:
    """Never called concurrently. Blank until it is configured."""

    def __init__(self) -> None:
        self.alarms = Alarms()
        self._rules: dict[str, Condition] = {}
        self._context: Context | None = None
        self._bound = 0
        self._specs: list[dict[str, Any]] = []

    def configure(self, content: EngineContent, registry: Registry, intervals: Mapping[str, int]) -> None:
        """Take a configuration; what a condition that stays the same has learned is kept."""
        kept = {name: rule.snapshot() for name, rule in self._rules.items()}
        before = {spec["name"]: spec for spec in self._specs}
        self._build(content, registry, intervals)
        self._bind(registry)
        for spec in self._specs:
            name = spec["name"]
            if before.get(name) == spec:
                self._rules[name].restore(kept[name])

    def _build(self, content: EngineContent, registry: Registry, intervals: Mapping[str, int]) -> None:
        self._specs = [dict(spec) for spec in content.conditions]
        self._context = Context(registry, self.alarms, {asset.id: asset for asset in content.assets})
        self._rules, self._bound = {}, 0
        for spec in load_conditions(self._specs):
            match spec:
                case StepsCondition():
                    self._rules[spec.name] = StepsRule(spec)
                case CongestionCondition():
                    self._rules[spec.name] = CongestionRule(spec)
                case BurstCondition():
                    self._rules[spec.name] = BurstRule(spec)
                case SilenceCondition():
                    self._rules[spec.name] = SilenceRule(spec, intervals)

    def _bind(self, registry: Registry) -> None:
        """Let every condition meet the series that came since."""
        if self._bound == len(registry.series) or self._context is None:
            return
        new = registry.series[self._bound :]
        self._bound = len(registry.series)
        for rule in self._rules.values():
            rule.bind(new, self._context)

    def step(
        self, readings: Sequence[ReadingBatch], aggregates: Sequence[AggregateBatch], watermarks: Sequence[int],
        now: int, live: bool, out: list[Transition],
    ) -> None:  # fmt: skip
        """Judge what a call has brought."""
        if self._context is None or not self._rules:
            return
        self._bind(self._context.registry)
        batch, windows = ReadingBatch.concat(readings), AggregateBatch.concat(aggregates)
        for rule in self._rules.values():
            said = []
            if len(batch):
                said.append(rule.readings(batch))
            if len(windows):
                said.append(rule.windows(windows))
            said.append(rule.tick(now, live, self._context))
            signals = Signals.concat(said)
            if len(signals):
                order = np.argsort(signals.ts, kind="stable")
                self.alarms.observe(signals.take(order), now, live, out)
        self.alarms.advance(watermarks, now, live, out)

    def act(self, row: Row, now: int, out: list[Transition]) -> bool:
        """Carry out an operator's act; False where it is none of ours or changes nothing."""
        try:
            act = json.loads(row.payload)
            Act(act["act"])
        except (ValueError, KeyError, TypeError):
            return False
        return self.alarms.act(act, row.received_at, now, out)

    def standing(self) -> list[Transition]:
        """The alarms that are not normal, each as a transition that brings it to where it is."""
        out = []
        for key, alarm in sorted(self.alarms.open.items()):
            what = self.alarms.definitions[key]
            state = str(alarm.state(what.latching))
            out.append(
                Transition(
                    alarm.id,
                    str(Change.RAISED),
                    state,
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
            "alarms": self.alarms.snapshot(), "bound": self._bound,
            "rules": {name: rule.snapshot() for name, rule in self._rules.items()},
        }  # fmt: skip

    def restore(
        self, state: Mapping[str, Any], content: EngineContent, registry: Registry, intervals: Mapping[str, int]
    ) -> None:
        """Take back what `snapshot` gave, under the configuration of then."""
        self.alarms = Alarms.restore(state["alarms"])
        self._build(content, registry, intervals)
        self._bind(registry)
        for name, learned in state["rules"].items():
            self._rules[name].restore(learned)
