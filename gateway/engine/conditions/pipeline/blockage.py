"""Blockage: a drain is high in dry weather, or does not answer to rain.

    means of levels, by sensor ---------+
                                        +--> processors.conditions.pipeline.blockage --> 1 no response to rain
    depths of the zone's gauges --mean--+          (hour of the city's day)              2 backed up

A window is judged once levels and rain, two lanes of the zone, have both come past its end, in order of time. Every
sensor of the zone that has ever told a level gets a row for each window of which anything is known, so that no rain is
lost to one that is silent. Depth of a window = mean depth of a reading, times how many there should be: a lost message
is taken to be like the others. With fewer than `_LEAST` of them the rain is not known, which is not dry; nor is it
after windows of which nothing came. A sign that is not judged stays as it was.
Source: see processors/conditions/pipeline/blockage.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateway.config.conditions.drainage import BlockageCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule
from gateway.engine.conditions.due import FAR, Waiting
from gateway.engine.conditions.pipeline.drains import Drains, carried
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.pipeline.blockage import Blockage, BlockageLimits
from processors.conditions.signals import Signals
from processors.windows.day import local_hours

__all__ = ["BlockageRule"]

_NS = 1_000_000_000
_GAP = 7_200 * _NS
_LEAST = 0.6
"""Share of a window's readings of rain that must be there."""
_MOST_OPEN = 96
"""Windows of an area that wait for its other lane: beyond them the oldest is judged with what there is."""
_MM = 1000.0
"""Depths are stored in m."""
_LIMITS = ("wet_mm", "times", "least_excess_m", "enough_rain_mm", "least_response_m")
"""In the order of BlockageLimits."""


@dataclass(slots=True)
class _Area:
    """Sensors of one profile in a zone. `waiting`: end of a window -> mean level or depth of each series it has."""

    zone: str
    profile: str
    number: int
    lane: int
    """Of its levels."""
    rain_lane: int = -1
    """Of its gauges; -1: it has none, and is not judged."""
    sensors: list[int] = field(default_factory=list)
    done: int | None = None
    """End of the newest judged window."""
    waiting: dict[int, dict[int, float]] = field(default_factory=dict)

    @property
    def earliest(self) -> int:
        """End of the first window that waits."""
        return min(self.waiting, default=FAR)

    def whole(self, watermarks: I64) -> list[int]:
        """Windows of which no more can come."""
        reached = min(int(watermarks[self.lane]), int(watermarks[self.rain_lane]))
        ends = sorted(self.waiting)
        return [at for k, at in enumerate(ends) if at <= reached or k < len(ends) - _MOST_OPEN]

    def put(self, at: int, series: int, value: float) -> bool:
        """A mean or a depth of a window that is not judged yet; True where that begins with it."""
        if self.rain_lane < 0 or (self.done is not None and at <= self.done):
            return False
        begins = at not in self.waiting
        self.waiting.setdefault(at, {})[series] = value
        return begins


