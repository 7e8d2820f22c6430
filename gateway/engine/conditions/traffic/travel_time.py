"""How reliable travel times were: travel-time, planning-time and buffer index of each segment and local day, or week.

    windows of speed --> length / speed, kept until the period is over --> figures at its end, against free flow

A period is over once its lane has come past its end; there are no figures where it had too few windows. Indices are
ratios of times, so the segment's length doesn't enter. A window without movement has no travel time, and is left out.
Source: see processors/conditions/traffic/reliability.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.traffic import TravelTimeCondition
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, moved
from gateway.engine.conditions.due import FAR, Due, runs
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.conditions.traffic.learned import LearnedFreeFlow
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import I32, I64, AggregateBatch
from processors.conditions.signals import Signals
from processors.conditions.traffic.reliability import reliability
from processors.windows.day import day_bounds

__all__ = ["TravelTimeRule"]

_NS = 1_000_000_000
_NEVER = np.iinfo(np.int64).min
_Told = tuple[int, int, Figure]
"""End of the period, source, figure."""


class TravelTimeRule(Rule):
    """See Condition. Sources are devices that measure a segment's speed; it feeds no alarm."""

    by_window = True

    def __init__(self, spec: TravelTimeCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._means = WindowMeans(spec.window_secs)
        self._free = LearnedFreeFlow(spec.half_life_days, spec.least)
        self._source = Places()
        self._places: list[tuple[str, str]] = []
        """Asset and zone of each source."""
        self._lane: list[int] = []
        self._due = Due()
        self._edges: I64 = np.empty(0, np.int64)
        days = 1 if spec.period == "day" else 7
        self._slots = (days * 86_400 + 3600) // spec.window_secs  # one hour more in autumn
        self._speed: NDArray[np.float32] = np.empty((0, self._slots), np.float32)
        """km/h of each window of the period; NaN: none."""
        self._start: I64 = np.empty(0, np.int64)
        self._end: I64 = np.empty(0, np.int64)
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._edges = context.day_edges
        bound = []
        for met in context.met(series, self._spec.profile, (self._spec.quantity,)):
            record = met.record
            self._source.put(met.series, self._free.add(met.series, context.assets.get(record.asset)))
            self._places.append((record.asset or record.id, record.zone))
            self._lane.append(met.lane)
            self._means.add(met.series, met.lane)
            bound.append(met.series)
        more = len(self._places) - len(self._start)
        if more:
            self._due.by(self._lane)
            self._speed = np.concatenate([self._speed, np.full((more, self._slots), np.nan, np.float32)])
            self._start = np.concatenate([self._start, np.full(more, _NEVER)])
            self._end = np.concatenate([self._end, np.full(more, _NEVER)])
        return bound

    def keys(self) -> Sequence[int]:
        """See Condition."""
        return ()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._means.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._lane

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        mine = self._source.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        found: list[_Told] = []
        for part in runs(end):
            found += self._keep(self._source.of(series[part]), end[part], mean[part])
        if self._due.come(watermarks, lambda: np.where(self._end > _NEVER, self._end, FAR)):
            reached = watermarks[np.array(self._lane, np.int64)]
            found += self._close(np.flatnonzero((self._end > _NEVER) & (self._end <= reached)))
        # some periods are over by a window of the next, some by their lane: which, depends on the call
        self._told += [figure for *_, figure in sorted(found, key=lambda each: each[:2])]
        return NOTHING

    def _keep(self, source: I32, end: I64, speed: NDArray[np.float64]) -> list[_Told]:
        """Take windows of one end; what they tell of periods before."""
        begin = end - self._spec.window_secs * _NS
        start, until = self._period(begin)
        over = source[(self._end[source] > _NEVER) & (self._start[source] != start)].astype(np.int64)
        told = self._close(over)
        if (self._end[source] != until).any():
            self._due.forget()
        self._start[source], self._end[source] = start, until
        self._speed[source, (begin - start) // (self._spec.window_secs * _NS)] = speed
        self._free.learn(source, begin, speed)
        return told

    def _period(self, begin: I64) -> tuple[I64, I64]:
        """Local day or week of windows."""
        if self._spec.period == "day":
            return day_bounds(begin, self._edges)
        weeks = self._edges[::7]
        at = np.clip(np.searchsorted(weeks, begin, side="right") - 1, 0, len(weeks) - 2)
        return weeks[at], weeks[at + 1]

    def _close(self, which: NDArray[np.int64]) -> list[_Told]:
        """What periods that are over were like; they begin anew."""
        if not len(which):
            return []
        speed = self._speed[which].astype(np.float64)
        hours = np.divide(1.0, speed, out=np.full(speed.shape, np.nan), where=speed > 0)  # of a kilometre
        free = self._free.now(which)
        per_km = np.divide(1.0, free, out=np.full(len(free), np.nan), where=free > 0)
        found = reliability(hours, per_km, least=self._spec.least_windows)
        told: list[_Told] = []
        for row, source in enumerate(which.tolist()):
            asset, zone = self._places[source]
            for name, values in (
                ("travel_time_index", found.travel_time_index), ("planning_time_index", found.planning_time_index),
                ("buffer_index", found.buffer_index),
            ):  # fmt: skip
                if np.isfinite(values[row]):
                    ts, value = int(self._end[source]), float(values[row])
                    told.append((ts, source, Figure(self.name, asset, zone, name, "1", ts, value)))
        self._speed[which] = np.nan
        self._start[which], self._end[which] = _NEVER, _NEVER
        self._due.forget()
        return told

    def figures(self) -> Sequence[Figure]:
        """See Condition: three indices of each segment and period."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "free": self._free.snapshot(), "means": self._means.snapshot(),
            "speed": self._speed.copy(), "start": self._start.copy(), "end": self._end.copy(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["free"]["series"], self._free.series)
        self._free.restore(state["free"])
        self._means.restore(state["means"])
        self._speed[new], self._start[new] = state["speed"][old], state["start"][old]
        self._end[new] = state["end"][old]
        self._due.forget()
