"""Energy balance of feeders: loss of each hour, and suspicion where it stays above what is usual at that time of day.

    supply registers --+                      +--> loss, coverage (figures)
                       +--> feeder_balance ---+
    customers' --------+    (hour by hour)    +--> UsualLoss by local hour --> grid.energy-balance at the feeder

A feeder is a zone with meters on both sides. An hour is judged `gap_secs` after its end, when no more can come that
counts: that is the alarm's time, while figures are of the hour. One side waits four days for the other, no longer.
Customers count for the coverage by their usual energy. Source: processors/conditions/grid/energy_balance.py and
usual_loss.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.grid.energy_balance import EnergyBalanceCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule, definition_of, moved
from gateway.engine.conditions.grid.days import hour_of_day
from gateway.engine.conditions.grid.registers import HOUR, Registers
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, ReadingBatch
from processors.conditions.grid.energy_balance import FeederBalance, feeder_balance
from processors.conditions.grid.usual_loss import LossVerdict, UsualLoss
from processors.conditions.signals import Signals

__all__ = ["EnergyBalanceRule"]

_MOST_OPEN = 96
"""Hours of a zone that wait for its other side: beyond them the oldest is judged with what there is."""
_MEMORY = 168
"""Hours over which a customer's usual energy is a running mean."""


