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
    RATE_OF_CHANGE = 1 << 6
    """Changed faster than the quantity can."""
    SPIKE = 1 << 7
    """Stands out from the readings before and after it."""
    FLAT_LINE = 1 << 8
    """Has not moved for too long."""
    ATTENUATED_SIGNAL = 1 << 9
    """Moves less than the signal always does."""
    CLIMATOLOGY = 1 << 10
    """Unlike what this hour of the week is in this series."""
    TIME_GAP = 1 << 11
    """The first reading after a gap."""
    NEIGHBOUR = 1 << 12
    """Unlike its peers nearby at the same time."""
    CROSS_QUANTITY = 1 << 13
    """Contradicts another quantity of the same place."""
    DATA_RECEPTION = 1 << 14
    """The series fell silent; in records of silence, not on a reading."""
    HISTORICAL = 1 << 15
    """Kept by the device while it had no connection, by its own word: not its newest value, whatever its time."""
