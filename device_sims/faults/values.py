"""Faults that change what is said: rows as they were measured -> rows as they are sent.

stuck, then spike, drift, noise, and the unit last, for that is how it is written down. A device that started again
counts its messages anew.
"""

from collections.abc import Callable, Sequence

import numpy as np

from device_sims.faults.bound import EVER, BoundFault
from device_sims.faults.catalogue import BITS, VALUES
from device_sims.faults.way import Way
from device_sims.kinds.base import Group, Row
from device_sims.world.local_time import DAY
from device_sims.world.noise import F64, I64

__all__ = ["alter"]


def alter(way: Way, group: Group, which: I64, ts: I64, rows: list[Row], marks: I64) -> tuple[list[Row], I64]:
    """What is sent of `rows` (n,), and the marks of it: a spike that changes nothing is none."""
    if way.reboots:
        rows, marks = _count_anew(way, group, which, ts, rows, marks)
    if not (marks & VALUES).any():
        return rows, marks
    rows = list(rows)
    for fault in way.of("stuck"):
        _hold(fault, group, which, ts, rows)
    before = list(rows)
    for fault in way.of("spike"):
        _change(fault, group, which, ts, rows, marks)
    spiked = np.flatnonzero(marks & BITS["spike"]).tolist()
    same = [k for k in spiked if rows[k] == before[k]]
    if same:
        marks = marks.copy()
        marks[same] &= ~BITS["spike"]
    for name in ("drift", "noise", "unit"):
        for fault in way.of(name):
            _change(fault, group, which, ts, rows, marks)
    return rows, marks


def _hold(fault: BoundFault, group: Group, which: I64, ts: I64, rows: list[Row]) -> None:
    on, began, _ = fault.during(which, ts)
    hit = np.flatnonzero(on)
    if not len(hit):
        return
    held = which[hit]
    since = np.where(began[hit] <= -EVER, fault.anchor, began[hit])
    phase = group.phase[held]
    # a message from before the run is that old itself
    moment = np.minimum(phase + (since - phase) // group.interval * group.interval, ts[hit])
    places = [place for name, (place, _, _) in group.wire.items() if fault.fault.quantity in {"", name}]
    for k, old in zip(hit.tolist(), group.measure(held, moment), strict=True):
        row = list(rows[k])
        for place in places:
            row[place] = old[place]
        rows[k] = tuple(row)


def _change(fault: BoundFault, group: Group, which: I64, ts: I64, rows: list[Row], marks: I64) -> None:
    quantity = fault.fault.quantity or next(iter(group.wire))
    on = fault.during(which, ts).on & ((marks & fault.bit) != 0)
    if fault.single:
        on &= group.noise.uniform(f"fault {fault.fault.channel}", which, ts) < fault.fault.share
    hit = np.flatnonzero(on)
    if not len(hit):
        return
    change = _times(fault, group, which[hit], ts[hit])
    after = group.changed([rows[k] for k in hit.tolist()], quantity, change)
    for k, row in zip(hit.tolist(), after, strict=True):
        rows[k] = row


def _times(fault: BoundFault, group: Group, which: I64, ts: I64) -> Callable[[F64], F64]:
    size = fault.fault.size
    factor: F64 = np.full(len(ts), size)
    if fault.fault.name == "drift":
        factor = 1.0 + size * np.maximum(ts - fault.anchor, 0) / DAY
    elif fault.fault.name == "noise":
        factor = 1.0 + size * group.noise.normal(f"fault {fault.fault.channel} by", which, ts)
    return lambda value: value * factor


def _count_anew(way: Way, group: Group, which: I64, ts: I64, rows: Sequence[Row], marks: I64) -> tuple[list[Row], I64]:
    again, count = way.restarted(which, ts)
    marks = np.where(again & (count == 0), marks | BITS["reboot"], marks)
    counts = count.tolist()
    return [
        group.restarted(row, counts[k]) if anew else row
        for k, (row, anew) in enumerate(zip(rows, again.tolist(), strict=True))
    ], marks
