"""Topic templates: `city/{zone}/loop/{device}`, `zigbee2mqtt/{name...}/availability`, `Datastreams({id})`.

A level is literal, or has one variable with a literal prefix and suffix; `{name...}` stands for one or more whole
levels and may occur once. Variables never match an empty level, and a first-level variable never matches a `$` topic
(MQTT 5, 4.7.2); a first level that begins with `$` is literal, for no wildcard would bring its topics. A template is a
set of topics: `overlap` and `covers` compare two such sets, and so decide which is more specific.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Level", "TopicTemplate", "covers", "fill", "filter_covers", "overlap", "parse_template", "variables_of"]

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)(\.\.\.)?\}")


@dataclass(frozen=True, slots=True)
class Level:
    """One level: `prefix{variable}suffix`; without a variable the literal is in `prefix`."""

    prefix: str
    variable: str | None = None
    suffix: str = ""
    many: bool = False

    @property
    def open(self) -> bool:
        """Whether any (non-empty) level matches."""
        return self.variable is not None and not self.prefix and not self.suffix


@dataclass(frozen=True)
class TopicTemplate:
    """A parsed template."""

    text: str
    levels: tuple[Level, ...]

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names of its variables, from left to right."""
        return tuple(level.variable for level in self.levels if level.variable is not None)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A regular expression for `fullmatch`, with a group a variable."""
        parts = []
        for place, level in enumerate(self.levels):
            part = re.escape(level.prefix)
            if level.variable is not None:
                guard = r"(?!\$)" if place == 0 and not level.prefix else ""
                body = r"[^/]+(?:/[^/]+)*" if level.many else r"[^/]+"
                part += f"{guard}(?P<{level.variable}>{body})" + re.escape(level.suffix)
            parts.append(part)
        return re.compile("/".join(parts))

    @property
    def mqtt_filter(self) -> str:
        """The narrowest MQTT filter that takes in all its topics."""
        parts = []
        for level in self.levels:
            if level.many:
                parts.append("#")
                break
            parts.append(level.prefix if level.variable is None else "+")
        return "/".join(parts)

    def takes_levels(self, count: int) -> bool:
        """Whether a topic of so many levels can be one of its."""
        return count == len(self.levels) or (count > len(self.levels) and any(level.many for level in self.levels))

    def match(self, topic: str) -> dict[str, str] | None:
        """The variables of a topic, or None where it doesn't fit."""
        found = self.pattern.fullmatch(topic)
        return None if found is None else found.groupdict()


def parse_template(text: str) -> TopicTemplate:
    """Read a template. Raises ValueError with what is wrong."""
    if not text:
        raise ValueError("a topic template can't be empty")
    levels = tuple(_level(part) for part in text.split("/"))
    names = [level.variable for level in levels if level.variable is not None]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"variable {{{min(twice)}}} occurs twice")
    if sum(level.many for level in levels) > 1:
        raise ValueError("only one {name...} can stand for a variable number of levels")
    if levels[0].variable is not None and _dollar(levels[0]):
        raise ValueError(
            f"level {text.partition('/')[0]!r} begins with $, so it must be literal: no filter takes it otherwise"
        )
    return TopicTemplate(text, levels)


def _level(part: str) -> Level:
    found = list(_VARIABLE.finditer(part))
    bare = _VARIABLE.sub("", part)
    if any(sign in bare for sign in "+#{}\0"):
        raise ValueError(f"level {part!r} may hold a literal and {{name}} in lower case, not + # or a lone brace")
    if not found:
        return Level(part)
    if len(found) > 1:
        raise ValueError(f"level {part!r} has more than one variable")
    one = found[0]
    level = Level(part[: one.start()], one[1], part[one.end() :], many=one[2] is not None)
    if level.many and not level.open:
        raise ValueError(f"level {part!r}: {{name...}} stands alone between slashes")
    return level


def variables_of(text: str) -> tuple[str, ...]:
    """The variables that a fill-in text such as `{tenant}/{device}` uses."""
    return tuple(found[1] for found in _VARIABLE.finditer(text))


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Put the variables of a topic into a text."""
    return _VARIABLE.sub(lambda found: variables[found[1]], text)


# Sets are compared on lists of levels in which `{x...}` has become an open level and `None` (any number more).
_Sequence = tuple[Level | None, ...]


def _expand(template: TopicTemplate) -> _Sequence:
    expanded: list[Level | None] = []
    for level in template.levels:
        expanded.append(level)
        if level.many:
            expanded.append(None)
    return tuple(expanded)


def overlap(a: TopicTemplate, b: TopicTemplate) -> bool:
    """Whether some topic fits both."""
    return _overlap(_expand(a), _expand(b), first=True)


def covers(a: TopicTemplate, b: TopicTemplate) -> bool:
    """Whether every topic that fits `b` fits `a`."""
    return _covers(_expand(a), _expand(b), first=True)


def _overlap(a: _Sequence, b: _Sequence, *, first: bool) -> bool:
    if not a or not b:
        return all(level is None for level in a + b)
    if a[0] is None:
        return _overlap(a[1:], b, first=first) or _overlap(a, b[1:], first=first)
    if b[0] is None:
        return _overlap(b, a, first=first)
    return _level_overlap(a[0], b[0], first=first) and _overlap(a[1:], b[1:], first=False)


def _covers(a: _Sequence, b: _Sequence, *, first: bool) -> bool:
    if not a:
        return not b
    if a[0] is None:
        return _covers(a[1:], b, first=first) or (bool(b) and _covers(a, b[1:], first=first))
    if not b or b[0] is None:
        return False
    return _level_covers(a[0], b[0], first=first) and _covers(a[1:], b[1:], first=False)


def _level_overlap(a: Level, b: Level, *, first: bool) -> bool:
    if a.variable is None:
        return _level_covers(b, a, first=first)
    if b.variable is None:
        return _level_covers(a, b, first=first)
    heads = a.prefix.startswith(b.prefix) or b.prefix.startswith(a.prefix)
    tails = a.suffix.endswith(b.suffix) or b.suffix.endswith(a.suffix)
    return heads and tails and not (first and _dollar(a) != _dollar(b) and (not a.prefix or not b.prefix))


def _level_covers(a: Level, b: Level, *, first: bool) -> bool:
    if a.variable is None:
        return b.variable is None and a.prefix == b.prefix
    if first and not a.prefix and _dollar(b):
        return False
    if b.variable is None:
        fits = b.prefix.startswith(a.prefix) and b.prefix.endswith(a.suffix)
        return fits and len(b.prefix) > len(a.prefix) + len(a.suffix)
    return b.prefix.startswith(a.prefix) and b.suffix.endswith(a.suffix)


def _dollar(level: Level) -> bool:
    return level.prefix.startswith("$")


def filter_covers(a: str, b: str) -> bool:
    """Whether MQTT filter `a` takes in everything that filter `b` does."""
    ours, theirs = a.split("/"), b.split("/")
    if ours[0] in ("+", "#") and theirs[0].startswith("$"):
        return False
    for place, level in enumerate(ours):
        if level == "#":
            return True
        if place >= len(theirs) or theirs[place] == "#" or (level != "+" and level != theirs[place]):
            return False
    return len(ours) == len(theirs)
