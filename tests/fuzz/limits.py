"""What one input may cost: a second of this process's time, 100 MB. More is a defect as much as an exception is."""

import resource
import sys
from collections.abc import Callable
from time import process_time

__all__ = ["MOST_BYTES", "MOST_SECS", "Target", "TooDear", "peak_bytes", "within_limits"]

MOST_SECS = 1.0
"""Of CPU, not of the clock: others may be busy on the machine."""
MOST_BYTES = 100 << 20
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

Target = Callable[[bytes], None]


class TooDear(AssertionError):
    """An input that takes too long, or too much memory."""


def peak_bytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT


def within_limits(target: Target) -> Target:
    """The target; it raises TooDear after a call that took more than is allowed."""

    def judged(data: bytes) -> None:
        before, begun = peak_bytes(), process_time()
        target(data)
        took, grown = process_time() - begun, peak_bytes() - before
        if took > MOST_SECS:
            raise TooDear(f"{len(data)} bytes took {took:.1f} s of CPU")
        if grown > MOST_BYTES:
            raise TooDear(f"{len(data)} bytes took {grown >> 20} MB more than was ever needed before")

    return judged
