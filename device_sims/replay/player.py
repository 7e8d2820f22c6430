"""A recording's rows as messages of devices, laid into the city's clock.

    tables (a row at a time) -> each device's values -> shifted time -> Message, merged over the files by due time

The first row of all files is the origin. With `keep_time_of_day` it is laid on the first moment from the origin on that
has its local time of day, so that a morning stays a morning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from device_sims.fleet.message import Message
from device_sims.replay.mapping import Mapped
from device_sims.replay.table import Row, Table
from device_sims.sources.payloads import Voice
from device_sims.sources.source import in_order
from device_sims.world.local_time import DAY, SECOND

__all__ = ["Playing", "Replay"]

_HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Playing:
    """How a recording is played."""

    origin: int
    """City time of the first row, UTC ns."""
    timezone: str
    """Of the city; times without an offset are taken for local ones."""
    loop: bool = False
    keep_time_of_day: bool = False
    missing: Literal["null", "skip"] = "null"
    """A device whose row has no value at all says null, or nothing."""


class Replay:
    """Devices that play tables; a source of `run.simulate`."""

    def __init__(self, tables: Sequence[Table], mapped: Sequence[Sequence[Mapped]], playing: Playing) -> None:
        self._clock = _Local(playing.timezone)
        self._playing = playing
        self._tables: list[tuple[Table, list[tuple[Mapped, Voice]]]] = []
        self.devices = 0
        for table, devices in zip(tables, mapped, strict=True):
            voices = []
            for each in devices:
                voices.append((each, Voice(each.spec.id, self.devices, each.spec.zone, each.kind)))
                self.devices += 1
            self._tables.append((table, voices))
        firsts = [self._wall(table, row) for table, _ in self._tables for row in _first(table)]
        if not firsts:
            raise ValueError("the recordings have no row")
        self._first = min(firsts)
        self.interval_secs = _interval(tables[0])
        """Between the first rows of the first table, their median; None where it has but one."""
        start = self._clock.wall(playing.origin)
        self._start = start
        if playing.keep_time_of_day:
            # the least whole number of days that brings the first row to the origin or behind it
            self._start = self._first - (self._first - start) // DAY * DAY

    def messages(self) -> Iterator[Message]:
        """In order of due time; without end where it is looped."""
        start = self._start
        while True:
            marks = [_Marks() for _ in self._tables]
            yield from in_order(
                self._play(table, voices, start, mark)
                for (table, voices), mark in zip(self._tables, marks, strict=True)
            )
            if not self._playing.loop:
                return
            step = min((mark.step for mark in marks if mark.step), default=SECOND)
            span = max(mark.last for mark in marks) - self._first + step
            start += -(-span // DAY) * DAY if self._playing.keep_time_of_day else span

    def _play(
        self, table: Table, voices: Sequence[tuple[Mapped, Voice]], start: int, mark: "_Marks"
    ) -> Iterator[Message]:
        due = before = 0
        skip = self._playing.missing == "skip"
        for row in table.rows():
            wall = self._wall(table, row)
            if before and wall > before:
                mark.step = min(mark.step or wall - before, wall - before)
            before, mark.last = wall, max(mark.last, wall)
            ts = self._placed(start + wall - self._first)
            due = max(due, ts)  # a row that lies behind its neighbours is told late
            for each, voice in voices:
                values = {name: _scaled(row[1][place], factor) for name, (place, factor) in each.places.items()}
                if not (skip and all(value is None for value in values.values())):
                    yield voice.say(ts, due, values)

    def _wall(self, table: Table, row: Row) -> int:
        """Time on a clock that knows no offset: local where hours of the day are kept, so that no hour is lost."""
        return row[0] if table.local else self._clock.wall(row[0])

    def _placed(self, wall: int) -> int:
        if self._playing.keep_time_of_day:
            return self._clock.utc(wall)
        return self._playing.origin + wall - self._clock.wall(self._playing.origin)


@dataclass(slots=True)
class _Marks:
    last: int = 0
    step: int = 0


class _Local:
    """Between UTC and local wall time; offsets are looked up once an hour."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._known: tuple[int, int] = (-1, 0)
        self._shown: tuple[int, int] = (-1, 0)

    def wall(self, ts: int) -> int:
        hour = ts // (_HOUR // 4)
        if self._known[0] != hour:
            shift = datetime.fromtimestamp(ts // SECOND, UTC).astimezone(self._zone).utcoffset()
            self._known = hour, 0 if shift is None else round(shift.total_seconds()) * SECOND
        return ts + self._known[1]

    def utc(self, wall: int) -> int:
        hour = wall // (_HOUR // 4)
        if self._shown[0] != hour:
            naive = datetime.fromtimestamp(wall // SECOND, UTC).replace(tzinfo=self._zone)
            shift = naive.utcoffset()
            self._shown = hour, 0 if shift is None else round(shift.total_seconds()) * SECOND
        return wall - self._shown[1]


def _interval(table: Table) -> float | None:
    times = [ts for ts, _ in islice(table.rows(), 20)]
    steps = sorted(after - before for before, after in pairwise(times) if after > before)
    return steps[len(steps) // 2] / SECOND if steps else None


def _first(table: Table) -> list[Row]:
    rows = table.rows()
    return [row for row in (next(rows, None),) if row is not None]


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
