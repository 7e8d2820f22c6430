"""How many incidents and citizens' reports are open, for those who look at a running gateway; fed after each commit."""

from collections import Counter

from gateway.engine.city import CityEngine
from gateway.engine.incidents.incident_model import IncidentState
from gateway.engine.incidents.report_model import OVER, ReportEvent
from gateway.engine.results import StepResult

__all__ = ["Troubles"]


class Troubles:
    """Bounded by what is wrong. Called from the event loop only."""

    def __init__(self) -> None:
        self._incidents: dict[str, str] = {}
        self._reports: dict[str, tuple[str, int, str]] = {}

    def begin(self, engine: CityEngine) -> None:
        """What stood when the gateway started."""
        for incident in engine.incidents.incidents.values():
            self._incident(incident.id, incident.state)
        for report in engine.reports.reports.values():
            late = ReportEvent.OVERDUE if report.due and not report.warn else ""
            self._report(report.id, report.state, report.target, report.due, late)

    def take(self, result: StepResult) -> None:
        """A call's changes, in order."""
        for change in result.incidents:
            self._incident(change.incident, change.state)
        for said in result.reports:
            late = said.change if said.change == ReportEvent.OVERDUE else ""
            self._report(said.report, said.state, said.target, said.due, late)

    def counts(self) -> dict[str, dict[str, int]]:
        """Open and closing incidents; open and overdue reports."""
        states = Counter(self._incidents.values())
        overdue = sum(late != "" for _, _, late in self._reports.values())
        return {
            "incidents": {"open": states[IncidentState.OPEN], "closing": states[IncidentState.CLOSING]},
            "reports": {"open": len(self._reports), "overdue": overdue},
        }

    def _incident(self, incident: str, state: str) -> None:
        if state in (IncidentState.OPEN, IncidentState.CLOSING):
            self._incidents[incident] = state
        else:
            self._incidents.pop(incident, None)

    def _report(self, report: str, state: str, target: str, due: int, late: str) -> None:
        if state in OVER:
            self._reports.pop(report, None)
            return
        # what was missed stays missed until there is another target
        before = self._reports.get(report)
        self._reports[report] = (target, due, late or (before[2] if before and before[:2] == (target, due) else ""))
