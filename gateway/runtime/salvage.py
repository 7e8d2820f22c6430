"""Save what is whole of damaged files: new parts beside the old ones, then in their place; the old ones are set aside.

    what can be read --> new inbox (LOST rows in the gaps) --> calls repeated --> snapshot, lost blocks had again
                    \\-> new outbox (the stores that lack a lost block drop its readings) --> all in place at once

The journal stays the same one: stores go on at their cursors, and nothing is written twice. What is gone is told and
entered in the ledger, which balances.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from gateway.config.content import EngineContent
from gateway.config.settings import Settings
from gateway.engine.results import DeviceRecord, SeriesName
from gateway.errors import CommandError
from gateway.journal.inbox import Inbox
from gateway.journal.recorded import SnapshotRow, StepRecord
from gateway.journal.salvage.inbox_rebuild import LostRows, rebuild_inbox
from gateway.journal.salvage.inbox_wreck import InboxWreck
from gateway.journal.salvage.outbox_rebuild import LostBlock, OutboxPlan, rebuild_outbox
from gateway.journal.salvage.outbox_wreck import OutboxWreck
from gateway.journal.salvage.put_in_place import begun, clean_place, put_in_place
from gateway.journal.snapshots import Snapshot, Snapshots
from gateway.journal.sqlite import Fault, no_fault
from gateway.runtime.books import entries_that_balance
from gateway.runtime.lost_blocks import assign, calls_wanted
from gateway.runtime.repetition import Repeated, repeat

__all__ = ["Salvaged", "salvage_journal"]

_KEPT = 2


class Salvaged(msgspec.Struct):
    """What was saved and what is gone."""

    aside: str
    """Folder with the damaged parts."""
    rows: int
    """Rows of the inbox that are whole."""
    lost_rows: list[LostRows]
    lost_blocks: list[LostBlock]
    blocks_again: int
    """Blocks that were lost and could be computed again, bit for bit."""
    exact: bool
    """Whether the engines stand where they stood; else windows that may lack readings are computed again."""
    windows: int
    """How many series' windows are computed again."""
    stores_begun: list[str]
    """Stores whose cursors were lost."""
    newest_unknown: list[str]
    """Files whose newest commits are gone with nothing that tells what they held: it was acknowledged."""
    entered: dict[str, int]
    """Entries that the books needed to balance, since they were damaged themselves."""


def salvage_journal(
    settings: Settings, content: EngineContent, devices: Sequence[DeviceRecord], stores: Sequence[str],
    fault: Fault = no_fault,
) -> Salvaged:  # fmt: skip
    """Make a new journal of what is whole and put it in place. The caller holds the folder's lock.

    Args:
        settings: of the folder.
        content: the configuration of now, should no snapshot be whole.
        devices: as records.db has them.
        stores: names of those that are configured.
        fault: called at named places, for crash tests.

    Raises:
        CommandError: there is nothing that could be saved.
    """
    folder = settings.data_dir
    inbox, outbox = folder / "inbox.db", folder / "outbox.db"
    missing = [path for path in (inbox, outbox) if not path.exists() or not path.stat().st_size]
    if missing:
        raise CommandError(
            f"{' and '.join(map(str, missing))} is missing or empty: there is nothing in it to save.",
            "Restore the whole data folder from a backup, or move it away to start anew.",
        )
    rows, blocks = InboxWreck(inbox), OutboxWreck(outbox)
    good = _good_snapshots(folder)
    journal_id = rows.journal_id or blocks.journal_id or (good[0].journal_id if good else "")
    if not journal_id or any(each and each != journal_id for each in (rows.journal_id, blocks.journal_id)):
        raise CommandError(
            f"{inbox} and {outbox} don't tell which journal they are of, or are of two.",
            "Restore the whole data folder from a backup, or move it away to start anew.",
        )
    good = [each for each in good if each.journal_id == journal_id]
    if blocks.state is None and not (blocks.ledger and blocks.stores and blocks.steps):
        raise CommandError(
            f"Too little of {outbox} is left: neither how far the stores are nor what the books say.",
            "Restore the whole data folder from a backup, or move it away to start anew; what is stored stays.",
        )
    place = clean_place(folder)
    plan = OutboxPlan(blocks, stores, good[0].step if good else 0, good[0].end_offset if good else 0)
    accounted = _accounted(blocks)
    lost = rebuild_inbox(rows, place / "inbox.db", journal_id, plan.processed, accounted)
    series = _series(blocks, good)
    made = Inbox(place / "inbox.db", journal_id, 1 << 62)
    try:
        done = _repeat(plan, good, made, lost, content, devices, series)
        books = entries_that_balance(made, plan, blocks.ledger)
    finally:
        made.close()
    named = _snapshots(folder / "snapshots", place / "snapshots", plan, good, done, journal_id)
    steps = [] if done is not None and not done.exact else _steps(plan, named)
    gone = rebuild_outbox(
        plan, place / "outbox.db", journal_id, series=series, steps=steps, snapshots=named,
        dirty=done.dirty if done is not None else (), books=books,
    )  # fmt: skip
    begun(folder, f"damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}", ("inbox.db", "outbox.db", "snapshots"))
    fault("salvage-ready")
    aside = put_in_place(folder, fault)
    told = Salvaged(
        aside=str(aside), rows=sum(chunk.rows for chunk in rows.chunks), lost_rows=lost, lost_blocks=gone,
        blocks_again=len(plan.mended), exact=done is None or done.exact,
        windows=max((len(panes) for panes, _ in done.dirty), default=0) if done is not None else 0,
        stores_begun=plan.forgotten_stores,
        newest_unknown=[path.name for path, wreck in ((inbox, rows), (outbox, blocks)) if wreck.frames_lost],
        entered={f"{key.book} {key.term}": number for key, number in books.items()},
    )  # fmt: skip
    (aside / "salvage.json").write_bytes(msgspec.json.format(msgspec.json.encode(told)))
    return told


