"""Citizens' reports: their lives, and the targets of their kinds. Rows and `now` in, changes out.

    received ----accept_secs----> |           received ------resolve_secs------> |         (from `reopened` likewise)
        .......warn_share...> due_soon, overdue    .......warn_share.....> due_soon, overdue

A target is over once the report has come so far; each warning is said once. A report is known for `reopen_secs` after
it was resolved or confirmed (many a citizen never calls again), then forgotten here: what there was is in records.db.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.config.incidents import IncidentRules
from gateway.engine.alarm_acts import ActIds
from gateway.engine.incidents.places import Places
from gateway.engine.incidents.report_model import (
    MOVES,
    OVER,
    Advance,
    NewReport,
    ReportChange,
    ReportEvent,
    ReportState,
    Target,
)
from gateway.engine.incidents.timers import Timers

__all__ = ["MOST_REPORTS", "Report", "Reports"]

MOST_REPORTS = 100_000
"""Known at once; further ones are refused until some are resolved and forgotten."""
_SECOND = 1_000_000_000
_UNANSWERED = frozenset({ReportState.RECEIVED, ReportState.REOPENED})

Out = list[ReportChange]


class Report(msgspec.Struct):
    """A report that is known. Changed in place by `Reports`."""

    id: str
    kind: str
    domain: str
    priority: int
    lon: float | None
    lat: float | None
    cell: str
    zone: str
    asset: str
    since: int
    counts_from: int
    """Its targets do: since it was reported or reopened."""
    state: ReportState = ReportState.RECEIVED
    target: Target = Target.NONE
    due: int = 0
    warn: int = 0
    """When the target is to be said to be due soon, or was missed, or, where it is over, when to forget it; 0: not any
    more."""


class Reports:
    """Never called concurrently."""

    def __init__(self, rules: IncidentRules | None = None, places: Places | None = None) -> None:
        self.reports: dict[str, Report] = {}
        self._acts = ActIds(kept=10_000)
        self._timers = Timers()
        self.configure(rules or IncidentRules(), places or Places(None, 8, 1))

    def configure(self, rules: IncidentRules, places: Places) -> None:
        """New targets hold for reports from their next step on."""
        self._kinds = {kind.name: kind for kind in rules.reports}
        self._places = places
        self._warn_share = rules.service.warn_share
        self._reopen = round(rules.service.reopen_secs * _SECOND)

    def add(self, new: NewReport, received_at: int, now: int, out: Out) -> bool:
        """Take a report; False: it is known, or says nothing that can be used."""
        kind = self._kinds.get(new.kind)
        if kind is None or new.id in self.reports or len(self.reports) >= MOST_REPORTS or not self._is_somewhere(new):
            return False
        where = self._places.of_report(new.lon, new.lat, new.asset, new.zone)
        since = min(new.at or received_at, received_at)
        report = Report(
            new.id, new.kind, kind.domain, kind.priority, new.lon, new.lat, where.cell, where.zone, new.asset, since,
            since,
        )  # fmt: skip
        self.reports[new.id] = report
        self._aim(report)
        self._say(report, report.state, since, now, out, new.who, "", new.text, new.contact)
        return True

    def advance(self, act: Advance, received_at: int, now: int, out: Out) -> bool:
        """Bring a report on; False: it is not known, or can't go there from where it is, or the act was seen before."""
        report = self.reports.get(act.report)
        if self._acts.seen(act.id) or report is None or act.state not in MOVES[report.state]:
            return False
        if report.state in OVER:
            self._remind(report, 0)
        report.state = act.state
        if act.state is ReportState.REOPENED:
            report.counts_from = received_at
        if act.state in OVER:
            report.target, report.due = Target.NONE, 0
            self._remind(report, now + self._reopen)
        else:
            self._aim(report)
        self._say(report, act.state, received_at, now, out, act.who, act.note)
        return True

    def tick(self, now: int, out: Out) -> None:
        """Say what is due soon or overdue; forget what was confirmed long ago."""
        while due := self._timers.due(now):
            for name in due:
                report = self.reports[name]
                if report.state in OVER:
                    del self.reports[name]
                elif now >= report.due:
                    report.warn = 0
                    self._say(report, ReportEvent.OVERDUE, report.due, now, out)
                else:
                    at, report.warn = report.warn, report.due
                    self._timers.set(name, report.warn)
                    self._say(report, ReportEvent.DUE_SOON, at, now, out)

    def open(self) -> int:
        """How many are not done."""
        return sum(report.state not in OVER for report in self.reports.values())

    def _is_somewhere(self, new: NewReport) -> bool:
        if any(name and not self._places.knows(name) for name in (new.asset, new.zone)):
            return False
        return (new.lon is not None and new.lat is not None) or bool(new.asset or new.zone)

    def _aim(self, report: Report) -> None:
        """At the next target of where it is."""
        kind = self._kinds.get(report.kind)
        target, secs = Target.NONE, 0.0
        if kind is not None:
            target, secs = Target.RESOLVE, kind.resolve_secs
            if report.state in _UNANSWERED and kind.accept_secs:
                target, secs = Target.ACCEPT, kind.accept_secs
        due = report.counts_from + round(secs * _SECOND) if secs else 0
        aim = (target if secs else Target.NONE, due)
        if aim == (report.target, report.due):
            return  # what was said of it is not said again
        report.target, report.due = aim
        self._remind(report, report.counts_from + round(secs * self._warn_share * _SECOND) if secs else 0)

    def _remind(self, report: Report, at: int) -> None:
        report.warn = at
        self._timers.set(report.id, at)

    def _say(
        self, report: Report, change: ReportState | ReportEvent, at: int, now: int, out: Out, who: str = "",
        note: str = "", text: str = "", contact: str = "",
    ) -> None:  # fmt: skip
        out.append(
            ReportChange(
                report.id, str(change), str(report.state), report.kind, report.domain, report.priority, report.lon,
                report.lat, report.cell, report.zone, report.asset, report.since, at, now, str(report.target),
                report.due, who, note, text, contact,
            )
        )  # fmt: skip

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on, but for the configuration."""
        return {
            "reports": [msgspec.to_builtins(report) for report in self.reports.values()],
            "acts": self._acts.snapshot(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `snapshot` gave."""
        for report in msgspec.convert(state["reports"], list[Report]):
            self.reports[report.id] = report
            self._timers.set(report.id, report.warn)
        self._acts.restore(state["acts"])
