"""A log that a crash cut short opens; one whose bytes were changed does not."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from gateway.errors import JournalCorrupt
from gateway.journal.wal import check_log
from tests.gateway.journal.support import journal, process, rows_from

BATCHES, ROWS = 12, 100


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """The files as a killed process leaves them: copied while they are open, so the logs are full."""
    folder = tmp_path / "crashed"
    with journal(tmp_path / "live") as (inbox, outbox, _):
        for _ in range(BATCHES):
            inbox.append(rows_from(inbox.end_offset, ROWS), {}, {})
        process(outbox, 10)
        shutil.copytree(tmp_path / "live", folder)
    return folder


def commits(log: bytes) -> list[int]:
    """Where each commit of a log ends."""
    page = struct.unpack_from(">I", log, 8)[0]
    frames = range(32, len(log) - page - 23, 24 + page)
    return [at + 24 + page for at in frames if struct.unpack_from(">I", log, at + 4)[0]]


def not_synced(folder: Path) -> None:
    """The power failed before the last commit was synced: then the index doesn't count it."""
    (folder / "inbox.db-shm").unlink(missing_ok=True)


def rows_of(folder: Path) -> int:
    with journal(folder) as (inbox, _, _):
        assert inbox.read(0, 1 << 30) == rows_from(0, inbox.end_offset)
        return inbox.end_offset


def test_a_log_left_by_a_crash_opens_with_everything(crashed: Path) -> None:
    assert len(commits((crashed / "inbox.db-wal").read_bytes())) >= BATCHES
    assert rows_of(crashed) == BATCHES * ROWS


def test_a_last_commit_that_is_half_on_disk_is_left_out(crashed: Path, rng: np.random.Generator) -> None:
    log = (crashed / "inbox.db-wal").read_bytes()
    before, last = commits(log)[-2:]
    database = (crashed / "inbox.db").read_bytes()
    for cut in (before, before + 1, last - 1, *rng.integers(before, last, 6).tolist()):
        for torn in (log[:cut], log[:cut] + bytes(len(log) - cut)):
            (crashed / "inbox.db").write_bytes(database)
            (crashed / "inbox.db-wal").write_bytes(torn)
            not_synced(crashed)
            assert rows_of(crashed) == (BATCHES - 1) * ROWS


def test_a_flipped_byte_before_the_last_commit_stops_and_nothing_is_touched(
    crashed: Path, rng: np.random.Generator
) -> None:
    path = crashed / "inbox.db-wal"
    log = path.read_bytes()
    before = commits(log)[-2]
    places = (0, 5, 9, 16, 28, 32, 36, 40, 44, 48, 60, before - 1, *rng.integers(32, before, 40).tolist())
    for at in places:
        damaged = log[:at] + bytes([log[at] ^ 1 << int(rng.integers(0, 8))]) + log[at + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(JournalCorrupt, match=r"inbox\.db-wal is damaged"), journal(crashed):
            pass
        assert path.read_bytes() == damaged


def test_a_log_that_started_over_is_not_mistaken_for_a_damaged_one(tmp_path: Path) -> None:
    with journal(tmp_path / "live") as (inbox, outbox, _):
        process(outbox, 0)
        log = tmp_path / "live" / "inbox.db-wal"
        sizes = []
        for _ in range(400):
            inbox.append(rows_from(inbox.end_offset, 600), {}, {})
            sizes.append(log.stat().st_size)
        assert sizes[-1] == sizes[-2], "the log never started over: this test shows nothing"
        shutil.copytree(tmp_path / "live", tmp_path / "copy")
    check_log(tmp_path / "copy" / "inbox.db")
    assert rows_of(tmp_path / "copy") == 400 * 600


def test_a_crash_after_a_crash_is_not_mistaken_for_damage(crashed: Path, tmp_path: Path) -> None:
    log = (crashed / "inbox.db-wal").read_bytes()
    (crashed / "inbox.db-wal").write_bytes(log[: commits(log)[-1] - 10])
    not_synced(crashed)
    with journal(crashed) as (inbox, _, _):
        for _ in range(2):
            inbox.append(rows_from(inbox.end_offset, ROWS), {}, {})
        shutil.copytree(crashed, tmp_path / "again")
    log = (tmp_path / "again" / "inbox.db-wal").read_bytes()
    (tmp_path / "again" / "inbox.db-wal").write_bytes(log[:-10])
    not_synced(tmp_path / "again")
    assert rows_of(tmp_path / "again") == BATCHES * ROWS


@pytest.mark.parametrize("log", [b"", b"\x00" * 20, b"\x00" * 100_000])
def test_a_log_that_was_never_begun_is_nothing(tmp_path: Path, log: bytes) -> None:
    (tmp_path / "inbox.db-wal").write_bytes(log)
    check_log(tmp_path / "inbox.db")


def test_a_log_that_was_cut_is_told_by_the_index_that_a_killed_process_leaves(
    crashed: Path, rng: np.random.Generator
) -> None:
    path = crashed / "inbox.db-wal"
    log = path.read_bytes()
    assert (crashed / "inbox.db-shm").exists()
    check_log(crashed / "inbox.db")
    for cut in (0, 32, len(log) - 1, *rng.integers(32, len(log), 8).tolist()):
        path.write_bytes(log[:cut])
        with pytest.raises(JournalCorrupt, match="whole frames"):
            check_log(crashed / "inbox.db")


def test_a_flipped_byte_in_the_very_last_commit_is_told_by_it_too(crashed: Path) -> None:
    path = crashed / "inbox.db-wal"
    log = bytearray(path.read_bytes())
    log[commits(bytes(log))[-1] - 100] ^= 4
    path.write_bytes(log)
    with pytest.raises(JournalCorrupt, match="whole frames"):
        check_log(crashed / "inbox.db")


def test_an_index_of_another_log_says_nothing(crashed: Path) -> None:
    log = (crashed / "inbox.db-wal").read_bytes()
    index = (crashed / "inbox.db-shm").read_bytes()
    (crashed / "inbox.db-shm").write_bytes(index[:32] + bytes(8) + index[40:])
    (crashed / "inbox.db-wal").write_bytes(log[: commits(log)[-2]])
    check_log(crashed / "inbox.db")
