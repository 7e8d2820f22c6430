"""`cityloom reload`: let the gateway that runs read its configuration again, and say what is another."""

from typing import Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from gateway.cli.door import Config, DataDir, Json, ask, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.errors import ConfigError, ConfigErrors

__all__ = ["reload"]

_PARTS = ("profiles", "devices", "conditions", "zones", "assets", "subscriptions")
_MOST_ROWS = 60
_LONGEST = 60
Row = tuple[str, str, str, str]


def reload(
    *,
    check: Annotated[bool, Parameter(name=["--check", "--dry-run"], negative="", show_default=False)] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> int:
    """Read configuration, profiles, devices, conditions again and apply what is another, while everything goes on.

    The gateway reads the files that it was started with. What can't be used is refused whole, and the configuration
    that runs goes on: exit code 2. What needs a restart is named. The signal SIGHUP asks for the same.

    Parameters
    ----------
    check
        Only show what would change.
    """
    settings = settings_of(config, data_dir)
    answer = ask(settings, "reload", check=check)
    if json:
        print_json({key: answer[key] for key in (
            "applied", "in_force", "offset", "problems", "warnings", "ends", "differences",
        )})  # fmt: skip
        return 2 if answer["problems"] else 0
    if answer["problems"]:
        raise ConfigErrors([
            ConfigError(each["file"], each["key"], each["problem"], each["remedy"]) for each in answer["problems"]
        ])  # fmt: skip
    _show(answer, check=check)
    return 0


def _show(answer: dict[str, Any], *, check: bool) -> None:
    rows, found = list(_rows(answer["differences"])), answer["differences"]
    out = console()
    if rows:
        table = Table("what", "which", "before", "after", title="would change" if check else "changed")
        for row in rows[:_MOST_ROWS]:
            table.add_row(*(escape(clean(cell, _LONGEST)) for cell in row))
        out.print(table)
        if len(rows) > _MOST_ROWS:
            out.print(f"and {len(rows) - _MOST_ROWS} more: --json shows all")
    elif not found["restart"]:
        out.print("Nothing is another: the gateway goes on as it does.")
    for each in answer["ends"]:
        word = "would end" if check else "ends"
        out.print(escape(clean(f"alarm {each['condition']} at {each['asset']} {word}: nothing judges it any more")))
    for change in found["restart"]:
        out.print(escape(clean(f"needs a restart: {change['key']} ({_text(change['before'])} "
                               f"-> {_text(change['after'])})")))  # fmt: skip
    for warning in answer["warnings"]:
        out.print(f"[yellow]warning[/]: {escape(clean(warning))}")


def _rows(found: dict[str, Any]) -> "list[Row]":
    out: list[Row] = [
        (part[:-1] if part == "options" else part, each["key"], _text(each["before"]), _text(each["after"]))
        for part in ("options", "city", "incidents") for each in found[part]
    ]  # fmt: skip
    for part in _PARTS:
        word = part.removesuffix("s")
        out += [(word, name, "", "added") for name in found[part]["added"]]
        out += [(word, name, "removed", "") for name in found[part]["removed"]]
        out += [
            (word, f"{name}: {each['key']}", _text(each["before"]), _text(each["after"]))
            for name, changes in found[part]["changed"].items() for each in changes
        ]  # fmt: skip
    return out


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
