"""The InfluxDB 2 store: Arrow-built lines, our own gzip, refused points by themselves, reads by InfluxQL.

InfluxDB has no transactions. What makes a block's repetition harmless is that its lines say the same again: same key,
same fields. The journal's mark, a point in the bucket that keeps its points longest, tells whose data it is and
roughly how far it goes. It is always some block behind, so that no block counts as written whose refused points the
outbox has not noted yet: how far exactly is the outbox's to know.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.errors import Halt, Retry
from gateway.journal.day_books import DayBook
from gateway.stores.base import Block, Refused, SeriesId, StoreCursor, StoredAggregates, StoredReadings
from gateway.stores.figures import FigureId, StoredFigures, last_words
from gateway.stores.influx_answers import BodyTooLarge, PointsRefused
from gateway.stores.influx_config import InfluxConfig
from gateway.stores.influx_connection import InfluxConnection
from gateway.stores.influx_delivery import Delivery
from gateway.stores.influx_flags import StoredFlags
from gateway.stores.influx_queries import mark_statement
from gateway.stores.influx_reads import MARK, InfluxReads
from gateway.stores.keys import last_of_each
from gateway.stores.line_figures import figure_lines
from gateway.stores.line_names import LineNames
from gateway.stores.line_protocol import aggregate_lines, reading_lines
from gateway.stores.line_rows import line_rows
from gateway.stores.line_text import tag_value
from gateway.stores.repetitions import changed_within, with_standing_verdicts
from processors.columns import ReadingBatch

__all__ = ["InfluxStore"]

T = TypeVar("T")
_DAY = 86_400_000_000_000
_EVER = 100_000
"""Days; InfluxDB's times end some 107,000 days from 1970."""
_NO_TIMES: NDArray[np.int64] = np.empty(0, np.int64)
_MARGIN = 3_600_000_000_000
"""How far its clock may be from ours, and how long counting may take."""


