"""`cityloom journal check` and `salvage`: is anything damaged in a data folder, and what can be saved of it."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

import msgspec
from rich.markup import escape

from gateway.access.desk_rules import Act
from gateway.cli.audited import note_act, records_path
from gateway.cli.door import Config, DataDir, Json, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.journal.salvage.outbox_rebuild import LostBlock
from gateway.runtime.examination import Damage
from gateway.runtime.mending import Mended, check_files, mend_files

__all__ = ["check", "salvage"]

_SHOWN = 20


def check(*, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Read every file of a data folder through, say what is damaged, change nothing. The gateway must be stopped.

    Exit code 1 where something that is needed is damaged.
    """
    damage = check_files(settings_of(config, data_dir))
    needed = any(each.needed for each in damage)
    if json:
        print_json({"whole": not damage, "damage": [each._asdict() for each in damage]})
    else:
        out = console()
        _show_damage(damage)
        if needed:
            out.print("[bold red]damaged[/]: `cityloom journal salvage` saves what is whole and says what is gone")
        else:
            out.print("[green]a start does without that[/]" if damage else "[bold green]all is whole[/]")
    return 1 if needed else 0


def salvage(*, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Save what is whole of damaged files, set the damaged ones aside, say what is gone. The gateway must be stopped.

    What is whole already is left as it is. What is gone is entered in the ledger, which balances.
    """
    settings = settings_of(config, data_dir)
    done = mend_files(settings)
    if done.aside and records_path(settings).exists():
        gone = f"; rows are gone of {', '.join(done.records)}" if done.records else ""
        note_act(settings, Act("journal.salvage", " ".join(done.aside), f"{len(done.damage)} problems{gone}"))
    if json:
        print_json(msgspec.to_builtins(done))
        return 1 if done.unsaved else 0
    out = console()
    if done.finished:
        out.print(f"A salvage that was cut off is finished; the damaged files are in {escape(done.finished)}")
    _show_damage(done.damage)
    if not done.aside and not done.unsaved:
        out.print("[bold green]there is nothing to mend[/]")
        return 0
    for line in _told(done, city_zone(settings)):
        out.print(escape(clean(line, 2000)))
    if done.aside:
        out.print(f"the damaged files are in {escape(', '.join(done.aside))}", style="dim")
    for problem in done.unsaved.values():
        out.print(f"[bold red]not saved[/]: {escape(clean(problem, 2000))}")
    if done.unsaved:
        return 1
    out.print("[bold green]mended[/]: start the gateway; `cityloom ledger --verify` shows the books")
    return 0


def _show_damage(damage: list[Damage]) -> None:
    for each in damage[:_SHOWN]:
        console().print(f"[bold]{each.part}[/]: {escape(clean(each.problem, 400))}")
    if len(damage) > _SHOWN:
        console().print(f"and {len(damage) - _SHOWN} more", style="dim")


def _told(done: Mended, zone: tzinfo) -> Iterator[str]:
    if (journal := done.journal) is not None:
        yield f"journal: {journal.rows:,} rows of the inbox are whole"
        for rows in journal.lost_rows[:_SHOWN]:
            span = f"rows {rows.first:,} to {rows.end - 1:,} are gone, received {_span(rows.after, rows.before, zone)}"
            waiting = sum(rows.messages.values())
            facts = [f"{waiting:,} messages are lost"] if waiting else []
            facts += [f"{rows.worked_on:,} had been worked on: what they said is stored"] if rows.worked_on else []
            yield f"journal: {span}: {'; '.join(facts) or 'none of them was a message'}"
        if len(journal.lost_rows) > _SHOWN:
            yield f"journal: and {len(journal.lost_rows) - _SHOWN} more such ranges: salvage.json has them all"
        if len(journal.lost_blocks) > _SHOWN:
            total = sum(block.readings for block in journal.lost_blocks)
            yield f"journal: {len(journal.lost_blocks)} blocks with {total:,} readings are gone; of these the first:"
        for block in journal.lost_blocks[:_SHOWN]:
            who = ", ".join(block.stores) or "no store"
            when = f" {_times(block, zone)}" if block.readings else ""
            what = f"block {block.position} is gone with {block.readings:,} readings{when}"
            yield f"journal: {what}, which {who} will not get"
        if journal.blocks_again:
            yield f"journal: {journal.blocks_again} blocks were gone and have been computed again, bit for bit"
        if not journal.exact:
            yield (
                "journal: what the engine had seen last is partly gone: windows of"
                f" {journal.windows:,} series are computed again from the store; alarms are judged anew from here on"
            )
        for name in journal.newest_unknown:
            yield f"journal: the newest commits of {name} are gone; how many messages they held is known to nobody"
        for store in journal.stores_begun:
            yield f"journal: how far {store} was is gone; it goes on from the oldest block that is held"
        for account, number in journal.entered.items():
            yield f"journal: the books were damaged: {number:,} entered as {account}, so that they balance"
    if done.records is not None:
        gone = "; ".join(f"{table}: {why}" for table, why in done.records.items())
        yield f"records.db: {'rows are gone of ' + gone if gone else 'every row could be read'}"
    if done.readings_lost is not None:
        yield from _told_of_duckdb(done.readings_lost, done)


def _told_of_duckdb(readings: int, done: Mended) -> Iterator[str]:
    if readings:
        days = f" of {', '.join(done.days_lost)} (UTC)" if done.days_lost else ""
        yield f"readings.duckdb: {readings:,} readings{days} are gone; they count as dropped"
    else:
        yield "readings.duckdb: every reading could be read"
    if done.verdicts_lost:
        verdicts = f"{sum(done.verdicts_lost.values()):,} later verdicts on readings"
        days = ", ".join(done.verdicts_lost)
        yield f"readings.duckdb: {verdicts} of {days} (UTC) are gone; the flags before them stand again"


def _times(block: LostBlock, zone: tzinfo) -> str:
    return f"of times {_span(block.after, block.before, zone)}" if block.before else "of times that aren't known"


def _span(after: int, before: int, zone: tzinfo) -> str:
    def shown(at: int) -> str:
        return f"{datetime.fromtimestamp(at / 1e9, zone):%Y-%m-%d %H:%M:%S %Z}"

    if after and before:
        return f"between {shown(after)} and {shown(before)}"
    return f"after {shown(after)}" if after else f"before {shown(before)}" if before else "at a time that isn't known"
