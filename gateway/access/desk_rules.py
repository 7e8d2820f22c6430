"""What each question and order to the desk (runtime/desk.py) needs, and what the audit log calls those that are acts.

One table for all doors: the command line notes acts by it, and API and console ask it for the permission. A method of
the desk without a rule is a failing test.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from gateway.access.roles import Permission

__all__ = ["DESK_RULES", "Act", "DeskRule", "act_of", "rule_of"]

_MOST_NAMED = 10


class DeskRule(NamedTuple):
    """Of one method."""

    permission: Permission
    act: str = ""
    """What the audit log calls it; empty: it only looks."""
    object: tuple[str, ...] = ()
    """Arguments that say what it is done to."""
    words: tuple[str, ...] = ()
    """Arguments that are worth telling. Never a contact, and no citizen's words."""


class Act(NamedTuple):
    """For the audit log."""

    act: str
    what: str
    detail: str


_LETTERS = ("ids", "reason", "profile", "device")
DESK_RULES: Mapping[str, DeskRule] = MappingProxyType({
    "status": DeskRule(Permission.STATUS_READ),
    "ledger": DeskRule(Permission.STATUS_READ),
    "verify": DeskRule(Permission.STATUS_READ),
    "clock": DeskRule(Permission.STATUS_READ),
    "devices": DeskRule(Permission.DEVICES_READ),
    "device": DeskRule(Permission.DEVICES_READ),
    "device_records": DeskRule(Permission.DEVICES_READ),
    "profiles": DeskRule(Permission.DEVICES_READ),
    "conditions": DeskRule(Permission.DEVICES_READ),
    "device_ledger": DeskRule(Permission.DEVICES_READ),
    "series": DeskRule(Permission.READINGS_READ),
    "series_page": DeskRule(Permission.READINGS_READ),
    "flag_counts": DeskRule(Permission.READINGS_READ),
    "read": DeskRule(Permission.READINGS_READ),
    "column_plan": DeskRule(Permission.READINGS_READ),
    "usual": DeskRule(Permission.READINGS_READ),
    "figures": DeskRule(Permission.READINGS_READ),
    "read_figures": DeskRule(Permission.READINGS_READ),
    "alarms": DeskRule(Permission.ALARMS_READ),
    "alarm_history": DeskRule(Permission.ALARMS_READ),
    "alarm_changes": DeskRule(Permission.ALARMS_READ),
    "standing_alarms": DeskRule(Permission.ALARMS_READ),
    "alarm_act": DeskRule(Permission.ALARMS_ACT, "alarms", ("alarms", "condition", "asset"), ("who", "text")),
    "incidents": DeskRule(Permission.INCIDENTS_READ),
    "incident": DeskRule(Permission.INCIDENTS_READ),
    "reports": DeskRule(Permission.REPORTS_READ),
    "report": DeskRule(Permission.REPORTS_READ),
    "report_add": DeskRule(Permission.REPORTS_ACT, "reports.add", ("id", "kind", "asset", "zone"), ("who",)),
    "report_advance": DeskRule(Permission.REPORTS_ACT, "reports.advance", ("id",), ("state", "who", "note")),
    "notifications": DeskRule(Permission.NOTIFICATIONS_READ),
    "retry_notifications": DeskRule(Permission.NOTIFICATIONS_RETRY, "notifications.retry", ("ids",)),
    "trace": DeskRule(Permission.TRACE_READ),
    "dead_letters": DeskRule(Permission.DEAD_LETTERS_READ),
    "letter_counts": DeskRule(Permission.DEAD_LETTERS_READ),
    "dead_letter": DeskRule(Permission.PAYLOAD_READ),
    "replay_dead_letters": DeskRule(Permission.DEAD_LETTERS_REPLAY, "dead_letters.replay", _LETTERS),
    "purge_dead_letters": DeskRule(Permission.DEAD_LETTERS_PURGE, "dead_letters.purge", _LETTERS[1:]),
    "adopt_store": DeskRule(Permission.STORES_ADOPT, "stores.adopt", ("name",)),
    "configuration": DeskRule(Permission.CONFIGURATION_READ),
    "profiles_in_force": DeskRule(Permission.CONFIGURATION_READ),
    "profile_text": DeskRule(Permission.CONFIGURATION_READ),
    "recent_messages": DeskRule(Permission.PAYLOAD_READ),
    "reload": DeskRule(Permission.CONFIGURATION_RELOAD, "configuration.reload"),
})  # fmt: skip
"""By method."""


def rule_of(method: str, arguments: Mapping[str, Any]) -> DeskRule:
    """The rule of a question as it is asked. KeyError: there is no such method."""
    if method == "report" and arguments.get("contact"):
        return DeskRule(Permission.REPORTS_CONTACT, "reports.contact", ("id",))
    if method == "reload" and arguments.get("check"):
        return DeskRule(Permission.CONFIGURATION_CHECK)
    return DESK_RULES[method]


def act_of(method: str, arguments: Mapping[str, Any]) -> Act | None:
    """What the audit log says of it; None: it only looks, and isn't noted."""
    rule = rule_of(method, arguments)
    if not rule.act:
        return None
    act = f"alarms.{arguments.get('act', '')}" if method == "alarm_act" else rule.act
    whats = [_said(arguments.get(name)) for name in rule.object]
    words = [f"{name}: {said}" for name in rule.words if (said := _said(arguments.get(name)))]
    return Act(act, " ".join(filter(None, whats)), "; ".join(words))


def _said(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        more = f" and {len(value) - _MOST_NAMED} more" if len(value) > _MOST_NAMED else ""
        return " ".join(map(str, value[:_MOST_NAMED])) + more
    return "" if value is None else str(value)
