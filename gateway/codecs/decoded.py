"""What a decoder gives: the records of a batch of messages in columns, and what could not be used, with its reason."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.reasons import Ignored, Invalid, Rejected

__all__ = ["Decoded", "Fault", "Quantity", "State"]


class State(IntEnum):
    """What a record holds of a quantity."""

    ABSENT = 0
    """Nothing, and nothing was expected."""
    PRESENT = 1
    MISSING = 2
    """An explicit null."""
    INVALID = 3
    """Something that is no value; one entry of `Decoded.invalid` says why."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of a profile in its canonical unit. The four ends are +-inf where none is known."""

    name: str
    unit: str
    fail_low: float
    fail_high: float
    suspect_low: float
    suspect_high: float


class Fault(NamedTuple):
    """Something in a message that is no reading, and whose it is."""

    message: int
    quantity: str
    """"": a whole record."""
    reason: Invalid
    detail: str
    row: int = -1
    """The record's place in the columns; -1: it has none, for want of a time, an identity or a shape."""
    key: str | None = None
    """The device's key of a record that has no row; None: not known, or the topic has it."""


@dataclass(slots=True)
class Decoded:
    """n records of q quantities, in message order. A message in `rejected` or `ignored` has no record here.

    Readings of the messages: those PRESENT or MISSING, plus the entries of `invalid`. A record without a usable time or
    identity has no row; each quantity that it carries is then an entry of `invalid`, or the record is one where it
    carries none.
    """

    message: NDArray[np.int32]
    """(n,) index into the messages given, ascending."""
    keys: list[str] | None
    """Device key of each record; None: the topic has it."""
    ts: NDArray[np.int64]
    """(n,) event time, UTC ns, or RECEIPT."""
    value: NDArray[np.float64]
    """(n, q) in canonical units; NaN unless PRESENT."""
    state: NDArray[np.uint8]
    """(n, q) of `State`."""
    sequence: NDArray[np.int64] | None
    """(n,) sequence number, -1: none; None: the profile has none."""
    sequence_scope: list[str] | None
    """Session key of each record ("": none); None: the profile has none."""
    counters: list[tuple[int, int, str, int]]
    """(message, sequence number, scope, event time or RECEIPT) of every message with a record, even if that
    holds no reading; empty where the number is the device's own."""
    invalid: list[Fault]
    """Ascending by message."""
    rejected: list[tuple[int, Rejected, str]]
    """(message, reason, detail) of messages that can't be used at all."""
    ignored: list[tuple[int, Ignored]]
    """(message, reason) of messages that carry no reading by design."""
    within: NDArray[np.float64] | None = None
    """(n,) seconds within which the device sends again, by its own word (SenML ut); NaN: not said; None: nowhere."""
    historical: NDArray[np.bool_] | None = None
    """(n,) kept by the device while it had no connection, by its own word (Sparkplug); None: nowhere."""
