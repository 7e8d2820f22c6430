"""PUBLISH packets by the thousand: written once by the codec, then copied and patched as columns of bytes.

    template, a row a device:  30 len | topic | id | 00 | {"ts":0000000000000,"speed":..,"flow":..,"occ":.....}
    patched, a column a field:                 ^^          ^^^^^^^^^^^^^         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

All packets of a connection have one length, so a batch is a rectangle and costs a few numpy calls, not a few calls a
message. Readings are those of a loop detector of the built-in profile: 40 to 61 km/h, 10 to 46 vehicles, 0 to 89 %.
"""

from collections.abc import Sequence

import mqtt5
import numpy as np
from numpy.typing import NDArray

__all__ = ["PacketForm", "topics_of"]

I64 = NDArray[np.int64]

_VARIANTS = 4096
_MIX = np.int64(2_654_435_761)
"""Knuth's multiplier: neighbouring numbers get values that have nothing to do with each other."""
_DIGITS = 5
_STAMP_DIGITS = 13
_TS = b'{"ts":'


def _tails() -> NDArray[np.uint8]:
    tails = [
        b',"speed":%.1f,"flow":%d,"occ":%.3f}' % (40 + k % 211 / 10, 10 + k // 7 % 37, k * 31 % 890 / 1000)
        for k in range(_VARIANTS)
    ]
    return np.frombuffer(b"".join(tails), np.uint8).reshape(_VARIANTS, -1)


_TAILS = _tails()
_THREE = np.frombuffer(b"".join(b"%03d" % k for k in range(1000)), np.uint8).reshape(1000, 3)


def topics_of(devices: int, zones: Sequence[str], prefix: str) -> list[str]:
    """Topics of one length: a device of a zone with a short name has more zeros in its own."""
    digits = max(_DIGITS, len(str(devices - 1)))
    longest = max(map(len, zones))
    width = {zone: digits + longest - len(zone) for zone in zones}
    return [
        f"city/{zone}/traffic/loop/{prefix}-{k:0{width[zone]}d}/reading"
        for k, zone in ((k, zones[k % len(zones)]) for k in range(devices))
    ]


class PacketForm:
    """Packets of some devices. qos: 0 or 1. Raises ValueError where topics differ in length."""

    def __init__(self, topics: Sequence[str], qos: int) -> None:
        if len({len(topic.encode()) for topic in topics}) > 1:
            raise ValueError("the topics of one connection must have one length")
        payload = _TS + b"0" * _STAMP_DIGITS + _TAILS[0].tobytes()
        packets = [
            mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS(qos), packet_id=1 if qos else None).write()
            for topic in topics
        ]
        self._rows = np.frombuffer(b"".join(packets), np.uint8).reshape(len(topics), -1)
        self._payload = self._rows.shape[1] - len(payload)
        self._id = self._payload - 3 if qos else None  # id, then the length of no properties

    @property
    def packet_bytes(self) -> int:
        """Length of each packet."""
        return int(self._rows.shape[1])

    def packets(self, devices: slice | I64, ids: I64, stamps: I64, numbers: I64) -> memoryview:
        """A packet a device, in their order, as bytes to write.

        Parameters: devices, their places among the topics; ids, packet ids 1..65535; stamps, unix ms; numbers, of the
        messages: they choose the values. All of shape (n,); ids are not looked at with QoS 0.
        """
        rows = self._rows[devices]
        if isinstance(devices, slice):
            rows = rows.copy()
        if self._id is not None:
            rows[:, self._id : self._id + 2] = ids.astype(">u2").view(np.uint8).reshape(-1, 2)
        at = self._payload + len(_TS)
        high, low = np.divmod(stamps, 1_000_000)
        if high[0] == high[-1] and high.min() == high.max():
            rows[:, at : at + 7] = np.frombuffer(b"%07d" % high[0], np.uint8)
        else:
            rows[:, at] = 48 + high // 1_000_000
            rows[:, at + 1 : at + 4] = _THREE[high // 1000 % 1000]
            rows[:, at + 4 : at + 7] = _THREE[high % 1000]
        thousands, rest = np.divmod(low, 1000)
        rows[:, at + 7 : at + 10] = _THREE[thousands]
        rows[:, at + 10 : at + _STAMP_DIGITS] = _THREE[rest]
        rows[:, at + _STAMP_DIGITS :] = _TAILS[(numbers * _MIX >> 8) % _VARIANTS]
        return rows.data.cast("B")
