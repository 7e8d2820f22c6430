"""Balance of a metered area over a local day: in - out - change of storage - metered, and its share of the supply.

    midnight                        midnight
       |--q--q--q-- quarter hours --q--|          in, out: mean of the known ones times the day's 23, 24 or 25 hours
    V0 = mean of the volumes           V1          change of storage = V1 - V0
         just before and after

A day is judged with the first quarter hour that ends after it (and the volume at its end known). A border meter or a
tank that is missing, or whose gauge jumps, makes the balance unknown; customers' meters that are missing make the loss
unknown. Without customers' meters only the supply is told: what is used is no loss.
Source: see processors/conditions/pipeline/water_balance.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.water import QUARTER, WaterBalanceCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule
from gateway.engine.conditions.pipeline.areas import STEP, Area, Areas, Quarter
from gateway.engine.conditions.pipeline.counters import DayCounters
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from gateway.engine.timezone import day_edges
from processors.columns import I64, AggregateBatch
from processors.conditions.pipeline.water_balance import OUTSIDE, WaterBalance, storage_change, water_balance
from processors.conditions.signals import Signals, step_levels

__all__ = ["WaterBalanceRule"]

_HOUR = 3_600_000_000_000
Day = list[float]
"""Quarter hours that are known, sums of inflow and outflow over them; volume in and at both ends."""
_KNOWN, _IN, _OUT, _FIRST, _LAST = range(5)


class WaterBalanceRule(Rule):
    """See Condition. Subjects are zones."""

    def __init__(self, spec: WaterBalanceCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._areas = Areas(spec, (spec.metered_profile, spec.metered))
        self._counters = DayCounters()
        self._edges: I64 = np.empty(0, np.int64)
        self._day: list[int] = []
        """Number of the day under way of each area; -1: none."""
        self._sums: list[Day] = []
        self._before: list[list[float]] = []
        """End and volume of the newest quarter hour of each area, or nothing."""
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        self._edges = self._counters.edges = day_edges(context.timezone)
        for met in context.met(series, spec.metered_profile or "", (spec.metered or "",)):
            self._counters.add(met.series, met.record.id)
        bound = self._areas.bind(series, context)
        for _ in self._areas.all[len(self._day) :]:
            self._day.append(-1)
            self._sums.append(_nothing())
            self._before.append([])
        return bound

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._areas.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return (QUARTER, *self._counters.steps)

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._areas.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        if len(batch):
            self._counters.take(batch)
        found = [said for quarter in self._areas.take(batch, watermarks) for said in self._quarter(quarter)]
        if len(batch):
            self._counters.trim()
        return Signals.concat(found) if found else NOTHING

    def _quarter(self, now: Quarter) -> list[Signals]:
        """Add a quarter hour; what the day that it ends says."""
        number = now.area
        if now.anew:  # a day of which the meters are others is none
            self._sums[number], self._before[number] = _nothing(), []
        before = self._before[number]
        day = int(np.searchsorted(self._edges, now.end - STEP, side="right")) - 1
        found: list[Signals] = []
        if day > self._day[number]:
            # the volume at midnight lies between those of the quarter hours around it
            edge = int(self._edges[day])
            joined = bool(before) and int(before[0]) == edge and now.end == edge + STEP and not now.jump
            volume = (before[1] + now.volume) / 2 if joined else np.nan
            if self._day[number] == day - 1:
                self._sums[number][_LAST] = volume
                found = self._over(number, day - 1)
            self._day[number] = day
            self._sums[number] = _nothing()
            self._sums[number][_FIRST] = volume
        if now.jump:
            self._sums[number][_FIRST] = np.nan
        if day == self._day[number] and np.isfinite(now.inflow + now.outflow):
            sums = self._sums[number]
            sums[_KNOWN] += 1
            sums[_IN] += now.inflow
            sums[_OUT] += now.outflow
        self._before[number] = [float(now.end), now.volume]
        return found

    def _over(self, number: int, day: int) -> list[Signals]:
        """Judge a day that is over."""
        area, sums = self._areas.all[number], self._sums[number]
        begin, end = int(self._edges[day]), int(self._edges[day + 1])
        customers = sorted(area.customers | set(self._counters.heard_by(area.strangers, end)))
        balance = self._balance(area, customers, sums, begin, end)
        supply = float(balance.inflow[0] - balance.outflow[0] - balance.storage[0])
        if balance.coverage[0] < 1:
            return []
        loss = float(balance.loss[0]) if customers else np.nan
        figures = {
            "inflow": float(balance.inflow[0]), "outflow": float(balance.outflow[0]),
            "storage_change": float(balance.storage[0]), "supply": supply,
        }  # fmt: skip
        if np.isfinite(loss):
            figures |= {"metered": float(balance.metered[0]), "loss": loss}
        self._told += [Figure(self.name, area.zone, area.zone, name, "m3", end, each) for name, each in figures.items()]
        if not np.isfinite(loss) or supply <= 0:
            return []
        share = np.array([loss / supply])
        self._told.append(Figure(self.name, area.zone, area.zone, "loss_share", "1", end, float(share[0])))
        level, held = step_levels(share, np.array(self._spec.share), self._spec.deadband)
        return [Signals(np.array([area.key], np.int32), np.array([end + STEP]), level, held, share)]

    def _balance(self, area: Area, customers: list[str], sums: Day, begin: int, end: int) -> WaterBalance:
        known, hours = sums[_KNOWN], (end - begin) / _HOUR
        enough = known > 0 and known * STEP >= self._spec.least_coverage * (end - begin)
        flows = np.array([sums[_IN], sums[_OUT]]) / known * hours if enough else np.full(2, np.nan)
        # the change of all tanks together; nothing where there is no tank
        stored = storage_change(np.array([sums[_FIRST]]), np.array([sums[_LAST]]), 1.0)
        stored = np.append(stored, np.full(len(area.bare_tanks), np.nan))
        if not area.gauges:
            stored = stored[1:]
        used = self._counters.counted(customers, begin, end)
        nobody = np.zeros(len(used), np.int32)
        return water_balance(
            1, flows, np.array([OUTSIDE, 0], np.int32), np.array([0, OUTSIDE], np.int32), stored,
            np.zeros(len(stored), np.int32), used, nobody, self._spec.least_metered,
        )  # fmt: skip

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "areas": self._areas.snapshot(), "counters": self._counters.snapshot(), "day": list(self._day),
            "sums": [list(each) for each in self._sums], "before": [list(each) for each in self._before],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = self._areas.restore(state["areas"])
        self._counters.restore(state["counters"])
        for before, now in zip(old.tolist(), new.tolist(), strict=True):
            self._day[now] = int(state["day"][before])
            self._sums[now] = [float(each) for each in state["sums"][before]]
            self._before[now] = [float(each) for each in state["before"][before]]


def _nothing() -> Day:
    return [0.0, 0.0, 0.0, np.nan, np.nan]
