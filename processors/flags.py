"""Quality flags (QARTOD names and values) and the bits that say why.

Source: IOOS QARTOD data flags. A bit of `Why` is assigned here, in this one file, and never reused.
"""

from enum import IntEnum, IntFlag

__all__ = ["ABSENT", "Flag", "Why"]

ABSENT = 0
"""Not a QARTOD flag: marks a hole in a two-dimensional block, where a record has no such quantity."""


class Flag(IntEnum):
    """What is known about a reading. The worst of a line is MISSING < UNKNOWN < GOOD < SUSPECT < FAIL by precedence."""

    GOOD = 1
    UNKNOWN = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Why(IntFlag):
    """Which check objected, or which circumstance applies. Stored as uint32."""

    NONE = 0
    GROSS_RANGE = 1 << 0
    """Outside the sensor's or the operator's span."""
    MISSING_VALUE = 1 << 1
    """The device sent an explicit null."""
    RECEIPT_TIME = 1 << 2
    """The payload carried no time: stamped at receipt."""
    LATE = 1 << 3
    """Came after its finest pane had closed."""
    CLOCK_OFFSET = 1 << 4
    """The device's clock is out of bounds."""
    REPLAYED = 1 << 5
    """Came back from the dead letters."""
