"""What a series has shown to be usual, as what judges it has learned it: for charts, never for a verdict."""

from typing import NamedTuple

from processors.columns import F64

__all__ = ["CLIMATOLOGY", "Usual"]

CLIMATOLOGY = "climatology"
"""Of a quality check; anything else is the name of a condition."""


class Usual(NamedTuple):
    """At the times that were asked for, in the canonical unit; NaN where it is not known."""

    by: str
    """The condition that has learned it, or CLIMATOLOGY."""
    low: F64
    """Below this a reading is odd enough to be told."""
    middle: F64
    high: F64
