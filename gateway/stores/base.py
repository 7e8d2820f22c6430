"""The seam between the outbox and a store: blocks in, refusals out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.incidents.incident_model import IncidentChange
from gateway.engine.incidents.report_model import ReportChange
from gateway.engine.results import DeviceRecord, Reject, SeriesName
from gateway.journal.day_books import DayBook
from gateway.stores.figures import FigureId, StoredFigures
from processors.columns import AggregateBatch, FlagRewrites, ReadingBatch

__all__ = [
    "Account", "Block", "BlockStore", "Refused", "SeriesId", "Store", "StoreCursor", "StoredAggregates",
    "StoredReadings",
]  # fmt: skip


class SeriesId(NamedTuple):
    """(device, quantity): the only lasting name of a series."""

    device: str
    quantity: str


@dataclass(slots=True)
class Block:
    """What a store writes in one go: one or several outbox blocks, merged in order.

    `position` is the outbox position of the last one. `series` names every series that is new since the store's
    `series_count`; indices are dense, so `series[0].index == store.series_count`.
    """

    journal_id: str
    position: int
    readings: ReadingBatch
    rewrites: FlagRewrites
    aggregates: AggregateBatch
    series: Sequence[SeriesName]
    rejects: Sequence[Reject] = field(default=())
    devices: Sequence[DeviceRecord] = field(default=())
    transitions: Sequence[Transition] = field(default=())
    figures: Sequence[Figure] = field(default=())
    reports: Sequence[ReportChange] = field(default=())
    incidents: Sequence[IncidentChange] = field(default=())


class Refused(NamedTuple):
    """One point that the store will never take; becomes a dead letter. `kind` is `reading`, `aggregate` or `figure`."""

    kind: str
    device: str
    """Or the asset that a figure is of."""
    ts: int
    reason: str
    """`refused` or `retention` (see gateway.reasons.Unstored)."""
    detail: str
    readings: int
    """How many readings went with it (0 for an aggregate or a figure)."""


class StoreCursor(NamedTuple):
    """Where a store is: all blocks up to `position` of journal `journal_id` are durable in it."""

    journal_id: str
    position: int
    stored: int
    """Readings stored so far, where the store itself keeps count; -1: the outbox keeps it."""


class Account(NamedTuple):
    """A database's own books beside what is in it, of one moment.

    stored = distinct + written_over + aged_out, unless readings are missing (or there are too many).
    """

    stored: int
    """Readings that it took in, ever."""
    distinct: int
    """Distinct (series, ts), counted in it."""
    written_over: int
    """Readings that a later one of the same (series, ts) stands over, still there or merged away."""
    aged_out: int
    """Readings that went with their day, past the retention."""

    @property
    def missing(self) -> int:
        """0: every reading is where it belongs."""
        return self.stored - self.distinct - self.written_over - self.aged_out


@dataclass(slots=True)
class StoredReadings:
    """Readings of several series as read back; `batch.series` indexes `names`. By (series, ts); latest write only."""

    names: Sequence[SeriesId]
    batch: ReadingBatch
    next: int | None = None
    """Everything before this time is here; from it on there is more. None: it is all."""


@dataclass(slots=True)
class StoredAggregates:
    """Aggregates as read back; `batch.series` indexes `names`. By (series, step, start); latest revision only."""

    names: Sequence[SeriesId]
    batch: AggregateBatch
    next: int | None = None
    """As that of readings, in starts of windows."""


class BlockStore(Protocol):
    """What takes blocks. One writer per store; `write` is never called concurrently with itself."""

    name: str
    series_count: int
    """How many series this store knows by index (0 after the start of a store that keeps none)."""
    by_day: Mapping[int, DayBook]
    """UTC days of what the last `write` stored; empty where the store keeps its own account."""

    async def open(self) -> StoreCursor | None:
        """Connect, create what is missing, and say where the store is (None: never written). Raises Retry or Halt."""
        ...

    async def write(self, block: Block) -> list[Refused]:
        """Return when durable. Writing a block again has no further effect. Raises Retry(after) or Halt(remedy)."""
        ...

    async def close(self) -> None:
        """Release files and connections. Idempotent."""
        ...


class Store(BlockStore, Protocol):
    """A block store that time series are read back from. Reads may run beside a write."""

    async def read_readings(
        self, series: Sequence[SeriesId], start: int, end: int, limit: int | None = None
    ) -> StoredReadings:
        """Readings with start <= ts < end; of these the earliest `limit` at most, but one instant whole."""
        ...

    async def read_aggregates(
        self, series: Sequence[SeriesId], step: int, start: int, end: int, limit: int | None = None
    ) -> StoredAggregates:
        """Windows of `step` seconds with start <= window start < end; `limit` as with readings."""
        ...

    async def read_figures(
        self, figures: Sequence[FigureId], start: int, end: int, limit: int | None = None
    ) -> StoredFigures:
        """Figures of conditions with start <= ts < end, of each time the last word; `limit` as with readings."""
        ...

    async def latest(self, series: Sequence[SeriesId]) -> StoredReadings:
        """The newest reading of each series that has one."""
        ...

    async def distinct_readings(self) -> int:
        """How many distinct (series, ts) are stored, counted in the database itself."""
        ...

    async def account(self) -> Account | None:
        """The database's own books; None: it keeps none, and can be compared day by day only."""
        ...

    def kept_from(self) -> int:
        """The first UTC day (counted from 1970-01-01) of which nothing can have aged out yet."""
        ...

    async def count_days(self, first: int, end: int) -> dict[int, int]:
        """Distinct (series, ts) of each UTC day (counted from 1970-01-01) with first <= day < end that has any."""
        ...