def _good_snapshots(folder: Path) -> list[Snapshot]:
    """Those that are whole, the newest first."""
    there = Snapshots(folder / "snapshots")
    found = []
    for path in (folder / "snapshots").glob("*.snap"):
        with suppress(msgspec.DecodeError, ValueError):
            found.append(there.load(path))
    return sorted((each for each in found if each is not None), key=lambda each: -each.step)


def _accounted(outbox: OutboxWreck) -> Mapping[int, int] | None:
    out: dict[int, int] = {}
    for key, number in outbox.ledger.items():
        if key.book == "message" and key.source.isdecimal():
            out[int(key.source)] = out.get(int(key.source), 0) + number
    return out or None


def _series(outbox: OutboxWreck, good: Sequence[Snapshot]) -> list[SeriesName]:
    """Every name, of the outbox or else of a snapshot; what neither has gets a name that says so."""
    known = dict(outbox.series)
    for each in good:
        # versions before 0.4 kept names without their index
        for index, fields in enumerate(each.state["zone"]["registry"]["series"]):
            known.setdefault(index, SeriesName(index, *fields[-4:]))
    count = max([outbox.state.series if outbox.state is not None else 0, *(index + 1 for index in known)])
    return [known.get(k, SeriesName(k, f"lost-{k}", "value", "lost", "1")) for k in range(count)]


def _repeat(
    plan: OutboxPlan, good: Sequence[Snapshot], inbox: Inbox, lost: Sequence[LostRows], content: EngineContent,
    devices: Sequence[DeviceRecord], series: Sequence[SeriesName],
) -> Repeated | None:  # fmt: skip
    """None: a start can do it by itself, and no block has to be had again."""
    wreck = plan.wreck
    newest = good[0] if good else None
    wanted = calls_wanted(plan)
    begin = newest
    if wanted and len(good) > 1 and _unbroken(plan, good[1].step):
        begin = good[1]  # the older one: what was given before the newest can be had again, too
    whole = newest is not None and _unbroken(plan, newest.step)
    holes = any(each.worked_on and (newest is None or each.end > newest.end_offset) for each in lost)
    if whole and not holes and not plan.missing:
        return None
    done = repeat(
        inbox, wreck.steps, plan.last_step, plan.processed, begin, lost=lost, wanted=wanted, content=content,
        devices=devices, series=series,
    )  # fmt: skip
    plan.mended.update(assign(plan, done.bodies))
    return done


def _snapshots(
    source: Path, folder: Path, plan: OutboxPlan, good: Sequence[Snapshot], done: Repeated | None, journal_id: str
) -> list[SnapshotRow]:
    """Put there those that a start may begin from; where rows are gone that is the one of now only."""
    folder.mkdir()
    kept = list(good[:_KEPT])
    if done is not None and not done.exact:
        engines = done.engines
        kept = [
            Snapshot(journal_id, plan.last_step, engines.offset, engines.now, engines.config_digest,
                     engines.zone.content, engines.snapshot())
        ]  # fmt: skip
        Snapshots(folder).write(kept[0])
    else:
        for each in kept:
            # the file, byte for byte: calls were repeated on what was read of it
            shutil.copyfile(source / f"{each.step}.snap", folder / f"{each.step}.snap")
    out: list[SnapshotRow] = []
    for each in kept:
        name = f"{each.step}.snap"
        size = (folder / name).stat().st_size
        out.append(SnapshotRow(name, each.step, each.end_offset, each.now, each.config_digest, size))
    return out


def _steps(plan: OutboxPlan, named: Sequence[SnapshotRow]) -> list[StepRecord]:
    """The calls behind the older snapshot, or where some of them are gone behind the newest."""
    begin = next((row.step for row in reversed(named) if _unbroken(plan, row.step)), plan.last_step)
    return [plan.wreck.steps[k] for k in range(begin + 1, plan.last_step + 1)]


def _unbroken(plan: OutboxPlan, step: int) -> bool:
    return all(k in plan.wreck.steps for k in range(step + 1, plan.last_step + 1))
