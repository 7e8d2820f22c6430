"""Open the three parts of a journal together, or make them; never start again from 0 beside what is there.

    inbox.db   outbox.db   snapshots/        one journal_id in all of them

They are made only where none of them exists. Each file is first made empty and incomplete; then the outbox and last the
inbox are marked complete. A crash in between leaves an inbox that never took a row, which is made again.
"""

import shutil
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from gateway.errors import JournalCorrupt, JournalError, JournalMixedUp
from gateway.journal.block_queue import BLOCK_INDEX
from gateway.journal.day_books import DAY_SCHEMA
from gateway.journal.files import sync_folder, translated_os
from gateway.journal.inbox import INBOX_SCHEMA, INBOX_VERSION, Inbox, InboxState
from gateway.journal.lost_hours import LOST_SCHEMA
from gateway.journal.outbox import OUTBOX_SCHEMA, OUTBOX_VERSION, Outbox, OutboxState
from gateway.journal.salvage.put_in_place import unfinished
from gateway.journal.snapshots import Snapshots
from gateway.journal.sqlite import ANEW, RESTORE, SALVAGE, Fault, connect, create, no_fault, translated
from gateway.journal.versions import refuse_newer_sqlite
from gateway.journal.wal import check_log

__all__ = ["open_journal"]

_LOGS = ("-wal", "-shm", "-journal")


class _Found(NamedTuple):
    journal_id: str
    """"": the file has no tables yet."""
    complete: bool
    empty: bool


def open_journal(
    folder: Path, *, inbox_quota: int, outbox_quota: int, keep: int = 65_535, max_marks: int = 10_000,
    make: bool = True, fault: Fault = no_fault,
) -> tuple[Inbox, Outbox, Snapshots]:  # fmt: skip
    """Open the journal in `folder`.

    Args:
        inbox_quota, outbox_quota: bytes of each file; its log, some 4 MB, comes on top.
        keep: how many unconfirmed QoS 1 messages a source is asked back at most; nothing trims them.
        max_marks: above it marks are coarsened.
        make: create what is missing on a first start.
        fault: called at named places, for crash tests.

    Raises:
        JournalMixedUp: one of the parts is missing, older than the others or of another journal.
        JournalCorrupt: bytes on disk are not what was written.
        JournalFull: no room to create it.
        JournalError: not writable, or not there and not to be made.
        VersionError: written by a newer version.
    """
    if unfinished(folder):
        raise JournalMixedUp(
            f"A salvage of {folder} was cut off while it put parts in place.",
            "Run `cityloom journal salvage` again: it finishes that.",
        )
    inbox_path, outbox_path, snapshots_path = folder / "inbox.db", folder / "outbox.db", folder / "snapshots"
    inbox, outbox = _look(inbox_path, INBOX_VERSION), _look(outbox_path, OUTBOX_VERSION)
    if inbox is None and outbox is None and not snapshots_path.exists():
        if not make:
            raise JournalError(
                f"There is no journal in {folder}.", "Start the gateway once, or name another data folder."
            )
        journal_id = _create(inbox_path, outbox_path, snapshots_path, fault)
    elif inbox is not None and not inbox.complete and _never_used(inbox, outbox, snapshots_path):
        for path in (outbox_path, inbox_path):
            for each in (path, *(path.with_name(path.name + log) for log in _LOGS)):
                each.unlink(missing_ok=True)
        shutil.rmtree(snapshots_path, ignore_errors=True)
        journal_id = _create(inbox_path, outbox_path, snapshots_path, fault)
    else:
        journal_id = _agreed({inbox_path: inbox, outbox_path: outbox}, snapshots_path)
        _upgrade(inbox_path, outbox_path, fault)
    with ExitStack() as opened:
        inbox_file = Inbox(inbox_path, journal_id, inbox_quota, keep=keep, fault=fault)
        opened.callback(inbox_file.close)
        outbox_file = Outbox(outbox_path, journal_id, outbox_quota, max_marks=max_marks, fault=fault)
        opened.callback(outbox_file.close)
        snapshots = Snapshots(snapshots_path, fault)
        _check_ages(inbox_file, outbox_file, snapshots, snapshots_path)
        opened.pop_all()
    return inbox_file, outbox_file, snapshots


