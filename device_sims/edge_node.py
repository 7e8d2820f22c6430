"""A Sparkplug B edge node with pumps behind it: what it publishes, in order, as a PLC gateway does.

    connect -> will (NDEATH with the next bdSeq) -> births -> what it kept meanwhile, as historical -> data by alias

State that no other device here has: the number of the next message and the session's bdSeq depend on the connections
so far, and births on when it connects. So an edge node is no part of the fleet's schedule, which can be computed from
the middle; it has a connection of its own (`edge_link.py`). Values do not depend on that: a pump measures the same at a
time whatever the run. Source: Eclipse Sparkplug 3.0, chapters 4 to 6.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from device_sims.noise import Noise
from device_sims.sparkplug_b import REBIRTH, Metric, encode

__all__ = ["EdgeNode", "Packet", "Told"]

_MINUTE = 60_000_000_000
_MOST_KEPT = 10_000
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
    """A publication at QoS 0, not retained."""

    topic: str
    payload: bytes


class Told(NamedTuple):
    """What a pump really said, in the canonical unit."""

    device: str
    """Its key."""
    quantity: str
    ts: int
    value: float
    historical: bool


class EdgeNode:
    """Times are UTC ns. `told` grows by what each payload says, whether or not it is then sent."""

    def __init__(self, group: str, node: str, devices: Sequence[str], seed: int = 1) -> None:
        self.group, self.node, self.devices = group, node, tuple(devices)
        self.told: list[Told] = []
        self.bd_seq = -1
        self._seq = 0
        self._noise = Noise(seed, [f"{group}/{node}/{device}" for device in devices])
        self._kept: deque[tuple[int, int, list[Any]]] = deque(maxlen=_MOST_KEPT)

    @property
    def commands(self) -> str:
        """The topic that it listens on."""
        return self._topic("NCMD")

    def will(self) -> Packet:
        """The death to leave with the broker at the next CONNECT; it counts the session."""
        self.bd_seq = (self.bd_seq + 1) % 256
        return self.death()

    def death(self) -> Packet:
        """The same, to be published by a node that goes by itself."""
        return Packet(self._topic("NDEATH"), encode(None, None, [Metric("Int64", self.bd_seq, "bdSeq")]))

    def births(self, ts: int) -> list[Packet]:
        """After a connect, or when it is asked: of the node first, then of each device, with all their metrics."""
        self._seq = 0
        session = [Metric("Int64", self.bd_seq, "bdSeq"), Metric("Boolean", False, REBIRTH)]
        out = [Packet(self._topic("NBIRTH"), encode(ts, self._next(), session))]
        for which, device in enumerate(self.devices):
            row = self._measure(which, ts)
            metrics = [
                Metric(kind, value, name, self._alias(which, k), ts)
                for k, ((name, kind), value) in enumerate(zip(METRICS.items(), row, strict=True))
            ]
            out.append(Packet(self._topic("DBIRTH", device), encode(ts, self._next(), metrics)))
            self._tell(which, ts, row, historical=False)
        return out

    def data(self, ts: int) -> list[Packet]:
        """A message of each device: by alias, without types."""
        return [self._data(which, ts, [(ts, self._measure(which, ts), False)]) for which in range(len(self.devices))]

    def keep(self, ts: int) -> None:
        """Measure without a connection; the oldest goes where there is no more room."""
        for which in range(len(self.devices)):
            self._kept.append((which, ts, self._measure(which, ts)))

    def kept(self, ts: int) -> list[Packet]:
        """What was kept, a message a device, marked historical; then it is kept no more."""
        out = []
        for which in range(len(self.devices)):
            rows = [(at, row, True) for of, at, row in self._kept if of == which]
            if rows:
                out.append(self._data(which, ts, rows))
        self._kept.clear()
        return out

    def device_death(self, device: str, ts: int) -> Packet:
        """The node has lost a device."""
        return Packet(self._topic("DDEATH", device), encode(ts, self._next(), ()))

    def _data(self, which: int, ts: int, rows: Sequence[tuple[int, list[Any], bool]]) -> Packet:
        metrics = [
            Metric(kind, value, alias=self._alias(which, k), ts=at, told=False, historical=historical)
            for at, row, historical in rows
            for k, (kind, value) in enumerate(zip(METRICS.values(), row, strict=True))
        ]
        for at, row, historical in rows:
            self._tell(which, at, row, historical=historical)
        return Packet(self._topic("DDATA", self.devices[which]), encode(ts, self._next(), metrics))

    def _measure(self, which: int, ts: int) -> list[Any]:
        """On the wire's scale, in the order of METRICS."""
        me, at = np.array([which]), np.array([ts])
        load = float(self._noise.smooth("load", me, at, 10 * _MINUTE)[0])
        flow = float(np.float32(40.0 + 12.0 * load))
        speed, power = float(np.float32(1450.0 + 30.0 * load)), float(np.float32(18.0 + 6.0 * load))
        # counts what 40 l/s bring since 2026, so that it grows steadily and depends on the time only
        total = round((ts // 1_000_000_000 - 1_767_225_600) * 0.04, 3)
        return [flow, total, round(420 - 60 * load), speed, power, True, _MODES[2]]

    def _tell(self, which: int, ts: int, row: list[Any], *, historical: bool) -> None:
        key = f"{self.group}/{self.node}/{self.devices[which]}"
        for name, value in zip(METRICS, row, strict=True):
            if name in _CANONICAL:
                quantity, factor = _CANONICAL[name]
                number = _MODES.index(value) if isinstance(value, str) else float(value) * factor
                self.told.append(Told(key, quantity, ts // 1_000_000 * 1_000_000, number, historical))

    def _alias(self, which: int, place: int) -> int:
        return 100 * (which + 1) + place

    def _next(self) -> int:
        number, self._seq = self._seq, (self._seq + 1) % 256
        return number

    def _topic(self, kind: str, device: str = "") -> str:
        return f"spBv1.0/{self.group}/{kind}/{self.node}" + (f"/{device}" if device else "")
