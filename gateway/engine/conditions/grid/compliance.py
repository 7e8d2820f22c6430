"""Compliance: which share of each local week's values kept to the limits, and whether that is enough.

    ten minutes --> voltage, unbalance, distortion --+
                                                     +--> processors' Compliance --Monday 00:00--> figures, alarm
    shortest windows --> frequency ------------------+

Voltage is the deviation of the phase furthest from nominal; with a phase missing, or below a tenth of nominal (an
interruption, which EN 50160 leaves out), nothing is counted. A week with too few known values has figures and no
verdict. Limits are each device's own, by its nominal voltage; from 35 kV on the spread of the week's deviations is
judged, of all phases together, in place of a share.
Source: see processors/conditions/grid/compliance.py, limits.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gateway.config.conditions.grid.compliance import ComplianceCondition
from gateway.config.conditions.grid.nominal import nominal_of
from gateway.engine.conditions.base import NOTHING, Context, Places, Rule, definition_of, moved
from gateway.engine.conditions.due import FAR, Due
from gateway.engine.conditions.grid.days import period_of, weeks
from gateway.engine.conditions.grid.ten_minutes import LEAST, TEN, TenMinutes
from gateway.engine.figures import Figure
from gateway.engine.results import SeriesName
from processors.columns import F64, I32, I64, AggregateBatch
from processors.conditions.grid.compliance import Compliance, Measure, Verdict
from processors.conditions.grid.ten_minutes import ten_minute_value
from processors.conditions.grid.unbalance import from_line_voltages
from processors.conditions.grid.voltage import deviation, spread
from processors.conditions.signals import Signals

__all__ = ["ComplianceRule"]

_PANES = (10, 60, 900, 3600)
_NONE = -1
_INTERRUPTED = -90.0
"""% of nominal: EN 50160 leaves out what is lower."""
_ROUNDING = 1e-9
"""By so much are limits wider: 235.4 V are 7.000000000000002 % above 220 V, and within."""
_Values = tuple[I64, I32, Measure, F64]
"""Start, device, what, value."""


class ComplianceRule(Rule):
    """See Condition. Subjects are devices."""

    def __init__(self, spec: ComplianceCondition) -> None:
        self.name = spec.name
        self._spec = spec
        named = (*spec.phases, *spec.lines, *((spec.thd,) if spec.thd is not None else ()))
        self._columns = tuple(dict.fromkeys(named))
        self._phases = [self._columns.index(name) for name in spec.phases]
        self._lines = [self._columns.index(name) for name in spec.lines]
        self._tens = TenMinutes(max(len(self._columns), 1))
        self._frequency = Places()
        self._pane = 60
        self._edges: I64 = np.empty(0, np.int64)
        self._key: list[int] = []
        self._zone: list[str] = []
        self._nominal: list[float] = []
        self._week = np.empty(0, np.int64)
        self._due = Due()
        self._counts = Compliance()
        self._span = np.empty((0, 2))
        """Lowest and highest deviation of the week, %."""
        self._told: list[Figure] = []
        self._low = self._high = np.empty((0, len(Measure)))
        self._spread: F64 = np.empty(0)
        """Of the week's deviations, %; +inf where each of them is judged."""
        self._required = np.array([spec.share, spec.share, spec.share, spec.frequency_share])

    def bind(self, series: Sequence[SeriesName], context: Context) -> Sequence[int]:
        """See Condition."""
        spec = self._spec
        self._edges = weeks(context.day_edges)
        interval = context.intervals.get(spec.profile, 0) / 1e9
        self._pane = next((pane for pane in _PANES if pane >= interval), _PANES[-1])
        names = (*self._columns, *((spec.frequency,) if spec.frequency is not None else ()))
        bound = []
        for met in context.met(series, spec.profile, names):
            record = met.record
            # frequency has no column: it is asked for under its series alone
            column = self._columns.index(met.quantity) if met.quantity in self._columns else _NONE
            number = self._tens.add(record.id, met.lane, met.series, column)
            if number == len(self._zone):
                if spec.alarm:
                    self._key.append(context.alarms.define(definition_of(spec, record.id, record.zone, met.lane)))
                self._zone.append(record.zone)
                self._nominal.append(nominal_of(spec.where, spec.nominal, record.zone, record.asset, record.id))
            if met.quantity == spec.frequency:
                self._frequency.put(met.series, number)
            bound.append(met.series)
        more = len(self._zone) - len(self._week)
        self._week = np.concatenate([self._week, np.full(more, _NONE, np.int64)])
        self._span = np.concatenate([self._span, np.full((more, 2), np.nan)])
        self._counts.grow(len(self._zone))
        if more:
            self._limit()
            self._due.by(self._tens.lanes())
        return bound

    def _limit(self) -> None:
        """The limits of each device, by measure and in its unit."""
        spec, limits = self._spec, self._spec.limits(np.array(self._nominal))
        lows = limits.low, -np.inf, -np.inf, spec.frequency_low
        highs = limits.high, spec.unbalance_high * 100, limits.thd, spec.frequency_high
        self._low = np.column_stack(np.broadcast_arrays(*lows)) - _ROUNDING
        self._high = np.column_stack(np.broadcast_arrays(*highs)) + _ROUNDING
        self._spread = limits.spread + _ROUNDING

    def keys(self) -> Iterable[int]:
        """See Condition."""
        return self._key

    def steps(self) -> Collection[int]:
        """See Condition."""
        return {*self._tens.steps, self._pane}

    def lanes(self) -> Iterable[int]:
        """See Condition."""
        return self._due.lanes

    def windows(self, batch: AggregateBatch, watermarks: I64) -> Signals:
        """See Condition."""
        who, end, minutes = self._tens.take(batch, watermarks)
        frequency = self._of_frequency(batch)
        said: list[Signals] = []
        if len(who) or len(frequency[0]):
            off = self._deviations(who, minutes)
            said = self._counted([*self._of_tens(who, end, minutes, off), frequency], (end - TEN, who, off))
        if self._due.come(watermarks, self._waited):
            said += self._finish(np.flatnonzero(self._waited() <= watermarks[self._tens.lanes()]))
        return Signals.concat(said) if said else NOTHING

    def _waited(self) -> I64:
        """When the week of each device is over: those ten minutes that midnight lies in are waited for."""
        ends = self._ends()
        return np.where(self._week != _NONE, ends + -ends % TEN, FAR)

    def _deviations(self, who: I32, minutes: F64) -> F64:
        """Of each phase, %; NaN in an interruption."""
        nominal = np.array(self._nominal)[who]
        off = deviation(ten_minute_value(minutes[:, self._phases], LEAST), nominal[:, None])
        off[(off < _INTERRUPTED).any(axis=1)] = np.nan
        return off

    def _of_tens(self, who: I32, end: I64, minutes: F64, off: F64) -> Iterable[_Values]:
        spec, start = self._spec, end - TEN
        if self._phases:
            furthest = np.argmax(np.abs(off), axis=1)[:, None]  # a NaN counts as the furthest
            yield start, who, Measure.VOLTAGE, np.take_along_axis(off, furthest, 1)[:, 0]
        if self._lines:
            ab, bc, ca = (minutes[:, column] for column in self._lines)
            yield start, who, Measure.UNBALANCE, ten_minute_value(from_line_voltages(ab, bc, ca), LEAST)
        if spec.thd is not None:
            yield start, who, Measure.THD, ten_minute_value(minutes[:, self._columns.index(spec.thd)], LEAST) * 100

    def _of_frequency(self, batch: AggregateBatch) -> _Values:
        who = self._frequency.of(batch.series)
        which = (who >= 0) & (batch.step == self._pane) & (batch.count > 0)
        return batch.start[which], who[which], Measure.FREQUENCY, batch.mean[which]

    def _counted(self, values: Sequence[_Values], phases: tuple[I64, I32, F64]) -> list[Signals]:
        """Count values in order of their weeks; a device's week is over when it has one of the next.

        `phases`: start, device and deviations, for the span of each week.
        """
        start = np.concatenate([each[0] for each in values])
        who = np.concatenate([each[1] for each in values])
        measure = np.concatenate([np.full(len(each[0]), each[2], np.uint8) for each in values])
        value = np.concatenate([each[3] for each in values])
        week, week_of_phases = period_of(self._edges, start), period_of(self._edges, phases[0])
        said = []
        for number in np.unique(week).tolist():
            which = (week == number) & (self._week[who] <= number)
            now = np.unique(who[which])
            said += self._finish(now[(self._week[now] != _NONE) & (self._week[now] < number)])
            if (self._week[now] != number).any():
                self._week[now] = number
                self._due.forget()
            mine, of = who[which], measure[which]
            self._counts.add(mine, of, value[which], self._low[mine, of], self._high[mine, of])
            if self._phases:
                these = (week_of_phases == number) & (self._week[phases[1]] == number)
                np.fmin.at(self._span[:, 0], phases[1][these], phases[2][these].min(axis=1))
                np.fmax.at(self._span[:, 1], phases[1][these], phases[2][these].max(axis=1))
        return said

    def _ends(self) -> I64:
        """Where the week of each device is over."""
        return self._edges[np.minimum(self._week + 1, len(self._edges) - 1)]

    def _finish(self, who: Any) -> list[Signals]:
        """The weeks of these devices are over."""
        if not len(who):
            return []
        end, start = self._ends()[who], self._edges[self._week[who]]
        expected = np.empty((len(self._zone), len(Measure)), np.int64)
        expected[:] = 1
        expected[who] = ((end - start) // TEN)[:, None]
        expected[who, Measure.FREQUENCY] = (end - start) // (self._pane * 1_000_000_000)
        found = self._counts.figures(expected, self._spec.coverage, self._required)
        value, verdict = found.share[who], found.verdict[who]
        margin = value - self._required
        by_spread = np.isfinite(self._spread[who])
        if by_spread.any():
            wide = spread(self._span[who[by_spread]], least=2)
            value[by_spread, Measure.VOLTAGE] = wide / 100
            margin[by_spread, Measure.VOLTAGE] = (self._spread[who[by_spread]] - wide) / 100
            kept = np.where(margin >= 0, Verdict.COMPLIES, Verdict.FAILS)
            verdict = np.where(verdict == Verdict.UNKNOWN, Verdict.UNKNOWN, kept)
        self._tell(who, end, value, found.coverage[who])
        self._counts.reset(who)
        self._week[who], self._span[who] = _NONE, np.nan
        self._due.forget()
        judged = (verdict != Verdict.UNKNOWN).any(axis=1)
        if not self._spec.alarm or not judged.any():
            return []
        level = (verdict == Verdict.FAILS).any(axis=1)[judged].astype(np.uint8)
        # what misses its limit by most, or comes nearest to it
        margin = np.where(verdict == Verdict.UNKNOWN, np.inf, margin)[judged]
        worst = np.take_along_axis(value[judged], np.argmin(margin, axis=1)[:, None], 1)[:, 0]
        return [Signals(np.array(self._key, np.int32)[who[judged]], end[judged], level, level, worst)]

    def _tell(self, who: Any, end: I64, value: F64, coverage: F64) -> None:
        """Figures of weeks: of each measure its share, or its spread, and its coverage."""
        for k, (device, ts) in enumerate(zip(who.tolist(), end.tolist(), strict=True)):
            lowest, highest = (self._span[device] / 100).tolist()
            named = [("voltage_lowest", lowest), ("voltage_highest", highest)]
            for measure in Measure:
                by_spread = measure == Measure.VOLTAGE and np.isfinite(self._spread[device])
                of, what = measure.name.lower(), "spread" if by_spread else "share"
                named += [(f"{of}_{what}", float(value[k, measure]))]
                if not np.isnan(value[k, measure]):
                    named += [(f"{of}_coverage", float(coverage[k, measure]))]
            for name, each in named:
                if not np.isnan(each):
                    figure = Figure(self.name, self._tens.devices[device], self._zone[device], name, "ratio", ts, each)
                    self._told.append(figure)

    def figures(self) -> Sequence[Figure]:
        """See Condition."""
        told, self._told = self._told, []
        return told

    def snapshot(self) -> dict[str, Any]:
        """See Condition."""
        return {
            "tens": self._tens.snapshot(), "week": self._week.copy(), "counts": self._counts.snapshot(),
            "span": self._span.copy(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """See Condition."""
        self._tens.restore(state["tens"])
        old, new = moved(state["tens"]["devices"], self._tens.devices)
        self._week[new], self._span[new] = state["week"][old], state["span"][old]
        self._due.forget()
        learned = self._counts.snapshot()
        for name, column in learned.items():
            column[new] = state["counts"][name][old]
        self._counts = Compliance.restore(learned)
