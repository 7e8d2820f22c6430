"""`cityloom notifications list|retry`: who was told of what, what waits, and what nobody took."""

from datetime import datetime
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table
from rich.text import Text

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.errors import CommandError

__all__ = ["listing", "retry"]

State = Literal["", "gathering", "sending", "sent", "failed", "cancelled", "expired"]
_STYLES = {"failed": "bold red", "sending": "yellow", "expired": "yellow"}
_SHORT = 8


def listing(*, config: Config = None, data_dir: DataDir = None, json: Json = False, state: State = "",
            channel: Annotated[str, Parameter(help="Only those of this channel.")] = "",
            limit: Annotated[int, Parameter(alias="-n", validator=Number(gte=1, lte=1_000))] = 30) -> int:  # fmt: skip
    """List messages, the newest first.

    Parameters
    ----------
    state
        Only those that are gathering, sending, sent, failed, cancelled or expired.
    limit
        How many at most.
    """
    settings = settings_of(config, data_dir)
    found = ask(settings, "notifications", state=state, channel=channel, limit=limit)
    if json:
        print_json(found)
        return 0
    messages = found["notifications"]
    if not messages:
        console().print(
            "[dim]nobody was told of anything[/]" if not (state or channel) else "[dim]none of that kind[/]"
        )
        return 0
    zone = city_zone(settings)
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("id", "created", "kind", "channel", "zone", "state", "tries", "about", "problem"):
        table.add_column(name, no_wrap=name not in ("about", "problem"), justify="right" if name == "tries" else "left")
    for message in messages:
        items = message["items"]
        about = "" if not items else f"{items[0]['change']} {items[0]['condition']} {clean(items[0]['asset'], 40)}"
        about += f" and {len(items) - 1} more" if len(items) > 1 else ""
        when = datetime.fromtimestamp(message["created"] // 1_000_000_000, zone)
        kept = Text(message["state"], _STYLES.get(message["state"], ""))
        table.add_row(
            message["id"][:_SHORT], f"{when:%m-%d %H:%M:%S}", message["kind"], message["channel"],
            clean(message["zone"]), kept, str(message["attempts"]), Text(about),
            Text(clean(message["problem"]), "yellow"),
        )  # fmt: skip
    console().print(table)
    said = ", ".join(f"{number:,} {name}" for name, number in sorted(found["states"].items()))
    console().print(f"[dim]{said}[/]")
    return 0


def retry(*ids: str, config: Config = None, data_dir: DataDir = None, json: Json = False) -> int:
    """Send messages that failed once more.

    Parameters
    ----------
    ids
        Their ids, or the first characters.
    """
    if not ids:
        raise CommandError("Which messages?", "`cityloom notifications list --state failed` shows them.", 2)
    done = ask(settings_of(config, data_dir), "retry_notifications", ids=list(ids))
    if json:
        print_json(done)
    else:
        when = "" if done["running"] else " when the gateway starts: it does not run"
        console().print(f"{done['retried']} to be sent again{when}")
    return 0
