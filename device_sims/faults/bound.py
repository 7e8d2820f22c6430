"""A fault on the devices of a group: whom it hits, and when it is on.

          start                                              end
always      |-------------------------------------------------|
comes back  |----|    |----|    |----|    |----|    |----|    |      each device at times of its own
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device_sims.faults.catalogue import BITS, QUANTITIES, RULES
from device_sims.faults.specification import Fault
from device_sims.kinds.base import Group
from device_sims.world.local_time import MINUTE
from device_sims.world.noise import I64

__all__ = ["BoundFault", "During", "bind"]

EVER = 1 << 62
"""UTC ns: the year 2116. Before and after it nothing happens here."""

Mask = NDArray[np.bool_]


class During(NamedTuple):
    """Of moments, all of shape (n,): whether the fault is on, and when it began to be and ends; any where it isn't."""

    on: Mask
    began: I64
    ends: I64


class BoundFault:
    """`which` are indices of the group's devices, `ts` UTC ns."""

    def __init__(self, fault: Fault, group: Group, hit: Mask, origin: int) -> None:
        rule = RULES[fault.name]
        noise = group.noise
        self.fault = fault
        self.bit = BITS[fault.name]
        self.single = rule.single
        if not rule.single:
            hit = hit & (noise.fixed(f"fault {fault.channel}") < fault.share)
        self.hit = hit
        """(devices,) whether it can hit each."""
        self.start = -EVER if fault.start is None else fault.start
        self.end = EVER if fault.end is None else fault.end
        self.anchor = origin if fault.start is None else fault.start
        """From here on it grows, where it grows."""
        if fault.name == "backlog" and fault.start is None:
            self.start, self.end = origin - fault.length, origin
        self._period = round(rule.period * fault.length) if fault.name != "backlog" else 0
        self._length = fault.length
        if fault.name == "reboot":
            self._length = min(fault.length // 4, MINUTE)
        self._shift: I64 = (noise.fixed(f"{fault.channel} from") * self._period).astype(np.int64)

    def during(self, which: I64, ts: I64) -> During:
        """When it is on."""
        on = self.hit[which] & (ts >= self.start) & (ts < self.end)
        if not self._period:
            return During(on, np.full(len(ts), self.start), np.full(len(ts), self.end))
        within = (ts + self._shift[which]) % self._period
        began = np.maximum(ts - within, self.start)
        return During(on & (within < self._length), began, np.minimum(ts - within + self._length, self.end))

    def ended(self, which: I64, ts: I64) -> I64:
        """When it was last over, -EVER where it never was; of moments at which it isn't on."""
        if not self._period:
            return np.where(self.hit[which] & (ts >= self.end), self.end, -EVER)
        last = np.minimum(ts, self.end)
        within = (last + self._shift[which]) % self._period
        over = np.where(within < self._length, last, last - within + self._length)
        return np.where(self.hit[which] & (over > self.start) & (over <= ts), over, -EVER)

    def spans(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """(device, from, to) of each time in [start, end) at which it is on; not cut off at either."""
        first, last = max(start, self.start), min(end, self.end)
        if first >= last:
            return
        for which in np.flatnonzero(self.hit).tolist():
            if not self._period:
                yield which, self.start, self.end
                continue
            # the turn that `first` is in, if it is still on, and those after it
            turn = first - (first + int(self._shift[which])) % self._period
            while turn < last:
                if turn + self._length > first:
                    yield which, max(turn, self.start), min(turn + self._length, self.end)
                turn += self._period


def bind(faults: tuple[Fault, ...], group: Group, origin: int) -> list[BoundFault]:
    """Those that hit a device of the group."""
    bound = []
    for fault in faults:
        if fault.name in QUANTITIES and not (group.wire if not fault.quantity else fault.quantity in group.wire):
            continue
        hit = np.array([fault.has(device) for device in group.devices], np.bool_)
        found = BoundFault(fault, group, hit, origin) if hit.any() else None
        if found is not None and found.hit.any() and (fault.share > 0.0 or not found.single):
            bound.append(found)
    return bound
