"""A kind of devices on its way to the broker: moments -> what is due -> messages. fleet.py puts the lines together."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from device_sims.faults import BITS, RULES, SPOILT, Faults, FaultSpan, Way, alter, garbage, misspell, names_of, padded
from device_sims.fleet.message import Message
from device_sims.kinds import Group, Reading, Row
from device_sims.world.noise import I64

__all__ = ["Line", "Ready"]

MOST_RECORDS = 500
"""A device that kept more than this sends several messages."""
_DUPLICATE, _WRONG_TYPE, _TRUNCATED, _INVALID, _OVERSIZE, _WRONG_TOPIC = (
    BITS[name] for name in ("duplicate", "wrong_type", "truncated", "invalid", "oversize", "wrong_topic")
)
_OF_THE_FIRST = SPOILT | _DUPLICATE | _WRONG_TYPE
"""Of several measurements in one message, those of the first one count; of other faults those of any."""


class Ready(NamedTuple):
    """Measurements of a group, all of shape (n,): device, true time, when it is due, faults."""

    which: I64
    ts: I64
    due: I64
    marks: I64

    @classmethod
    def joined(cls, parts: Sequence["Ready"]) -> "Ready":
        """One after the other."""
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def chosen(self, of: NDArray[np.bool_] | I64) -> "Ready":
        """Some of them."""
        return Ready(self.which[of], self.ts[of], self.due[of], self.marks[of])


class _Told(NamedTuple):
    """One measurement that is sent now."""

    which: int
    due: int
    ts: int
    stamp: int
    marks: int
    row: Row
    sent: Row


class Line:
    """A group with its faults."""

    def __init__(self, group: Group, faults: Faults, origin: int) -> None:
        self.group = group
        self.numbers: I64 = np.array([device.number for device in group.devices], np.int64)
        self._way = Way(faults, group, origin)
        self._origin = origin
        sizes = [int(each.size) for each in faults.every if each.name == "oversize"]
        self._size = max(sizes, default=0)
        self._numbers: list[int] = self.numbers.tolist()
        self._ids = [device.id for device in group.devices]

    def between(self, start: int, end: int) -> Ready:
        """Measurements of [start, end)."""
        return self._taken(np.arange(len(self.group.devices)), start, end)

    def backlog(self) -> Ready:
        """What devices kept before the origin; all of it is due there."""
        return self._taken(self._way.kept(), self._way.oldest, self._origin)

    def cuts(self, start: int, end: int) -> Iterator[tuple[int, str, int]]:
        """(when, device, number) of each beginning of a cut of a flapping connection in [start, end)."""
        for fault in self._way.of("flapping"):
            for which, began, _ in fault.spans(start, end):
                if began >= start:
                    yield began, self._ids[which], self._numbers[which]

    def spans(self, until: int) -> Iterator[FaultSpan]:
        """When which fault was on at which device."""
        for fault in self._way.bound:
            if RULES[fault.fault.name].single and fault.fault.start is None:
                continue
            for which, start, end in fault.spans(min(self._way.oldest, self._origin), until):
                yield FaultSpan(self._ids[which], fault.fault.name, start, end, fault.fault.size)

    def _taken(self, devices: I64, start: int, end: int) -> Ready:
        which, ts = self._moments(devices, start, end)
        heard = self.group.heard(which, ts)
        return Ready(*self._way.take(which[heard], ts[heard]))

    def _moments(self, devices: I64, start: int, end: int) -> tuple[I64, I64]:
        interval, phase = self.group.interval, self.group.phase[devices]
        first = -((phase - start) // interval)  # rounds up
        count = -((phase - end) // interval) - first
        which = np.repeat(devices, count)
        nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return which, np.repeat(phase + first * interval, count) + nth * interval

    def messages(self, ready: Ready, counts: list[int]) -> Iterator[list[Message]]:
        """What is sent of measurements in order of due time, device and time.

        A list for each measurement, with its copies; where a message holds several, for all of a device and due time.

        Args:
            counts: messages of each device so far; counted on.
        """
        told = self._told(ready)
        if not self.group.holds_many:
            for entry in told:
                yield self._messages([entry], counts)
            return
        for _, together in groupby(told, key=lambda entry: (entry.due, entry.which)):
            every = list(together)
            yield [
                message
                for first in range(0, len(every), MOST_RECORDS)
                for message in self._messages(every[first : first + MOST_RECORDS], counts)
            ]

    def _told(self, ready: Ready) -> Iterator[_Told]:
        if not len(ready.ts):
            return iter(())
        which, ts, due, marks = ready
        rows = self.group.measure(which, ts)
        sent = rows
        if self._way.bound:
            sent, marks = alter(self._way, self.group, which, ts, rows, marks)
        stamps = self._way.stamps(which, ts, marks)
        columns = (which.tolist(), due.tolist(), ts.tolist(), stamps.tolist(), marks.tolist(), rows, sent)
        return map(_Told._make, zip(*columns, strict=True))

    def _messages(self, entries: list[_Told], counts: list[int]) -> list[Message]:
        """The message with `entries`, and its copy if it has one."""
        group = self.group
        which, due, ts, _, marks, _, _ = entries[0]
        records = [(entry.stamp, entry.sent) for entry in entries]
        payload, readings = group.payload(which, records), _said(group, records)
        topic, measured, fault = group.topics[which], readings, ""
        for entry in entries[1:]:
            marks |= entry.marks & ~_OF_THE_FIRST
        if marks:
            measured = _said(group, [(entry.ts, entry.row) for entry in entries])
            payload, topic, readings, marks = self._spoilt(payload, topic, readings, marks, which, ts)
            fault = names_of(marks)
        else:
            payload = group.wrap(which, payload)
        counts[which] += 1
        message = Message(
            due, self._ids[which], self._numbers[which], topic, payload, readings, fault, measured, counts[which],
            group.profile,
        )  # fmt: skip
        if not marks & _DUPLICATE:
            return [message]
        counts[which] += 1
        return [message, message._replace(sequence=counts[which])]

    def _spoilt(
        self, payload: bytes, topic: str, readings: tuple[Reading, ...], marks: int, which: int, ts: int
    ) -> tuple[bytes, str, tuple[Reading, ...], int]:
        """Bytes, topic, what can be used of it, and the faults that did something."""
        group = self.group
        if marks & _WRONG_TYPE:
            told = readings
            if group.breakable is not None:
                payload, readings = misspell(payload, readings, *group.breakable)
            if readings is told:  # there was no such number to spoil
                marks &= ~_WRONG_TYPE
        if marks & _INVALID:
            payload = garbage(payload, self._ids[which], ts)
        elif marks & _TRUNCATED:
            payload = group.cut(payload)
        payload = group.wrap(which, payload)
        if marks & _OVERSIZE:
            payload = padded(payload, self._size)
        if marks & _WRONG_TOPIC:
            topic = group.wrong_topic(which)
        return payload, topic, () if marks & SPOILT else readings, marks


def _said(group: Group, records: Sequence[tuple[int, Row]]) -> tuple[Reading, ...]:
    if len(records) == 1:
        return group.readings(*records[0])
    return tuple(reading for stamp, row in records for reading in group.readings(stamp, row))
