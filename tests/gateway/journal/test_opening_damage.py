"""One flipped bit anywhere in a file: it stops with an error of ours, or it changed nothing that anybody reads."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from gateway.engine.results import StepResult
from gateway.errors import JournalError
from gateway.journal.blocks import encode
from gateway.journal.outbox import SnapshotRow, StepRecord
from gateway.journal.snapshots import Snapshot
from tests.gateway.journal.support import DECODED, dirty, full_result, journal, readings, rows_from

FLIPS = 120


def fill(folder: Path) -> None:
    with journal(folder) as (inbox, outbox, snapshots):
        outbox.register_store("duckdb", 0)
        for k in range(12):
            inbox.append(rows_from(inbox.end_offset, 100), {}, {})
            ranges = dirty((k, 60, 0, 60, 0))
            result = StepResult(readings=readings(k * 100, 100), dirty=ranges, counts={DECODED: 100})
            record = StepRecord(k + 1, "rows", k * 100, k * 100 + 100, k, True)
            outbox.append_step(record, full_result() if k == 0 else result)
        name = snapshots.write(Snapshot(inbox.journal_id, 12, 1_200, 1, "digest", b"", {"n": 1}))
        outbox.add_snapshot(SnapshotRow(name, 12, 1_200, 1, "digest", 9))


def everything(folder: Path) -> list[Any]:
    """All that stands in the files. Counts of what waits come from indexes: the balance of the ledger checks those."""
    with journal(folder) as (inbox, outbox, snapshots):
        good, damaged = snapshots.newest_good(inbox.journal_id)
        if damaged:
            raise JournalError("a snapshot is damaged")
        blocks: list[tuple[int, StepResult]] = []
        while len(blocks) < outbox.last_position:
            blocks += outbox.blocks_after(len(blocks), 1 << 40)
        return [
            good, inbox.read(0, 1 << 30), inbox.totals(), [inbox.unconfirmed(source, 1 << 30) for source in range(4)],
            list(outbox.steps_after(0)), [encode(result) for _, result in blocks],
            outbox.ledger(), outbox.series_names(0), outbox.marks_of(range(20)), outbox.stores(), outbox.snapshots(),
        ]  # fmt: skip


def test_a_flipped_bit_is_found_or_harmless(tmp_path: Path, rng: np.random.Generator) -> None:
    whole, bad = tmp_path / "whole", tmp_path / "bad"
    fill(whole)
    truth, found = everything(whole), 0
    for k in range(FLIPS):
        shutil.copytree(whole, bad)
        path = bad / ("inbox.db", "outbox.db", "snapshots/12.snap")[k % 3]
        data = bytearray(path.read_bytes())
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            assert everything(bad) == truth
        except JournalError:
            found += 1
        shutil.rmtree(bad)
    # the rest fell on space that no record uses
    assert found > FLIPS // 3
