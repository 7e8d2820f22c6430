"""A Sparkplug B edge node with pumps behind it: what it publishes, in order, as a PLC gateway does.

    connect -> will (NDEATH with the next bdSeq) -> births -> what it kept meanwhile, as historical -> data by alias

State that no other device here has: the number of the next message and the session's bdSeq depend on the connections
so far, and births on when it connects. So an edge node is no part of the fleet's schedule, which can be computed from
the middle; it has a connection of its own (`edge_link.py`). Values do not depend on that: a pump measures the same at a
time whatever the run. Times are whole milliseconds, as the payload has them.
Source: Eclipse Sparkplug 3.0, chapters 4 to 6.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from device_sims.encoders.sparkplug_b import REBIRTH, Metric, encode
from device_sims.kinds.base import Reading
from device_sims.world.noise import Noise

__all__ = ["PROFILE", "EdgeNode", "Packet"]

PROFILE = "sparkplug-pump"
"""What the pumps' kind is called in the seeds."""
_MILLISECOND = 1_000_000
_MINUTE = 60_000_000_000
_MOST_KEPT = 10_000
"""Measurements of a node that wait for a connection; then the oldest goes."""
_ROWS = 50
"""Kept measurements in one message at most."""
_MODES = ("OFF", "HAND", "AUTO")
METRICS = {
    "Flow/Rate": "Float", "Flow/Total": "Double", "Pressure/Discharge": "Int16", "Motor/Speed": "Float",
    "Motor/Power": "Float", "Motor/Running": "Boolean", "Mode": "String",
}  # fmt: skip
_CANONICAL = {
    "Flow/Rate": ("flow", 3.6), "Flow/Total": ("volume", 1.0), "Pressure/Discharge": ("pressure", 1.0),
    "Motor/Power": ("power", 1.0), "Motor/Running": ("running", 1.0), "Mode": ("mode", 1.0),
}  # fmt: skip
"""Quantity of the profile, and canonical units a unit of the wire."""


class Packet(NamedTuple):
    """A publication, not retained, and what it truly says in canonical units."""

    topic: str
    payload: bytes
    device: str
    """Key of whom it is about: the node, or a device of it."""
    sequence: int = 0
    readings: tuple[Reading, ...] = ()
    historical: bool = False
    """All of them were kept while there was no connection."""
    numbered: bool = False
    """It has the next of the node's numbers and begins no session, so that a number missing before it is seen."""


