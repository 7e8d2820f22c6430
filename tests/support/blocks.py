"""Blocks for tests of stores: a small outbox that numbers blocks and series."""

from collections.abc import Sequence

from gateway.engine.figures import Figure
from gateway.engine.results import DeviceRecord, Reject, SeriesName
from gateway.stores.base import Block, BlockStore, Refused, SeriesId
from processors.columns import STATS, AggregateBatch, FlagRewrites, ReadingBatch

__all__ = ["T0", "Journal", "aggregates", "figure", "readings", "rewrites"]

T0 = 1_700_000_000_000_000_000
"""A time that is no multiple of any window: 2023-11-14T22:13:20Z."""


def readings(*rows: tuple[int, int, float, int, int]) -> ReadingBatch:
    """(series, ts, value, flag, why) a row."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return ReadingBatch.of(**dict(zip(ReadingBatch.DTYPES, columns, strict=True)))


def rewrites(*rows: tuple[int, int, int, int]) -> FlagRewrites:
    """(series, ts, flag, why) a row."""
    columns = list(zip(*rows, strict=True)) or [()] * 4
    return FlagRewrites.of(**dict(zip(FlagRewrites.DTYPES, columns, strict=True)))


def aggregates(*rows: tuple[int, int, int, int, int, float]) -> AggregateBatch:
    """(series, step, start, revision, count, base) a row; the statistics are base, base + 1, ..."""
    series, step, start, revision, count, base = list(zip(*rows, strict=True)) or [()] * 6
    stats = {stat: [value + place for value in base] for place, stat in enumerate(STATS[1:])}
    return AggregateBatch.of(series=series, step=step, start=start, revision=revision, count=count, **stats)


def figure(asset: str, name: str, ts: int, value: float, condition: str = "traffic.congestion") -> Figure:
    """A figure of a condition."""
    return Figure(condition, asset, "tianhe", name, "1", ts, value)


class Journal:
    """Numbers series and blocks as an outbox does."""

    def __init__(self, journal_id: str = "journal-1") -> None:
        self.journal_id = journal_id
        self.position = 0
        self.names: list[SeriesName] = []

    def series(self, device: str, quantity: str = "speed", profile: str = "loop_detector") -> int:
        """The index of a new series."""
        self.names.append(SeriesName(len(self.names), device, quantity, profile, "km/h"))
        return len(self.names) - 1

    def ids(self) -> list[SeriesId]:
        """All series by name, in the order of their indices."""
        return [SeriesId(name.device, name.quantity) for name in self.names]

    def block(
        self,
        store: BlockStore,
        new: ReadingBatch | None = None,
        verdicts: FlagRewrites | None = None,
        windows: AggregateBatch | None = None,
        rejects: Sequence[Reject] = (),
        devices: Sequence[DeviceRecord] = (),
        figures: Sequence[Figure] = (),
    ) -> Block:
        """The next block, with the names that the store lacks."""
        self.position += 1
        return Block(
            self.journal_id,
            self.position,
            ReadingBatch.empty() if new is None else new,
            FlagRewrites.empty() if verdicts is None else verdicts,
            AggregateBatch.empty() if windows is None else windows,
            self.names[store.series_count :],
            rejects,
            devices,
            figures=figures,
        )

    async def write(
        self,
        store: BlockStore,
        new: ReadingBatch | None = None,
        verdicts: FlagRewrites | None = None,
        windows: AggregateBatch | None = None,
    ) -> list[Refused]:
        """Make the next block and write it."""
        return await store.write(self.block(store, new, verdicts, windows))
