"""No room on a real file system: an error that says so, nothing half written, and on it goes when there is room."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.engine.results import StepResult
from gateway.errors import JournalError, JournalFull
from gateway.journal.outbox import Outbox, StepRecord
from tests.gateway.journal.support import DECODED, journal, readings, rows_from
from tests.support.disks import ImageDisk

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system can't be mounted here: run the tests as root to include this one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def step(outbox: Outbox) -> None:
    first = outbox.processed_offset
    result = StepResult(readings=readings(first, 500), counts={DECODED: 500})
    outbox.append_step(StepRecord(outbox.last_step + 1, "rows", first, first + 500, 1, True), result)


def write_all(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))


def test_a_limit_on_the_size_of_files_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.gateway.journal.writer_process", str(tmp_path), "1", "full"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    full = [text for kind, text in lines if kind == "full"]
    assert len(full) == 3
    for text, part in zip(full, ("inbox.db", "outbox.db", ".snap"), strict=True):
        assert text.startswith("No room to write")
        assert part in text
    rows, steps = ([int(text) for kind, text in lines if kind == name] for name in ("rows", "step"))
    with journal(tmp_path) as (inbox, outbox, _):
        # the last of each came after there was room again
        assert inbox.end_offset == rows[-1] == rows[-2] + 2_000
        assert inbox.read(0, rows[-1]) == rows_from(0, rows[-1])
        assert outbox.last_step == steps[-1] == steps[-2] + 1
        assert outbox.readings_between(0, outbox.last_position) == outbox.processed_offset == outbox.ledger()[DECODED]
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    folder = small_disk / "data"

    def fill() -> None:
        for _ in range(10_000):
            inbox.append(rows_from(inbox.end_offset, 500), {}, {})

    def process() -> None:
        for _ in range(10_000):
            step(outbox)

    with journal(folder) as (inbox, outbox, _):
        inbox.append(rows_from(0, 500), {}, {})
        step(outbox)
        ballast = small_disk / "ballast"
        with pytest.raises(OSError, match="No space"):
            write_all(ballast)
        with pytest.raises(JournalFull, match="No room to write"):
            fill()
        end = inbox.end_offset
        assert inbox.read(0, end) == rows_from(0, end)
        with pytest.raises(JournalFull, match="No room to write"):
            process()
        assert outbox.ledger() == {DECODED: outbox.processed_offset}
        ballast.unlink()
        assert inbox.append(rows_from(end, 500), {}, {}) == end
    with journal(folder) as (inbox, outbox, _):
        assert inbox.read(0, 1 << 30) == rows_from(0, end + 500)
        assert outbox.readings_between(0, outbox.last_position) == outbox.processed_offset


def test_a_disk_too_full_to_start_on_says_so_and_starts_once_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes((3 << 20) - 20_000))
    with pytest.raises(JournalFull, match="No room to write"), journal(small_disk / "data"):
        pass
    ballast.unlink()
    with journal(small_disk / "data") as (inbox, _, _):
        assert inbox.append(rows_from(0, 5), {}, {}) == 0


def test_a_read_only_disk_says_so(small_disk: Path) -> None:
    with journal(small_disk / "data") as (inbox, _, _):
        inbox.append(rows_from(0, 5), {}, {})
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for folder in (small_disk / "data", small_disk / "new"):
        with pytest.raises(JournalError, match="can't be") as caught, journal(folder):
            pass
        assert "right" in caught.value.remedy


def test_a_disk_that_becomes_read_only_while_it_is_written_is_no_disk_without_room(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = ImageDisk(tmp_path / "image", 32)
    with disk.over(folder):
        with journal(folder / "data") as (inbox, outbox, _):
            inbox.append(rows_from(0, 2_000), {}, {})
            step(outbox)
            disk.fail()
            for write in (lambda: inbox.append(rows_from(2_000, 5), {}, {}), lambda: step(outbox)):
                with pytest.raises(JournalError, match="its disk has become read-only") as caught:
                    write()
                assert not isinstance(caught.value, JournalFull)
        disk.mend()
        with journal(folder / "data") as (inbox, _, _):
            assert inbox.append(rows_from(2_000, 5), {}, {}) == 2_000