class EnergyBalanceRule(Rule):
    """See Condition. Subjects are zones."""

    by_window = False

    def __init__(self, spec: EnergyBalanceCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._gap = round(spec.gap_secs * 1e9)
        self._context: Context | None = None
        self._supply = Registers(self._gap, spec.supply_rollover, np.inf)
        self._meters = Registers(self._gap, spec.meter_rollover, spec.most_kw)
        self._zones: dict[str, int] = {}
        self._seen = 0
        """Devices that it has met."""
        self._key: list[int] = []
        self._usual_kwh = np.empty(0)
        self._usual = UsualLoss(spec.days)
        self._told: list[Figure] = []

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        self._context, spec = context, self._spec
        bound = []
        for side, profile, quantity in (
            (self._supply, spec.supply_profile, spec.supply), (self._meters, spec.meter_profile, spec.meter)
        ):  # fmt: skip
            # listed ones count before they are heard: their silence is part of the coverage
            for record in context.registry.records[self._seen :]:
                if record.profile == profile and context.is_judged(record):
                    lane = int(context.registry.lane[context.registry.by_id(record.id)])
                    side.meet(record.id, self._number_of(record.zone, context), lane, record.id in context.listed)
            for met in context.met(series, profile, (quantity,)):
                side.add(met)
                bound.append(met.series)
        self._seen = len(context.registry.records)
        self._supply.settle()
        self._meters.settle()
        self._usual.grow(len(self._key))
        more = len(self._meters) - len(self._usual_kwh)
        self._usual_kwh = np.concatenate([self._usual_kwh, np.full(more, np.nan)])
        return bound

    def _number_of(self, zone: str, context: Context) -> int:
        if zone not in self._zones:
            self._zones[zone] = len(self._key)
            self._key.append(context.alarms.define(definition_of(self._spec, zone, zone, -1)))
        return self._zones[zone]

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def readings(self, batch: ReadingBatch) -> Signals:
        """See Condition."""
        self._supply.hold(batch)
        self._meters.hold(batch)
        return NOTHING

    def tick(self, now: int, live: bool) -> Signals:
        """See Condition: judges what the lanes have come past."""
        if self._context is None or not self._key:
            return NOTHING
        watermarks = self._context.watermarks
        self._supply.advance(watermarks)
        self._meters.advance(watermarks)
        if not (self._supply.may_end(watermarks) or self._meters.may_end(watermarks)):
            return NOTHING
        newest = np.maximum(self._supply.newest(len(self._key)), self._meters.newest(len(self._key)))
        upto = np.maximum(self._upto(watermarks), newest - _MOST_OPEN * HOUR)
        ends = np.union1d(self._supply.ends(upto), self._meters.ends(upto))
        said = [self._hour(end, upto) for end in ends.tolist()]
        return Signals.concat(said) if said else NOTHING

    def _upto(self, watermarks: I64) -> I64:
        """Up to where each zone's hours can be judged: where both of its sides have come, less the gap."""
        far = np.iinfo(np.int64).max
        reached = [np.full(len(self._key), far, np.int64) for _ in range(2)]
        for side, least in zip((self._supply, self._meters), reached, strict=True):
            np.minimum.at(least, side.zone, watermarks[side.lane])
        # a zone with one side only keeps nothing: its hours are taken when that side has come past them
        both = np.minimum(*reached)
        return np.where(both > self._gap, both - self._gap, both)

    def _hour(self, end: int, upto: I64) -> Signals:
        """Balance of the zones that have come past an hour."""
        source, supplied = self._supply.take(end, upto)
        meter, taken = self._meters.take(end, upto)
        zones = np.unique(np.concatenate([self._supply.zone[source], self._meters.zone[meter]]))
        sides = [side.per_zone(end, len(self._key)) for side in (self._supply, self._meters)]
        zones = zones[(sides[0][zones] > 0) & (sides[1][zones] > 0)]
        if not len(zones):
            return NOTHING
        balance = self._balance(end, zones, (source, supplied), (meter, taken), sides[0])
        slot = hour_of_day(self._day_edges(), np.full(len(zones), end - 1, np.int64))
        spec = self._spec
        verdict = self._usual.observe(
            zones,
            slot,
            balance.loss_percent,
            k=spec.times,
            windows=spec.hours,
            floor=spec.floor * 100,
            least=spec.least,
        )
        self._tell(zones, end, balance, verdict)
        known = ~np.isnan(verdict.deviation)
        level = verdict.suspect[known].astype(np.uint8)
        key = np.array(self._key, np.int32)[zones[known]]
        return Signals(
            key, np.full(len(key), end + self._gap, np.int64), level, level, balance.loss_percent[known] / 100
        )

    def _day_edges(self) -> I64:
        assert self._context is not None
        return self._context.day_edges

    def _balance(
        self, end: int, zones: I32, supply_of: tuple[I32, F64], taken_by: tuple[I32, F64], heads: Any
    ) -> FeederBalance:
        n, (source, supplied), (meter, taken) = len(self._key), supply_of, taken_by
        heard = np.bincount(self._supply.zone[source], minlength=n)
        sums = np.bincount(self._supply.zone[source], supplied, minlength=n)
        supply = np.where(heard == heads, sums, np.nan)[zones]
        place = np.full(n, -1, np.int32)
        place[zones] = np.arange(len(zones))
        mine = np.flatnonzero((place[self._meters.zone] >= 0) & (self._meters.since < end))
        kwh = np.full(len(self._meters), np.nan)
        kwh[meter] = taken
        feeder = place[self._meters.zone[mine]]
        made = feeder_balance(supply, kwh[mine], feeder, self._spec.coverage, self._weights(mine, feeder, len(zones)))
        # of these zones only: whether others are judged in the same call is chance
        here = place[self._meters.zone[meter]] >= 0
        self._learn(meter[here], taken[here])
        return made

    def _weights(self, meter: Any, feeder: I32, feeders: int) -> F64:
        """Usual energy of each customer; of one who has none yet, the mean of the others."""
        usual = np.maximum(self._usual_kwh[meter], 0.0)
        known = ~np.isnan(usual)
        count = np.bincount(feeder, known, feeders)
        total = np.bincount(feeder, np.where(known, usual, 0.0), feeders)
        mean = np.where(total > 0, total / np.maximum(count, 1), np.nan)[feeder]
        weight = np.where(known, usual, mean)
        return np.where(np.isnan(mean), 1.0, weight)

    def _learn(self, meter: I32, kwh: F64) -> None:
        before = self._usual_kwh[meter]
        self._usual_kwh[meter] = np.where(np.isnan(before), kwh, before + (kwh - before) / _MEMORY)

    def _tell(self, zones: I32, end: int, balance: FeederBalance, verdict: LossVerdict) -> None:
        names = list(self._zones)
        columns = (
            ("coverage", "ratio", balance.coverage), ("loss", "ratio", balance.loss_percent / 100),
            ("loss_kwh", "kWh", balance.loss_kwh), ("usual_loss", "ratio", verdict.usual / 100),
        )  # fmt: skip
        for row, zone in enumerate(zones.tolist()):
            for name, unit, column in columns:
                if np.isfinite(column[row]):
                    figure = Figure(self.name, names[zone], names[zone], name, unit, end, float(column[row]))
                    self._told.append(figure)

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "zones": list(self._zones), "supply": self._supply.snapshot(), "meters": self._meters.snapshot(),
            "usual_kwh": self._usual_kwh.copy(), "usual": self._usual.snapshot(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._supply.restore(state["supply"])
        self._meters.restore(state["meters"])
        old, new = moved(state["meters"]["devices"], self._meters.devices)
        self._usual_kwh[new] = state["usual_kwh"][old]
        old, new = moved(state["zones"], list(self._zones))
        learned = self._usual.snapshot()
        for name, column in learned.items():
            column[new] = state["usual"][name][old]
        self._usual = UsualLoss.restore(learned)
