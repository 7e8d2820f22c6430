"""What records.db lets go of in time: alarms, reports and incidents that are over, and figures that are told no more.

They stay as long as the coarsest aggregates do, and so long at least as they can come again. What stands stays however
old it is; of an alarm that stands, its newest change. Runs inside the caller's transaction.
"""

import sqlite3

from gateway.engine.alarm_model import AlarmState
from gateway.engine.incidents.incident_model import IncidentState
from gateway.engine.incidents.report_model import OVER

__all__ = ["LEAST_NS", "drop_older"]

LEAST_NS = 91 * 86_400_000_000_000
"""What is over can be opened again for ninety days at most (incidents.toml)."""

_OVER = ", ".join(f"'{state}'" for state in sorted(OVER))
_DONE = ", ".join(f"'{state}'" for state in (IncidentState.CLOSED, IncidentState.MERGED))
_REPORTS = f"SELECT report FROM reports WHERE state IN ({_OVER}) AND at < :before"  # noqa: S608
_INCIDENTS = f"SELECT incident FROM incidents WHERE state IN ({_DONE}) AND at < :before"  # noqa: S608
_STATEMENTS = (
    f"DELETE FROM alarms WHERE state = '{AlarmState.NORMAL}' "  # noqa: S608
    "AND (SELECT now FROM transitions WHERE number = alarms.newest) < :before",
    # the newest number of all stays: what was planned for notifications is known by its number
    "DELETE FROM transitions WHERE now < :before AND number NOT IN (SELECT newest FROM alarms) "
    "AND number < (SELECT max(number) FROM transitions)",
    f"DELETE FROM report_changes WHERE report IN ({_REPORTS})",  # noqa: S608
    f"DELETE FROM reports WHERE report IN ({_REPORTS})",  # noqa: S608
    f"DELETE FROM incident_parts WHERE incident IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM incident_changes WHERE incident IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM incidents WHERE incident IN ({_INCIDENTS})",  # noqa: S608
    "DELETE FROM figures WHERE ts < :before",
)


def drop_older(db: sqlite3.Connection, before: int) -> int:
    """Drop what was over before `before` (UTC ns); gives how many rows."""
    return sum(db.execute(statement, {"before": before}).rowcount for statement in _STATEMENTS)
