"""`cityloom dead-letters list|show|replay|purge`: what could not be used, and bringing it back."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean, size
from gateway.errors import CommandError, GatewayError

__all__ = ["listing", "purge", "replay", "show"]

Limit = Annotated[int, Parameter(alias="-n", validator=Number(gte=1), help="How many at most, the newest first.")]
Reason = Annotated[str, Parameter(help="Only those with this reason.")]
Profile = Annotated[str, Parameter(help="Only those of this profile.")]
Device = Annotated[str, Parameter(help="Only those of this device.")]
Yes = Annotated[bool, Parameter(negative="", show_default=False, help="All of them, without any filter.")]


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False, reason: Reason = "",
            profile: Profile = "", device: Device = "", limit: Limit = 30) -> int:  # fmt: skip
    """List dead letters, newest first."""
    settings = settings_of(config, data_dir)
    found = ask(settings, "dead_letters", reason=reason, profile=profile, device=device, limit=limit)
    if json:
        print_json(found)
        return 0
    letters = found["dead_letters"]
    if not letters:
        console().print("[dim]no dead letters[/]" if not (reason or profile or device) else "[dim]none of that kind[/]")
        return 0
    zone = city_zone(settings)
    table = Table(box=None, header_style="dim")
    for name in ("id", "received", "reason", "topic", "detail", "size", "replayed"):
        table.add_column(name)
    for letter in letters:
        when = datetime.fromtimestamp(letter["received_at"] / 1e9, zone)
        again = "" if letter["replayed_at"] is None else "yes"
        table.add_row(
            letter["id"], f"{when:%Y-%m-%d %H:%M:%S}", Text(letter["reason"], "yellow"), clean(letter["topic"], 60),
            clean(letter["detail"]), size(letter["bytes"]), again,
        )  # fmt: skip
    console().print(table)
    console().print(f"[dim]{len(letters):,} of {found['held']:,} that are held[/]")
    if found["purged"]:
        console().print(
            f"[yellow]{found['purged']:,} older ones had to go for want of room and can't be replayed: "
            "`records.dead_letters_max_count` and `_max_bytes` are the bounds[/]"
        )
    return 0


def show(id: str, /, *, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:  # noqa: A002
    """Show one dead letter whole.

    Parameters
    ----------
    id
        As `list` shows it.
    """
    letter = ask(settings_of(config, data_dir), "dead_letter", id=id)
    if json:
        print_json(letter)
        return 0
    table = Table(box=None, show_header=False)
    for name, value in letter.items():
        table.add_row(Text(name, "dim"), clean(str(value), 4000))
    console().print(table)
    return 0


def replay(*ids: str, config: Config = None, data_dir: DataDir = None, json: Json = False, reason: Reason = "",
           profile: Profile = "", device: Device = "", all: Yes = False) -> int:  # noqa: A002  # fmt: skip
    """Send dead letters through the engine again, under the configuration of now. Each goes once, unless it is named.

    Parameters
    ----------
    ids
        Which; or choose by --reason, --profile, --device, or --all.
    """
    _must_choose(ids, reason, profile, device, everything=all)
    settings = settings_of(config, data_dir)
    choice = {"ids": list(ids), "reason": reason, "profile": profile, "device": device}
    sent, left, upto = 0, 1, 0
    with _progress() as bar:
        task = bar.add_task("sent again", total=None)
        while left:
            try:
                done = ask(settings, "replay_dead_letters", **choice, upto=upto)
            except GatewayError as error:
                code = error.exit_code if isinstance(error, CommandError) else 1
                raise CommandError(error.problem, _after(sent, error.remedy), code) from error
            sent, left, upto = sent + done["replayed"], done["remaining"], done["upto"]
            bar.update(task, completed=sent, total=sent + left)
            if not done["replayed"]:
                break  # what is left is being sent by somebody else
    if json:
        print_json({"replayed": sent, "remaining": left})
    else:
        more = f"; {left:,} remain" if left else ""
        console().print(f"{sent:,} sent through the engine again{more}; `cityloom ledger` shows what became of them")
    return 0


def _progress() -> Progress:
    """Shown on a terminal only, and gone at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    shown = console(stderr=True)
    return Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal)


def _after(sent: int, remedy: str) -> str:
    return f"{sent:,} were sent before it, and go on with the rest by the same command. {remedy}" if sent else remedy


def purge(*, config: Config = None, data_dir: DataDir = None, json: Json = False, reason: Reason = "",
          profile: Profile = "", device: Device = "", all: Yes = False) -> int:  # noqa: A002  # fmt: skip
    """Delete dead letters for good; they stay counted."""
    _must_choose((), reason, profile, device, everything=all)
    done = ask(settings_of(config, data_dir), "purge_dead_letters", reason=reason, profile=profile, device=device)
    if json:
        print_json(done)
    else:
        console().print(f"{done['purged']} deleted")
    return 0


def _must_choose(ids: tuple[str, ...], reason: str, profile: str, device: str, *, everything: bool) -> None:
    if not (ids or reason or profile or device or everything):
        raise CommandError("Which dead letters?", "Name them, or choose by --reason, --profile, --device or --all.", 2)
