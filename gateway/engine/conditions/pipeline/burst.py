"""Burst main: the net inflow of a district metered area steps up while its pressure falls.

    inlets of the area --sum of flows--+
                                       +--> processors.conditions.pipeline.burst --> water.burst at the area
    its points --mean of pressures-----+

An area is a zone: a window of it is judged once flows and pressures, two lanes, have both come past its end, in order
of time. A meter that misses a window makes the sum unknown, and a point the mean: a sum without an inlet is no
fall of the inflow. One that has missed `_GAP_WINDOWS` of them no longer counts, and the area's base is learnt anew.
Source: see processors/conditions/pipeline/burst.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateway.config.conditions.pipeline import BurstCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.conditions.due import FAR, Waiting
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.pipeline.burst import Burst
from processors.conditions.signals import Signals
from processors.windows.watermark import NEVER

__all__ = ["BurstRule"]

_GAP_WINDOWS = 30
_MOST_OPEN, _MOST_UNHEARD = 1_440, 8
"""Windows of an area that wait for its other lane, or for one that was never heard, so that it doesn't matter in which
call that is met; beyond them the oldest is judged with what there is."""
_NS = 1_000_000_000
_SIDES = ("flows", "pressures")


@dataclass(slots=True)
class _Area:
    """A zone. `waiting`: end of a window -> mean of each series that it has."""

    zone: str
    key: int
    lanes: dict[bool, int] = field(default_factory=dict)
    """Lane of its flows (True) and of its pressures (False)."""
    seen: dict[int, int] = field(default_factory=dict)
    """End of the newest judged window of each series."""
    waiting: dict[int, dict[int, float]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    """`seen` by series."""

    @property
    def earliest(self) -> int:
        """End of the first window that waits."""
        return min(self.waiting, default=FAR)

    def has_heard(self, watermarks: I64) -> bool:
        """Whether both of its lanes have come anywhere."""
        return len(self.lanes) == len(_SIDES) and all(watermarks[lane] != NEVER for lane in self.lanes.values())

    def most(self, watermarks: I64) -> int:
        """How many windows may wait."""
        return _MOST_OPEN if self.has_heard(watermarks) else _MOST_UNHEARD


class BurstRule(Rule):
    """See Condition. Subjects are zones."""

    by_window = True

    def __init__(self, spec: BurstCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._step = spec.window_secs * _NS
        self._means = WindowMeans(spec.window_secs)
        self._area_of = Places()
        self._is_flow: dict[int, bool] = {}
        self._number: dict[str, int] = {}
        self._areas: list[_Area] = []
        self._waiting = Waiting()
        gap = _GAP_WINDOWS * self._step
        self._burst = Burst(spec.size, round(spec.within_secs * _NS), spec.size, gap, trend=False)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        flows = list(context.met(series, spec.flow_profile, (spec.flow,)))
        pressures = list(context.met(series, spec.pressure_profile, (spec.pressure,)))
        pairs = [(True, met) for met in flows] + [(False, met) for met in pressures]
        for is_flow, met in sorted(pairs, key=lambda pair: pair[1].series):
            zone = met.record.zone
            if zone not in self._number:
                self._number[zone] = len(self._areas)
                self._areas.append(_Area(zone, context.alarms.define(definition_of(spec, zone, zone, -1))))
            self._area_of.put(met.series, self._number[zone])
            self._is_flow[met.series] = is_flow
            self._areas[self._number[zone]].lanes[is_flow] = met.lane
            self._means.add(met.series, met.lane)
        self._burst.grow(len(self._areas))
        if pairs:
            # without one of them it is over by its number of windows only
            self._waiting.by([area.lanes.values() if len(area.lanes) == len(_SIDES) else () for area in self._areas])
        return [met.series for _, met in pairs]

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return [area.key for area in self._areas]

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._means.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return [*self._waiting.lanes, *self._means.lanes]

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        begun = self._gather(batch, watermarks)
        over = dict(self._waiting.over(watermarks))
        rows: list[tuple[int, int, float, float]] = []
        for number in begun.union(over):
            area = self._areas[number]
            many = len(area.waiting) > _MOST_UNHEARD and len(area.waiting) > area.most(watermarks)
            if many or number in over:
                whole = self._whole(area, over.get(number, NEVER), area.most(watermarks) if many else _MOST_OPEN)
                rows += [(at, number, *self._figures(area, at)) for at in whole]
                self._waiting.put(number, area.earliest)
        return self._judged(rows)

    def _gather(self, batch: AggregateBatch, watermarks: I64) -> set[int]:
        """Put means to their windows; the areas where one has begun."""
        begun: set[int] = set()
        if not len(batch) and not self._means.lanes:
            return begun
        mine = self._area_of.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        numbers = self._area_of.of(series)
        for number, at, whose, value in zip(
            numbers.tolist(), end.tolist(), series.tolist(), mean.tolist(), strict=True
        ):
            waiting = self._areas[number].waiting
            if at in waiting:
                waiting[at][whose] = value
            else:
                waiting[at] = {whose: value}
                begun.add(number)
        for number in begun:
            self._waiting.put(number, self._areas[number].earliest)
        return begun

    @staticmethod
    def _whole(area: _Area, reached: int, most: int) -> list[int]:
        """Windows of which no more can come, as its lanes have come so far and so many may wait."""
        ends = sorted(area.waiting)
        return [at for k, at in enumerate(ends) if at <= reached or k < len(ends) - most]

    def _figures(self, area: _Area, at: int) -> tuple[float, float]:
        """Sum of flows and mean of pressures of a window; NaN where one is missing that still counts."""
        there = area.waiting.pop(at)
        sides: dict[bool, list[float]] = {True: [], False: []}
        missing = {True: False, False: False}
        seen = area.seen
        for series in there:
            seen[series] = max(at, seen.get(series, at))
        if len(area.order) < len(seen):
            area.order = sorted(seen)
        for series in area.order:
            if series in there:
                sides[self._is_flow[series]].append(there[series])
            elif at - seen[series] < _GAP_WINDOWS * self._step:
                missing[self._is_flow[series]] = True
        flow = np.nan if missing[True] or not sides[True] else sum(sides[True])
        pressure = np.nan if missing[False] or not sides[False] else sum(sides[False]) / len(sides[False])
        return flow, pressure

    def _judged(self, rows: list[tuple[int, int, float, float]]) -> Signals:
        if not rows:
            return NOTHING
        rows.sort()
        ts: I64 = np.array([row[0] for row in rows], np.int64)
        area: I32 = np.array([row[1] for row in rows], np.int32)
        flow: F64 = np.array([row[2] for row in rows])
        pressure: F64 = np.array([row[3] for row in rows])
        spec = self._spec
        found = self._burst.update(area, ts, flow, pressure, spec.times, spec.least_flow, spec.least_pressure)
        known = found.level >= 0
        level = found.level[known].astype(np.uint8)
        keys = np.array([each.key for each in self._areas], np.int32)[area[known]]
        return Signals(keys, ts[known], level, level, found.flow_rise[known])

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "burst": self._burst.snapshot(), "means": self._means.snapshot(),
            "zones": [area.zone for area in self._areas],
            "seen": [[n, series, at] for n, area in enumerate(self._areas) for series, at in sorted(area.seen.items())],
            "waiting": [
                [n, at, series, value]
                for n, area in enumerate(self._areas)
                for at, means in sorted(area.waiting.items())
                for series, value in sorted(means.items())
            ],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["zones"], [area.zone for area in self._areas])
        learned = self._burst.snapshot()
        for name, column in learned.items():
            column[new] = state["burst"][name][old]
        self._burst.restore(learned)
        self._means.restore(state["means"])
        for number, series, at in state["seen"]:
            if (area := self._same(state, number, series)) is not None:
                area.seen[int(series)] = int(at)
        for number, at, series, value in state["waiting"]:
            if (area := self._same(state, number, series)) is not None:
                area.waiting.setdefault(int(at), {})[int(series)] = float(value)
        for number, area in enumerate(self._areas):
            self._waiting.put(number, area.earliest)

    def _same(self, state: Mapping[str, Any], number: int, series: int) -> _Area | None:
        """The area that a series was in and still is in."""
        now = int(self._area_of.of(np.array([series], np.int32))[0])
        return self._areas[now] if now >= 0 and self._areas[now].zone == state["zones"][int(number)] else None
