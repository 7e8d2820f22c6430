"""Citizens' reports in records.db and the SQL over them; each function runs inside its caller's transaction.

reports         what was reported, and where each stands by its newest change
report_changes  every change of every report, in the order in which it was made; never changed; see records_age.py

The contact is a secret: it is in `reports` alone, and comes out only where it is asked for by name (`report_contact`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.engine.incidents.report_model import OVER, ReportChange, ReportEvent, ReportState

__all__ = ["REPORT_SCHEMA", "ReportFilter", "add_report_changes", "find_reports", "report_contact", "report_history",
           "report_place"]  # fmt: skip

REPORT_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS reports(report TEXT PRIMARY KEY, state TEXT NOT NULL, kind TEXT NOT NULL, "
    "domain TEXT NOT NULL, priority INTEGER NOT NULL, lon REAL, lat REAL, cell TEXT NOT NULL, zone TEXT NOT NULL, "
    "asset TEXT NOT NULL, since INTEGER NOT NULL, at INTEGER NOT NULL, target TEXT NOT NULL, due INTEGER NOT NULL, "
    "late TEXT NOT NULL, text TEXT NOT NULL, contact TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS report_state ON reports(state, since)",
    "CREATE TABLE IF NOT EXISTS report_changes(number INTEGER PRIMARY KEY, report TEXT NOT NULL, change TEXT NOT NULL, "
    "state TEXT NOT NULL, at INTEGER NOT NULL, now INTEGER NOT NULL, target TEXT NOT NULL, due INTEGER NOT NULL, "
    "who TEXT NOT NULL, note TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS report_change_report ON report_changes(report)",
)
_SHOWN = (
    "report", "state", "kind", "domain", "priority", "lon", "lat", "cell", "zone", "asset", "since", "at", "target",
    "due", "late", "text",
)  # fmt: skip
_CHANGE = ("change", "state", "at", "now", "target", "due", "who", "note")


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports; what is empty doesn't narrow. `open`: those that are not resolved; `limit` takes the first."""

    open: bool = False
    report: str = ""
    """Whose id begins so; the one that has it whole comes first."""
    kind: str = ""
    zone: str = ""
    zones: Sequence[str] = ()
    late: bool = False
    """Only those with a target that is due soon or was missed."""
    after: Sequence[int | str] = ()
    """Behind the report of this place (`report_place`)."""
    limit: int = 100


def add_report_changes(db: sqlite3.Connection, changes: Sequence[ReportChange]) -> None:
    """Take in changes in order, and what they make of their reports."""
    for change in changes:
        if change.change == ReportState.RECEIVED:
            # a report that was forgotten by the engine and given again keeps its first words
            db.execute(
                f"INSERT INTO reports VALUES ({', '.join('?' * 17)}) ON CONFLICT(report) DO NOTHING",  # noqa: S608
                (change.report, change.state, change.kind, change.domain, change.priority, change.lon, change.lat,
                 change.cell, change.zone, change.asset, change.since, change.at, change.target, change.due, "",
                 change.text, change.contact),
            )  # fmt: skip
        late = change.change if change.change in set(ReportEvent) else ""
        db.execute(
            "UPDATE reports SET late = CASE WHEN ? <> '' THEN ? WHEN target = ? AND due = ? THEN late ELSE '' END, "
            "state = ?, at = ?, target = ?, due = ? WHERE report = ?",
            (late, late, change.target, change.due, change.state, change.at, change.target, change.due, change.report),
        )
        db.execute(
            "INSERT INTO report_changes(report, change, state, at, now, target, due, who, note) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (change.report, *(getattr(change, name) for name in _CHANGE)),
        )


def find_reports(db: sqlite3.Connection, which: ReportFilter) -> list[dict[str, Any]]:
    """Reports as they stand, each with its incident: open ones by priority and what is due first, else the newest."""
    terms, values = ["1"], list[object]()
    for name in ("kind", "zone"):
        if value := getattr(which, name):
            terms.append(f"{name} = ?")
            values.append(value)
    if which.zones:
        terms.append("zone IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(list(which.zones)).decode())
    if which.report:
        terms.append("substr(report, 1, ?) = ?")
        values += [len(which.report), which.report]
    if which.open:
        terms.append(f"state NOT IN ({', '.join('?' * len(OVER))})")
        values += sorted(OVER)
    if which.late:
        terms.append("late <> ''")
    if which.after:
        place = "priority, due = 0, due, since, report" if which.open else "-since, report"
        terms.append(f"({place}) > ({', '.join('?' * len(which.after))})")
        values += which.after
    order = "priority, due = 0, due, since, report" if which.open else "since DESC, report"
    if which.report:  # the one that is called so before those that begin so, however many they are
        order = f"length(report) > {len(which.report)}, {order}"
    query = (
        f"SELECT {', '.join(_SHOWN)}, contact <> '', (SELECT incident FROM incident_parts p "  # noqa: S608
        f"WHERE p.part_type = 'report' AND p.part = reports.report) FROM reports WHERE {' AND '.join(terms)} "
        f"ORDER BY {order} LIMIT ?"
    )
    found = db.execute(query, (*values, max(which.limit, 0)))
    names = (*_SHOWN, "has_contact", "incident")
    return [dict(zip(names, row, strict=True)) | {"has_contact": bool(row[-2])} for row in found]


def report_place(report: Mapping[str, Any], *, among_open: bool) -> tuple[int | str, ...]:
    """Where a report stands in the order of `find_reports`, for the page behind it."""
    since, due, name = int(report["since"]), int(report["due"]), str(report["report"])
    return (int(report["priority"]), int(due == 0), due, since, name) if among_open else (-since, name)


def report_history(db: sqlite3.Connection, report: str) -> list[dict[str, Any]]:
    """Changes of one report, the oldest first."""
    query = f"SELECT {', '.join(_CHANGE)} FROM report_changes WHERE report = ? ORDER BY number"  # noqa: S608
    return [dict(zip(_CHANGE, row, strict=True)) for row in db.execute(query, (report,))]


def report_contact(db: sqlite3.Connection, report: str) -> str:
    """How to reach whoever reported; "" where nothing is known."""
    row = db.execute("SELECT contact FROM reports WHERE report = ?", (report,)).fetchone()
    return "" if row is None else str(row[0])
