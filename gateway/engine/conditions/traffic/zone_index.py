"""Index of a zone: performance index of its segments, weighted by flow and length.

    speed of segments --> delay against learned free flow --> TPI --+
                                                                    +--> figure `tpi` of the zone, alarm by steps
    flow of detectors, their mean on a segment ------- x length ----+

Speeds and flows are two lanes: a window of a zone is judged once both have come past its end. A segment whose flow is
not known does not enter; until something in a zone has measured flow the lengths alone are weights. Of several speeds
of a segment the mean of their TPI counts. A segment, and a zone's flow, counts from its own first window on: by the
times of windows, as it must not matter in which call a series is met.
Source: see processors/conditions/traffic, delay.py and zone_index.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.traffic import ZoneIndexCondition
from gateway.engine.conditions.base import NOTHING, Context, Met, Places, Rule, definition_of
from gateway.engine.conditions.due import FAR, Waiting
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.conditions.traffic.learned import LearnedFreeFlow
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.signals import Signals, step_levels
from processors.conditions.traffic.delay import delay_time_proportion, performance_index
from processors.conditions.traffic.zone_index import zone_index

__all__ = ["ZoneIndexRule"]

_MOST_OPEN = 96
"""Windows of a zone that wait for its other lane: beyond them the oldest is judged with what there is."""
_NS = 1_000_000_000
_NOT_YET = np.iinfo(np.int64).max


class ZoneIndexRule(Rule):
    """See Condition. Subjects are zones; segments are numbered over all zones."""

    by_window = True

    def __init__(self, spec: ZoneIndexCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._means = WindowMeans(spec.window_secs)
        self._free = LearnedFreeFlow(spec.half_life_days, spec.least)
        self._speed, self._segment = Places(), Places()
        """Of a series: its place among speeds, and its segment; flows have a segment only."""
        self._zones: dict[str, int] = {}
        self._keys: list[int] = []
        self._lanes: list[dict[bool, int]] = []
        """Of a zone: lane of its speeds (True) and of its flows."""
        self._segments: dict[str, int] = {}
        self._zone_of: list[int] = []
        self._length: list[float] = []
        self._speed_since: list[int] = []
        """Of a segment: end of its first window with a speed ..."""
        self._flow_since: list[int] = []
        """... of a zone: with a flow."""
        self._waiting: tuple[I32, I64, F64] = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
        """Series, end, TPI or flow."""
        self._open = Waiting()
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        met = [(True, each) for each in context.met(series, spec.speed_profile, (spec.speed,))]
        met += [(False, each) for each in context.met(series, spec.flow_profile, (spec.flow,))]
        for is_speed, each in sorted(met, key=lambda pair: pair[1].series):
            self._bind(is_speed, each, context)
        if met:
            self._open.by([lanes.values() for lanes in self._lanes])
        return [each.series for _, each in met]

    def _bind(self, is_speed: bool, met: Met, context: Context) -> None:
        record = met.record
        zone = self._zones.setdefault(record.zone, len(self._zones))
        if zone == len(self._keys):
            definition = definition_of(self._spec, record.zone, record.zone, -1)
            self._keys.append(context.alarms.define(definition))
            self._lanes.append({})
            self._flow_since.append(_NOT_YET)
        self._lanes[zone][is_speed] = met.lane
        facts = context.assets.get(record.asset)
        place = record.asset or record.id
        segment = self._segments.setdefault(place, len(self._segments))
        if segment == len(self._zone_of):
            self._zone_of.append(zone)
            self._length.append(np.nan if facts is None else facts.figures.get("length_m", np.nan) / 1000)
            self._speed_since.append(_NOT_YET)
        self._segment.put(met.series, segment)
        if is_speed:
            self._speed.put(met.series, self._free.add(met.series, facts))
        self._means.add(met.series, met.lane)

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._keys

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._means.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return [*self._open.lanes, *self._means.lanes]

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        mine = self._segment.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        if len(series):
            speed = self._speed.of(series)
            self._begin(series, end, speed >= 0)
            which = np.flatnonzero(speed >= 0)
            value = mean.copy()
            free = self._free.learn(speed[which], end[which], mean[which])
            value[which] = performance_index(delay_time_proportion(mean[which], free))
            waits, until, held = self._waiting
            self._waiting = (
                np.concatenate([waits, series]), np.concatenate([until, end]), np.concatenate([held, value]),
            )  # fmt: skip
        return self._due(watermarks) if len(series) or self._open.over(watermarks) else NOTHING

    def _begin(self, series: I32, end: I64, is_speed: NDArray[np.bool_]) -> None:
        """Note the first windows."""
        segments = self._segment.of(series)
        for of, since, mine in (
            (segments, self._speed_since, is_speed), (np.array(self._zone_of)[segments], self._flow_since, ~is_speed)
        ):  # fmt: skip
            for number in np.unique(of[mine]).tolist():
                if since[number] == _NOT_YET:
                    since[number] = int(end[mine & (of == number)].min())

    def _due(self, watermarks: I64) -> Signals:
        """Judge the windows of which no more can come."""
        series, end, value = self._waiting
        reached = np.array([min(int(watermarks[lane]) for lane in lanes.values()) for lanes in self._lanes])
        zone = np.array(self._zone_of)[self._segment.of(series)]
        newest = np.full(len(reached), np.iinfo(np.int64).min)
        np.maximum.at(newest, zone, end)
        due = (end <= reached[zone]) | (end <= newest[zone] - _MOST_OPEN * self._spec.window_secs * _NS)
        self._waiting = series[~due], end[~due], value[~due]
        self._mark()
        series, end, value = series[due], end[due], value[due]
        ends = np.unique(end)
        return Signals.concat([self._window(at, series[end == at], value[end == at]) for at in ends.tolist()])

    def _mark(self) -> None:
        """What every zone waits for."""
        series, end, _ = self._waiting
        first = np.full(len(self._lanes), FAR)
        np.minimum.at(first, np.array(self._zone_of, np.int32)[self._segment.of(series)], end)
        self._open.put_all(first)

    def _window(self, end: int, series: I32, value: F64) -> Signals:
        segment, is_speed = self._segment.of(series), self._speed.of(series) >= 0
        n, zones = len(self._zone_of), len(self._zones)
        zone_of, length = np.array(self._zone_of), np.array(self._length)
        tpi = _mean(segment[is_speed], value[is_speed], n)
        flow = _mean(segment[~is_speed], value[~is_speed], n)
        unmeasured = np.array(self._flow_since) > end
        flow[unmeasured[zone_of]] = 1.0
        mine = np.array(self._speed_since) <= end
        found = zone_index(tpi[mine], zone_of[mine], zones, flow[mine], length[mine])
        which = np.unique(zone_of[segment[is_speed]])
        which = which[np.isfinite(found.value[which]) & (found.share[which] >= self._spec.least_share)]
        names = list(self._zones)
        told = sorted((names[zone], float(found.value[zone])) for zone in which.tolist())
        self._told += [Figure(self.name, name, name, "tpi", "1", end, index) for name, index in told]
        index = found.value[which]
        level, held = step_levels(index, np.array(self._spec.high), self._spec.deadband)
        return Signals(np.array(self._keys, np.int32)[which], np.full(len(which), end), level, held, index)

    def figures(self) -> Sequence[Figure]:
        """See Condition: `tpi` of each zone and window."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        series, end, value = self._waiting
        return {
            "free": self._free.snapshot(), "means": self._means.snapshot(),
            "series": series.copy(), "end": end.copy(), "value": value.copy(),
            "speed_since": dict(zip(self._segments, self._speed_since, strict=True)),
            "flow_since": dict(zip(self._zones, self._flow_since, strict=True)),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._free.restore(state["free"])
        self._means.restore(state["means"])
        for place, since, kept in (
            (self._segments, self._speed_since, state["speed_since"]),
            (self._zones, self._flow_since, state["flow_since"]),
        ):
            for name, number in place.items():
                since[number] = int(kept.get(name, _NOT_YET))
        still = self._segment.of(state["series"]) >= 0
        self._waiting = state["series"][still], state["end"][still], state["value"][still]
        self._mark()


def _mean(segment: I32, value: F64, n: int) -> F64:
    """Mean of the values of each segment; NaN where there is none."""
    known = ~np.isnan(value)
    count = np.bincount(segment[known], minlength=n)
    total = np.bincount(segment[known], value[known], minlength=n)
    mean: F64 = np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
    return mean
