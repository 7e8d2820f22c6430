"""Records read from pages without SQLite: the same as SQLite gives, of sound files; nothing is touched."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gateway.journal.inbox import INBOX_VERSION
from gateway.journal.outbox import OUTBOX_VERSION, StepRecord
from gateway.journal.pages import Pages, user_version
from gateway.journal.sqlite import PAGE_BYTES
from tests.gateway.journal.support import full_result, journal, process, rows_from


def live_copy(folder: Path) -> Path:
    """The files as a killed process leaves them: most of it is in the logs only."""
    with journal(folder / "live") as (inbox, outbox, _):
        for count in (1, 3_000, 20, 700):
            inbox.append(rows_from(inbox.end_offset, count), {}, {})
        process(outbox, 100)
        outbox.append_step(StepRecord(2, "rows", 100, 150, 2_000, True), full_result())
        shutil.copytree(folder / "live", folder / "copy")
    return folder / "copy"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("part", ["inbox.db", "outbox.db"])
def test_every_row_that_sqlite_gives_is_found_and_nothing_is_touched(tmp_path: Path, part: str) -> None:
    folder = live_copy(tmp_path)
    before = content(folder)
    found = {record.values for record in Pages(folder / part, PAGE_BYTES).records()}
    assert user_version(folder / part, PAGE_BYTES) == {"inbox.db": INBOX_VERSION, "outbox.db": OUTBOX_VERSION}[part]
    assert content(folder) == before
    db = sqlite3.connect(folder / part)
    tables = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    rows = 0
    for name, sql in tables:
        key = "INTEGER PRIMARY KEY" in sql
        for row in db.execute(f"SELECT * FROM {name}"):
            rows += 1
            assert (None, *row[1:]) in found if key else row in found, (name, row)
    db.close()
    assert rows > 5


def test_a_file_of_noise_gives_no_error(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "noise.db"
    pages = rng.integers(0, 256, 40 * PAGE_BYTES, np.uint8)
    pages[::PAGE_BYTES] = rng.choice([0x0D, 0x0A], 40)  # each calls itself a leaf
    path.write_bytes(pages.tobytes())
    assert len(list(Pages(path, PAGE_BYTES).records())) < 10_000
    assert user_version(path, PAGE_BYTES) is None
