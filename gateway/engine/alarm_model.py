"""What an alarm is: its definition, its states after ISA-18.2, and the transitions that everybody else sees.

                    active                                    over
    unacknowledged  UNACKNOWLEDGED (B) --returned--> RETURNED (D, E)
          | ack         | ack                          | ack
          v             v                              v
    acknowledged    ACKNOWLEDGED (C) ---returned-->  NORMAL (A), or where it latches LATCHED (F) --reset--> NORMAL

What comes again before it is closed is REPEATED and asks anew, and so does a level above the one acknowledged. Beside
these, by decision of people or of the design, whatever the process does: SHELVED (G, until a time), SUPPRESSED (H, by
design) and OUT_OF_SERVICE (I). The letters are those of the standard's state diagram; its latched unacknowledged (E) is
shown as RETURNED, for that names the act that it waits for.

Source: ANSI/ISA-18.2-2016, clause 5.4 and figure 3 (names and letters from memory of the standard, not looked up). That
a latched alarm is reset only when it is over and acknowledged: OPC UA Part 9, 5.8.5.
"""

import hashlib
from enum import StrEnum

import msgspec

__all__ = ["Act", "AlarmDefinition", "AlarmState", "Change", "Transition", "alarm_id"]


class AlarmState(StrEnum):
    """Where an alarm is."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Over, and nobody has acknowledged it yet."""
    LATCHED = "latched"
    """Over and acknowledged, but kept until it is reset."""
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"


class Change(StrEnum):
    """What happened to an alarm."""

    RAISED = "raised"
    """Said a second time, no longer historic, of what still stands when a backlog has ended."""
    REPEATED = "repeated"
    """It had returned and came again before it was closed."""
    LEVEL = "level"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    REMOVED_FROM_SERVICE = "removed_from_service"
    RETURNED_TO_SERVICE = "returned_to_service"
    COMMENTED = "commented"
    RETIRED = "retired"
    """Closed, for its condition is no longer configured."""


class Act(StrEnum):
    """What an operator can do."""

    ACK = "ack"
    RESET = "reset"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    COMMENT = "comment"


class AlarmDefinition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One alarm that there can be: a condition of an asset. That pair is its lasting name."""

    condition: str
    """Dotted name of the rule, such as gas.lel."""
    asset: str
    """What it is about: an asset, a device or a zone."""
    zone: str
    domain: str
    """traffic, grid, water, gas, drainage or device."""
    priorities: tuple[int, ...]
    """Priority of each level from 1 up, 1 = critical to 4 = low; the last one goes for all above."""
    on_delay_ns: int = 0
    """The condition must hold for so long before it is an alarm; a change of its level is told at once."""
    off_delay_ns: int = 0
    """It must be over for so long."""
    latching: bool = False
    """Kept until it is reset, by what holds when it is raised."""
    lane: int = -1
    """Lane whose watermark tells how far its time has come; -1: only its own signals tell."""

    def __post_init__(self) -> None:
        if not self.priorities:
            raise ValueError(f"{self.condition} of {self.asset} has no priority")
        if min(self.on_delay_ns, self.off_delay_ns) < 0:
            raise ValueError(f"{self.condition} of {self.asset} has a negative delay")

    def priority(self, level: int) -> int:
        """Priority at a level."""
        return self.priorities[min(max(level, 1), len(self.priorities)) - 1]


class Transition(msgspec.Struct, frozen=True, array_like=True):
    """One change of one alarm. Times are UTC ns: `at` of the readings (or of the act), `now` of the call."""

    alarm: str
    change: str
    state: str
    """After it."""
    condition: str
    asset: str
    zone: str
    domain: str
    level: int
    priority: int
    value: float | None
    at: int
    now: int
    since: int
    """When the condition began, the first time if it was repeated; of what was put aside beforehand, when that was."""
    historic: bool
    """Too old when it came for anybody to act: on record only, unless it is raised again as still standing."""
    who: str = ""
    text: str = ""
    until: int = 0
    """When a shelving expires."""


def alarm_id(condition: str, asset: str, since: int) -> str:
    """The id of the alarm that began, or was put aside, at `since`: the same after every restart."""
    return hashlib.blake2b(f"{condition}\n{asset}\n{since}".encode(), digest_size=8).hexdigest()
