"""Metered areas: which meters stand at their borders, which gauges in their tanks, and their quarter hours.

    inlets  --flow +--+                                       +--> inflow, outflow: sums, NaN where a meter is missing
    outlets --flow ---+--> one quarter hour of the area ------+--> volume: level * surface of all tanks, NaN where a
    tanks   --level --+    once all lanes have passed it           gauge is missing, 0 where there is no tank;
                                                                   jump: a gauge says what can't be

An area is a zone. Its meters are the devices that the configuration lists at inlets and outlets of city.toml (or at no
asset: such counts as an inlet); only where it lists none, those met on the wire: a stranger must not change the balance
of an area that is known. A meter that is listed and never heard is missing, not zero, and so is an inlet or outlet at
which none is listed. A stranger counts from its own first quarter hour on, which begins the area anew: by the time of
that, as it must not matter in which call a stranger is met.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.water import QUARTER, AreaCondition
from gateway.engine.conditions.base import Context, Places, definition_of, moved
from gateway.engine.conditions.due import FAR, Waiting
from gateway.engine.results import DeviceRecord, SeriesName
from processors.columns import I64, AggregateBatch
from processors.conditions.pipeline.gauge_jump import gauge_jumped
from processors.windows.watermark import NEVER

__all__ = ["STEP", "Area", "Areas", "Quarter"]

STEP = QUARTER * 1_000_000_000
_HOUR = 3_600_000_000_000
_MOST_OPEN, _MOST_UNHEARD = 192, 8
"""Quarter hours that wait for another lane, or for one that was never heard; beyond them the oldest goes without."""
_SIGNS = {"inlet": 1.0, "outlet": -1.0}


class Quarter(NamedTuple):
    """A quarter hour of an area: m3/h in and out, m3 in its tanks."""

    end: int
    area: int
    inflow: float
    outflow: float
    volume: float
    anew: bool = False
    """From this one on the area is made of others."""
    jump: bool = False
    """The tanks can't have come from the volume before to this one (gauge_jump.py): a gauge was set anew."""


@dataclass(slots=True)
class Area:
    """A zone. Devices by id."""

    zone: str
    key: int
    listed: dict[str, float] = field(default_factory=dict)
    """Sign of each meter at the border that is listed: 1 in, -1 out."""
    met: dict[str, float] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    """End of the first quarter hour of each that was met."""
    counted: set[str] = field(default_factory=set)
    """Those of them that counted in the newest quarter hour."""
    gauges: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Gauge of each tank, the first by name where there are several, and the tank's surface in m2."""
    bare_borders: set[str] = field(default_factory=set)
    """Inlets and outlets of city.toml where no meter is listed ..."""
    bare_tanks: set[str] = field(default_factory=set)
    """... and tanks without a gauge."""
    customers: set[str] = field(default_factory=set)
    """Those that are listed ..."""
    strangers: set[str] = field(default_factory=set)
    """... and those that are not."""
    lanes: set[int] = field(default_factory=set)
    waiting: dict[int, dict[str, float]] = field(default_factory=dict)
    """End of a quarter hour -> mean of each device that has it."""
    levels: dict[str, tuple[int, float]] = field(default_factory=dict)
    """End of the newest quarter hour in which each gauge was heard, and its level."""
    net: float = np.nan
    """m3/h into it less out of it, in the newest quarter hour."""
    done: int = NEVER
    """End of the newest quarter hour that was given: what comes for it, or before, is too late."""

    @property
    def earliest(self) -> int:
        """End of the first quarter hour that waits."""
        return min(self.waiting, default=FAR)

    @property
    def meters(self) -> dict[str, float]:
        """Those that count."""
        return self.listed or {name: sign for name, sign in self.met.items() if name in self.counted}

    @property
    def members(self) -> list[list[Any]]:
        """What the balance is made of: another one is learned anew."""
        return [[name, sign] for name, sign in sorted(self.meters.items())] + [
            [name, surface] for name, surface in sorted(self.gauges.values())
        ]

    def quarter(self, number: int, end: int, most_rate: float) -> Quarter:
        """What waited for this quarter hour to be whole. most_rate: m/h, of the level of a tank."""
        there, before, self.done = self.waiting.pop(end), self.done, end
        counted = set() if self.listed else {name for name in self.met if self.since.get(name, end + 1) <= end}
        anew, self.counted = counted != self.counted, counted
        flows = [(sign, there.get(name, np.nan)) for name, sign in sorted(self.meters.items())]
        if not flows or (self.listed and self.bare_borders):
            flows.append((1.0, np.nan))
        inflow = sum(flow for sign, flow in flows if sign > 0)
        outflow = sum(flow for sign, flow in flows if sign < 0)
        volume = sum(surface * there.get(name, np.nan) for name, surface in sorted(self.gauges.values()))
        jump = self._jumped(there, end, inflow - outflow, before, most_rate)
        return Quarter(end, number, float(inflow), float(outflow), float(volume), anew, jump)

    def _jumped(self, there: Mapping[str, float], end: int, net: float, before: int, most_rate: float) -> bool:
        """See gauge_jump.py; of a gauge that was silent meanwhile since it was heard last."""
        mean_net = (self.net + net) / 2 if end - before == STEP else np.nan
        self.net = net
        tanks = [
            (*self.levels[name], there[name], surface)
            for name, surface in sorted(self.gauges.values()) if name in there and name in self.levels
        ]  # fmt: skip
        self.levels |= {name: (end, there[name]) for name, _ in self.gauges.values() if name in there}
        if not tanks:
            return False
        since, old, new, surface = np.array(tanks).T
        if len(tanks) < len(self.gauges) or (since != end - STEP).any():
            mean_net = np.nan
        return gauge_jumped(old, new, (end - since) / _HOUR, surface, mean_net, most_rate)


