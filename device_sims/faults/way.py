"""What happens to the measurements of a group on their way: which are lost, held back, stamped wrongly, marked.

moments --> lost in silence | held until a cut is over | late, after the next --> due time and marks
                                                                  stamps: what the device's clock said then
"""

from typing import NamedTuple

import numpy as np

from device_sims.faults.bound import EVER, BoundFault, Mask, bind
from device_sims.faults.catalogue import BITS, CLOCKS, SPOILT
from device_sims.faults.specification import Faults
from device_sims.kinds.base import Group
from device_sims.world.local_time import DAY
from device_sims.world.noise import I64

__all__ = ["Way", "Ways"]

_SILENT = frozenset({"silence", "reboot"})
_HOLDING = frozenset({"backlog", "outage", "flapping"})
_YEAR = 365 * DAY


class Ways(NamedTuple):
    """Of the moments that are heard of, all of shape (n,)."""

    which: I64
    ts: I64
    due: I64
    marks: I64


class Way:
    """All faults of a group, composed."""

    def __init__(self, faults: Faults, group: Group, origin: int) -> None:
        self._group = group
        self.bound = bind(faults.every, group, origin)
        self._silent = [each for each in self.bound if each.fault.name in _SILENT]
        self._holding = [each for each in self.bound if each.fault.name in _HOLDING]
        others = [each for each in self.bound if each.fault.name not in _SILENT | _HOLDING]
        self._single = [each for each in others if each.single]
        self._lasting = [each for each in others if not each.single]
        self._clocks = [each for each in self._lasting if each.bit & CLOCKS]
        # before the start, in a specification; a table's backlog lies where it says
        ahead = [each for each in self._holding if each.fault.name == "backlog" and each.fault.start is None]
        self.oldest = min((each.start for each in ahead), default=origin)
        """UTC ns of what is sent first, with the origin."""
        self._ahead = ahead
        self._origin = origin

    def kept(self) -> I64:
        """Devices that kept something from before the origin."""
        hit = np.zeros(len(self._group.devices), np.bool_)
        for each in self._ahead:
            hit |= each.hit
        return np.flatnonzero(hit)

    def take(self, which: I64, ts: I64) -> Ways:
        """What becomes of measurements of the devices `which` at `ts`."""
        group = self._group
        if not self.bound:
            return Ways(which, ts, ts + group.delays[which], np.zeros(len(ts), np.int64))
        heard = np.ones(len(ts), np.bool_)
        for each in self._silent:
            heard &= ~each.during(which, ts).on
        if self._ahead:
            heard &= (ts >= self._origin) | self._behind(which, ts)
        which, ts = which[heard], ts[heard]
        due = ts.copy()
        marks = np.zeros(len(ts), np.int64)
        for each in self._holding:
            on, _, ends = each.during(which, ts)
            due = np.where(on, np.maximum(due, ends), due)
            marks[on] |= each.bit
        for each in self._lasting:
            marks[each.during(which, ts).on] |= each.bit
        due = due + group.delays[which]
        for each in self._single:
            hit = each.during(which, ts).on
            hit &= group.noise.uniform(f"fault {each.fault.channel}", which, ts) < each.fault.share
            marks[hit] |= each.bit
            if each.fault.name == "late":
                share = group.noise.uniform(f"{each.fault.channel} for", which[hit], ts[hit])
                due[hit] += (share * each.fault.length).astype(np.int64)
            elif each.fault.name == "reorder":
                due[hit] += group.interval + group.interval // 4
        # garbage cut in half is garbage, and a payload that nobody reads has no number left to spoil
        marks[(marks & BITS["invalid"]) != 0] &= ~BITS["truncated"]
        marks[(marks & SPOILT) != 0] &= ~BITS["wrong_type"]
        return Ways(which, ts, due, marks)

    def _behind(self, which: I64, ts: I64) -> Mask:
        out = np.zeros(len(ts), np.bool_)
        for each in self._ahead:
            out |= each.during(which, ts).on
        return out

    def stamps(self, which: I64, ts: I64, marks: I64) -> I64:
        """What the devices' clocks said: times of measurement as they are sent."""
        if not self._clocks or not (marks & CLOCKS).any():
            return ts
        offset = np.zeros(len(ts), np.int64)
        for each in self._clocks:
            on, _, _ = each.during(which, ts)
            size = each.fault.size
            since = np.maximum(ts - each.anchor, 0)
            if each.fault.name == "clock":
                ahead: I64 = np.full(len(ts), each.fault.length)
            elif each.fault.name == "clock_drift":
                ahead = np.rint(since * (size * 1e-6)).astype(np.int64)
            elif size:
                ahead = np.full(len(ts), round(size * _YEAR))
            else:
                ahead = np.full(len(ts), -each.anchor)
            offset += np.where(on, ahead, 0)
        # a clock steps as finely as the device measures
        grain = self._group.grain
        return ts + offset // grain * grain

    def restarted(self, which: I64, ts: I64) -> tuple[Mask, I64]:
        """Whether the device started again before, and how many messages it measured since then."""
        last = np.full(len(ts), -EVER)
        for each in self._silent:
            if each.fault.name == "reboot":
                last = np.maximum(last, each.ended(which, ts))
        again = last > -EVER
        phase, interval = self._group.phase[which], self._group.interval
        first = -((phase - np.where(again, last, ts)) // interval)
        return again, np.where(again, (ts - phase) // interval - first, 0)

    def of(self, name: str) -> list[BoundFault]:
        """Faults of this name."""
        return [each for each in self.bound if each.fault.name == name]

    @property
    def reboots(self) -> bool:
        """Whether any device starts again."""
        return any(each.fault.name == "reboot" for each in self._silent)
