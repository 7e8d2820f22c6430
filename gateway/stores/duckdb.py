"""The embedded time-series store: one DuckDB file, held by one process.

A block's rows and the cursor go in one transaction, so the file always says itself how far it is. One thread writes,
others read through cursors of their own and see whole transactions only. A read whose task is cancelled ends.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import duckdb
import numpy as np

from gateway.errors import Halt
from gateway.journal.day_books import DayBook
from gateway.stores import duckdb_figures as figure_tables
from gateway.stores import duckdb_reads as reads
from gateway.stores import duckdb_tables as tables
from gateway.stores.base import Account, Block, Refused, SeriesId, StoreCursor, StoredAggregates, StoredReadings
from gateway.stores.duckdb_config import Compaction, DuckDbConfig
from gateway.stores.duckdb_errors import NOT_OPEN, halt
from gateway.stores.duckdb_lanes import Lane
from gateway.stores.duckdb_running import Running
from gateway.stores.duckdb_sorter import Sorter
from gateway.stores.figures import FigureBatch, FigureId, StoredFigures, figure_id, last_words
from processors.columns import AggregateBatch, ReadingBatch

__all__ = ["Compaction", "DuckDbConfig", "DuckDbStore"]

T = TypeVar("T")
B = TypeVar("B", ReadingBatch, AggregateBatch, FigureBatch)
N = TypeVar("N", SeriesId, FigureId)
_LANES = 2
_EVER = 1 << 31
"""Days."""
_AGAIN_SECS = 0.02


class DuckDbStore:
    """A `Store`. It never refuses a point: what is older than the retention goes with the next `compact`."""

    def __init__(self, config: DuckDbConfig, name: str = "duckdb") -> None:
        self.name = name
        self.series_count = 0
        self.by_day: Mapping[int, DayBook] = {}
        self._config = config
        self._db: duckdb.DuckDBPyConnection | None = None
        self._figures: dict[FigureId, int] = {}
        self._cursor: StoreCursor | None = None
        self._write_thread = ThreadPoolExecutor(1, f"gateway.stores.{name}.write")
        self._sorter = Sorter()
        self._lanes = [Lane(f"gateway.stores.{name}.read") for _ in range(_LANES)]

    async def open(self) -> StoreCursor | None:
        """Open or make the file; says where it is. Raises Halt where the file can't be used.

        Again after a halt: an error such as a full disk leaves the file closed for good within this process.
        """
        await self._close_lanes()
        return await self._in(self._write_thread, self._open)

    async def write(self, block: Block) -> list[Refused]:
        """Append a block and move the cursor, durably; a block at or before the cursor changes nothing."""
        await self._in(self._write_thread, lambda: self._write(block))
        if not self._sorter.idle:
            self._write_thread.submit(self._sort)
        return []

    async def read_readings(
        self, series: Sequence[SeriesId], start: int, end: int, limit: int | None = None
    ) -> StoredReadings:
        """Readings with start <= ts < end; of these the earliest `limit` at most, but one instant whole."""

        def work(lane: Lane) -> StoredReadings:
            known = lane.numbers_of(series)
            batch, more = reads.read_readings(lane.db, known.values(), start, end, limit)
            self._sorter.ask(start, end)
            return StoredReadings(*_renumbered(series, known, batch, "series", "ts"), more)

        return await self._read(work)

    async def read_aggregates(
        self, series: Sequence[SeriesId], step: int, start: int, end: int, limit: int | None = None
    ) -> StoredAggregates:
        """Windows of `step` seconds with start <= window start < end; `limit` as with readings."""

        def work(lane: Lane) -> StoredAggregates:
            known = lane.numbers_of(series)
            batch, more = reads.read_aggregates(lane.db, known.values(), step, start, end, limit)
            return StoredAggregates(*_renumbered(series, known, batch, "series", "start"), more)

        return await self._read(work)

    async def read_figures(
        self, figures: Sequence[FigureId], start: int, end: int, limit: int | None = None
    ) -> StoredFigures:
        """Figures of conditions with start <= ts < end, of each time the last word; `limit` as with readings."""
        known = {name: self._figures[name] for name in dict.fromkeys(figures) if name in self._figures}
        batch, more = await self._read(
            lambda lane: figure_tables.read_figures(lane.db, known.values(), start, end, limit)
        )
        return StoredFigures(*_renumbered(figures, known, batch, "figure", "ts"), more)

    async def latest(self, series: Sequence[SeriesId]) -> StoredReadings:
        """The newest reading of each series that has one."""

        def work(lane: Lane) -> StoredReadings:
            known = lane.numbers_of(series)
            return StoredReadings(
                *_renumbered(series, known, reads.read_latest(lane.db, known.values()), "series", "ts")
            )

        return await self._read(work)

    async def distinct_readings(self) -> int:
        """How many distinct (series, ts) are stored."""
        return sum((await self.count_days(-_EVER, _EVER)).values())

    async def account(self) -> Account:
        """The file's own books. Nothing is updated in place, so they are exact."""
        return await self._read(lambda lane: reads.read_account(lane.db))

    async def copies(self) -> list[tuple[SeriesId, int, int]]:
        """Readings of which the file holds more than one row, until the day is merged: (series, ts, rows)."""
        copies = await self._read(lambda lane: reads.read_copies(lane.db))
        names = await self._read(lambda lane: reads.names_of(lane.db, {series for series, _, _ in copies}))
        return [(names[series], ts, rows) for series, ts, rows in copies]

    def kept_from(self) -> int:
        """Nothing ages out uncounted here."""
        return -_EVER

    async def count_days(self, first: int, end: int) -> dict[int, int]:
        """Distinct (series, ts) of each UTC day with first <= day < end that has any."""
        return await self._read(lambda lane: reads.read_days(lane.db, first, end))

    async def compact(self, now: int) -> Compaction:
        """Drop what is past its retention at `now` (UTC ns) and merge the days before it. Meant for the quiet hours.

        Writes wait for one day's merge at a time, not for all of them.
        """
        days, readings, aggregates, figures = await self._in(self._write_thread, lambda: self._drop_expired(now))
        saved = [
            await self._in(self._write_thread, lambda day=day: self._merge(day))  # type: ignore[misc]
            for day in await self._in(self._write_thread, lambda: tables.day_tables(self._open_db()))
            if (day + 1) * tables.DAY <= now
        ]
        revisions, words = await self._in(self._write_thread, self._merge_the_rest)
        await self._in(self._write_thread, self._checkpoint)
        merged = sum(1 for rows in saved if rows)
        return Compaction(days, merged, sum(saved), readings, revisions, aggregates, words, figures)

    async def close(self) -> None:
        """Close the file. Idempotent."""
        if self._db is not None:
            await self._close_lanes()
            await self._in(self._write_thread, self._close_db)
        self._write_thread.shutdown(wait=False)
        for lane in self._lanes:
            lane.thread.shutdown(wait=False)

    async def _read(self, work: Callable[[Lane], T]) -> T:
        running, lane = Running(), min(self._lanes, key=lambda each: each.waiting)
        lane.waiting += 1
        try:
            return await self._in(lane.thread, lambda: lane.run(running, work, self._cursor_anew))
        except asyncio.CancelledError:
            _stop(running)
            raise
        finally:
            lane.waiting -= 1

    async def _close_lanes(self) -> None:
        for lane in self._lanes:
            await self._in(lane.thread, lane.close)

    async def _in(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        config = self._config

        def translated() -> T:
            try:
                return work()
            except (duckdb.Error, OSError) as error:
                raise halt(error, config.path, config.memory_mb) from error

        return await asyncio.get_running_loop().run_in_executor(thread, translated)

    # --- below: on the write thread

    def _open(self) -> StoreCursor | None:
        config = self._config
        self._close_db()
        config.path.parent.mkdir(parents=True, exist_ok=True)
        self._db = db = duckdb.connect(
            str(config.path),
            config={
                "memory_limit": f"{config.memory_mb}MB",
                "threads": config.threads,
                "autoinstall_known_extensions": False,
            },
        )
        with tables.transaction(db):
            # what a newer version made is not touched, nor any of it brought in
            version = tables.version_of(db)
            if version > tables.VERSION:
                raise Halt(
                    f"{config.path} was written by a newer CityLoom (tables of version {version}; this one knows"
                    f" {tables.VERSION}).", "Install that version or a newer one.",
                )  # fmt: skip
            tables.create(db)
            figure_tables.create_figures(db)
            tables.upgrade(db)
            state = db.execute("SELECT journal, position, stored FROM state").fetchone()
            (self.series_count,) = db.execute("SELECT count(*) FROM series").fetchone() or (0,)
            figures = figure_tables.names_of(db)
        for lane in self._lanes:
            lane.open(db.cursor())
        self._figures = figures
        self._cursor = None if state is None else StoreCursor(state[0], state[1], state[2])
        return self._cursor

    def _write(self, block: Block) -> None:
        db, cursor = self._open_db(), self._cursor
        if cursor is not None and cursor.journal_id != block.journal_id:
            raise Halt(
                f"{self._config.path} belongs to journal {cursor.journal_id}, this is journal {block.journal_id}.",
                "Put the journal back that this file was written from, or move the file away.",
            )
        if cursor is not None and block.position <= cursor.position:
            return
        names = [name for name in block.series if name.index >= self.series_count]
        if names and names[0].index != self.series_count:
            raise Halt(
                f"{self._config.path} knows {self.series_count} series, but the block starts at {names[0].index}.",
                "The file or the journal was put back from a backup: put back both of the same time.",
            )
        stored = (0 if cursor is None else cursor.stored) + len(block.readings)
        figures = last_words(block.figures)
        met = [name for name in dict.fromkeys(map(figure_id, figures)) if name not in self._figures]
        numbers = self._figures
        if met:
            numbers = numbers | {name: len(numbers) + place for place, name in enumerate(met)}
        with tables.transaction(db):
            tables.append_series(db, names)
            merged = tables.append_readings(db, block.position, block.readings)
            tables.append_rewrites(db, block.position, block.rewrites)
            tables.append_aggregates(db, block.position, block.aggregates)
            figure_tables.append_names(db, met, len(self._figures))
            figure_tables.append_figures(db, block.position, figures, numbers)
            if cursor is None:
                db.execute(
                    "INSERT INTO state VALUES (?, ?, ?, ?, ?, 0, 0)",
                    [block.journal_id, block.position, stored, tables.VERSION, merged],
                )
            else:
                db.execute(
                    "UPDATE state SET position = ?, stored = ?, merged = merged + ?", [block.position, stored, merged]
                )
        self.series_count += len(names)
        self._figures = numbers
        self._cursor = StoreCursor(block.journal_id, block.position, stored)

    def _sort(self) -> None:
        if self._db is not None and self._cursor is not None:
            self._sorter.work(self._db, self._cursor.stored)

    def _drop_expired(self, now: int) -> tuple[int, int, int, int]:
        config = self._config
        with tables.transaction(self._open_db()) as db:
            gone = tables.drop_expired(db, now, config.raw_retention, config.aggregate_retention)
            kept = config.figure_retention
            return *gone, 0 if kept is None else figure_tables.drop_figures(db, now - kept)

    def _merge(self, day: int) -> int:
        with tables.transaction(self._open_db()) as db:
            return tables.merge_day(db, day)

    def _merge_the_rest(self) -> tuple[int, int]:
        with tables.transaction(self._open_db()) as db:
            return tables.merge_aggregates(db), figure_tables.merge_figures(db)

    def _checkpoint(self) -> None:
        # a read beside it stands in its way: then DuckDB does it by itself with one of the next blocks
        with suppress(duckdb.TransactionException):
            self._open_db().execute("CHECKPOINT")

    def _close_db(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _open_db(self) -> duckdb.DuckDBPyConnection:
        if self._db is None:
            raise Halt("The DuckDB file is not open.", NOT_OPEN)
        return self._db

    # --- below: on a lane's thread

    def _cursor_anew(self) -> duckdb.DuckDBPyConnection:
        return self._open_db().cursor()


def _stop(running: Running) -> None:
    """Until it has ended."""
    if running.stop():
        asyncio.get_running_loop().call_later(_AGAIN_SECS, _stop, running)


def _renumbered(names: Sequence[N], known: Mapping[N, int], batch: B, number: str, time: str) -> tuple[Sequence[N], B]:
    """`batch` with its numbers replaced by places in the returned names, in their order."""
    names = tuple(dict.fromkeys(names))
    if not len(batch):
        return names, batch
    places = np.zeros(max(known.values()) + 1, np.int32)
    for place, name in enumerate(names):
        if name in known:
            places[known[name]] = place
    columns = batch.arrays()
    columns[number] = places[columns[number]]
    order = np.lexsort((columns[time], columns[number]))
    return names, type(batch)(**{name: column[order] for name, column in columns.items()})
