"""`cityloom dead-letters list|show|replay|purge`: what could not be used, and bringing it back."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean, size
from gateway.errors import CommandError

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
    letters = ask(settings, "dead_letters", reason=reason, profile=profile, device=device, limit=limit)
    if json:
        print_json({"dead_letters": letters})
        return 0
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
    """Send dead letters through the engine again, under the configuration of now.

    Parameters
    ----------
    ids
        Which; or choose by --reason, --profile, --device, or --all.
    """
    _must_choose(ids, reason, profile, device, everything=all)
    done = ask(
        settings_of(config, data_dir), "replay_dead_letters", ids=list(ids), reason=reason, profile=profile,
        device=device,
    )  # fmt: skip
    if json:
        print_json(done)
    else:
        console().print(
            f"{done['replayed']} sent through the engine again; `cityloom ledger` shows what became of them"
        )
    return 0


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
