"""PUBACKs in bulk: runs of packets of one length are read as columns; whatever else comes, by the codec.

40 02 id id     40 03 id id reason     40 04 id id reason 00
"""

from typing import NamedTuple

import mqtt5
import numpy as np
from numpy.typing import NDArray

__all__ = ["Answers", "read_answers"]

I64 = NDArray[np.int64]

_PUBACK = 0x40
_SHORT, _LONG = 4, 6
"""Bytes of a PUBACK that has neither reason nor properties, or a reason and no properties."""
_REFUSED = 0x80


class Answers(NamedTuple):
    """What the broker said in a piece of the stream."""

    ids: I64
    """Packet ids of PUBACKs in their order."""
    reasons: I64
    """A reason code each; from 0x80 on the broker refused the message."""
    others: list[mqtt5.Packet]
    used: int
    """Bytes read; what follows is the beginning of a packet."""


def read_answers(data: bytes) -> Answers:
    """Read all whole packets. Raises ValueError for what is not MQTT 5."""
    octets = np.frombuffer(data, np.uint8)
    ids, reasons, others, at = [], [], list[mqtt5.Packet](), 0
    while at + 1 < len(data):
        size = data[at + 1] + 2
        if data[at] == _PUBACK and _SHORT <= size <= _LONG:
            run = _run(octets[at:], size)
            if run.shape[0]:
                at += run.shape[0] * size
                wide = run.astype(np.int64)
                ids.append(wide[:, 2] << 8 | wide[:, 3])
                reasons.append(wide[:, 4] if size > _SHORT else np.zeros(len(wide), np.int64))
                continue
        try:
            packet, used = mqtt5.read(memoryview(data)[at:])
        except IndexError:
            break
        at += used
        if isinstance(packet, mqtt5.PubAckPacket):
            ids.append(np.array([packet.packet_id]))
            reasons.append(np.array([int(packet.reason_code)]))
        else:
            others.append(packet)
    if len(ids) == 1:
        return Answers(ids[0], reasons[0], others, at)
    none = np.zeros(0, np.int64)
    return Answers(np.concatenate([none, *ids]), np.concatenate([none, *reasons]), others, at)


def _run(octets: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """PUBACKs of `size` bytes that begin here and follow each other, a row each."""
    rows = octets[: len(octets) // size * size].reshape(-1, size)
    same = (rows[:, 0] == _PUBACK) & (rows[:, 1] == size - 2)
    if size == _LONG:
        same &= rows[:, 5] == 0
    return rows if same.all() else rows[: int(same.argmin())]
