"""Night flow of a metered area: its least each local night, what of it is leakage, and lasting steps of it as leaks.

    quarter hours --(tank_balance)--> NightFlow --a night--> LeakDetector --LEAK, REPAIR--> water.leak at the area
     of an area                          |                                    (standing_leaks.py)
                                         +--> figures night_flow, leakage

Where an area has gauged tanks, what they give back counts as flow: a quarter hour is then known when the next one is.
Beside a jump of a gauge nothing is known: what a gauge that was set anew says was given or taken is no flow.
A night is judged with the first quarter hour that comes after it. Tanks without a gauge are left out; without one
missing value a night stays comparable with others, for such a tank does the same each night.
Sources: see processors/conditions/pipeline/night_flow.py and processors/detectors/README.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.config.conditions.water import QUARTER, NightFlowCondition
from gateway.engine.conditions.base import NOTHING, Context, Rule
from gateway.engine.conditions.pipeline.areas import STEP, Areas, Quarter
from gateway.engine.conditions.pipeline.learned import Part, blank_rows, carry
from gateway.engine.conditions.pipeline.standing_leaks import StandingLeaks
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from gateway.engine.timezone import EPOCH_DAY, clock_times
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.pipeline.night_flow import NightFlow, NightFlows, legitimate_use, night_leakage
from processors.conditions.signals import Signals
from processors.detectors.leak import LeakDetector, LeakSettings
from processors.detectors.night_baseline import BaselineRates
from processors.detectors.night_minimum import tank_balance

__all__ = ["NightFlowRule"]

_HOURS = STEP / 3_600_000_000_000
_DAY = 1440


class NightFlowRule(Rule):
    """See Condition. Subjects are zones."""

    def __init__(self, spec: NightFlowCondition) -> None:
        self.name = spec.name
        self._spec = spec
        self._areas = Areas(spec)
        self._settings = LeakSettings(rates=replace(BaselineRates(), floor=spec.floor))
        self._night, self._leak, self._standing = self._blank(0)
        self._recent: list[list[Quarter]] = []
        """The last two quarter hours of each area with tanks."""
        self._floor: list[float] = []
        self._use: list[float] = []
        """Legitimate use of each area in m3/h; NaN: not known."""
        self._start = self._end = np.empty(0, np.int64)
        self._first = 0
        """Day number of the first night's morning."""
        self._told: list[Figure] = []

    def _blank(self, areas: int) -> tuple[NightFlow, LeakDetector, StandingLeaks]:
        made = (
            NightFlow(STEP), LeakDetector(self._settings), StandingLeaks(self._settings, self._spec.new_usual_nights)
        )  # fmt: skip
        parts: tuple[Part, ...] = made
        for part in parts:
            part.grow(areas)
        return made

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        begin, end = self._spec.night_minutes
        later = end // _DAY
        self._start = clock_times(context.timezone, begin)
        self._start, self._end = (
            self._start[: len(self._start) - later],
            clock_times(context.timezone, end % _DAY)[later:],
        )
        self._first = EPOCH_DAY + later
        bound = self._areas.bind(series, context)
        for area in self._areas.all[len(self._floor) :]:
            floor, use = self._of_area(area.zone, context)
            self._floor.append(floor)
            self._use.append(use)
            self._recent.append([])
        for part in self._parts():
            part.grow(len(self._areas.all))
        return bound

    def _begin_anew(self, areas: Sequence[int]) -> None:
        """A sum of other meters is another balance."""
        blank: tuple[Part, ...] = self._blank(len(self._areas.all))
        for part, fresh in zip(self._parts(), blank, strict=True):
            blank_rows(part, np.array(areas, np.intp), fresh)
        for number in areas:
            self._recent[number] = []

    def _parts(self) -> tuple[Part, ...]:
        return self._night, self._leak, self._standing

    def _of_area(self, zone: str, context: Context) -> tuple[float, float]:
        """Floor and legitimate use."""
        spec, facts = self._spec, context.assets.get(zone)
        where = next((where for where in spec.where if where.zone == zone), None)
        floor = spec.floor if where is None or where.floor is None else where.floor
        if where is not None and where.legitimate is not None:
            return floor, where.legitimate
        connections = np.nan if facts is None else facts.figures.get("connections", np.nan)
        each = np.nan if spec.per_connection is None else spec.per_connection
        return floor, float(legitimate_use(np.array([connections]), each, np.zeros(1), 0.0)[0])

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._areas.keys()

    def steps(self) -> Collection[int]:
        """See Condition."""
        return (QUARTER,)

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._areas.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        said, part, quarters = [], list[Quarter](), self._areas.take(batch, watermarks)
        if not quarters:
            return NOTHING
        for quarter in quarters:
            if quarter.anew:
                said.append(self._of_quarters(part))
                self._begin_anew([quarter.area])
                part = []
            part.append(quarter)
        return Signals.concat([*said, self._of_quarters(part)])

    def _of_quarters(self, quarters: Sequence[Quarter]) -> Signals:
        if not quarters:
            return NOTHING
        area, start, flow = self._balances(quarters)
        nights = self._night.update(area, start, flow, self._start, self._end, self._spec.least_coverage)
        return self._judged(nights)

    def _balances(self, quarters: Sequence[Quarter]) -> tuple[I32, I64, F64]:
        """Area, start and net flow of quarter hours; with tanks, of the one before each."""
        three: list[list[Quarter]] = []
        for now in quarters:
            recent = self._recent[now.area]
            if not self._areas.all[now.area].gauges:
                three.append([now._replace(volume=0.0)] * 3)
                continue
            if recent:
                before = recent[0] if len(recent) == 2 else recent[-1]
                three.append([before, recent[-1], now])
            self._recent[now.area] = [*recent[-1:], now]
        ends: I64 = np.array([[each.end for each in row] for row in three], np.int64).reshape(-1, 3)
        net: F64 = np.array([[each.inflow - each.outflow for each in row] for row in three]).reshape(-1, 3)
        volume: F64 = np.array([[each.volume for each in row] for row in three]).reshape(-1, 3)
        area: I32 = np.array([row[1].area for row in three], np.int32)
        gauged = np.array([bool(self._areas.all[number].gauges) for number in area.tolist()], np.bool_)
        jumps: NDArray[np.bool_] = np.array([row[1].jump or row[2].jump for row in three], np.bool_)
        # its neighbours are missing, or a jump of a gauge lies between them
        volume[gauged & (jumps | (np.diff(ends, axis=1) != STEP).any(axis=1))] = np.nan
        return area, ends[:, 1] - STEP, tank_balance(net, volume, 1.0, _HOURS)[:, 1]

    def _judged(self, nights: NightFlows) -> Signals:
        known = np.flatnonzero(np.isfinite(nights.flow))
        known = known[np.lexsort((nights.dma[known], nights.end[known]))]
        if not len(known):
            return NOTHING
        area, end, flow = nights.dma[known], nights.end[known], nights.flow[known]
        number = self._first + np.searchsorted(self._start, nights.start[known])
        floor = np.array(self._floor)[area]
        events = self._leak.update(area, number, flow, floor)
        said = {
            (balance, night): (kind, change)
            for balance, night, kind, change in zip(
                events.balance.tolist(), events.night.tolist(), events.kind.tolist(), events.flow.tolist(), strict=True
            )
        }
        leak = np.array([
            self._standing.night(which, much, said.get((which, night)), least)
            for which, night, much, least in zip(
                area.tolist(), number.tolist(), flow.tolist(), floor.tolist(), strict=True
            )
        ])  # fmt: skip
        self._tell(area, end, flow)
        level = (leak > 0).astype(np.uint8)
        lag = np.array([2 if each.gauges else 1 for each in self._areas.all])[area]
        keys = np.array(self._areas.keys(), np.int32)[area]
        return Signals(keys, end + lag * STEP, level, level, leak)

    def _tell(self, area: I32, end: I64, flow: F64) -> None:
        leakage = night_leakage(flow, np.array(self._use)[area])
        for number, at, much, lost in zip(area.tolist(), end.tolist(), flow.tolist(), leakage.tolist(), strict=True):
            zone = self._areas.all[number].zone
            self._told.append(Figure(self.name, zone, zone, "night_flow", "m3/h", at, much))
            if np.isfinite(lost):
                self._told.append(Figure(self.name, zone, zone, "leakage", "m3/h", at, lost))

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "areas": self._areas.snapshot(), "night": self._night.snapshot(), "leak": self._leak.snapshot(),
            "standing": self._standing.snapshot(), "recent": [[list(each) for each in two] for two in self._recent],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        old, new = self._areas.restore(state["areas"])
        for part, name in zip(self._parts(), ("night", "leak", "standing"), strict=True):
            carry(part, state[name], old, new)
        for before, now in zip(old.tolist(), new.tolist(), strict=True):
            self._recent[now] = [
                Quarter(int(end), now, float(inflow), float(outflow), float(volume), jump=any(jump))  # older: none
                for end, _, inflow, outflow, volume, _, *jump in state["recent"][before]
            ]
