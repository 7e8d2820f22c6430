"""`cityloom audit list|verify`: who did what, and whether the log of it was touched."""

import re
import time
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.text import Text

from gateway.access.audit import AuditFilter, AuditLog
from gateway.access.audit_chain import Anchor, Entry, Outcome
from gateway.cli.audited import access_database
from gateway.cli.door import Config, DataDir, Json, city_zone, settings_of
from gateway.cli.incidents import plain_table, when
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import parse_moment
from gateway.errors import CommandError

__all__ = ["listing", "verify"]

_STYLES: dict[str, str] = {Outcome.DENIED: "yellow", Outcome.FAILED: "yellow"}
_NOTED = 16
"""Characters of a hash that are shown to be noted; the whole one is in --json."""
_ANCHOR = re.compile(r"([0-9]{1,18}):([0-9a-f]{8,64})")


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False,
            who: Annotated[str, Parameter(help="Only of this token or name.")] = "",
            act: Annotated[str, Parameter(help="Only this act, such as alarms.ack, or all of alarms.")] = "",
            what: Annotated[str, Parameter(help="Only what was done to this.")] = "",
            outcome: Annotated[Outcome | None, Parameter(help="Only what ended so.")] = None,
            start: Annotated[str, Parameter(name="--from", help="From then on, in the city's time.")] = "",
            end: Annotated[str, Parameter(name="--to", help="Before then.")] = "",
            before: Annotated[int | None, Parameter(help="Only entries before this number: the next page.")] = None,
            limit: Annotated[int, Parameter(alias="-n", validator=Number(gte=1, lte=1_000), help="How many at most.")] = 50,  # noqa: E501
            ) -> int:  # fmt: skip
    """List acts and denied tries, the newest first."""
    settings = settings_of(config, data_dir)
    place = city_zone(settings)
    which = AuditFilter(
        who.removeprefix("cl_"), act, what, "" if outcome is None else str(outcome),
        parse_moment(start, place) if start else None, parse_moment(end, place) if end else None,
    )  # fmt: skip
    with access_database(settings) as database:
        page = AuditLog(database).read(which, before, limit)
    if json:
        print_json({"entries": [entry._asdict() for entry in page.entries], "next": page.next})
        return 0
    if not page.entries:
        console().print("[dim]nothing of that kind[/]")
        return 0
    table = plain_table("id", "at", "who", "from", "act", "what", "outcome", "detail")
    for entry in page.entries:
        table.add_row(
            str(entry.seq), when(entry.at, place), Text(_who(entry)), Text(clean(entry.address)), clean(entry.act),
            Text(clean(entry.what)), Text(clean(entry.outcome), _STYLES.get(entry.outcome, "")),
            Text(clean(entry.detail, 400)),
        )  # fmt: skip
    console().print(table)
    if page.next is not None:
        console().print(f"[dim]older ones: --before {page.next}[/]")
    return 0


def verify(*, config: Config = None, data_dir: DataDir = None, json: Json = False,
           anchor: Annotated[list[str] | None, Parameter(negative="", help="NUMBER:HASH that was noted of the log before; may be given again.")] = None,  # noqa: E501
           ) -> int:  # fmt: skip
    """Read the log through and say where it isn't as it was written. Exit code 1: somewhere it isn't."""
    anchors = [_anchor(text) for text in anchor or ()]
    began = time.monotonic()
    with access_database(settings_of(config, data_dir)) as database:
        found = AuditLog(database).verify(anchors)
    if json:
        print_json({
            "intact": found.intact, "entries": found.entries, "head": {"number": found.last, "hash": found.head},
            "problems": [problem._asdict() for problem in found.problems],
        })  # fmt: skip
        return 0 if found.intact else 1
    out = console()
    for problem in found.problems:
        out.print(Text(problem.text, "red"))
    secs = time.monotonic() - began
    if not found.intact:
        out.print(f"[bold red]the log was changed[/]: {found.entries:,} entries, read in {secs:.1f} s")
        return 1
    out.print(f"[bold green]the log is whole[/]: {found.entries:,} entries, read in {secs:.1f} s")
    if found.entries:
        noted = f"--anchor {found.last}:{found.head[:_NOTED]}"
        out.print(f"[dim]note this elsewhere: `cityloom audit verify {noted}` shows whether it still is[/]")
    return 0


def _who(entry: Entry) -> str:
    name = clean(entry.name) or "?"
    return f"{name} ({clean(entry.token or entry.role)})"


def _anchor(text: str) -> Anchor:
    found = _ANCHOR.fullmatch(text)
    if found is None:
        raise CommandError(
            f"{text!r} is nothing that was noted of the log.",
            "Write NUMBER:HASH as `cityloom audit verify` shows it, with eight characters of the hash or more.", 2,
        )  # fmt: skip
    return Anchor(int(found[1]), found[2])
