"""What a gateway ought to make of each fault: the one table from which the expected ledger follows.

The rules are those that a gateway documents to its users; nothing of it is imported. A message with several faults
follows the first of them, in the order of this table, that rejects it.
"""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "ASTRAY",
    "DOMAINS",
    "EXPLAINS",
    "LATE",
    "LATE_HORIZON_SECS",
    "MAX_AHEAD_SECS",
    "MEASURED",
    "REJECTING",
    "RULES",
    "SPOILS_ONE",
    "Explanation",
    "Rule",
]

MAX_AHEAD_SECS = 300.0
"""A reading whose time is further ahead of its receipt is refused by the clock gate (quarantined)."""
LATE_HORIZON_SECS = 399 * 86_400.0
"""A reading that comes later than this is beyond what may still revise a window: it is expired."""


class Explanation(NamedTuple):
    """Of which alarms a fault may be the cause: at its device only, or for what it measures at the asset as well."""

    conditions: tuple[str, ...] = ()
    """By name; `MEASURED`: those that judge the values of such a device."""
    after_secs: float = 0.0
    """They begin, by the time of readings, between the fault's start and so long after its end."""


MEASURED = "measured"
"""In an explanation; `DOMAINS` has the conditions of a profile."""
_NOTHING = Explanation()
_SILENT = Explanation(("device.silent",), 900.0)
"""It is silent since its next message was due: after the end by an interval, a quarter of an hour at most."""
_MISLEADS = Explanation((MEASURED,), 3600.0)
"""The longest window of a condition, an hour, may have begun with a wrong value."""


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
    explains: Explanation = _NOTHING


_UNREADABLE = ("unreadable", "compression_broken", "not_utf8", "time_missing")
"""Half a line of the line protocol may be a whole one, but for its time, which stands last."""

_TRAFFIC, _GRID, _WATER, _GAS = ("traffic.",), ("grid.",), ("water.",), ("gas.",)
_DRAINAGE = ("drainage.", "device.battery")
DOMAINS: dict[str, tuple[str, ...]] = {
    "loop-detector": _TRAFFIC, "segment-speed": _TRAFFIC, "traffic-signal": _TRAFFIC,
    "meter-3p": _GRID, "household-meter": _GRID, "transformer": _GRID, "feeder-meter": _GRID, "grid-event": _GRID,
    "water-flow": _WATER, "water-pressure": _WATER, "reservoir-level": _WATER,
    "gas-detector": _GAS, "drainage-level": _DRAINAGE, "rain-gauge": _DRAINAGE,
    **dict.fromkeys(("senml-station", "tts-v3", "chirpstack-v4"), (*_DRAINAGE, "device.unusual")),
}  # fmt: skip
"""Beginnings of the conditions that judge the values of a profile's devices; none judges those of the others."""

RULES: dict[str, Rule] = {
    "silence": Rule("nothing comes, and nothing is made up", explains=_SILENT),
    "oversize": Rule("rejected whole, before anything looks into it", rejected=("payload_too_large",)),
    "wrong_topic": Rule("not heard, rejected, or taken in as a device that nobody knew; no known one is touched"),
    "truncated": Rule("rejected whole as unreadable", rejected=_UNREADABLE),
    "invalid": Rule("rejected whole as unreadable", rejected=_UNREADABLE),
    "wrong_type": Rule("the one field is invalid, all others are stored", spoils_one=True),
    "duplicate": Rule("stored once; the copy is counted, as duplicate or as late when its window has closed"),
    "late": Rule("stored once, and the window that it belongs to is revised", late=True),
    "reorder": Rule("stored once, in its own window", late=True),
    "backlog": Rule("all of it is stored once, and its windows are computed or revised", late=True, explains=_SILENT),
    "outage": Rule("all that was kept is stored once when the link is back", late=True, explains=_SILENT),
    "flapping": Rule("all that was kept is stored once, however often the link goes", late=True, explains=_SILENT),
    # a device is heard whatever its clock says, and one that starts again is away for a minute at most
    "clock": Rule("stored under the time that it carries, unless the clock gate or the late horizon refuses that"),
    "clock_drift": Rule(
        "stored under the time that it carries, unless the clock gate or the late horizon refuses that"
    ),
    "wrong_clock": Rule(
        "refused by the clock gate (far ahead) or the late horizon (long ago), and kept as dead letter"
    ),
    "stuck": Rule("stored as sent; a check of quality may object", explains=_MISLEADS),
    "spike": Rule("stored as sent; a check of quality may object", explains=_MISLEADS),
    "drift": Rule("stored as sent; a check of quality may object", explains=_MISLEADS),
    "unit": Rule("stored as sent, for no receiver can know; a check of quality may object", explains=_MISLEADS),
    "noise": Rule("stored as sent; a check of quality may object", explains=_MISLEADS),
    "reboot": Rule("stored once; that the sequence restarts loses nothing"),
}
"""By the fault's name."""

REJECTING = {name: rule.rejected for name, rule in RULES.items() if rule.rejected}
SPOILS_ONE = tuple(name for name, rule in RULES.items() if rule.spoils_one)
ASTRAY = "wrong_topic"
"""Where it ends up hangs on what a receiver listens to and whom it lets in."""
EXPLAINS = {name: rule.explains for name, rule in RULES.items() if rule.explains.conditions}
"""By the fault's name."""
LATE = tuple(name for name, rule in RULES.items() if rule.late)
