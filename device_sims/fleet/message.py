"""One publication, with what it truly says."""

from typing import NamedTuple

from device_sims.kinds.base import Reading

__all__ = ["Message"]


class Message(NamedTuple):
    """What a device publishes at a moment. A tuple, for there are many of them."""

    due: int
    """City time at which it leaves the device, UTC ns."""
    device: str
    number: int
    """The device's place in the sequence of all devices; a device's messages share it."""
    topic: str
    payload: bytes
    readings: tuple[Reading, ...]
    """What it says, in canonical units; empty when nobody can use it: payload spoilt, too large, on a wrong topic."""
    fault: str
    """Names of the faults that hit it, joined by `+` in the order of `faults.NAMES`; empty: none."""
    measured: tuple[Reading, ...] = ()
    """What the device really measured, at the true times; also where nobody can use what it sent."""
    sequence: int = 0
    """Which of the device's messages of this run it is, from 1 on, copies counted."""
    profile: str = ""
