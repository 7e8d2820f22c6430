"""The incidents of the city: alarms and citizens' reports that are near each other, related by kind and by time.

    Transition ---+                                +--> opened, or joined to one, or to several: merged into the oldest
    ReportChange -+--> part: begins, over, again --+
    now -------------------------------------------+--> closing -> closed -> forgotten

Incidents are the connected parts of what was linked: which parts are together does not depend on the order in which
troubles that stand came in. An id is that of the part that opened it; of several that merge the smallest stays, which
is the one that began first. Once linked, always linked: nothing is taken apart again.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.config.incidents import IncidentRules
from gateway.engine.alarm_model import AlarmState, Transition
from gateway.engine.incidents.incident_model import (
    Head,
    Incident,
    IncidentChange,
    IncidentEvent,
    IncidentState,
    Part,
    PartType,
    incident_id,
)
from gateway.engine.incidents.index import Index
from gateway.engine.incidents.links import Links
from gateway.engine.incidents.places import CITIZEN, Places
from gateway.engine.incidents.report_model import OVER, ReportChange
from gateway.engine.incidents.timers import Timers

__all__ = ["Incidents"]

_SECOND = 1_000_000_000
_STANDING = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})
"""What is put aside, or for the record only, holds no incident open."""

Out = list[IncidentChange]


class Incidents:
    """Never called concurrently."""

    def __init__(self, rules: IncidentRules | None = None, places: Places | None = None) -> None:
        self.incidents: dict[str, Incident] = {}
        self.parts: dict[str, Part] = {}
        self._slots: dict[tuple[str, str], str] = {}
        """Key of the newest part of (condition, asset)."""
        self._index = Index()
        self._timers = Timers()
        self.configure(rules or IncidentRules(), places or Places(None, 8, 1))

    def configure(self, rules: IncidentRules, places: Places) -> None:
        """New rules hold for what comes; what is linked stays so."""
        self._links, self._places = Links(rules), places
        self._quiet = round(rules.linking.quiet_secs * _SECOND)
        self._remember = round(rules.linking.remember_secs * _SECOND)

    # -- what comes ---------------------------------------------------------------------------------------------------

    def alarm(self, change: Transition, now: int, out: Out) -> None:
        """Take a change of an alarm."""
        slot = (change.condition, change.asset)
        part = self.parts.get(self._slots.get(slot, ""))
        stands = change.state in _STANDING and not change.historic
        if part is not None and part.id == change.alarm:
            self._move(part, stands, change.at, change.priority, now, out)
        elif stands and part is not None and self._came_again(part, change):
            if not part.over:
                self._move(part, False, change.since, part.priority, now, out)
            part.id = change.alarm
            self._move(part, True, change.since, change.priority, now, out)
        elif stands:
            where = self._places.of_alarm(change.asset, change.zone)
            key = f"{PartType.ALARM} {change.alarm}"
            self._slots[slot] = key
            part = Part(
                key, PartType.ALARM, change.alarm, change.condition, change.asset, where.zone, change.domain,
                change.priority, where.depth, change.since, change.since, where.own,
            )  # fmt: skip
            self._begin(part, now, out)

    def report(self, change: ReportChange, now: int, out: Out) -> None:
        """Take a change of a report."""
        key = f"{PartType.REPORT} {change.report}"
        part, stands = self.parts.get(key), change.state not in OVER
        if part is not None:
            self._move(part, stands, change.at, change.priority, now, out)
        elif stands:
            where = self._places.of_report(change.lon, change.lat, change.asset, change.zone)
            began = change.since if change.change == change.state == "received" else change.at
            part = Part(
                key, PartType.REPORT, change.report, change.kind, change.asset, where.zone, change.domain,
                change.priority, CITIZEN, began, began, where.own,
            )  # fmt: skip
            self._begin(part, now, out)

    def tick(self, now: int, out: Out) -> None:
        """Close and forget what is due."""
        while due := self._timers.due(now):
            for name in due:
                if (incident := self.incidents.get(name)) is not None:
                    self._elapsed(incident, now, out)
                elif (part := self.parts.get(name)) is not None:
                    part.until = 0
                    if not self._leads(part):
                        self._drop(part)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _came_again(self, part: Part, change: Transition) -> bool:
        return not part.over or self._links.within_alike(part.over, change.since)

    def _begin(self, part: Part, now: int, out: Out) -> None:
        """A trouble that was not there before: it joins all incidents that it belongs to, or opens one."""
        self.parts[part.key] = part
        own = incident_id(part.key, part.began)
        found = sorted(self._near(part) | ({own} & self.incidents.keys()))
        incident = self.incidents[found[0]] if found else Incident(own, part.began)
        self.incidents[incident.id] = incident
        for other in found[1:]:
            self._merge(self.incidents[other], incident, part.began, now, out)
        self._put(part, incident)
        incident.total += 1
        incident.reports += part.type == PartType.REPORT
        incident.standing[part.priority] += 1
        if not found:
            incident.cause = part.key
        self._say(incident, IncidentEvent.JOINED if found else IncidentEvent.OPENED, part.began, now, out, part)
        self._settle(incident, part.began, now, out)

    def _move(self, part: Part, stands: bool, at: int, priority: int, now: int, out: Out) -> None:
        """A trouble that is known: over, again, or of another priority."""
        incident = self.incidents[part.incident]
        urgent, said = incident.urgent, len(out)
        if not part.over:
            incident.standing[part.priority] -= 1
            incident.standing[priority] += 1
        part.priority = priority
        incident.worst = min(incident.worst, priority)
        if stands and part.over:
            part.over, part.until, part.latest = 0, 0, max(part.latest, at)
            self._timers.set(part.key, 0)
            incident.standing[priority] += 1
            incident = self._joined_by(part, incident, at, now, out)
            self._say(incident, IncidentEvent.AGAIN, at, now, out, part)
        elif not stands and not part.over:
            part.over, part.until = max(at, 1), now + self._remember
            self._timers.set(part.key, part.until)
            incident.standing[priority] -= 1
            self._say(incident, IncidentEvent.OVER, at, now, out, part)
        elif len(out) == said and incident.urgent != urgent:
            self._say(incident, IncidentEvent.PRIORITY, at, now, out, part)
        self._settle(incident, at, now, out)

    def _joined_by(self, part: Part, incident: Incident, at: int, now: int, out: Out) -> Incident:
        """What came again may now be near others in time."""
        found = sorted(self._near(part) | {incident.id})
        into = self.incidents[found[0]]
        for other in found[1:]:
            self._merge(self.incidents[other], into, at, now, out)
        return into

    def _near(self, part: Part) -> set[str]:
        """Incidents of parts that are near it, in place, kind and time."""
        found: set[str] = set()
        for token in sorted(self._places.reach(part.tokens)):
            for incident, kinds in self._index.at(token):
                if incident in found or incident == part.incident:
                    continue
                if any(
                    self._links.linked(part, self.parts[key])
                    for kind, keys in kinds.items() if self._links.related(part.kind, kind)
                    for key in keys
                ):  # fmt: skip
                    found.add(incident)
        return found

    def _put(self, part: Part, incident: Incident) -> None:
        part.incident = incident.id
        incident.parts[part.key] = None
        incident.since = min(incident.since, part.began)
        incident.worst = min(incident.worst, part.priority)
        incident.zone = incident.zone or part.zone
        incident.domains = sorted({*incident.domains, part.domain})
        self._index.add(part)
        self._head(incident, part.kind, part.depth, Head(part.began, part.key))

    def _head(self, incident: Incident, kind: str, depth: int, head: Head) -> None:
        depths = incident.heads.setdefault(kind, [None] * (CITIZEN + 1))
        before = depths[depth]
        depths[depth] = head if before is None else min(before, head)

    def _leads(self, part: Part) -> bool:
        incident = self.incidents[part.incident]
        head = incident.heads[part.kind][part.depth]
        return incident.cause == part.key or (head is not None and head.key == part.key)

    def _drop(self, part: Part) -> None:
        del self.parts[part.key]
        self.incidents[part.incident].parts.pop(part.key, None)
        self._index.remove(part)
        slot = (part.kind, part.asset)
        if self._slots.get(slot) == part.key:
            del self._slots[slot]

    # -- incidents ----------------------------------------------------------------------------------------------------

    def _merge(self, other: Incident, into: Incident, at: int, now: int, out: Out) -> None:
        for key in list(other.parts):
            part = self.parts[key]
            self._index.remove(part)
            self._put(part, into)
        for kind, depths in other.heads.items():
            for depth, head in enumerate(depths):
                if head is not None:
                    self._head(into, kind, depth, head)
        into.total += other.total
        into.reports += other.reports
        into.standing = [a + b for a, b in zip(into.standing, other.standing, strict=True)]
        into.worst = min(into.worst, other.worst)
        other.state = IncidentState.MERGED
        self._say(other, IncidentEvent.MERGED, at, now, out, into=into.id)
        self._timers.set(other.id, 0)
        del self.incidents[other.id]

    def _settle(self, incident: Incident, at: int, now: int, out: Out) -> None:
        """Bring an incident to the state and the cause that its parts give it."""
        standing = sum(incident.standing)
        if standing and incident.state is not IncidentState.OPEN:
            incident.state, incident.until = IncidentState.OPEN, 0
            self._say(incident, IncidentEvent.REOPENED, at, now, out)
        elif not standing and incident.state is IncidentState.OPEN:
            incident.state, incident.until = IncidentState.CLOSING, now + self._quiet
            self._say(incident, IncidentEvent.CLOSING, at, now, out)
        self._timers.set(incident.id, incident.until)
        cause = self._links.first_cause(incident.heads)
        if cause != incident.cause:
            incident.cause = cause
            self._say(incident, IncidentEvent.CAUSE, at, now, out, self.parts[cause])

    def _elapsed(self, incident: Incident, now: int, out: Out) -> None:
        if incident.state is IncidentState.CLOSING:
            at = incident.until
            incident.state, incident.until = IncidentState.CLOSED, at + self._remember
            self._say(incident, IncidentEvent.CLOSED, at, now, out)
            self._timers.set(incident.id, incident.until)
        else:
            for key in list(incident.parts):
                self._timers.set(key, 0)
                self._drop(self.parts[key])
            del self.incidents[incident.id]

    def _say(
        self, incident: Incident, what: IncidentEvent, at: int, now: int, out: Out, part: Part | None = None,
        into: str = "",
    ) -> None:  # fmt: skip
        cause = self.parts[incident.cause]
        said: dict[str, Any] = {} if part is None else {
            "part_type": part.type, "part": part.id, "part_kind": part.kind, "part_asset": part.asset,
            "part_began": part.latest,
        }  # fmt: skip
        out.append(
            IncidentChange(
                incident.id, str(what), str(incident.state), incident.since, at, now, incident.urgent, incident.total,
                sum(incident.standing), incident.reports, cause.id, cause.type, cause.kind, cause.asset,
                cause.zone or incident.zone, ",".join(incident.domains), into=into, **said,
            )
        )  # fmt: skip

    # -- state --------------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Everything that the next call depends on, but for the configuration."""
        return {
            "parts": [msgspec.to_builtins(part) for part in self.parts.values()],
            "incidents": [
                msgspec.to_builtins(incident) | {"parts": list(incident.parts)}
                for incident in self.incidents.values()
            ],
            "slots": [[*slot, key] for slot, key in self._slots.items()],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `snapshot` gave."""
        for part in msgspec.convert(state["parts"], list[Part]):
            self.parts[part.key] = part
            self._index.add(part)
            self._timers.set(part.key, part.until)
        for plain in state["incidents"]:
            keys = dict.fromkeys(plain["parts"])
            incident = msgspec.convert(dict(plain) | {"parts": {}}, Incident)
            incident.parts = keys
            self.incidents[incident.id] = incident
            self._timers.set(incident.id, incident.until)
        self._slots = {(condition, asset): key for condition, asset, key in state["slots"]}
