"""Bytes on disk that are not what was written: blocks, snapshots, and the files of inbox and outbox.

first byte: what is damaged; then a damage every few bytes (see `_damaged`), or for a raw block its bytes.
What was written comes back, or a GatewayError says that it doesn't: never other rows, never another exception.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gateway.engine.results import StepResult
from gateway.errors import GatewayError, JournalCorrupt, VersionError
from gateway.journal.blocks import decode, encode
from gateway.journal.opening import open_journal
from gateway.journal.outbox import StepRecord
from gateway.journal.snapshots import Snapshot, Snapshots
from gateway.rows import Row
from tests.fuzz.source import Source
from tests.gateway.journal.support import MB, full_result, rows_from

__all__ = ["TOKENS", "inputs", "seeds", "target"]

TOKENS = [b"\x9e\x05", b"\xdc\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xc6\x7f\xff\xff\xff", b"\xc0", b"\x80",
    b"\xd9\x01\xff",
          b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", b"\xc7\x05\x01",
          b"\x91" * 40]  # fmt: skip
_ROWS = 40
_FILES = ("inbox.db", "outbox.db")
_READ = 10_000


class _Journal:
    """A small journal as it was left, and a folder in which damaged copies are opened."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="loom-"))
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        whole = self.root / "whole"
        whole.mkdir()
        inbox, outbox, snapshots = open_journal(whole, inbox_quota=16 * MB, outbox_quota=16 * MB)
        self.rows = rows_from(0, _ROWS)
        for at in range(0, _ROWS, 10):
            inbox.append(self.rows[at : at + 10], {}, {})
        outbox.append_step(StepRecord(1, "rows", 0, 10, 2_000, True), full_result())
        outbox.append_step(StepRecord(2, "rows", 10, _ROWS, 3_000, True), StepResult())
        self.journal_id = inbox.journal_id
        state = {"a": [1, 2.5, "x"], "n": rows_from(0, 1)[0].payload}
        snapshots.write(Snapshot(self.journal_id, 2, _ROWS, 3_000, "digest", b"config", state))
        inbox.close()
        outbox.close()
        self.files = {path.name: path.read_bytes() for path in whole.glob("*.db")}
        self.snapshot = (whole / "snapshots" / "2.snap").read_bytes()
        self.blocks = [(1, encode(full_result()))]
        self.folder = self.root / "damaged"

    def opened(self, name: str, content: bytes) -> None:
        """Open a copy with one file damaged, and read all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "snapshots").mkdir(parents=True)
        for each, whole in self.files.items():
            (self.folder / each).write_bytes(content if each == name else whole)
        (self.folder / "snapshots" / "2.snap").write_bytes(self.snapshot)
        try:
            inbox, outbox, _ = open_journal(self.folder, inbox_quota=16 * MB, outbox_quota=16 * MB, make=False)
        except GatewayError as error:
            _said(error)
            return
        try:
            for read, expected in self.reads(inbox, outbox):
                try:
                    found = read()
                except GatewayError as error:
                    _said(error)
                else:
                    assert found == expected, f"{name}: what is read is not what was written"
        finally:
            inbox.close()
            outbox.close()

    def reads(self, inbox: Any, outbox: Any) -> Iterator[tuple[Any, Any]]:
        """Everything that is asked of a journal, with the answer."""
        for at in range(0, _ROWS, 10):
            yield (lambda at=at: _plain(inbox.read(at, 10))), _plain(self.rows[at : at + 10])
        yield (lambda: [(place, encode(block)) for place, block in outbox.blocks_after(0, _READ)]), self.blocks
        yield (lambda: [record.step for record in outbox.steps_after(0)]), [1, 2]
        yield (lambda: len(outbox.series_names(0))), len(full_result().series)


def _plain(rows: Sequence[Row]) -> list[Row]:
    return list(rows)


def _said(error: GatewayError) -> None:
    assert error.problem
    assert error.problem.isprintable(), repr(error.problem)


@cache
def _journal() -> _Journal:
    return _Journal()


def target(data: bytes) -> None:
    """Damage something, then read it."""
    source, journal = Source(data), _journal()
    what = source.below(6)
    if what == 0:
        _block(source.rest())
    elif what == 1:
        _block(_damaged(source, encode(full_result())))
    elif what == 2:
        _snapshot(journal, _damaged(source, journal.snapshot))
    elif what == 3:
        _snapshot(journal, source.rest())
    else:
        name = _FILES[what - 4]
        journal.opened(name, _damaged(source, journal.files[name]))


def _block(body: bytes) -> None:
    try:
        found = decode(body)
    except (JournalCorrupt, VersionError) as error:
        _said(error)
        return
    again = encode(found)
    assert encode(decode(again)) == again


def _snapshot(journal: _Journal, content: bytes) -> None:
    folder = journal.root / "snapshots"
    folder.mkdir(exist_ok=True)
    (folder / "2.snap").write_bytes(content)
    snapshots = Snapshots(folder)
    snapshots.heads()
    found, damaged = snapshots.newest_good(journal.journal_id)
    assert damaged == [] if content == journal.snapshot else found is None, "a damaged snapshot is taken for good"


def _damaged(source: Source, whole: bytes) -> bytes:
    """The bytes with some changed, cut off, taken out or put in; as they are where nothing is left to decide."""
    content = bytearray(whole)
    while source:
        act, at = source.byte() % 6, source.below(1 << 24) % (len(content) + 1)
        if act <= 2 and at < len(content):
            content[at] ^= source.byte() or 1
        elif act == 3:
            content[at : at + 8] = source.run()[:8]
        elif act == 4:
            del content[at : at + 1 + source.byte()]
        elif act == 5 and source.byte() > 200:
            del content[at:]
    return bytes(content)


def inputs() -> st.SearchStrategy[bytes]:
    """Each kind of damage."""
    return st.builds(lambda what, how: bytes([what]) + how, st.integers(0, 5), st.binary(max_size=24))


def seeds() -> Sequence[bytes]:
    """A whole block, whole files, a flipped bit in each."""
    return [b"\x00" + encode(full_result()), b"\x00" + encode(StepResult()), *(bytes([k]) for k in range(1, 6)),
            *(bytes([k, 0, 0, 9, 200, 1]) for k in range(1, 6))]  # fmt: skip