class BlockageRule(Rule):
    """See Condition. Alarms are drains', or devices' that stand on none."""

    by_window = True

    def __init__(self, spec: BlockageCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._step = spec.window_secs * _NS
        self._drains = Drains(spec, signs=2)
        self._area_of: list[_Area] = []
        """Of each sensor."""
        self._areas: dict[tuple[str, str], _Area] = {}
        self._waiting = Waiting()
        self._areas_in: dict[str, list[_Area]] = {}
        """Of each zone."""
        self._gauges: dict[str, list[int]] = {}
        """Series of each zone's gauges, in order."""
        self._zone_of: dict[int, str] = {}
        """Of each gauge's series."""
        self._readings = 1.0
        """Of a gauge in a window."""
        self._rain_since: dict[str, int] = {}
        """End of the first window of each zone's gauges: before it nothing is judged there."""
        self._started: set[int] = set()
        """Sensors that have told a level."""
        self._limits: list[list[float]] = []
        self._edges: I64 = np.empty(0, np.int64)
        dry, response = round(spec.dry_for_secs * 1e9), round(spec.response_secs * 1e9)
        self._blockage = Blockage(dry, response, max(_GAP, self._step), spec.gain, spec.least_count)
        self._figures: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        self._edges = context.day_edges
        levels = self._drains.meet(series, context, lane=-1)
        for met in levels:
            name = met.record.zone, met.record.profile
            area = self._areas.get(name)
            if area is None:
                area = self._areas[name] = _Area(*name, len(self._areas), met.lane)
                self._areas_in.setdefault(area.zone, []).append(area)
            area.sensors.append(len(self._area_of))
            self._area_of.append(area)
            self._limits.append([self._drains.threshold(met, key) for key in _LIMITS])
        gauges = list(context.met(series, spec.rain_profile, (spec.rain,)))
        for met in gauges:
            self._zone_of[met.series] = met.record.zone
            self._gauges.setdefault(met.record.zone, []).append(met.series)
        self._readings = self._step / context.intervals.get(spec.rain_profile, self._step)
        lanes = {name: number for number, name in enumerate(context.registry.lanes)}
        for area in self._areas.values():
            area.rain_lane = lanes.get((area.zone, spec.rain_profile), -1)
        self._waiting.by([
            (area.lane, area.rain_lane) if area.rain_lane >= 0 else () for area in self._areas.values()
        ])  # fmt: skip
        self._blockage.grow(len(self._drains))
        return [met.series for met in (*levels, *gauges)]

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._drains.worst.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return (self._spec.window_secs,)

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._waiting.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        begun = self._gather(batch) if len(batch) else set[int]()
        over = {number for number, _ in self._waiting.over(watermarks)}
        areas = [
            area
            for area in (self._areas.values() if begun or over else ())
            if area.number in over or (area.number in begun and len(area.waiting) > _MOST_OPEN)
        ]
        rows = [row for area in areas for at in area.whole(watermarks) for row in self._rows(area, at)]
        for area in areas:
            self._waiting.put(area.number, area.earliest)
        return self._judged(rows)

    def _gather(self, batch: AggregateBatch) -> set[int]:
        """Put means to their windows; the areas where one has begun."""
        begun: set[int] = set()
        number = self._drains.number.of(batch.series)
        mine = np.flatnonzero((batch.step == self._spec.window_secs) & (batch.count > 0))
        columns = (batch.series, number, batch.start + self._step, batch.count, batch.mean)
        for series, sensor, at, count, mean in zip(*(column[mine].tolist() for column in columns), strict=True):
            if sensor >= 0:
                if self._area_of[sensor].put(at, series, mean):
                    begun.add(self._area_of[sensor].number)
            elif series in self._zone_of:
                zone = self._zone_of[series]
                self._rain_since.setdefault(zone, at)
                for area in self._areas_in.get(zone, ()) if count >= _LEAST * self._readings else ():
                    if area.put(at, series, mean * self._readings * _MM):
                        begun.add(area.number)
        for area in self._areas.values() if begun else ():
            self._waiting.put(area.number, area.earliest)
        return begun

    def _rows(self, area: _Area, at: int) -> list[tuple[int, int, float, float]]:
        """End of a window, sensor, level and rain, for each sensor of an area."""
        there = area.waiting.pop(at)
        if at < self._rain_since.get(area.zone, at + 1):
            return []
        depths = [there[series] for series in self._gauges.get(area.zone, ()) if series in there]
        rain = sum(depths) / len(depths) if depths else np.nan
        if area.done is not None and at - area.done > self._step:
            rain = np.nan
        area.done = at
        self._started.update(sensor for sensor in area.sensors if self._drains.series[sensor] in there)
        series = self._drains.series
        return [(at, k, there.get(series[k], np.nan), rain) for k in area.sensors if k in self._started]

    def _judged(self, rows: list[tuple[int, int, float, float]]) -> Signals:
        if not rows:
            return NOTHING
        rows.sort()
        ts: I64 = np.array([row[0] for row in rows], np.int64)
        sensor: I32 = np.array([row[1] for row in rows], np.int32)
        level: F64 = np.array([row[2] for row in rows])
        rain: F64 = np.array([row[3] for row in rows])
        limits = BlockageLimits(*np.array(self._limits).T[:, sensor])
        found = self._blockage.update(sensor, ts, level, rain, local_hours(ts - self._step, self._edges), limits)
        self._figures += self._drains.figures("level_excess", "m", sensor, ts, found.excess)
        signs = np.stack([found.no_response.astype(np.int64), 2 * found.backed_up.astype(np.int64)], 1).ravel()
        source = np.stack([2 * sensor, 2 * sensor + 1], 1).ravel()
        known = np.flatnonzero(signs >= 0)
        stands = signs[known].astype(np.uint8)
        value = np.repeat(found.excess, 2)[known]
        return self._drains.worst.take(source[known], np.repeat(ts, 2)[known], stands, stands, value)

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._figures = self._figures, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        series = self._drains.series
        return {
            "worst": self._drains.worst.snapshot(), "blockage": self._blockage.snapshot(), "series": list(series),
            "rain_since": dict(self._rain_since), "started": sorted(series[sensor] for sensor in self._started),
            "areas": [[area.zone, area.profile, area.done] for area in self._areas.values()],
            "waiting": [
                [area.zone, area.profile, at, one, value]
                for area in self._areas.values()
                for at, there in sorted(area.waiting.items())
                for one, value in sorted(there.items())
            ],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        carried(self._blockage, state["blockage"], state["series"], self._drains.series)
        self._drains.worst.restore(state["worst"])
        place = {series: sensor for sensor, series in enumerate(self._drains.series)}
        self._rain_since = {zone: int(at) for zone, at in state["rain_since"].items()}
        self._started = {place[series] for series in state["started"] if series in place}
        for zone, profile, done in state["areas"]:
            if (zone, profile) in self._areas:
                self._areas[zone, profile].done = done
        for zone, profile, at, series, value in state["waiting"]:
            area = self._areas.get((zone, profile))
            still = self._area_of[place[series]] is area if series in place else self._zone_of.get(series) == zone
            if area is not None and still:
                area.put(int(at), int(series), float(value))
        for area in self._areas.values():
            self._waiting.put(area.number, area.earliest)
