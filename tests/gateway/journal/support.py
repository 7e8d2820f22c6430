"""What the journal's tests write: rows and outputs that follow from their offset alone, so that anyone can check."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.results import DeviceRecord, LedgerKey, Reject, SeriesName, StepResult
from gateway.journal.inbox import Inbox
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox, StepRecord
from gateway.journal.snapshots import Snapshots
from gateway.rows import QOS1, Row, RowKind
from processors.columns import AggregateBatch, DirtyPanes, FlagRewrites, ReadingBatch

MB = 1 << 20
DECODED = LedgerKey("reading", "decoded", "", "0", "loop")


@contextmanager
def journal(folder: Path, quota: int = 64 * MB, keep: int = 65_535) -> Iterator[tuple[Inbox, Outbox, Snapshots]]:
    """An open journal, closed at the end."""
    inbox, outbox, snapshots = open_journal(folder, inbox_quota=quota, outbox_quota=quota, keep=keep)
    try:
        yield inbox, outbox, snapshots
    finally:
        inbox.close()
        outbox.close()


def row_at(offset: int) -> Row:
    """The row that stands at `offset` in these tests: every kind, four sources, QoS 1 mostly."""
    kind = RowKind.ACT if offset % 97 == 96 else RowKind.REPLAY if offset % 31 == 30 else RowKind.MESSAGE
    flags = QOS1 if offset % 5 else 0
    payload = f'{{"n":{offset}}}'.encode() + b"\x00\xff" * (offset % 7)
    return Row(1_000 + offset, kind, offset % 4, flags, f"city/loop/{offset % 50}", payload)


def rows_from(offset: int, count: int) -> list[Row]:
    """`count` rows from `offset` on."""
    return [row_at(each) for each in range(offset, offset + count)]


def process(outbox: Outbox, upto: int) -> None:
    """Record a call that gave nothing, up to row `upto`."""
    step, first = outbox.last_step + 1, outbox.processed_offset
    outbox.append_step(StepRecord(step, "rows", first, upto, 1_000 + upto, True), StepResult())


def confirm(inbox: Inbox) -> None:
    """Nothing may come again."""
    inbox.append([], {}, {source: total.qos1 for source, total in inbox.totals().items()})


def readings(first: int, count: int) -> ReadingBatch:
    """One reading a row."""
    at = np.arange(first, first + count)
    return ReadingBatch.of(series=at % 10, ts=at * 1_000, value=at * 0.5, flag=np.ones(count), why=np.zeros(count))


def dirty(*ranges: tuple[int, int, int, int, int]) -> DirtyPanes:
    """Ranges (series, step, start, end, watermark)."""
    columns = list(zip(*ranges, strict=True)) or [()] * 5
    return DirtyPanes.of(**dict(zip(DirtyPanes.DTYPES, columns, strict=True)))


def aggregates(count: int) -> AggregateBatch:
    """Any aggregates."""
    return AggregateBatch.of(**{name: np.arange(count) for name in AggregateBatch.DTYPES})


CHANGE = Transition(
    "0a1b", "raised", "unacknowledged", "gas.lel", "tunnel-1", "z1", "gas", 2, 1, 26.5, 8, 9, 8, False, "", "", 0
)


def full_result() -> StepResult:
    """A call that gave something of everything."""
    reject = Reject(5, 6, "unreadable", "not JSON: 流量", 3, "loop", "a/b", b"\x00\xff", "d1")
    return StepResult(
        readings=readings(0, 3),
        rewrites=FlagRewrites.of(series=[1], ts=[2], flag=[4], why=[1]),
        aggregates=aggregates(2),
        dirty=dirty((1, 60, 0, 60, 70)),
        rejects=[reject],
        series=[SeriesName(0, "d1", "speed", "loop", "km/h")],
        devices=[DeviceRecord("d1", "loop", "z1", ("a/b",), 113.2, None, "8a", "road-1", "known", 9)],
        transitions=[CHANGE],
        figures=[Figure("traffic.congestion", "road-1", "z1", "tpi", "1", 8, 2.5)],
        counts={DECODED: 3, LedgerKey("message", "rejected", "unreadable", "3", "loop"): 1},
    )
