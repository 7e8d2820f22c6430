"""The leaves of a record: every place that holds a plain value, by its path as profiles write it."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from gateway.config.paths import quoted

__all__ = ["Scalar", "Steps", "leaf_kind", "leaves", "path_text"]

Scalar: TypeAlias = "bool | int | float | str | None"
Steps = tuple[str | int, ...]
_MOST_ELEMENTS = 8
"""A longer list of plain values is no set of quantities."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def leaves(record: Any, most: int = 400) -> Iterator[tuple[Steps, Scalar]]:
    """Places and values in order of the document, `most` at most; lists of objects are not entered."""
    waiting: list[tuple[Steps, Any]] = [((), record)]
    given = 0
    while waiting and given < most:
        steps, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*steps, key), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            if len(value) <= _MOST_ELEMENTS and not any(isinstance(one, dict | list) for one in value):
                waiting.extend(((*steps, k), value[k]) for k in reversed(range(len(value))))
        else:
            given += 1
            yield steps, value


def path_text(steps: Steps) -> str:
    """A path as profiles write it: keys parted by dots, odd ones in quotes."""
    out = ""
    for step in steps:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            out += ("." if out else "") + ('"^"' if step == "^" else quoted(step))
    return out


def leaf_kind(value: Scalar) -> str:
    """null, flag, number, numeric_text or text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    return "numeric_text" if len(value) <= 40 and _NUMBER.fullmatch(value.strip()) else "text"
