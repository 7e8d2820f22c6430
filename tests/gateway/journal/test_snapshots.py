"""Snapshots: there whole or not at all, and damage of any byte is seen."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.errors import JournalFull, JournalMixedUp
from gateway.journal.snapshots import Snapshot, SnapshotHead, Snapshots

JOURNAL = "0123456789abcdef" * 2


def snapshot(step: int, journal_id: str = JOURNAL, **state: Any) -> Snapshot:
    return Snapshot(journal_id, step, step * 10, step * 100, "digest", b"\x00config", {"n": step, **state})


def test_every_kind_of_state_comes_back(tmp_path: Path) -> None:
    arrays = [
        np.arange(6, dtype=np.float32).reshape(2, 3), np.array([np.nan, -0.0]), np.zeros((0, 4), np.int64),
        np.array([True, False]), np.array(["广州", "a"]), np.array([b"x", b"yz"]), np.arange(10)[::2], np.array(7),
        np.arange(3, dtype=">i4"),
    ]  # fmt: skip
    plain = {"text": "流量", "bytes": b"\xff", "none": None, "list": [1, [2.5, True]], 7: {"deep": -(2**63)}}
    Snapshots(tmp_path).write(snapshot(1, arrays=arrays, plain=plain, one=np.float64(2.5)))
    good, damaged = Snapshots(tmp_path).newest_good(JOURNAL)
    assert good is not None
    assert damaged == []
    assert (good.journal_id, good.step, good.end_offset, good.now, good.config) == (JOURNAL, 1, 10, 100, b"\x00config")
    assert good.state["plain"] == plain
    assert good.state["one"] == 2.5
    for ours, theirs in zip(arrays, good.state["arrays"], strict=True):
        assert theirs.dtype == ours.dtype.newbyteorder("=")
        np.testing.assert_array_equal(theirs, ours)
        theirs[...] = theirs  # an engine goes on writing into it


@pytest.mark.parametrize("bad", [np.array([object()]), np.zeros(2, "i4,f8"), object()])
def test_what_would_not_come_back_is_refused_and_leaves_no_file(tmp_path: Path, bad: object) -> None:
    with pytest.raises(TypeError, match="can't stand in a snapshot"):
        Snapshots(tmp_path).write(snapshot(1, bad=bad))
    assert list(tmp_path.iterdir()) == []


def test_the_newest_good_one_is_found_and_damaged_ones_are_named(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    names = [snapshots.write(snapshot(step)) for step in (9, 10, 100)]
    assert names == ["9.snap", "10.snap", "100.snap"]
    (tmp_path / "100.snap").write_bytes(b"")
    (tmp_path / "200.snap").write_bytes(b"CLSNAP01 but no more")
    (tmp_path / "300.snap.tmp").write_bytes((tmp_path / "10.snap").read_bytes())
    good, damaged = snapshots.newest_good(JOURNAL)
    assert good is not None
    assert good.step == 10
    assert damaged == ["200.snap", "100.snap"]
    assert snapshots.heads() == [SnapshotHead("10.snap", JOURNAL, 10), SnapshotHead("9.snap", JOURNAL, 9)]


def test_damage_of_any_byte_is_seen(tmp_path: Path, rng: np.random.Generator) -> None:
    snapshots = Snapshots(tmp_path)
    path = tmp_path / snapshots.write(snapshot(1, array=np.arange(40)))
    whole = path.read_bytes()
    for at in (*range(60), *rng.integers(60, len(whole), 60).tolist()):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << int(rng.integers(0, 8))]) + whole[at + 1 :])
        assert snapshots.newest_good(JOURNAL) == (None, ["1.snap"])
    for length in (0, 1, 59, 60, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert snapshots.newest_good(JOURNAL) == (None, ["1.snap"])
    path.write_bytes(whole + b"\x00")
    assert snapshots.newest_good(JOURNAL) == (None, ["1.snap"])


def test_a_snapshot_of_another_journal_is_not_started_from(tmp_path: Path) -> None:
    Snapshots(tmp_path).write(snapshot(1, journal_id="f" * 32))
    with pytest.raises(JournalMixedUp, match="another journal"):
        Snapshots(tmp_path).newest_good(JOURNAL)


def test_an_empty_folder_gives_none(tmp_path: Path) -> None:
    assert Snapshots(tmp_path).newest_good(JOURNAL) == (None, [])


def test_prune_keeps_what_is_named_and_what_is_not_ours(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    for step in (1, 2, 3):
        snapshots.write(snapshot(step))
    (tmp_path / "4.snap.tmp").touch()
    (tmp_path / "notes.txt").touch()
    snapshots.prune(["2.snap", "3.snap"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.snap", "3.snap", "notes.txt"]


def test_a_name_appears_only_after_its_file_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[int] = set()
    seen: dict[str, list[tuple[str, bool]]] = {}

    def fault(point: str) -> None:
        paths = [tmp_path, *tmp_path.iterdir()]
        seen[point] = [(path.name, path.stat().st_ino in synced) for path in paths]

    def fsync(fd: int) -> None:
        synced.add(os.fstat(fd).st_ino)

    monkeypatch.setattr("os.fsync", fsync)
    Snapshots(tmp_path, fault).write(snapshot(1))
    assert seen == {
        "snapshot-before-rename": [(tmp_path.name, False), ("1.snap.tmp", True)],
        "snapshot-after-rename": [(tmp_path.name, True), ("1.snap", True)],
    }


def test_a_failed_write_leaves_the_older_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.write(snapshot(1))

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(JournalFull, match="No room"):
        snapshots.write(snapshot(1, more=1))
    monkeypatch.undo()
    good, _ = snapshots.newest_good(JOURNAL)
    assert good is not None
    assert good.state == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["1.snap"]
