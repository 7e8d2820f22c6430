"""A process that writes a journal until somebody kills it, and says on standard output what it was told is durable.

Arguments: folder, seed, and either `never` or `PLACE:N`, the N-th time at which the process kills itself there; or
`full`, which works against a limit on the size of files.
"""

import os
import random
import resource
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from gateway.engine.results import StepResult
from gateway.errors import JournalFull
from gateway.journal.inbox import Inbox, IntakeCounts
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox, SnapshotRow, StepRecord
from gateway.journal.snapshots import Snapshot, Snapshots
from processors.columns import AggregateBatch
from tests.gateway.journal.support import DECODED, MB, confirm, dirty, journal, readings, rows_from


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  (the parent reads it)


def take(inbox: Inbox, count: int) -> None:
    """Append the next rows, with the counts that belong to them."""
    rows = rows_from(inbox.end_offset, count)
    received = Counter(row.source for row in rows)
    inbox.append(rows, {source: IntakeCounts(number) for source, number in received.items()}, {})
    say("rows", inbox.end_offset)


def step(inbox: Inbox, outbox: Outbox, count: int) -> None:
    """Process the next rows: one reading each, and one range to compute again."""
    first = outbox.processed_offset
    upto = min(first + count, inbox.end_offset)
    result = StepResult()
    if upto > first:
        ranges = dirty((1, 60, first * 1_000, upto * 1_000, 0))
        result = StepResult(readings=readings(first, upto - first), dirty=ranges, counts={DECODED: upto - first})
    outbox.append_step(StepRecord(outbox.last_step + 1, "rows", first, upto, 1_000 + upto, True), result)
    say("step", outbox.last_step)


def store(outbox: Outbox) -> None:
    """A store takes some blocks."""
    state = outbox.cursor("duckdb")
    assert state is not None
    blocks = outbox.blocks_after(state.position, 300)
    if blocks:
        outbox.advance("duckdb", blocks[-1][0], sum(len(result.readings) for _, result in blocks), 0)


def revise(outbox: Outbox) -> None:
    """Clear the marks; the revision says from where to where."""
    marks = outbox.marks_due(outbox.last_position, 1 << 60, 0, 0, 9)
    columns = {name: np.zeros(len(marks)) for name in AggregateBatch.DTYPES}
    columns["start"] = np.array([mark.start for mark in marks])
    columns["count"] = np.array([mark.end for mark in marks])
    outbox.append_revision(AggregateBatch.of(**columns), [mark.id for mark in marks])


def snapshot(inbox: Inbox, outbox: Outbox, snapshots: Snapshots) -> None:
    """A snapshot, and then everything that it makes superfluous goes."""
    at, offset = outbox.last_step, outbox.processed_offset
    state = {"offset": offset, "array": np.arange(offset)}
    name = snapshots.write(Snapshot(inbox.journal_id, at, offset, at, "digest", b"config", state))
    outbox.add_snapshot(SnapshotRow(name, at, offset, at, "digest", 0))
    say("snapshot", at)
    snapshots.prune([row.name for row in outbox.snapshots()])
    confirm(inbox)
    inbox.trim(outbox.inbox_floor)
    outbox.trim()


def write(folder: Path, seed: int, place: str) -> None:
    """Write until killed."""
    rng = random.Random(seed)
    seen: Counter[str] = Counter()
    name, _, number = place.partition(":")

    def fault(point: str) -> None:
        seen[point] += 1
        if point == name and seen[point] == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    inbox, outbox, snapshots = open_journal(folder, inbox_quota=64 * MB, outbox_quota=64 * MB, fault=fault)
    outbox.register_store("duckdb", 0)
    while True:
        take(inbox, rng.randrange(200))
        step(inbox, outbox, rng.randrange(250))
        if rng.random() < 0.4:
            store(outbox)
        if rng.random() < 0.2:
            revise(outbox)
        if rng.random() < 0.1:
            snapshot(inbox, outbox, snapshots)


def write_until_full(folder: Path) -> None:
    """Meet the limit in every part, then go on without it."""
    with journal(folder) as (inbox, outbox, snapshots):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MB, hard))
        for work in (
            lambda: take(inbox, 2_000),
            lambda: step(inbox, outbox, 100),
            lambda: snapshots.write(Snapshot(inbox.journal_id, 1, 0, 0, "", b"", {"array": np.zeros(MB)})),
        ):
            try:
                for _ in range(10_000):
                    work()
            except JournalFull as error:
                say("full", error.problem)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        take(inbox, 2_000)
        step(inbox, outbox, 100)


if __name__ == "__main__":
    if sys.argv[3] == "full":
        write_until_full(Path(sys.argv[1]))
    else:
        write(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