class Areas:
    """Areas are numbered in the order in which they were met."""

    def __init__(self, spec: AreaCondition, customers: tuple[str | None, str | None] = (None, None)) -> None:
        self.all: list[Area] = []
        self.number: dict[str, int] = {}
        self._spec = spec
        self._customers = customers
        self._records = 0
        self._area_of = Places()
        self._device: dict[int, str] = {}
        self._waiting = Waiting()

    def bind(self, series: Sequence[SeriesName], context: Context) -> list[int]:
        """Meet devices and series; gives the series to be judged (customers' too)."""
        spec, records = self._spec, context.registry.records
        profiles = (spec.flow_profile, spec.level_profile, self._customers[0])
        for record in records[self._records :]:
            if record.profile in profiles and context.is_judged(record):
                self._meet(record, int(context.registry.lane[context.registry.by_id(record.id)]), context)
        if len(records) > self._records:
            self._waiting.by([area.lanes for area in self.all])
        self._records = len(records)
        bound = [met.series for met in context.met(series, self._customers[0] or "", (self._customers[1] or "",))]
        kinds = ((spec.flow_profile, spec.flow), (spec.level_profile, spec.level))
        for profile, quantity in kinds:
            for met in context.met(series, profile or "", (quantity or "",)):
                area = self.number.get(met.record.zone)
                if area is not None and self._is_meter(self.all[area], met.record.id):
                    self._area_of.put(met.series, area)
                    self._device[met.series] = met.record.id
                    bound.append(met.series)
        return bound

    def _meet(self, record: DeviceRecord, lane: int, context: Context) -> None:
        facts = context.assets.get(record.asset)
        kind = "" if facts is None or facts.zone != record.zone else facts.kind
        if record.profile == self._spec.level_profile and kind == "storage":
            assert facts is not None
            area = self._area(record.zone, context)
            gauge = record.id, facts.figures.get("area_m2", np.nan)
            area.gauges[facts.id] = min(gauge, area.gauges.get(facts.id, gauge))
            area.bare_tanks.discard(record.asset)
        elif record.profile == self._spec.flow_profile and (kind in _SIGNS or not record.asset):
            area = self._area(record.zone, context)
            (area.listed if record.id in context.listed else area.met)[record.id] = _SIGNS.get(kind, 1.0)
            area.bare_borders.discard(record.asset)
        elif record.profile == self._customers[0]:
            area = self._area(record.zone, context)
            (area.customers if record.id in context.listed else area.strangers).add(record.id)
        else:
            return
        self.all[self.number[record.zone]].lanes.add(lane)

    def _area(self, zone: str, context: Context) -> Area:
        if zone not in self.number:
            self.number[zone] = len(self.all)
            area = Area(zone, context.alarms.define(definition_of(self._spec, zone, zone, -1)))
            for facts in context.assets.values():
                if facts.zone == zone and facts.kind in _SIGNS:
                    area.bare_borders.add(facts.id)
                elif facts.zone == zone and facts.kind == "storage":
                    area.bare_tanks.add(facts.id)
            self.all.append(area)
        return self.all[self.number[zone]]

    @staticmethod
    def _is_meter(area: Area, device: str) -> bool:
        gauges = {name for name, _ in area.gauges.values()}
        return device in area.listed or device in area.met or device in gauges

    @property
    def lanes(self) -> list[int]:
        """Those whose watermark can end a quarter hour."""
        return self._waiting.lanes

    def take(self, batch: AggregateBatch, watermarks: I64) -> list[Quarter]:
        """Quarter hours that are whole, in order of time."""
        begun = self._gather(batch) if len(batch) else set[int]()
        many = {number for number in begun if len(self.all[number].waiting) > self._most(number, watermarks)}
        found: list[Quarter] = []
        for number in many.union(number for number, _ in self._waiting.over(watermarks)):
            area = self.all[number]
            found += [area.quarter(number, at, self._spec.level_rate) for at in self._whole(number, watermarks)]
            self._waiting.put(number, area.earliest)
        return sorted(found, key=lambda quarter: quarter[:2])

    def _gather(self, batch: AggregateBatch) -> set[int]:
        """Put means to their quarter hours; the areas where one has begun."""
        begun: set[int] = set()
        mine = np.flatnonzero((batch.step == QUARTER) & (batch.count > 0) & (self._area_of.of(batch.series) >= 0))
        series, end = batch.series[mine], batch.start[mine] + STEP
        areas = self._area_of.of(series)
        rows = zip(series.tolist(), end.tolist(), areas.tolist(), batch.mean[mine].tolist(), strict=True)
        for whose, at, number, value in rows:
            area, name = self.all[number], self._device[whose]
            if at <= area.done:
                continue
            if at not in area.waiting:
                begun.add(number)
            area.waiting.setdefault(at, {})[name] = value
            if name in area.met:
                area.since.setdefault(name, at)
        for number in begun:
            self._waiting.put(number, self.all[number].earliest)
        return begun

    def _reached(self, number: int, watermarks: I64) -> int:
        return min(int(watermarks[lane]) for lane in self.all[number].lanes)

    def _most(self, number: int, watermarks: I64) -> int:
        """How many quarter hours may wait."""
        return _MOST_UNHEARD if self._reached(number, watermarks) == NEVER else _MOST_OPEN

    def _whole(self, number: int, watermarks: I64) -> list[int]:
        """Ends of quarter hours of which no more can come."""
        reached, most = self._reached(number, watermarks), self._most(number, watermarks)
        ends = sorted(self.all[number].waiting)
        return [at for k, at in enumerate(ends) if at <= reached or k < len(ends) - most]

    def keys(self) -> list[int]:
        """The alarms of the areas."""
        return [area.key for area in self.all]

    def snapshot(self) -> dict[str, Any]:
        """What the areas are made of, and what waits."""
        return {
            "zones": [area.zone for area in self.all],
            "members": [area.members for area in self.all],
            "since": [dict(sorted(area.since.items())) for area in self.all],
            "counted": [sorted(area.counted) for area in self.all],
            "done": [area.done for area in self.all],
            "levels": [
                [area.net, [[name, *level] for name, level in sorted(area.levels.items())]] for area in self.all
            ],
            "waiting": [
                [number, at, device, value]
                for number, area in enumerate(self.all)
                for at, means in sorted(area.waiting.items())
                for device, value in sorted(means.items())
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Take back what waits; old and new numbers of the areas that are made of what they were."""
        then = [self.all[self.number[zone]] if zone in self.number else None for zone in state["zones"]]
        done = state.get("done", [NEVER] * len(then))  # older snapshots have none
        for area, since, counted, upto in zip(then, state["since"], state["counted"], done, strict=True):
            if area is not None:
                area.done = int(upto)
                area.since = {name: int(at) for name, at in since.items() if name in area.met}
                area.counted = set() if area.listed else {name for name in counted if name in area.met}
        for area, (net, levels) in zip(then, state.get("levels", [(np.nan, [])] * len(then)), strict=True):
            if area is not None:
                gauges = {name for name, _ in area.gauges.values()}
                area.net = float(net)
                area.levels = {name: (int(at), float(level)) for name, at, level in levels if name in gauges}
        for number, at, device, value in state["waiting"]:
            area = then[int(number)]
            if area is not None and self._is_meter(area, device):
                area.waiting.setdefault(int(at), {})[device] = float(value)
        for place, area in enumerate(self.all):
            self._waiting.put(place, area.earliest)
        before = [(zone, _plain(members)) for zone, members in zip(state["zones"], state["members"], strict=True)]
        return moved(before, [(area.zone, _plain(area.members)) for area in self.all])


def _plain(members: Sequence[Sequence[Any]]) -> tuple[tuple[str, float], ...]:
    return tuple((str(name), float(factor)) for name, factor in members)
