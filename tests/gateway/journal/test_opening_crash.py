"""Real processes killed with signal 9: what they were told is durable is there, and all parts agree."""

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gateway.rows import QOS1, RowKind
from tests.gateway.journal.support import DECODED, journal, readings, row_at, rows_from

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("inbox", "outbox", "revision", "cursor", "trim")
PLACES = [f"{part}-{when}-commit" for part in PARTS for when in ("before", "after")]
PLACES += ["snapshot-before-rename", "snapshot-after-rename"]
CREATION = ["create-inbox", "create-outbox", "create-snapshots", "create-outbox-complete", "create-inbox-complete"]


@contextmanager
def writer(folder: Path, seed: int, place: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.gateway.journal.writer_process", str(folder), str(seed), place]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(lines: list[str]) -> dict[str, int]:
    """The last thing said of each kind; a last line may be cut short."""
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {kind: int(number) for kind, number in whole}


def check(folder: Path, promised: dict[str, int]) -> None:
    with journal(folder) as (inbox, outbox, snapshots):
        end, processed = inbox.end_offset, outbox.processed_offset
        assert end >= promised.get("rows", 0)
        assert outbox.last_step >= promised.get("step", 0)
        assert max([0, *(row.step for row in outbox.snapshots())]) >= promised.get("snapshot", 0)

        # the inbox: dense, as written, and its figures count exactly its rows
        assert inbox.read(inbox.begin_offset, end) == rows_from(inbox.begin_offset, end - inbox.begin_offset)
        rows = [row_at(offset) for offset in range(end)]
        received, totals = Counter(row.source for row in rows), inbox.totals()
        assert {source: total.received for source, total in totals.items()} == received
        assert sum(total.journaled for total in totals.values()) == sum(row.kind != RowKind.ACT for row in rows)
        for source, total in totals.items():
            sent = [r for r in rows if r.source == source and r.kind == RowKind.MESSAGE and r.flags & QOS1]
            assert total.qos1 == len(sent)
            owed = [(row.topic, row.payload) for row in sent[total.confirmed :]]
            assert inbox.unconfirmed(source, 1 << 30) == owed

        # the outbox: calls without a gap, every processed row in one block, its reading counted once
        assert processed <= end
        assert outbox.ledger().get(DECODED, 0) == processed
        first_kept = outbox.snapshots()[-1].step if len(outbox.snapshots()) == 2 else 0
        records = list(outbox.steps_after(first_kept))
        for one, following in pairwise(records):
            assert following.first_offset == one.end_offset
        assert not records or records[-1].end_offset == processed
        state = outbox.cursor("duckdb")
        if state is not None:
            assert state.stored + outbox.readings_between(state.position, outbox.last_position) == processed
            at, revised = state.stored, None
            for _, result in outbox.blocks_after(state.position, 1 << 60):
                if len(result.readings):
                    np.testing.assert_array_equal(result.readings.ts, readings(at, len(result.readings)).ts)
                    at += len(result.readings)
                if len(result.aggregates):
                    revised = int(result.aggregates.count[-1])
            assert at == processed
            # what is marked and what was revised meet without a gap
            marks = outbox.marks_of([1])
            assert len(marks) <= 1
            assert [mark.end for mark in marks] in ([], [processed * 1_000])
            if revised is not None:
                assert (marks[0].start if marks else processed * 1_000) == revised

        # snapshots: what the outbox names is whole, and the rows after it are there
        good, damaged = snapshots.newest_good(inbox.journal_id)
        assert damaged == []
        for row in outbox.snapshots():
            assert (folder / "snapshots" / row.name).exists()
            assert inbox.begin_offset <= row.end_offset
        if good is not None:
            assert good.state["array"].tolist() == list(range(good.state["offset"]))


def test_killed_at_any_moment_nothing_that_was_promised_is_lost(tmp_path: Path) -> None:
    rng = random.Random(5)
    for round_ in range(8):
        with writer(tmp_path, round_, "never") as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(rng.randrange(1, 150))]
            process.kill()
            lines += process.stdout.readlines()
        check(tmp_path, said(lines))


@pytest.mark.parametrize("place", PLACES)
def test_killed_at_a_named_place_nothing_that_was_promised_is_lost(tmp_path: Path, place: str) -> None:
    for number in (1, 3):
        with writer(tmp_path, number, f"{place}:{number}") as process:
            assert process.stdout is not None
            lines = process.stdout.readlines()
            assert process.wait(30) == -signal.SIGKILL
        check(tmp_path, said(lines))


def test_killed_while_it_is_made_it_is_made_again(tmp_path: Path) -> None:
    for place in CREATION:
        folder = tmp_path / place
        with writer(folder, 1, f"{place}:1") as process:
            assert process.wait(30) == -signal.SIGKILL
        check(folder, {})