class InfluxStore:
    """A `Store`. `series_count` is 0 after the start: the names come again with the first block."""

    def __init__(self, config: InfluxConfig, name: str = "influxdb") -> None:
        self.name = name
        self.series_count = 0
        self.by_day: Mapping[int, DayBook] = {}
        self._config = config
        self._names = LineNames()
        self._connection = InfluxConnection(config)
        self._delivery = Delivery(self._connection, config.max_batch_lines, config.max_refusal_requests)
        self._reads = InfluxReads(self._connection, config, self._names.profile_of)
        self._flags = StoredFlags(self._connection, config.raw.name, self._names)
        self._journal: str | None = None
        self._written = 0
        """The last block of this session."""
        self._noted = 0
        """The last block that the outbox has noted for sure: it asked for the next one."""
        self._marked_at = -float("inf")
        self._closed = False
        self._write_thread = ThreadPoolExecutor(1, f"gateway.stores.{name}.write")
        self._read_thread = ThreadPoolExecutor(1, f"gateway.stores.{name}.read")

    async def open(self) -> StoreCursor | None:
        """Make the buckets that are missing and read the journal's mark. Raises Retry or Halt."""
        return await self._in(self._write_thread, self._open)

    async def write(self, block: Block) -> list[Refused]:
        """Write a block's lines; durable when InfluxDB has answered. Raises Retry or Halt."""
        return await self._in(self._write_thread, lambda: self._write(block))

    async def read_readings(
        self, series: Sequence[SeriesId], start: int, end: int, limit: int | None = None
    ) -> StoredReadings:
        """Readings with start <= ts < end; of these the earliest `limit` at most, but one instant whole."""
        return await self._in(self._read_thread, lambda: self._reads.readings(series, start, end, limit))

    async def read_aggregates(
        self, series: Sequence[SeriesId], step: int, start: int, end: int, limit: int | None = None
    ) -> StoredAggregates:
        """Windows of `step` seconds with start <= window start < end; `limit` as with readings."""
        return await self._in(self._read_thread, lambda: self._reads.aggregates(series, step, start, end, limit))

    async def read_figures(
        self, figures: Sequence[FigureId], start: int, end: int, limit: int | None = None
    ) -> StoredFigures:
        """Figures of conditions with start <= ts < end, of each time the last word; `limit` as with readings."""
        return await self._in(self._read_thread, lambda: self._reads.figures(figures, start, end, limit))

    async def latest(self, series: Sequence[SeriesId]) -> StoredReadings:
        """The newest reading of each series that has one."""
        return await self._in(self._read_thread, lambda: self._reads.latest(series))

    async def distinct_readings(self) -> int:
        """How many distinct (series, ts) are stored, by count queries a field."""
        return sum((await self.count_days(-_EVER, _EVER)).values())

    async def account(self) -> None:
        """None: InfluxDB keeps no trace of what was written over, nor of what aged out."""

    def kept_from(self) -> int:
        """The first UTC day that lies within the retention, by the clock that the server's should agree with."""
        kept = self._config.raw.retention_secs * 1_000_000_000
        return -((kept - time.time_ns() - _MARGIN) // _DAY) if kept else -_EVER

    async def count_days(self, first: int, end: int) -> dict[int, int]:
        """Distinct (series, ts) of each UTC day with first <= day < end that has any, by count queries a field."""
        return await self._in(self._read_thread, lambda: self._reads.days(first, end))

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        if not self._closed:
            self._closed = True
            await self._in(self._write_thread, self._connection.close)
            self._write_thread.shutdown(wait=False)
            self._read_thread.shutdown(wait=False)

    async def _in(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)

    # --- below: on the write thread

    def _open(self) -> StoreCursor | None:
        kept = {bucket: self._connection.retention_of(bucket.name) for bucket in self._config.buckets}
        cursor = None if kept[self._config.lasting] is None else self._read_mark()
        gone = next((bucket.name for bucket, retention in kept.items() if retention is None), None)
        if cursor is not None and gone is not None:
            raise Halt(
                f"Bucket '{gone}' is gone, but blocks up to {cursor.position} were written to it.",
                "Restore it from a backup; or make an empty one by hand to go on without what it held.",
            )
        for bucket, retention in kept.items():
            if retention is None:
                self._connection.make_bucket(bucket)
            elif retention and (not bucket.retention_secs or retention < bucket.retention_secs):
                raise Halt(
                    f"Bucket '{bucket.name}' keeps its points for {retention} s, the configuration says "
                    f"{bucket.retention_secs or 'for good'}.",
                    "Change the bucket's retention or the configuration's, so that they agree.",
                )
        if cursor is not None:
            self._journal, self._noted = cursor.journal_id, cursor.position
        return cursor

    def _read_mark(self) -> StoreCursor | None:
        [found] = self._connection.query(self._config.lasting.name, [mark_statement(MARK, self.name)])
        if not found:
            return None
        [(_, journal_id, position)] = msgspec.json.decode(found[0].values, type=list[tuple[int, str, int]])
        return StoreCursor(journal_id, position, -1)

    def _write(self, block: Block) -> list[Refused]:
        if self._journal not in (None, block.journal_id):
            raise Halt(
                f"The buckets belong to journal {self._journal}, this is journal {block.journal_id}.",
                "Put the journal back that they were written from, or give this one buckets of its own.",
            )
        if block.position < self._written:
            self.by_day = _by_day(block.readings, _NO_TIMES, [])
            return []
        if block.position > self._written:
            self._noted = max(self._noted, self._written)
        if self._journal is None or time.monotonic() - self._marked_at >= self._config.mark_secs:
            self._mark(block.journal_id)
        names = [name for name in block.series if name.index >= self.series_count]
        if names and names[0].index != self.series_count:
            raise Halt(
                f"The store knows {self.series_count} series, but the block starts at {names[0].index}.",
                "Start the gateway again, so that the names come again from the first.",
            )
        self._names.add(names)
        self.series_count = len(self._names)
        refused, over = [], _NO_TIMES
        if len(block.readings) or len(block.rewrites):
            readings = with_standing_verdicts(block.readings, ReadingBatch.empty())
            rows = line_rows(readings, block.rewrites, self._names)
            rows, worst, over = self._flags.complete(rows, changed_within(readings))
            lines = reading_lines(rows, worst, self._names)
            refused += self._delivery.deliver(self._config.raw.name, lines, "reading", self._names.devices)
        self.by_day = _by_day(block.readings, over, refused)
        for step in np.unique(block.aggregates.step).tolist():
            lines = aggregate_lines(block.aggregates.take(block.aggregates.step == step), self._names)
            refused += self._delivery.deliver(self._reads.bucket_of(step).name, lines, "aggregate", self._names.devices)
        if len(block.figures):
            lines, assets = figure_lines(last_words(block.figures))
            refused += self._delivery.deliver(self._config.figures.name, lines, "figure", assets)
        self._written = block.position
        return refused

    def _mark(self, journal_id: str) -> None:
        """One point a day of the server's calendar: retention goes by its clock, so the mark does too."""
        journal = journal_id.replace("\\", "\\\\").replace('"', '\\"')
        line = b"%s,store=%s " % (MARK.encode(), tag_value(self.name))
        line += f'journal_id="{journal}",position={self._noted}i {time.time_ns() // _DAY * _DAY}\n'.encode()
        try:
            self._connection.write(self._config.lasting.name, line)
        except PointsRefused as error:
            raise Halt(
                f"Bucket '{self._config.lasting.name}' refuses the journal's mark: {error.message}",
                f"Give the store a bucket of its own, without another measurement '{MARK}'.",
            ) from error
        except BodyTooLarge as error:  # there are no parts to send it in
            raise Retry(
                f"InfluxDB answers 413 to the journal's mark, a line of {len(line)} bytes: {error}",
                remedy="Look at what stands before InfluxDB: it lets no body through.",
            ) from error
        self._journal, self._marked_at = journal_id, time.monotonic()


def _by_day(readings: ReadingBatch, over: NDArray[np.int64], refused: Sequence[Refused]) -> dict[int, DayBook]:
    """What a block stored, by UTC day; `over` are the times of those that were there already."""
    stored = _per_day(readings.ts)
    for point in refused:
        stored[point.ts // _DAY] -= point.readings
    again = _per_day(over)
    keep = last_of_each(readings.series, readings.ts)
    if keep is not None:
        again.update(_per_day(readings.ts[~keep]))
    return {day: DayBook(stored[day], again[day]) for day in stored}


def _per_day(ts: NDArray[np.int64]) -> Counter[int]:
    days, numbers = np.unique(ts // _DAY, return_counts=True)
    return Counter(dict(zip(days.tolist(), numbers.tolist(), strict=True)))
