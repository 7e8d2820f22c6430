"""What the tables beside this file are made of: commands and their groups, as values."""

from typing import NamedTuple

__all__ = ["Command", "Group", "command"]


class Command(NamedTuple):
    """One command, named by the place of its function: it is imported when the command is called."""

    name: str
    function: str
    """`module:function`."""
    summary: str
    examples: tuple[str, ...]


class Group(NamedTuple):
    """Commands behind one word; without a name: those of `cityloom` itself."""

    name: str
    summary: str
    commands: tuple[Command, ...]


def command(name: str, function: str, summary: str, *examples: str) -> Command:
    """A line of a table."""
    return Command(name, function, summary, examples)
