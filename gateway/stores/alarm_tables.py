"""The alarms in records.db and the SQL over them; each function runs inside its caller's transaction.

transitions   every change of every alarm, in the order in which it was made; never changed; see records_age.py
alarms        the newest state of each alarm, made from its newest transition
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.engine.alarm_model import Transition

__all__ = [
    "ALARM_SCHEMA", "AlarmFilter", "add_transitions", "alarm_changes", "alarm_history", "alarm_place", "find_alarms",
    "standing_alarms",
]  # fmt: skip

_FIELDS = Transition.__struct_fields__
_NAMES = ", ".join('"until"' if name == "until" else name for name in _FIELDS)

ALARM_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS transitions(number INTEGER PRIMARY KEY, alarm TEXT NOT NULL, change TEXT NOT NULL, "
    "state TEXT NOT NULL, condition TEXT NOT NULL, asset TEXT NOT NULL, zone TEXT NOT NULL, domain TEXT NOT NULL, "
    "level INTEGER NOT NULL, priority INTEGER NOT NULL, value REAL, at INTEGER NOT NULL, now INTEGER NOT NULL, "
    "since INTEGER NOT NULL, historic INTEGER NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL, until INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS transition_alarm ON transitions(alarm)",
    "CREATE INDEX IF NOT EXISTS transition_asset ON transitions(asset, at)",
    "CREATE TABLE IF NOT EXISTS alarms(alarm TEXT PRIMARY KEY, newest INTEGER NOT NULL, state TEXT NOT NULL, "
    "priority INTEGER NOT NULL, since INTEGER NOT NULL, repeats INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS alarm_state ON alarms(state, priority, since)",
)
_CLOSED = ("normal",)


@dataclass(frozen=True, slots=True)
class AlarmFilter:
    """Which alarms; what is empty doesn't narrow. `open`: those that are not normal; `limit` takes the first."""

    open: bool = False
    alarm: str = ""
    zone: str = ""
    zones: Sequence[str] = ()
    domain: str = ""
    condition: str = ""
    asset: str = ""
    priority: int | None = None
    """This one and more urgent ones."""
    since: int | None = None
    """UTC ns of event time ..."""
    until: int | None = None
    """... and before this one."""
    historic: bool = True
    after: Sequence[int | str] = ()
    """Behind the alarm of this place (`alarm_place`)."""
    before: int | None = None
    """Of changes: only those with a smaller number."""
    limit: int = 100


def add_transitions(db: sqlite3.Connection, transitions: Sequence[Transition]) -> None:
    """Take in transitions in order, and what they make of their alarms."""
    for change in transitions:
        marks = ", ".join("?" * len(_FIELDS))
        number = db.execute(
            f"INSERT INTO transitions({_NAMES}) VALUES ({marks})",  # noqa: S608
            tuple(getattr(change, name) for name in _FIELDS),
        ).lastrowid
        db.execute(
            "INSERT INTO alarms VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT(alarm) DO UPDATE SET newest = excluded.newest, "
            "state = excluded.state, priority = excluded.priority, since = excluded.since, repeats = repeats + ?",
            (change.alarm, number, change.state, change.priority, change.since, change.change == "repeated"),
        )


def find_alarms(db: sqlite3.Connection, which: AlarmFilter) -> list[dict[str, object]]:
    """Alarms as their newest transition left them: open ones by priority, then the newest first."""
    terms, values = ["1"], list[object]()
    if which.open:
        terms.append(f"alarms.state NOT IN ({', '.join('?' * len(_CLOSED))})")
        values += _CLOSED
    if not which.historic:
        terms.append("NOT t.historic")
    _narrow(which, terms, values)
    if which.after:
        place = "t.priority, -t.since, t.alarm" if which.open else "-t.since, t.alarm"
        terms.append(f"({place}) > ({', '.join('?' * len(which.after))})")
        values += which.after
    order = "t.priority, t.since DESC, t.alarm" if which.open else "t.since DESC, t.alarm"
    query = (
        f"SELECT {', '.join(f't.{name}' for name in _FIELDS)}, alarms.repeats FROM alarms "  # noqa: S608
        f"JOIN transitions t ON t.number = alarms.newest WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT ?"
    )
    found = db.execute(query, (*values, max(which.limit, 0)))
    return [msgspec.structs.asdict(_transition(row[:-1])) | {"repeats": row[-1]} for row in found]


def alarm_place(alarm: Mapping[str, Any], *, among_open: bool) -> tuple[int | str, ...]:
    """Where an alarm stands in the order of `find_alarms`, for the page behind it."""
    place = (-int(alarm["since"]), str(alarm["alarm"]))
    return (int(alarm["priority"]), *place) if among_open else place


def alarm_history(db: sqlite3.Connection, which: AlarmFilter) -> list[Transition]:
    """Transitions, the newest first."""
    return [change for _, change in alarm_changes(db, which)]


def alarm_changes(db: sqlite3.Connection, which: AlarmFilter) -> list[tuple[int, Transition]]:
    """Transitions with their numbers, the newest first."""
    terms, values = ["1"], list[object]()
    if not which.historic:
        terms.append("NOT t.historic")
    _narrow(which, terms, values)
    if which.before is not None:
        terms.append("number < ?")
        values.append(which.before)
    query = f"SELECT number, {_NAMES} FROM transitions t WHERE {' AND '.join(terms)} ORDER BY number DESC LIMIT ?"  # noqa: S608
    rows = db.execute(query, (*values, max(which.limit, 0))).fetchall()
    return [(int(row[0]), _transition(row[1:])) for row in rows]


def standing_alarms(db: sqlite3.Connection, at: int, limit: int) -> list[Transition]:
    """The newest change before `at` (UTC ns of event time) of each alarm that it left open, the most urgent first."""
    query = (
        f"SELECT {', '.join(f't.{name}' for name in _FIELDS)} FROM transitions t JOIN "  # noqa: S608
        "(SELECT max(number) AS newest FROM transitions WHERE at < ? GROUP BY alarm) ON t.number = newest "
        f"WHERE t.state NOT IN ({', '.join('?' * len(_CLOSED))}) ORDER BY t.priority, t.since, t.number LIMIT ?"
    )
    return [_transition(row) for row in db.execute(query, (at, *_CLOSED, max(limit, 0))).fetchall()]


def _narrow(which: AlarmFilter, terms: list[str], values: list[object]) -> None:
    """Terms over the transitions `t`."""
    for name in ("zone", "domain", "condition", "asset"):
        if value := getattr(which, name):
            terms.append(f"t.{name} = ?")
            values.append(value)
    if which.zones:
        terms.append("t.zone IN (SELECT value FROM json_each(?))")
        values.append(msgspec.json.encode(list(which.zones)).decode())
    if which.alarm:
        # ids are hexadecimal: g is behind whatever goes on from here
        terms.append("t.alarm >= ? AND t.alarm < ? || 'g'")
        values += [which.alarm, which.alarm]
    if which.priority is not None:
        terms.append("t.priority <= ?")
        values.append(which.priority)
    if which.since is not None:
        terms.append("t.at >= ?")
        values.append(which.since)
    if which.until is not None:
        terms.append("t.at < ?")
        values.append(which.until)


def _transition(row: Sequence[Any]) -> Transition:
    fields = dict(zip(_FIELDS, row, strict=True))
    return Transition(**fields | {"historic": bool(fields["historic"])})
