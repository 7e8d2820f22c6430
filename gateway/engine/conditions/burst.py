"""Burst main: the net inflow of a district metered area steps up while its pressure falls.

    inlets of the area --sum of flows--+
                                       +--> processors.conditions.pipeline.burst --> water.burst at the area
    its points --mean of pressures-----+

An area is a zone: flows and pressures of its devices are joined window by window, once no more of a window can come.
Source: see processors/conditions/pipeline/burst.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions import BurstCondition
from gateway.engine.conditions.base import Context, Places, definition_of
from gateway.engine.conditions.means import WindowMeans
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch, ReadingBatch
from processors.conditions.pipeline.burst import Burst
from processors.conditions.signals import Signals

__all__ = ["BurstRule"]

_GAP_WINDOWS = 30
_NS = 1_000_000_000


class BurstRule:
    """See Condition. Subjects are zones."""

    def __init__(self, spec: BurstCondition) -> None:
        self.name = spec.name
        self._spec = spec
        step = spec.window_secs * _NS
        self._step = step
        self._means = WindowMeans(spec.window_secs)
        self._flow, self._pressure = Places(), Places()
        self._zones: dict[str, int] = {}
        self._keys: list[int] = []
        self._flows: list[int] = []
        """How many flow series each area has."""
        self._burst = Burst(spec.size, round(spec.within_secs * _NS), spec.size, _GAP_WINDOWS * step, trend=False)
        # windows of which a part has come: (area, end) -> sum and number of flows, sum and number of pressures
        self._open: dict[tuple[int, int], list[float]] = {}

    def bind(self, series: Sequence[SeriesName], context: Context) -> None:
        """See Condition."""
        spec, registry = self._spec, context.registry
        for name in series:
            is_flow = (name.profile, name.quantity) == (spec.flow_profile, spec.flow)
            if not is_flow and (name.profile, name.quantity) != (spec.pressure_profile, spec.pressure):
                continue
            zone = registry.records[registry.by_id(name.device)].zone
            area = self._zones.get(zone)
            if area is None:
                area = self._zones[zone] = len(self._keys)
                self._keys.append(context.alarms.define(definition_of(spec, zone, zone, -1)))
                self._flows.append(0)
            (self._flow if is_flow else self._pressure).put(name.index, area)
            self._flows[area] += is_flow
        self._burst.grow(len(self._keys))

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition: means only."""
        return Signals.empty()

    def windows(self, batch: AggregateBatch) -> Signals:
        """See Condition."""
        mine = (self._flow.of(batch.series) >= 0) | (self._pressure.of(batch.series) >= 0)
        if not mine.any():
            return Signals.empty()
        series, end, mean = self._means.take(batch.take(mine))
        flow, pressure = self._flow.of(series), self._pressure.of(series)
        newest: dict[int, int] = {}
        for area, at, value, is_flow in zip(
            np.maximum(flow, pressure).tolist(), end.tolist(), mean.tolist(), (flow >= 0).tolist(), strict=True
        ):
            sums = self._open.setdefault((area, at), [0.0, 0.0, 0.0, 0.0])
            sums[0 if is_flow else 2] += value
            sums[1 if is_flow else 3] += 1
            newest[area] = max(newest.get(area, at), at)
        return self._judged(newest)

    def _judged(self, newest: Mapping[int, int]) -> Signals:
        """Windows that are whole, and those that a later one has passed by two: flows and pressures lag each other."""
        done = sorted(
            (at, area)
            for (area, at), sums in self._open.items()
            if (sums[1] == self._flows[area] and sums[3] > 0) or newest.get(area, at) - at >= 2 * self._step
        )
        if not done:
            return Signals.empty()
        rows = [self._open.pop((area, at)) for at, area in done]
        area: I32 = np.array([which for _, which in done], np.int32)
        ts: I64 = np.array([at for at, _ in done], np.int64)
        sums: F64 = np.array(rows)
        whole = sums[:, 1] == np.array(self._flows)[area]
        flow = np.where(whole, sums[:, 0], np.nan)  # a missing inlet is no fall of the inflow
        with np.errstate(invalid="ignore"):
            pressure = sums[:, 2] / sums[:, 3]
        spec = self._spec
        found = self._burst.update(area, ts, flow, pressure, spec.times, spec.least_flow, spec.least_pressure)
        known = found.level >= 0
        level = found.level[known].astype(np.uint8)
        keys = np.array(self._keys, np.int32)[area[known]]
        return Signals(keys, ts[known], level, level, found.flow_rise[known])

    def tick(self, now: int, live: bool, context: Context) -> Signals:
        """See Condition: time alone changes nothing here."""
        return Signals.empty()

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "burst": self._burst.snapshot(), "means": self._means.snapshot(),
            "open": [[area, at, *sums] for (area, at), sums in sorted(self._open.items())],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._burst.restore(state["burst"])
        self._means.restore(state["means"])
        self._open = {(int(area), int(at)): [float(x) for x in sums] for area, at, *sums in state["open"]}
