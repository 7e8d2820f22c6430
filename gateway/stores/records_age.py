"""What records.db lets go of in time: alarms, reports and incidents that are over, and figures that nobody tells any more.

They stay as long as the coarsest aggregates do. What stands stays however old it is; of an alarm that stands, its newest
change. Runs inside the caller's transaction.
"""

import sqlite3

from gateway.engine.alarm_model import AlarmState
from gateway.engine.incidents.incident_model import IncidentState
from gateway.engine.incidents.report_model import OVER

__all__ = ["drop_older"]

_REPORT = ", ".join(f"'{state}'" for state in sorted(OVER))
_INCIDENT = ", ".join(f"'{state}'" for state in (IncidentState.CLOSED, IncidentState.MERGED))
_STATEMENTS = (
    f"DELETE FROM alarms WHERE state = '{AlarmState.NORMAL}' AND (SELECT now FROM transitions WHERE number = alarms.newest) < :before",
    # the newest number of all stays, too: numbers that were planned for notifications must not come again
    "DELETE FROM transitions WHERE now < :before AND number NOT IN (SELECT newest FROM alarms) "
    "AND number < (SELECT max(number) FROM transitions)",
    f"DELETE FROM report_changes WHERE report IN (SELECT report FROM reports WHERE state IN ({_REPORT}) AND at < :before)",
    f"DELETE FROM reports WHERE state IN ({_REPORT}) AND at < :before",
    f"DELETE FROM incident_parts WHERE incident IN (SELECT incident FROM incidents WHERE state IN ({_INCIDENT}) "
    "AND at < :before)",
    "DELETE FROM incident_changes WHERE incident IN (SELECT incident FROM incidents "
    f"WHERE state IN ({_INCIDENT}) AND at < :before)",
    f"DELETE FROM incidents WHERE state IN ({_INCIDENT}) AND at < :before",
    "DELETE FROM figures WHERE ts < :before",
)  # fmt: skip


def drop_older(db: sqlite3.Connection, before: int) -> int:
    """Drop what was over before `before` (UTC ns); gives how many rows."""
    return sum(db.execute(statement, {"before": before}).rowcount for statement in _STATEMENTS)
