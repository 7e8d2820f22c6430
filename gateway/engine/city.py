"""CityEngine: what is wrong across zones, and figures of the city. Pure like ZoneEngine.

It sees transitions, aggregates and citizens' reports, never readings.

    rows: configuration, reports --> Reports --changes--+
    transitions of the zones' alarms -------------------+--> Incidents --> changes
    now ------------------------------------------------+

For each lane (zone, profile) the newest closed minute (or the profile's own pane where that is longer): how many series
reported, how many readings that was and what share of them was good; and the sums over the city.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.config.content import EngineContent
from gateway.config.incidents import IncidentRules
from gateway.engine.alarm_model import Transition
from gateway.engine.incidents.incident_model import IncidentChange
from gateway.engine.incidents.incidents import Incidents
from gateway.engine.incidents.places import Places
from gateway.engine.incidents.report_model import ADD, ADVANCE, Advance, NewReport, ReportChange
from gateway.engine.incidents.reports import Reports
from gateway.rows import Row, RowKind
from processors.columns import AggregateBatch

__all__ = ["CityEngine", "CityResult", "LaneFigures"]

_MINUTE = 60


class LaneFigures(msgspec.Struct, frozen=True):
    """One lane's newest closed window."""

    zone: str
    profile: str
    start: int
    """UTC ns of the window's start."""
    step: int
    series: int
    readings: int
    good: float
    """Share of the window's readings that were good, weighted by series; NaN where nothing was used."""


@dataclass(slots=True)
class CityResult:
    """What a call gives."""

    reports: list[ReportChange] = field(default_factory=list)
    incidents: list[IncidentChange] = field(default_factory=list)
    without_effect: int = 0
    """Reports, and steps of reports, that changed nothing."""


class CityEngine:
    """Never called concurrently."""

    def __init__(self) -> None:
        self.reports = Reports()
        self.incidents = Incidents()
        self.start = np.empty(0, np.int64)
        self.step_secs = np.empty(0, np.int32)
        self.series = np.empty(0, np.int64)
        self.readings = np.empty(0, np.int64)
        self.good = np.empty(0, np.float64)

    def step(
        self, transitions: Sequence[Transition], aggregates: AggregateBatch, reports: Sequence[Row], now: int, *,
        lane: NDArray[np.int32], pane_secs: NDArray[np.int32],
    ) -> CityResult:  # fmt: skip
        """Take what a call of the zones has brought, and the rows of the call that are for the city: configurations and
        reports. `lane` and `pane_secs` are per series index; `now` drives timers."""
        out = CityResult()
        for row in reports:
            if row.kind == RowKind.CONFIG:
                self.configure(EngineContent.decode(row.payload))
            elif not self._report(row, now, out):
                out.without_effect += 1
        for transition in transitions:
            self.incidents.alarm(transition, now, out.incidents)
        before = len(out.reports)
        self.reports.tick(now, out.reports)
        for change in out.reports[before:]:
            self.incidents.report(change, now, out.incidents)
        self.incidents.tick(now, out.incidents)
        self._sum_up(aggregates, lane, pane_secs)
        return out

    def configure(self, content: EngineContent) -> None:
        """Take a configuration; what is known and linked stays."""
        rules = IncidentRules.model_validate(content.incidents)
        places = Places(content, rules.linking.resolution, rules.linking.rings)
        self.reports.configure(rules, places)
        self.incidents.configure(rules, places)

    def _report(self, row: Row, now: int, out: CityResult) -> bool:
        """False: it changes nothing."""
        before, done = len(out.reports), False
        if row.topic == ADD and (new := NewReport.of(row)) is not None:
            done = self.reports.add(new, row.received_at, now, out.reports)
        elif row.topic == ADVANCE and (act := Advance.of(row)) is not None:
            done = self.reports.advance(act, row.received_at, now, out.reports)
        for change in out.reports[before:]:
            self.incidents.report(change, now, out.incidents)
        return done

    def _sum_up(self, aggregates: AggregateBatch, lane: NDArray[np.int32], pane_secs: NDArray[np.int32]) -> None:
        if not len(aggregates):
            return
        which = aggregates.step == np.maximum(pane_secs[aggregates.series], _MINUTE)
        if not which.any():
            return
        windows = aggregates.take(which)
        lanes = lane[windows.series]
        self._grow(int(lanes.max()) + 1)
        newest = self.start.copy()
        np.maximum.at(newest, lanes, windows.start)
        moved = newest > self.start
        for column in (self.series, self.readings, self.good):
            column[moved] = 0
        self.start = newest
        now = windows.start == newest[lanes]
        mine, used = lanes[now], windows.take(now)
        self.step_secs[mine] = used.step
        self.series += np.bincount(mine, minlength=len(newest))
        self.readings += np.bincount(mine, weights=used.count, minlength=len(newest)).astype(np.int64)
        self.good += np.bincount(mine, weights=used.good, minlength=len(newest))

    def figures(self, lanes: list[tuple[str, str]]) -> list[LaneFigures]:
        """Newest figures of each lane that has closed a window."""
        out = []
        for k in np.flatnonzero(self.series).tolist():
            good = float(self.good[k] / self.series[k])
            count, readings = int(self.series[k]), int(self.readings[k])
            out.append(LaneFigures(*lanes[k], int(self.start[k]), int(self.step_secs[k]), count, readings, good))
        return out

    def totals(self, lanes: list[tuple[str, str]]) -> dict[str, dict[str, int]]:
        """Over the whole city, by profile: zones that report, series and readings in their newest closed windows."""
        out: dict[str, dict[str, int]] = {}
        for figure in self.figures(lanes):
            sums = out.setdefault(figure.profile, {"zones": 0, "series": 0, "readings": 0})
            sums["zones"] += 1
            sums["series"] += figure.series
            sums["readings"] += figure.readings
        return dict(sorted(out.items()))

    def _grow(self, lanes: int) -> None:
        more = lanes - len(self.start)
        if more > 0:
            self.start = np.concatenate([self.start, np.full(more, np.iinfo(np.int64).min)])
            self.step_secs = np.concatenate([self.step_secs, np.zeros(more, np.int32)])
            self.series = np.concatenate([self.series, np.zeros(more, np.int64)])
            self.readings = np.concatenate([self.readings, np.zeros(more, np.int64)])
            self.good = np.concatenate([self.good, np.zeros(more)])

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on, but for the configuration."""
        return {
            "reports": self.reports.snapshot(), "incidents": self.incidents.snapshot(),
            "start": self.start.copy(), "step_secs": self.step_secs.copy(), "series": self.series.copy(),
            "readings": self.readings.copy(), "good": self.good.copy(),
        }  # fmt: skip

    @classmethod
    def restore(cls, state: dict[str, Any], content: EngineContent | None) -> "CityEngine":
        """The engine that gave `state`, under the configuration of then."""
        made = cls()
        if content is not None:
            made.configure(content)
        for name in ("start", "step_secs", "series", "readings", "good"):
            setattr(made, name, state[name].copy())
        if "incidents" in state:  # versions before 0.2 had none
            made.reports.restore(state["reports"])
            made.incidents.restore(state["incidents"])
        return made
