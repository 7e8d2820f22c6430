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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.pipeline import BurstCondition
from gateway.engine.conditions.base import NOTHING, Context, Met, Places, Rule, definition_of, moved
from gateway.engine.conditions.due import FAR, Waiting
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.pipeline.arrivals import first_of_group
from processors.conditions.pipeline.burst import Burst
from processors.conditions.signals import Signals
from processors.windows.watermark import NEVER

__all__ = ["BurstRule"]

_GAP_WINDOWS = 30
_MOST_OPEN, _MOST_UNHEARD = 1_440, 8
"""Windows of an area that wait for its other lane, or for one that was never heard, so that it doesn't matter in which
call that is met; beyond them the oldest is judged with what there is."""
_NS = 1_000_000_000
_SIDES = 2
"""Of an area: 0 its flows, 1 its pressures."""

_Held = tuple[I32, I64, F64]
"""Source, end of the window, mean."""


class BurstRule(Rule):
    """See Condition. Sources are series, in the order of their numbers; subjects are areas."""

    by_window = True

    def __init__(self, spec: BurstCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._step = spec.window_secs * _NS
        self._means = WindowMeans(spec.window_secs)
        self._number: dict[str, int] = {}
        """Of each zone its area."""
        self._key: list[int] = []
        self._keys = np.empty(0, np.int32)
        self._lanes: list[dict[int, int]] = []
        """Of each area the lane of each side that it has."""
        self._series: list[int] = []
        self._source = Places()
        self._sides: list[int] = []
        self._side: I64 = np.empty(0, np.int64)
        """Of each source: area * 2, and 1 more for a pressure."""
        self._seen: I64 = np.empty(0, np.int64)
        """Of each source the end of its newest judged window."""
        self._held: _Held = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
        """What waits for the other lane."""
        self._waiting = Waiting()
        self._gap = _GAP_WINDOWS * self._step
        self._burst = Burst(spec.size, round(spec.within_secs * _NS), spec.size, self._gap, trend=False)

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        flows = context.met(series, spec.flow_profile, (spec.flow,))
        pressures = context.met(series, spec.pressure_profile, (spec.pressure,))
        pairs = [(0, met) for met in flows] + [(1, met) for met in pressures]
        for side, met in sorted(pairs, key=lambda pair: pair[1].series):
            self._meet(side, met, context)
        if pairs:
            self._burst.grow(len(self._key))
            self._keys, self._side = np.array(self._key, np.int32), np.array(self._sides, np.int64)
            more = len(self._series) - len(self._seen)
            self._seen = np.concatenate([self._seen, np.full(more, NEVER, np.int64)])
            # without one of them it is over by its number of windows only
            self._waiting.by([lanes.values() if len(lanes) == _SIDES else () for lanes in self._lanes])
        return [met.series for _, met in pairs]

    def _meet(self, side: int, met: Met, context: Context) -> None:
        zone = met.record.zone
        area = self._number.setdefault(zone, len(self._key))
        if area == len(self._key):
            self._key.append(context.alarms.define(definition_of(self._spec, zone, zone, -1)))
            self._lanes.append({})
        self._lanes[area][side] = met.lane
        self._source.put(met.series, len(self._series))
        self._series.append(met.series)
        self._sides.append(_SIDES * area + side)
        self._means.add(met.series, met.lane)

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def steps(self) -> Collection[int]:
        """See Condition."""
        return self._means.steps

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return [*self._waiting.lanes, *self._means.lanes]

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        self._gather(batch, watermarks)
        whole = self._whole(watermarks)
        if not whole.any():
            return NOTHING
        source, end, mean = (column[whole] for column in self._held)
        self._held = _taken(self._held, ~whole)
        ends = np.unique(end).tolist()
        return self._judged([self._window(at, source[end == at], mean[end == at]) for at in ends], ends)

    def _gather(self, batch: AggregateBatch, watermarks: I64) -> None:
        """Hold the means that have come."""
        if not len(batch) and not self._means.lanes:
            return
        mine = self._source.of(batch.series) >= 0
        series, end, mean = self._means.take(batch if mine.all() else batch.take(mine), watermarks)
        if len(series):
            before, ends, means = self._held
            source: I32 = np.concatenate([before, self._source.of(series)])
            self._held = source, np.concatenate([ends, end]), np.concatenate([means, mean])

    def _whole(self, watermarks: I64) -> NDArray[np.bool_]:
        """What is held of windows of which no more can come, or which are too many to wait."""
        source, end, _ = self._held
        area = self._side[source] // _SIDES
        reached = self._waiting.reached(watermarks)
        whole: NDArray[np.bool_] = end <= reached[area]
        most = np.where(reached > -FAR, _MOST_OPEN, _MOST_UNHEARD)
        first = np.full(len(most), FAR)
        np.minimum.at(first, area, end)
        if (end - first[area] >= most[area] * self._step).any():
            whole |= _beyond(area, end, most)
        return whole

    def _window(self, end: int, source: I32, mean: F64) -> tuple[I64, F64, F64]:
        """The areas of a window, their sums of flows and means of pressures; NaN where one is missing that counts."""
        self._seen[source] = np.maximum(self._seen[source], end)
        n, room = len(self._side), _SIDES * len(self._key)
        value, there = np.zeros(n), np.zeros(n, np.bool_)
        value[source], there[source] = mean, True
        missing = np.bincount(self._side[~there & (self._seen > end - self._gap)], minlength=room)
        count = np.bincount(self._side[there], minlength=room)
        total = np.asarray(np.bincount(self._side, value, room), np.float64)
        total[(missing > 0) | (count == 0)] = np.nan
        area: I64 = np.flatnonzero(count.reshape(-1, _SIDES).any(axis=1))
        return area, total[0::2][area], total[1::2][area] / np.maximum(count[1::2][area], 1)

    def _judged(self, windows: Sequence[tuple[I64, F64, F64]], ends: Sequence[int]) -> Signals:
        areas, flow, pressure = (np.concatenate(column) for column in zip(*windows, strict=True))
        ts: I64 = np.repeat(np.array(ends, np.int64), [len(window[0]) for window in windows])
        area: I32 = areas.astype(np.int32)
        spec = self._spec
        found = self._burst.update(area, ts, flow, pressure, spec.times, spec.least_flow, spec.least_pressure)
        known = found.level >= 0
        level = found.level[known].astype(np.uint8)
        return Signals(self._keys[area[known]], ts[known], level, level, found.flow_rise[known])

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        series, area = np.array(self._series, np.int32), self._side // _SIDES
        source, end, mean = self._held
        judged = np.flatnonzero(self._seen != NEVER)
        seen = zip(area[judged].tolist(), series[judged].tolist(), self._seen[judged].tolist(), strict=True)
        held = zip(area[source].tolist(), end.tolist(), series[source].tolist(), mean.tolist(), strict=True)
        return {
            "burst": self._burst.snapshot(), "means": self._means.snapshot(), "zones": list(self._number),
            "seen": [list(row) for row in sorted(seen)], "waiting": [list(row) for row in sorted(held)],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = moved(state["zones"], list(self._number))
        learned = self._burst.snapshot()
        for name, column in learned.items():
            column[new] = state["burst"][name][old]
        self._burst.restore(learned)
        self._means.restore(state["means"])
        zones = state["zones"]
        for number, series, at in state["seen"]:
            if self._is_still_in(zones[int(number)], int(series)):
                self._seen[self._source.at(int(series))] = int(at)
        held = [row for row in state["waiting"] if self._is_still_in(zones[int(row[0])], int(row[2]))]
        self._held = (
            np.array([self._source.at(int(series)) for _, _, series, _ in held], np.int32),
            np.array([int(at) for _, at, _, _ in held], np.int64),
            np.array([value for *_, value in held], np.float64),
        )

    def _is_still_in(self, zone: str, series: int) -> bool:
        """Whether a series is in the area that it was in."""
        source = self._source.at(series)
        return source >= 0 and self._number.get(zone) == self._sides[source] // _SIDES


def _taken(held: _Held, rows: NDArray[np.bool_]) -> _Held:
    source, end, mean = held
    return source[rows], end[rows], mean[rows]


def _beyond(area: I64, end: I64, most: I64) -> NDArray[np.bool_]:
    """Rows of the windows beyond the newest `most` of their area."""
    (of, _), window = np.unique(np.stack([area, end]), axis=1, return_inverse=True)
    rank = np.arange(len(of)) - first_of_group(of.astype(np.int32))
    beyond: NDArray[np.bool_] = rank < np.bincount(of)[of] - most[of]
    return beyond[window.reshape(-1)]
