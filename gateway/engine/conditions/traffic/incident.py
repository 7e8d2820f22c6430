"""Incidents: traffic breaks down at a detector while the road behind it is free.

    its own speed falls, its occupancy rises  --one detector-----+
                                                                 +--> both --> traffic.incident at its segment
    its occupancy over that of the next one  --pair of them------+
    downstream, which is low

The first test says that something has happened, the second one where: a queue that only passes by is dense downstream
too. Where there is no next detector, or it says nothing, the first test decides. That both must agree is our choice:
neighbours may differ for good, which the published pair test alone takes for an incident.
Source: see processors/conditions/traffic, incident.py and incident_one_detector.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.traffic import IncidentCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule, moved
from gateway.engine.conditions.traffic.detectors import Detectors, Rows
from gateway.engine.conditions.worst import Worst
from gateway.engine.results import SeriesName
from processors.columns import F64, I64, U8, AggregateBatch
from processors.conditions.signals import Signals
from processors.conditions.traffic.incident import IncidentState, PairIncidents
from processors.conditions.traffic.incident_one_detector import DetectorIncidents

__all__ = ["IncidentRule"]

_NS = 1_000_000_000
_PATIENCE = 10
"""Windows without a verdict after which what was is forgotten."""


class IncidentRule(Rule):
    """See Condition. Sources are detectors, alarms are segments'. A pair has the number of its upstream detector."""

    by_window = True

    def __init__(self, spec: IncidentCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._detectors = Detectors(spec.profile, (spec.occupancy, spec.speed), spec.window_secs)
        self._worst = Worst()
        self._downstream: I64 = np.empty(0, np.int64)
        self._row: I64 = np.empty(0, np.int64)
        """Room to find the row of a detector."""
        window = spec.window_secs * _NS
        self._one = DetectorIncidents(
            fall=spec.fall, rise=spec.rise, weight=2.0 / (spec.memory + 1), warm_up=spec.warm_up,
            persistence=spec.persistence, longest=round(spec.longest_secs * _NS), patience=_PATIENCE * window,
        )  # fmt: skip
        self._pair = PairIncidents(
            interval=window, difference=spec.difference, relative=spec.relative, drop=None,
            most_downstream=spec.most_downstream, persistence=spec.persistence, patience=_PATIENCE * window,
        )  # fmt: skip

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        known = len(self._detectors)
        bound, fresh = self._detectors.bind(series, context)
        n = len(self._detectors)
        self._detectors.feed(self._worst, fresh, self._spec, context)
        if n != known or not known:
            self._downstream = self._detectors.roads(context.assets, self._spec.most_apart_m / 1000).downstream
            self._row = np.full(n + 1, -1, np.int64)
            self._one.grow(n)
            self._pair.grow(n)
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._worst.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._detectors.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._detectors.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        rows = self._detectors.rows(batch, watermarks)
        return Signals.concat([self._window(part) for part in rows.by_window()]) if len(rows) else NOTHING

    def _window(self, rows: Rows) -> Signals:
        start = rows.end - self._spec.window_secs * _NS
        occupancy, speed = rows.values[:, 0], rows.values[:, 1]
        one = self._one.step(rows.detector, start, speed, occupancy)
        pair = self._next_to(rows, start, occupancy)
        known = np.flatnonzero(one != IncidentState.UNKNOWN)
        if not len(known):
            return NOTHING
        there = (one >= IncidentState.CONFIRMED) & ((pair == 0) | (pair >= IncidentState.CONFIRMED))
        level = there[known].astype(np.uint8)
        source = self._detectors.source[rows.detector[known]]
        return self._worst.take(source, rows.end[known], level, level, speed[known])

    def _next_to(self, rows: Rows, start: I64, occupancy: F64) -> U8:
        """The pair's state of each row; 0: there is none, or it can't be judged."""
        self._row[rows.detector] = np.arange(len(rows))
        at = self._row[self._downstream[rows.detector]]  # -1 finds the last place, which is nobody's
        self._row[rows.detector] = -1
        paired = np.flatnonzero(self._downstream[rows.detector] >= 0)
        ahead = np.where(at[paired] >= 0, occupancy[at[paired]], np.nan)
        state = np.zeros(len(rows), np.uint8)
        state[paired] = self._pair.step(rows.detector[paired], start[paired], occupancy[paired], ahead)
        return state

    def _pairs(self) -> list[str]:
        """Lasting names of pairs."""
        names = [*self._detectors.names, ""]
        return [f"{up} {names[down]}" for up, down in zip(self._detectors.names, self._downstream, strict=True)]

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "worst": self._worst.snapshot(), "detectors": self._detectors.snapshot(), "pairs": self._pairs(),
            "one": self._one.snapshot(), "pair": self._pair.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._worst.restore(state["worst"])
        self._detectors.restore(state["detectors"])
        learners: tuple[tuple[DetectorIncidents | PairIncidents, str, list[str], list[str]], ...] = (
            (self._one, "one", state["detectors"]["names"], self._detectors.names),
            (self._pair, "pair", state["pairs"], self._pairs()),
        )
        for learner, name, before, after in learners:
            old, new = moved(before, after)
            learned = learner.snapshot()
            for column, values in learned.items():
                values[new] = state[name][column][old]
            learner.restore(learned)
