"""Paths into a payload: `a.b[0].c`, `"x:y".z`, `$.a` from the root of the message; record paths have `[]` and `{}`.

key      any characters but . [ ] { } " and blanks, or quoted: "x:y", with \\" and \\\\ inside
[0]      an element of a list
[]       every element of a list      (record paths only)
{}       every member of an object    (record paths only; its key can be the device's identity)
$        the root of the message; without it a path starts at the record. Alone it is the whole message, a bare value
@        alone: the record itself, where records are bare values
^.key    from the element or member that the record lies in: `^.id` of `devices[].services[]` is the device's
"""

import re
from dataclasses import dataclass
from enum import Enum

__all__ = ["ITSELF", "WHOLE", "Each", "Path", "RecordsPath", "Step", "parse_path", "parse_records_path"]


class Each(Enum):
    """A step of a record path that branches."""

    ELEMENT = "[]"
    MEMBER = "{}"


Step = str | int
WHOLE = "$"
ITSELF = "@"

_TOKEN = re.compile(
    r"""(?P<key>[^.\[\]{}"\s$]+) | "(?P<quoted>(?:[^"\\]|\\["\\])*)" | \[(?P<index>[0-9]{0,6})\] | (?P<member>\{\})""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Path:
    """One place in a message. `absolute`: from the root even where the message holds many records."""

    text: str
    steps: tuple[Step, ...]
    absolute: bool
    outer: bool = False
    """From what the record lies in."""

    def leads_through(self, other: "Path") -> bool:
        """Whether `other` is a place on the way to this one."""
        alike = (self.absolute, self.outer) == (other.absolute, other.outer)
        return alike and len(other.steps) < len(self.steps) and self.steps[: len(other.steps)] == other.steps


@dataclass(frozen=True, slots=True)
class RecordsPath:
    """Where the records of a message are: at least one step branches."""

    text: str
    steps: tuple[Step | Each, ...]


def parse_path(text: str) -> Path:
    """Read a path to one value. Raises ValueError with the place where it stops making sense."""
    if text == ITSELF:
        return Path(text, (), absolute=False)
    outer = text.startswith("^.")
    absolute, steps = _parse(text[2:] if outer else text)
    if outer and absolute:
        raise ValueError(f"{text!r} starts at two places")
    single = tuple(step for step in steps if not isinstance(step, Each))
    if len(single) != len(steps):
        raise ValueError(f"{text!r} branches at [] or {{}}, which only the path of [records] may do")
    if not single and text != WHOLE:
        raise ValueError("a path needs at least one key")
    return Path(text, single, absolute, outer)


def parse_records_path(text: str) -> RecordsPath:
    """Read a path to many records. Raises ValueError where none of its steps branches."""
    _, steps = _parse(text)
    if not any(isinstance(step, Each) for step in steps):
        raise ValueError(f"{text!r} leads to one place: mark the list with [] or the object with {{}}")
    return RecordsPath(text, tuple(steps))


def _parse(text: str) -> tuple[bool, list[Step | Each]]:
    absolute = text.startswith("$")
    at = 1 if absolute else 0
    steps: list[Step | Each] = []
    while at < len(text):
        dotted = text[at] == "."
        if dotted:
            at += 1
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text!r} can't be read as a path at character {at + 1}")
        is_key = found["key"] is not None or found["quoted"] is not None
        # keys are parted by dots, brackets follow directly
        starts = not steps and not absolute
        if dotted != (is_key and not starts):
            raise ValueError(f"{text!r} can't be read as a path at character {at + 1}")
        steps.append(_step(found))
        at = found.end()
    return absolute, steps


def _step(found: re.Match[str]) -> Step | Each:
    if found["key"] is not None:
        return found["key"]
    if found["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", found["quoted"])
    if found["member"] is not None:
        return Each.MEMBER
    return int(found["index"]) if found["index"] else Each.ELEMENT
