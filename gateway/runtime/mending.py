"""`cityloom journal check` and `salvage`: every file of a stopped gateway's folder, read through and mended.

journal      inbox, outbox, snapshots together (salvage.py)
records.db   the rows that can be read            stands where the outbox says
DuckDB       the rows that can be read            readings that are gone: stored -> dropped in the outbox's books,
                                                  and their days, until now at most, are lost hours there
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.engine.results import DeviceRecord
from gateway.errors import CommandError
from gateway.journal.inbox import Inbox
from gateway.journal.lost_hours import HOUR
from gateway.journal.opening import open_journal
from gateway.journal.outbox import Outbox
from gateway.journal.salvage.put_in_place import begun, clean_place, put_in_place, unfinished
from gateway.journal.snapshots import Snapshots
from gateway.journal.sqlite import Fault, connect, no_fault
from gateway.runtime.examination import Damage, examine
from gateway.runtime.lock import FolderLock
from gateway.runtime.salvage import Salvaged, salvage_journal
from gateway.runtime.stores import RECORDS
from gateway.runtime.versions import refuse_newer_files
from gateway.stores import records_tables
from gateway.stores.duckdb_salvage import DuckDbSaved, copy_readable_duckdb
from gateway.stores.records import make_tables
from gateway.stores.records_salvage import copy_readable

__all__ = ["Mended", "check_files", "mend_files"]

_DAY = 24 * HOUR
_FOREVER = (1 << 63) - 1
_JOURNAL = frozenset({"inbox.db", "outbox.db", "snapshots"})


class Mended(msgspec.Struct):
    """What was done, part by part; None: it was whole."""

    damage: list[Damage]
    journal: Salvaged | None = None
    records: dict[str, str] | None = None
    """Tables of records.db of which rows are gone, and what SQLite said."""
    readings_lost: int | None = None
    """Readings that DuckDB has no more."""
    days_lost: dict[str, int] = {}
    """These by UTC day."""
    verdicts_lost: dict[str, int] = {}
    """Later verdicts on readings that DuckDB has no more, by UTC day."""
    unsaved: dict[str, str] = {}
    """Parts of which nothing can be saved, and what to do."""
    finished: str = ""
    """Folder of damaged parts of an earlier salvage that was cut off and has been finished now."""
    aside: list[str] = []
    """Folders with what was damaged."""


def check_files(settings: Settings) -> list[Damage]:
    """Everything that is damaged. Raises CommandError while a gateway runs, VersionError on a newer one's files."""
    with _locked(settings.data_dir):
        refuse_newer_files(settings)
        return examine(settings)


def mend_files(settings: Settings, fault: Fault = no_fault) -> Mended:
    """Save what is whole of everything that is damaged and needed; sets the damaged files aside."""
    folder = settings.data_dir
    with _locked(folder):
        refuse_newer_files(settings)
        done = Mended([])
        if unfinished(folder):
            done.finished = str(put_in_place(folder, fault))
        done.damage = examine(settings)
        parts = {each.part for each in done.damage if each.needed}
        stores = [*settings.enabled_stores, RECORDS]
        if parts & _JOURNAL:
            content = load_seed_files(settings).content(settings)
            done.journal = salvage_journal(settings, content, _devices(folder / "records.db"), stores, fault)
            done.aside.append(done.journal.aside)
        if "records.db" in parts:
            done.records = _mend_records(settings, done)
        if "readings.duckdb" in parts:
            try:
                saved = _mend_duckdb(settings, done)
                done.readings_lost = saved.lost
                done.days_lost, done.verdicts_lost = _dated(saved.lost_days), _dated(saved.lost_verdicts)
            except CommandError as error:
                done.unsaved["readings.duckdb"] = str(error)
        return done


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder's lock, inside the block."""
    if not folder.is_dir():
        raise CommandError(f"There is no data folder {folder}.", "Name it by `-c FILE` or `--data-dir`.", 2)
    lock = FolderLock(folder)
    try:
        yield
    finally:
        lock.release()


def _aside(folder: Path, kind: str) -> str:
    return f"damaged-{kind}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def _devices(path: Path) -> Sequence[DeviceRecord]:
    if path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return records_tables.all_devices(db)
    return []


def _mend_records(settings: Settings, done: Mended) -> dict[str, str]:
    folder, old = settings.data_dir, settings.data_dir / "records.db"
    new = clean_place(folder) / "records.db"
    with closing(connect(new, "rwc")) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("BEGIN IMMEDIATE")
        make_tables(db)
        db.execute("COMMIT")
    try:
        lost = copy_readable(old, new)
    except sqlite3.Error as error:
        lost = {"all": str(error)}
    inbox, outbox, _ = _journal(settings)
    with closing(inbox), closing(outbox), closing(connect(new)) as db:
        state = outbox.cursor(RECORDS)
        if state is not None and not db.execute("SELECT 1 FROM state").fetchone():
            db.execute("INSERT INTO state VALUES (0, ?, ?)", (outbox.journal_id, state.position))
    name = _aside(folder, "records")
    begun(folder, name, ["records.db"])
    done.aside.append(str(put_in_place(folder)))
    return lost


def _mend_duckdb(settings: Settings, done: Mended) -> DuckDbSaved:
    path = settings.duckdb_path
    new = clean_place(path.parent) / path.name
    saved = copy_readable_duckdb(path, new)
    begun(path.parent, _aside(path.parent, "readings"), [path.name])
    done.aside.append(str(put_in_place(path.parent)))
    inbox, outbox, _ = _journal(settings)
    with closing(inbox), closing(outbox):
        state = outbox.cursor("duckdb")
        if state is not None and saved.lost:
            # where it had committed more than was noted: as the writer would note it
            missed = outbox.readings_between(state.position, saved.position) if saved.position > state.position else 0
            moved = msgspec.structs.replace(
                state, position=max(saved.position, state.position), stored=state.stored + missed - saved.lost,
                dropped=state.dropped + saved.lost,
            )  # fmt: skip
            # no window of these days can be computed again from what is left
            until = _newest(outbox, saved)
            spans = [
                (number, day * _DAY, min((day + 1) * _DAY - 1, max(until, day * _DAY)))
                for day, number in saved.lost_days.items()
            ]
            outbox.replace_store(moved, spans)
    return saved


def _newest(outbox: Outbox, saved: DuckDbSaved) -> int:
    """Until when readings may be: the newest call, or reading where one was ahead. Of later hours nothing is lost."""
    snapshots = outbox.snapshots()
    calls = [row.now for row in snapshots]
    if not snapshots or snapshots[0].step < outbox.last_step:
        calls += [step.now for step in outbox.steps_after(max(outbox.last_step - 1, 0))]
    if not calls:
        return _FOREVER
    return max(calls) if saved.newest is None else max(*calls, saved.newest)


def _dated(days: dict[int, int]) -> dict[str, int]:
    return {str(np.datetime64(day, "D")): number for day, number in days.items()}


def _journal(settings: Settings) -> tuple[Inbox, Outbox, Snapshots]:
    return open_journal(
        settings.data_dir, inbox_quota=settings.inbox.quota_bytes, outbox_quota=settings.outbox.quota_bytes, make=False
    )
