"""`cityloom profile draft`: a first profile of messages that somebody recorded."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gateway.cli.door import Config, city_zone, settings_of
from gateway.cli.messages import read_messages
from gateway.cli.output import console
from gateway.cli.profile import At
from gateway.cli.text import clean
from gateway.cli.times import parse_time
from gateway.config.filters import filter_problem
from gateway.config.topic_template import filter_covers
from gateway.config.units import LEFT_TO_FILL_IN
from gateway.errors import CommandError
from gateway.workshop.draft import UndraftableError, draft, families_of
from gateway.workshop.draft_text import draft_text
from gateway.workshop.guess_topic import Family
from gateway.workshop.message import Heard

__all__ = ["profile_draft"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


def profile_draft(
    files: Annotated[tuple[Path, ...], Parameter(show_default=False, allow_leading_hyphen=True)] = (), /, *,
    topic: str = "",
    name: str = "", out: Annotated[Path | None, Parameter(show_default=False)] = None, received_at: At = "",
    config: Config = None,
) -> int:  # fmt: skip
    """Write a first profile of messages: what they tell, and what is left to fill in, such as units.

    Parameters
    ----------
    files
        Recordings (JSON lines), raw payloads with --topic, or - for standard input.
    topic
        The topic of a raw payload; of a recording a filter, and only messages that it takes in count.
    name
        The profile's name: lower case, digits, hyphens; made of the topic where empty.
    out
        File to write; must not exist. Standard output where there is none.
    """
    if name and _NAME.fullmatch(name) is None:
        raise CommandError(
            f"{name!r} can't be a profile's name.", "Write lower-case letters, digits and hyphens, a letter first.", 2
        )
    if out is not None and out.exists():
        raise CommandError(f"{out} exists.", "Name another file; what you filled in there would be lost.", 2)
    if topic and filter_problem(topic):
        raise CommandError(
            f"--topic {topic} {filter_problem(topic)}.", "Write a topic, or a filter such as city/+/noise/#.", 2
        )
    settings = settings_of(config, None)
    zone = city_zone(settings)
    bounds = settings.bounds.bounds()
    heard = [
        one
        for one in read_messages(files, topic, parse_time(received_at, zone) or None)
        if not topic or filter_covers(topic, one.topic)
    ]
    if not heard:
        raise CommandError(
            f"No message{f' of {topic}' if topic else ''} is there.", "Record some: `cityloom listen --save FILE`.", 2
        )
    families = families_of(heard, bounds)
    family, messages = families[0]
    name = name or _name_of(family.levels)
    try:
        made = draft(family, messages, name, zone.key, bounds)
    except UndraftableError as error:
        raise CommandError(
            f"No profile can be made of {clean(family.text, 200)}: {error}.",
            _others(families) or "Record messages that hold readings.",
            1,
        ) from error
    text = draft_text(made)
    said = console(stderr=True)
    if out is None:
        console().print(text, end="", markup=False, soft_wrap=True)
    else:
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise CommandError(
                f"{out} can't be written: {error.strerror}.", "Name a file in a folder that is there.", 2
            ) from error
        fields = [one for one in made.fields if not one.out]
        left = sum(one.unit == LEFT_TO_FILL_IN for one in fields) + (made.zone == LEFT_TO_FILL_IN)
        said.print(
            f"{out}: {len(fields)} fields of {len(messages)} messages; {left} to fill in ({LEFT_TO_FILL_IN})",
            markup=False,
        )
    if len(families) > 1:
        said.print(
            clean(f"{len(heard) - len(messages)} messages are of other kinds. {_others(families)}", 600), markup=False
        )
    return 0


def _others(families: Sequence[tuple[Family, Sequence[Heard]]]) -> str:
    shown = ", ".join(f"{family.filter} ({len(messages)})" for family, messages in families[1:6])
    return f"Draft them by --topic: {shown}" if shown else ""


def _name_of(levels: tuple[str | None, ...]) -> str:
    """A profile's name made of the topic's words."""
    words = [re.sub(r"[^a-z0-9]+", "-", (level or "").lower()).strip("-") for level in levels]
    text = re.sub(r"^[^a-z]+", "", "-".join([word for word in words if word][-3:]))[:64].strip("-")
    return text or "stranger"
