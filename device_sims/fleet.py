"""The schedule: what every device sends and when, as one stream of messages in order of their due times.

    group.measure at each device's own moments -> faults move, spoil, double -> a message at its due time

The stream depends on the city, the seed, the faults and the origin only: not on how fast it is read, and not on the
clock. A window of city time is computed at once for all devices of a kind.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from device_sims.city import City
from device_sims.faults import BACKLOG, CLOCK, DUPLICATE, INVALID, NAMES, OUTAGE, WRONG_TYPE, Faults
from device_sims.kinds import Group, Reading, Row, groups_of
from device_sims.local_time import SECOND
from device_sims.noise import I64
from device_sims.troubles import Trouble, silenced

__all__ = ["Fleet", "Message"]

WINDOW = 30 * SECOND
MOST_RECORDS = 500
"""A device that kept more than this sends several messages."""


@dataclass(frozen=True, slots=True)
class Message:
    """One publication, with what it truly says."""

    due: int
    """City time at which it leaves the device, UTC ns."""
    device: str
    number: int
    """The device's place among all of the fleet; a device's messages share it."""
    topic: str
    payload: bytes
    readings: tuple[Reading, ...]
    """Empty when the payload is spoilt."""
    fault: str
    """Names of the faults that hit it, joined by `+`; empty: none."""


class _Entry(NamedTuple):
    """A measurement that waits to be sent. The first three sort it and are unique."""

    due: int
    number: int
    ts: int
    group: Group
    which: int
    marks: int
    row: Row


class Fleet:
    """All devices of the city from `origin` (UTC ns) on."""

    def __init__(
        self, city: City, seed: int, origin: int, faults: Faults | None = None, troubles: Sequence[Trouble] = ()
    ) -> None:
        self.faults = Faults() if faults is None else faults
        self.origin = origin
        self._devices: list[_Devices] = []
        first = 0
        for group in groups_of(city, seed, troubles):
            self._devices.append(_Devices(group, self.faults, first, origin))
            first += len(group.devices)
        self.devices = first

    def messages(self) -> Iterator[Message]:
        """Without end, in order of `due`; those of one moment in order of device and time."""
        waiting: list[_Entry] = []
        start, end = self.origin, self.origin + WINDOW
        for devices in self._devices:
            waiting += devices.backlog()
        while True:
            for devices in self._devices:
                waiting += devices.between(start, end)
            waiting.sort()
            ready = next((place for place, entry in enumerate(waiting) if entry.due >= end), len(waiting))
            yield from _send(waiting[:ready])
            del waiting[:ready]
            start, end = end, end + WINDOW


class _Devices:
    """A group with its faults."""

    def __init__(self, group: Group, faults: Faults, first: int, origin: int) -> None:
        self.group = group
        self.faults = faults
        self.first = first
        self.origin = origin
        clock = faults.hit_devices("clock", group.noise)
        self.behind = faults.hit_devices("backlog", group.noise)
        self.cut = faults.hit_devices("outage", group.noise) & ~self.behind
        self.fixed_marks = clock * CLOCK
        self.offset: I64 = clock * faults.length.get("clock", 0)
        self.shift = (group.noise.fixed("outage from") * 2.0 * faults.length.get("outage", 0)).astype(np.int64)

    def between(self, start: int, end: int) -> list[_Entry]:
        """Measurements of [start, end)."""
        which, ts = self._moments(np.arange(len(self.group.devices)), start, end)
        if self.group.troubles:
            heard = ~silenced(self.group.devices, self.group.troubles, which, ts)
            which, ts = which[heard], ts[heard]
        held = np.zeros(len(ts), np.int64)
        marks = np.zeros(len(ts), np.int64)
        cut = self.cut[which]
        if cut.any():
            length = self.faults.length["outage"]
            place = (ts + self.shift[which]) % (2 * length)
            away = cut & (place < length)
            held[away] = (length - place)[away]
            marks[away] = OUTAGE
        return self._entries(which, ts, ts + held, marks)

    def backlog(self) -> list[_Entry]:
        """What devices kept before the origin; all of it is due there."""
        behind = np.flatnonzero(self.behind)
        which, ts = self._moments(behind, self.origin - self.faults.length.get("backlog", 0), self.origin)
        return self._entries(which, ts, np.full(len(ts), self.origin), np.full(len(ts), BACKLOG))

    def _moments(self, devices: I64, start: int, end: int) -> tuple[I64, I64]:
        interval, phase = self.group.interval, self.group.phase[devices]
        first = -((phase - start) // interval)  # rounds up
        count = -((phase - end) // interval) - first
        which = np.repeat(devices, count)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return which, np.repeat(phase + first * interval, count) + nth * interval

    def _entries(self, which: I64, ts: I64, due: I64, marks: I64) -> list[_Entry]:
        if not len(ts):
            return []
        group, faults = self.group, self.faults
        marks = marks | self.fixed_marks[which] | faults.mark(group.noise, which, ts)
        due = due + group.delays[which] + faults.hold(marks, group.noise, which, ts, group.interval)
        columns = (due.tolist(), (which + self.first).tolist(), (ts + self.offset[which]).tolist(), which.tolist())
        return [
            _Entry(when, number, stamp, group, place, mark, row)
            for when, number, stamp, place, mark, row in zip(
                *columns, marks.tolist(), group.measure(which, ts), strict=True
            )
        ]


def _send(entries: list[_Entry]) -> Iterator[Message]:
    """Messages of sorted measurements; kinds that can put several into one message do so with those of one moment."""
    place = 0
    while place < len(entries):
        entry = entries[place]
        several = 1
        if entry.group.holds_many:
            rest = entries[place : place + MOST_RECORDS]
            several = next((n for n, other in enumerate(rest) if other[:2] != entry[:2]), len(rest))
        message = _message(entries[place : place + several])
        yield message
        if entry.marks & DUPLICATE:
            yield message
        place += several


def _message(entries: list[_Entry]) -> Message:
    due, number, _, group, which, marks, _ = entries[0]
    payload = group.payload(which, [(entry.ts, entry.row) for entry in entries])
    readings = tuple(reading for entry in entries for reading in group.readings(entry.ts, entry.row))
    if marks & INVALID:
        payload, readings = payload[: len(payload) // 2], ()
    elif marks & WRONG_TYPE:
        told = readings
        if group.breakable is not None:
            payload, readings = _misspell(payload, readings, *group.breakable)
        if readings is told:  # there was no such number to spoil
            marks &= ~WRONG_TYPE
    fault = "" if not marks else "+".join(name for bit, name in enumerate(NAMES) if marks >> bit & 1)
    device = group.devices[which].id
    return Message(due, device, number, group.topics[which], group.wrap(which, payload), readings, fault)


def _misspell(
    payload: bytes, readings: tuple[Reading, ...], key: bytes, quantity: str
) -> tuple[bytes, tuple[Reading, ...]]:
    """Write the first number of `key` as a text; the first reading of `quantity` is then not told."""
    spoilt, found = re.subn(rb'("%s":)[^,}]+' % key, rb'\1"n/a"', payload, count=1)
    if not found:
        return payload, readings
    first = next(place for place, reading in enumerate(readings) if reading.quantity == quantity)
    return spoilt, readings[:first] + readings[first + 1 :]