def _look(path: Path, version: int) -> _Found | None:
    with translated_os(path):
        log = path.with_name(path.name + "-wal").exists()
        if not path.exists() or not path.stat().st_size:
            # a log without its file: somebody removed that; SQLite would remove the log, too
            return _Found("", False, not log) if path.exists() or log else None
        check_log(path)
    refuse_newer_sqlite(path, version)
    with translated(path), closing(connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return _Found("", False, True)
        meta = connection.execute("SELECT journal_id, complete FROM meta").fetchone()
        if meta is None:
            raise JournalCorrupt(f"{path} has lost its identity.", SALVAGE)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        content = "SELECT EXISTS (SELECT 1 FROM chunk)" if "chunk" in tables else "SELECT EXISTS (SELECT 1 FROM step)"
        return _Found(meta[0], bool(meta[1]), not connection.execute(content).fetchone()[0])


def _upgrade(inbox: Path, outbox: Path, fault: Fault) -> None:
    """From outbox 1, which did not count the days of what a store got: what is there then has no day; from outbox 2,
    which dropped nothing. Older inboxes are read as they are; their number is raised, for versions that know no other.
    """
    drops = ("DROP INDEX block_contents", BLOCK_INDEX, *LOST_SCHEMA)
    for path, version, steps in (
        (outbox, OUTBOX_VERSION, {1: DAY_SCHEMA, 2: drops}),
        (inbox, INBOX_VERSION, dict[int, tuple[str, ...]]()),
    ):
        with translated(path), closing(connect(path)) as connection:
            written = connection.execute("PRAGMA user_version").fetchone()[0]
            if written >= version:
                continue
            connection.execute("BEGIN IMMEDIATE")
            statements = [each for old in range(written, version) for each in steps.get(old, ())]
            for statement in (*statements, f"PRAGMA user_version={version}", "COMMIT"):
                fault("upgrade")
                connection.execute(statement)
            fault("upgrade")


def _never_used(inbox: _Found, outbox: _Found | None, snapshots: Path) -> bool:
    if not inbox.empty or (snapshots.exists() and any(snapshots.iterdir())):
        return False
    if outbox is None or (not outbox.complete and outbox.empty):
        return True
    # marked complete just before the crash
    return outbox.empty and outbox.journal_id == inbox.journal_id


def _create(inbox: Path, outbox: Path, snapshots: Path, fault: Fault) -> str:
    journal_id = uuid4().hex
    folder = inbox.parent
    with translated_os(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with translated(inbox):
        create(inbox, INBOX_VERSION, INBOX_SCHEMA, journal_id, InboxState())
    fault("create-inbox")
    with translated(outbox):
        create(outbox, OUTBOX_VERSION, OUTBOX_SCHEMA, journal_id, OutboxState())
    fault("create-outbox")
    with translated_os(snapshots):
        snapshots.mkdir()
        sync_folder(folder)
        sync_folder(folder.parent)
    fault("create-snapshots")
    for path in (outbox, inbox):
        with translated(path), closing(connect(path)) as connection:
            connection.execute("UPDATE meta SET complete = 1")
        fault(f"create-{path.stem}-complete")
    return journal_id


def _agreed(files: dict[Path, _Found | None], snapshots: Path) -> str:
    missing = [path for path, found in files.items() if found is None or not found.complete]
    missing += [] if snapshots.is_dir() else [snapshots]
    if missing:
        there = [path.name for path in (*files, snapshots) if path not in missing]
        names = ", ".join(str(path) for path in missing)
        raise JournalMixedUp(
            f"{names} is missing or was emptied, but {', '.join(there) or 'other parts'} is there.", ANEW
        )
    ids = {found.journal_id for found in files.values() if found is not None}
    if len(ids) > 1:
        raise JournalMixedUp(f"{' and '.join(map(str, files))} belong to different journals.", ANEW)
    return ids.pop()


def _check_ages(inbox: Inbox, outbox: Outbox, snapshots: Snapshots, folder: Path) -> None:
    processed = outbox.processed_offset
    if not inbox.begin_offset <= processed <= inbox.end_offset:
        raise JournalMixedUp(
            f"inbox.db holds rows {inbox.begin_offset} to {inbox.end_offset}, but outbox.db has processed up to"
            f" {processed}: one of them is an older copy.", f"{RESTORE}, both files of the same moment.",
        )  # fmt: skip
    heads = snapshots.heads()
    for head in heads:
        if head.journal_id != inbox.journal_id:
            raise JournalMixedUp(f"{folder / head.name} belongs to another journal than inbox.db and outbox.db.", ANEW)
        if head.step > outbox.last_step:
            problem = f"{folder / head.name} is newer than outbox.db, which ends at call {outbox.last_step}."
            raise JournalMixedUp(problem, ANEW)
    named = {row.name for row in outbox.snapshots()}
    if named and not any((folder / name).exists() for name in named):
        raise JournalMixedUp(f"{folder} has lost its snapshots, which outbox.db names.", ANEW)
