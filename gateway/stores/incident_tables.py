"""Incidents in records.db and the SQL over them; each function runs inside its caller's transaction.

incidents         where each stands, by its newest change
incident_changes  every change of every incident, in the order in which it was made; never changed; see records_age.py
incident_parts    which alarms and reports belong to which incident; those of one that was merged, to the one it is in
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.engine.incidents.incident_model import IncidentChange, IncidentEvent, IncidentState

__all__ = ["INCIDENT_SCHEMA", "IncidentFilter", "add_incident_changes", "find_incidents", "incident_history",
           "incident_parts", "incident_place"]  # fmt: skip

_STATE = (
    "incident", "state", "since", "at", "priority", "parts", "standing", "reports", "cause", "cause_type", "cause_kind",
    "cause_asset", "zone", "domains", "into",
)  # fmt: skip
_CHANGE = (
    "incident", "change", "state", "at", "now", "priority", "parts", "standing", "reports", "cause", "part_type",
    "part", "part_kind", "part_asset", "part_began", "into",
)  # fmt: skip
_INTEGERS = {"since", "at", "now", "priority", "parts", "standing", "reports", "part_began"}


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}" {"INTEGER" if name in _INTEGERS else "TEXT"} NOT NULL' for name in names)


INCIDENT_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS incidents({_columns(_STATE)}, PRIMARY KEY (incident))",
    "CREATE INDEX IF NOT EXISTS incident_state ON incidents(state, priority, since)",
    f"CREATE TABLE IF NOT EXISTS incident_changes(number INTEGER PRIMARY KEY, {_columns(_CHANGE)})",
    "CREATE INDEX IF NOT EXISTS incident_change_incident ON incident_changes(incident)",
    "CREATE TABLE IF NOT EXISTS incident_parts(part_type TEXT NOT NULL, part TEXT NOT NULL, incident TEXT NOT NULL, "
    "kind TEXT NOT NULL, asset TEXT NOT NULL, began INTEGER NOT NULL, over INTEGER, PRIMARY KEY (part_type, part))",
    "CREATE INDEX IF NOT EXISTS incident_part_incident ON incident_parts(incident)",
)
_STANDS = (str(IncidentState.OPEN), str(IncidentState.CLOSING))


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; what is empty doesn't narrow. `open`: open and closing ones; `limit` takes the first.

    Those that were merged into others are found by their ids only.
    """

    open: bool = False
    incident: str = ""
    zone: str = ""
    zones: Sequence[str] = ()
    domain: str = ""
    after: Sequence[int | str] = ()
    """Behind the incident of this place (`incident_place`)."""
    limit: int = 100


def add_incident_changes(db: sqlite3.Connection, changes: Sequence[IncidentChange]) -> None:
    """Take in changes in order, and what they make of their incidents."""
    for change in changes:
        values = tuple(getattr(change, name) for name in _STATE)
        db.execute(f"INSERT OR REPLACE INTO incidents VALUES ({', '.join('?' * len(_STATE))})", values)  # noqa: S608
        db.execute(
            f"INSERT INTO incident_changes({_names(_CHANGE)}) VALUES ({', '.join('?' * len(_CHANGE))})",  # noqa: S608
            tuple(getattr(change, name) for name in _CHANGE),
        )
        _take_part(db, change)


def _take_part(db: sqlite3.Connection, change: IncidentChange) -> None:
    part = (change.part_type, change.part)
    if change.change == IncidentEvent.MERGED:
        db.execute("UPDATE incident_parts SET incident = ? WHERE incident = ?", (change.into, change.incident))
    elif change.change == IncidentEvent.OVER:
        db.execute("UPDATE incident_parts SET over = ? WHERE part_type = ? AND part = ?", (change.at, *part))
    elif change.change in (IncidentEvent.OPENED, IncidentEvent.JOINED, IncidentEvent.AGAIN):
        db.execute(
            "INSERT INTO incident_parts VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT(part_type, part) DO UPDATE SET "
            "incident = excluded.incident, over = NULL",
            (*part, change.incident, change.part_kind, change.part_asset, change.part_began),
        )


def find_incidents(db: sqlite3.Connection, which: IncidentFilter) -> list[dict[str, Any]]:
    """Incidents as they stand: open ones by priority, else the newest first."""
    terms, values = ["1"], list[object]()
    if which.incident:
        # ids are hexadecimal: g is behind whatever goes on from here
        terms.append("incident >= ? AND incident < ? || 'g'")
        values += [which.incident, which.incident]
    else:
        terms.append("state <> ?")
        values.append(str(IncidentState.MERGED))
    if which.open:
        terms.append(f"state IN ({', '.join('?' * len(_STANDS))})")
        values += _STANDS
    if which.zone:
        terms.append("zone = ?")
        values.append(which.zone)
    if which.zones:
        terms.append("zone IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(list(which.zones)).decode())
    if which.domain:
        terms.append("',' || domains || ',' LIKE '%,' || ? || ',%'")
        values.append(which.domain)
    if which.after:
        place = "state = 'closing', priority, -since, incident" if which.open else "-since, incident"
        terms.append(f"({place}) > ({', '.join('?' * len(which.after))})")
        values += which.after
    order = "state = 'closing', priority, since DESC, incident" if which.open else "since DESC, incident"
    query = f"SELECT {_names(_STATE)} FROM incidents WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT ?"  # noqa: S608
    return _rows(db, query, (*values, max(which.limit, 0)), _STATE)


def incident_place(incident: Mapping[str, Any], *, among_open: bool) -> tuple[int | str, ...]:
    """Where an incident stands in the order of `find_incidents`, for the page behind it."""
    place = (-int(incident["since"]), str(incident["incident"]))
    closing = incident["state"] == IncidentState.CLOSING
    return (int(closing), int(incident["priority"]), *place) if among_open else place


def incident_history(db: sqlite3.Connection, incident: str) -> list[dict[str, Any]]:
    """Changes of one incident, the oldest first."""
    query = f"SELECT {_names(_CHANGE)} FROM incident_changes WHERE incident = ? ORDER BY number"  # noqa: S608
    return _rows(db, query, (incident,), _CHANGE)


def incident_parts(db: sqlite3.Connection, incident: str) -> list[dict[str, Any]]:
    """Alarms and reports that belong to an incident, in order of time; `over` is None while one stands."""
    names = ("part_type", "part", "kind", "asset", "began", "over")
    query = f"SELECT {_names(names)} FROM incident_parts WHERE incident = ? ORDER BY began, part_type, part"  # noqa: S608
    return _rows(db, query, (incident,), names)


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _rows(db: sqlite3.Connection, query: str, values: Sequence[object], names: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in db.execute(query, values)]
