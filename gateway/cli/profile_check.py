"""`cityloom profile check`: a changed profile on the messages that a gateway received lately, before it goes live."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.markup import escape

from gateway.cli.desk_link import desk_link
from gateway.cli.door import Config, DataDir, Json, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.cli.times import local_text
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.workshop.profile_check import MOST_MESSAGES, check_profile

__all__ = ["check"]

_COLOURS = {"lost": "red", "changed": "yellow", "unread": "magenta", "new": "green", "same": "dim"}
_ORDER = tuple(_COLOURS)


def check(
    file: Path, /, *,
    replaces: Annotated[str, Parameter(help="The profile in force that it is compared with; by its own name where not given.", show_default=False)] = "",  # noqa: E501
    number: Annotated[int, Parameter(name=["--number", "-n"], validator=Number(gte=1, lte=MOST_MESSAGES), help="Of how many recent messages.")] = 200,  # noqa: E501
    show_: Annotated[int, Parameter(name="--show", help="So many messages are shown; 0 = all.")] = 20,
    config: Config = None, data_dir: DataDir = None, json: Json = False,
) -> int:  # fmt: skip
    """Compare what a changed profile makes of recent messages with what is made of them now. Nothing is changed.

    Exit code 1 where a reading would be lost, 2 where the profile can't be used.

    Parameters
    ----------
    file
        The profile's file (TOML).
    """
    settings = settings_of(config, data_dir)
    answer = asyncio.run(_asked(settings, _text(file), replaces, number))
    if json:
        print_json(answer)
    out = console(stderr=json)
    if answer["problems"]:
        for each in answer["problems"]:
            where = f"{file}: {each['key']}" if each["key"] else str(file)
            out.print(f"[red]{escape(clean(where, 200))}[/]: {escape(clean(each['problem'], 400))}")
            out.print(f"  {escape(clean(each['remedy'], 400))}", style="dim")
        return 2
    _show(out, answer, city_zone(settings), show_)
    return 1 if answer["summary"]["readings"]["lost"] else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(f"{file} can't be read: {said}.", "Name a profile's TOML file.", 2) from error


async def _asked(settings: Settings, text: str, replaces: str, number: int) -> dict[str, Any]:
    async with desk_link(settings) as link:
        return await check_profile(link, text, replaces, number)


def _show(out: Console, answer: Mapping[str, Any], zone: ZoneInfo, most: int) -> None:
    messages = sorted(answer["messages"], key=lambda each: _ORDER.index(each["change"]))
    for each in messages[: most or len(messages)]:
        colour = _COLOURS[each["change"]]
        reason = f" {each['reason']}" if each["reason"] else ""
        out.print(
            f"[{colour}]{each['change']}[/] {escape(clean(each['topic'], 200))}"
            f" [dim]{local_text(each['received_at'], zone)}[/]{escape(reason)}"
        )
        for reading in each["readings"]:
            if reading["change"] != "same":
                out.print(f"  {escape(clean(_reading(reading), 300))}")
        for trouble in each["troubles"]:
            said = f"{trouble['path']}: {trouble['reason']}: {trouble['detail']}"
            out.print(f"  [red]{escape(clean(said, 400))}[/]")
            if trouble["hint"]:
                out.print(f"    {escape(clean(trouble['hint'], 400))}", style="dim")
    if most and len(messages) > most:
        out.print("[dim]not all are shown: --show 0 shows them[/]")
    of = f"in place of {answer['replaces']}" if answer["replaces"] else "as a new one"
    counts = answer["summary"]
    said = ", ".join(f"{counts['messages'][change]} {change}" for change in _ORDER)
    out.print(f"{answer['profile']}, {of}: {len(messages)} messages: {said}")
    readings = ", ".join(f"{counts['readings'][one]} {one}" for one in _ORDER if one != "unread")
    out.print(f"readings: {readings}")
    if not messages:
        out.print("[dim]the journal holds no recent message of its topics: `cityloom profile try` takes recordings[/]")


def _reading(reading: Mapping[str, Any]) -> str:
    then, now = _value(reading["then"]), _value(reading["now"])
    said = {"new": then, "lost": now}.get(reading["change"], f"{now} -> {then}")
    return f"{reading['change']} {reading['device']} {reading['quantity']}: {said}"


def _value(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    value = "missing" if found["value"] is None else f"{found['value']:.6g} {found['unit']}"
    return f"{found['state'] or value} {found['flag']}"
