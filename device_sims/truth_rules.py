"""What a gateway ought to make of each fault: the one table from which the expected ledger follows.

The rules are those that a gateway documents to its users; nothing of it is imported. A message with several faults
follows the first of them, in the order of this table, that rejects it.
"""

from dataclasses import dataclass

__all__ = [
    "ASTRAY",
    "DISTURBING",
    "LATE",
    "LATE_HORIZON_SECS",
    "MAX_AHEAD_SECS",
    "REJECTING",
    "RULES",
    "SPOILS_ONE",
    "Rule",
]

MAX_AHEAD_SECS = 300.0
"""A reading whose time is further ahead of its receipt is refused by the clock gate (quarantined)."""
LATE_HORIZON_SECS = 399 * 86_400.0
"""A reading that comes later than this is beyond what may still revise a window: it is expired."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of a message that a fault hit."""

    ought: str
    """As a sentence."""
    rejected: tuple[str, ...] = ()
    """The whole message can't be used, for one of these reasons; empty: it is decoded."""
    spoils_one: bool = False
    """One of its readings is invalid."""
    late: bool = False
    """It comes later than it was measured."""
    disturbs: bool = False
    """An alarm about that device, or about what it measures, may be a consequence."""


RULES: dict[str, Rule] = {
    "silence": Rule("nothing comes, and nothing is made up", disturbs=True),
    "oversize": Rule("rejected whole, before anything looks into it", rejected=("payload_too_large",)),
    "wrong_topic": Rule("not heard, rejected, or taken in as a device that nobody knew; no known one is touched"),
    "truncated": Rule("rejected whole as unreadable", rejected=("unreadable", "compression_broken", "not_utf8")),
    "invalid": Rule("rejected whole as unreadable", rejected=("unreadable", "compression_broken", "not_utf8")),
    "wrong_type": Rule("the one field is invalid, all others are stored", spoils_one=True),
    "duplicate": Rule("stored once; the copy is counted, as duplicate or as late when its window has closed"),
    "late": Rule("stored once, and the window that it belongs to is revised", late=True),
    "reorder": Rule("stored once, in its own window", late=True),
    "backlog": Rule("all of it is stored once, and its windows are computed or revised", late=True, disturbs=True),
    "outage": Rule("all that was kept is stored once when the link is back", late=True, disturbs=True),
    "flapping": Rule("all that was kept is stored once, however often the link goes", late=True, disturbs=True),
    "clock": Rule(
        "stored under the time that it carries, unless the clock gate or the late horizon refuses that", disturbs=True
    ),
    "clock_drift": Rule(
        "stored under the time that it carries, unless the clock gate or the late horizon refuses that", disturbs=True
    ),
    "wrong_clock": Rule(
        "refused by the clock gate (far ahead) or the late horizon (long ago), and kept as dead letter", disturbs=True
    ),
    "stuck": Rule("stored as sent; a check of quality may object", disturbs=True),
    "spike": Rule("stored as sent; a check of quality may object", disturbs=True),
    "drift": Rule("stored as sent; a check of quality may object", disturbs=True),
    "unit": Rule("stored as sent, for no receiver can know; a check of quality may object", disturbs=True),
    "noise": Rule("stored as sent; a check of quality may object", disturbs=True),
    "reboot": Rule("stored once; that the sequence restarts loses nothing", disturbs=True),
}
"""By the fault's name."""

REJECTING = {name: rule.rejected for name, rule in RULES.items() if rule.rejected}
SPOILS_ONE = tuple(name for name, rule in RULES.items() if rule.spoils_one)
ASTRAY = "wrong_topic"
"""Where it ends up hangs on what a receiver listens to and whom it lets in."""
DISTURBING = tuple(name for name, rule in RULES.items() if rule.disturbs)
LATE = tuple(name for name, rule in RULES.items() if rule.late)