class EdgeNode:
    """Times are UTC ns."""

    def __init__(self, group: str, node: str, devices: Sequence[str], seed: int = 1) -> None:
        self.group, self.node, self.devices = group, node, tuple(devices)
        self.bd_seq = -1
        self._seq = 0
        self._noise = Noise(seed, [self.key(device) for device in devices])
        self._kept: deque[tuple[int, int]] = deque(maxlen=_MOST_KEPT)

    @property
    def commands(self) -> str:
        """The topic that it listens on."""
        return self._topic("NCMD")

    @property
    def waiting(self) -> int:
        """Measurements that are kept."""
        return len(self._kept)

    def key(self, device: str = "") -> str:
        """Of the node, or of one of its devices."""
        return f"{self.group}/{self.node}" + (f"/{device}" if device else "")

    def will(self) -> Packet:
        """The death to leave with the broker at the next CONNECT; it counts the session."""
        self.bd_seq = (self.bd_seq + 1) % 256
        return self.death()

    def death(self) -> Packet:
        """The same, to be published by a node that goes by itself."""
        payload = encode(None, None, [Metric("Int64", self.bd_seq, "bdSeq")])
        return Packet(self._topic("NDEATH"), payload, self.key())

    def births(self, ts: int) -> list[Packet]:
        """After a connect, or when it is asked: of the node first, then of each device, with all their metrics."""
        self._seq = 0
        session = [Metric("Int64", self.bd_seq, "bdSeq"), Metric("Boolean", False, REBIRTH)]
        out = [Packet(self._topic("NBIRTH"), encode(ts, self._next(), session), self.key())]
        for which, device in enumerate(self.devices):
            row = self._measure(which, ts)
            metrics = [
                Metric(kind, value, name, self._alias(which, k), ts)
                for k, ((name, kind), value) in enumerate(zip(METRICS.items(), row, strict=True))
            ]
            sequence = self._next()
            payload = encode(ts, sequence, metrics)
            topic, key, said = self._topic("DBIRTH", device), self.key(device), self.readings(which, ts)
            out.append(Packet(topic, payload, key, sequence, said, numbered=True))
        return out

    def data(self, which: int, ts: int) -> Packet:
        """A message of one device: by alias, without types."""
        return self._data(which, ts, [ts], historical=False)

    def keep(self, which: int, ts: int) -> None:
        """Measure without a connection; the oldest goes where there is no more room."""
        self._kept.append((which, ts))

    def kept(self, ts: int) -> Iterator[Packet]:
        """What was kept, device by device, marked historical. It is kept no more once the next one is asked for."""
        for which in range(len(self.devices)):
            times = [at for of, at in self._kept if of == which]
            for first in range(0, len(times), _ROWS):
                yield self._data(which, ts, times[first : first + _ROWS], historical=True)
                told = set(times[first : first + _ROWS])
                still = [each for each in self._kept if each[0] != which or each[1] not in told]
                self._kept = deque(still, _MOST_KEPT)

    def device_death(self, device: str, ts: int) -> Packet:
        """The node has lost a device."""
        sequence = self._next()
        payload = encode(ts, sequence, ())
        return Packet(self._topic("DDEATH", device), payload, self.key(device), sequence, numbered=True)

    def readings(self, which: int, ts: int) -> tuple[Reading, ...]:
        """What a device measures at a time, in canonical units."""
        out = []
        for name, value in zip(METRICS, self._measure(which, ts), strict=True):
            if name in _CANONICAL:
                quantity, factor = _CANONICAL[name]
                number = float(_MODES.index(value)) if isinstance(value, str) else float(value) * factor
                out.append(Reading(quantity, ts // _MILLISECOND * _MILLISECOND, number))
        return tuple(out)

    def _data(self, which: int, ts: int, times: Sequence[int], *, historical: bool) -> Packet:
        metrics = [
            Metric(kind, value, alias=self._alias(which, k), ts=at, told=False, historical=historical)
            for at in times
            for k, (kind, value) in enumerate(zip(METRICS.values(), self._measure(which, at), strict=True))
        ]
        sequence, device = self._next(), self.devices[which]
        readings = tuple(reading for at in times for reading in self.readings(which, at))
        payload = encode(ts, sequence, metrics)
        return Packet(self._topic("DDATA", device), payload, self.key(device), sequence, readings, historical, True)

    def _measure(self, which: int, ts: int) -> list[Any]:
        """On the wire's scale, in the order of METRICS."""
        me, at = np.array([which]), np.array([ts // _MILLISECOND * _MILLISECOND])
        load = float(self._noise.smooth("load", me, at, 10 * _MINUTE)[0])
        flow = float(np.float32(40.0 + 12.0 * load))
        speed, power = float(np.float32(1450.0 + 30.0 * load)), float(np.float32(18.0 + 6.0 * load))
        # counts what 40 l/s bring since 2026, so that it grows steadily and depends on the time only
        total = round((ts // 1_000_000_000 - 1_767_225_600) * 0.04, 3)
        return [flow, total, round(420 - 60 * load), speed, power, True, _MODES[2]]

    def _alias(self, which: int, place: int) -> int:
        return 100 * (which + 1) + place

    def _next(self) -> int:
        number, self._seq = self._seq, (self._seq + 1) % 256
        return number

    def _topic(self, kind: str, device: str = "") -> str:
        return f"spBv1.0/{self.group}/{kind}/{self.node}" + (f"/{device}" if device else "")
