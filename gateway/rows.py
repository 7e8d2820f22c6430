"""A row of the inbox: everything that changes an engine is one of these."""

from enum import IntEnum

import msgspec

__all__ = ["DUP", "QOS1", "RETAIN", "Row", "RowKind"]

RETAIN = 1
"""Bit of `Row.flags`: the broker delivered it as a retained message."""
DUP = 2
"""Bit of `Row.flags`: the broker said that it sent it before."""
QOS1 = 4
"""Bit of `Row.flags`: came at QoS 1, so a PUBACK is owed."""


class RowKind(IntEnum):
    """What a row carries."""

    MESSAGE = 0
    """An MQTT publication, as received."""
    REPLAY = 1
    """A dead letter brought back: payload = msgpack [first received_at, payload]; topic is the original one."""
    CONFIG = 2
    """The whole configuration of the engines as canonical JSON; topic is its digest."""
    ACT = 3
    """An operator's act as JSON; topic names it."""
    REPORT = 4
    """A citizen's report, or what becomes of one, as JSON; topic is `add` or `advance`."""
    CLOSE = 5
    """Nothing more comes of any lane up to an event time: payload = msgpack of it, UTC ns. Ends a recording."""


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One row; its offset is its place in the inbox and stands beside it.

    received_at: UTC ns by the clock, strictly increasing over the inbox. source: which connection (0..255).
    """

    received_at: int
    kind: int
    source: int
    flags: int
    topic: str
    payload: bytes
