"""How a topic differs from the template of a profile, said in words, and how far it is from it."""

from typing import NamedTuple

from gateway.config.topic_template import TopicTemplate
from gateway.workshop.message import tidy

__all__ = ["Difference", "difference"]

_LENGTH_COSTS = 1.5
_MOST_IN_FRONT, _IN_FRONT = 2, 0.1
"""A bridge puts a level or two before a topic: that is near."""


class Difference(NamedTuple):
    """A distance, 0 for none, and what it is."""

    distance: float
    what: str


def difference(template: TopicTemplate, topic: str) -> Difference:
    """What keeps a topic from fitting. Levels count from 1."""
    if template.match(topic) is not None:
        return Difference(0.0, "")
    given, wanted = topic.split("/"), template.levels
    for more in range(1, min(_MOST_IN_FRONT, len(given) - 1) + 1):
        if template.match("/".join(given[more:])) is not None:
            return Difference(_IN_FRONT * more, f"it has {_quoted('/'.join(given[:more]))} in front")
    many = next((k for k, level in enumerate(wanted) if level.many), None)
    wrong: list[str] = []
    for k, level in enumerate(wanted[: len(wanted) if many is None else many]):
        if k >= len(given):
            break
        text = given[k]
        if level.variable is None and text != level.prefix:
            wrong.append(f"level {k + 1} is {_quoted(text)}, not {_quoted(level.prefix)}")
        elif level.variable is not None and not _fits(level.prefix, level.suffix, text):
            shown = f"{level.prefix}{{{level.variable}}}{level.suffix}"
            wrong.append(f"level {k + 1} is {_quoted(text)}, not {tidy(shown, 60)}")
    distance = float(len(wrong))
    least = len(wanted)
    if len(given) < least or (many is None and len(given) > least):
        distance += _LENGTH_COSTS * min(abs(len(given) - least), 4)
        wrong.append(f"it has {len(given)} levels, not {least}{' or more' if many is not None else ''}")
    if not wrong:
        wrong.append("its last levels are others")
        distance = 1.0
    return Difference(distance / max(len(wanted), 1), "; ".join(wrong[:3]))


def _fits(prefix: str, suffix: str, text: str) -> bool:
    return text.startswith(prefix) and text.endswith(suffix) and len(text) > len(prefix) + len(suffix)


def _quoted(text: str) -> str:
    return f'"{tidy(text, 40)}"'
