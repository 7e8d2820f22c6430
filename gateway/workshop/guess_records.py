"""Where the records of JSON messages are: a list of objects, an object keyed by device, or the message itself."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.config.paths import Each, Step, quoted
from gateway.workshop.leaves import leaf_kind, leaves

__all__ = ["RecordAt", "guess_records", "records_at", "records_text", "scalars_beside"]

Steps = tuple[Step | Each, ...]
RecordAt = tuple[Any, Any, str]
"""(record, what it lies in, key of the object member that it stands in)."""

_ABOUT_RADIO = re.compile(r"rx_?(?:info|metadata)|gateways?|antennas?|correlation.*|locations?|metadata", re.IGNORECASE)
_PARTS = frozenset({
    "l", "phase", "ph", "ch", "channel", "em", "emdata", "switch", "sensor", "input", "relay", "p", "t", "in", "out",
    "u", "i", "pm", "temperature", "humidity",
})  # fmt: skip
"""What stands before the number of a part of one device, and not of a device."""
_DEEPEST = 4
_NUMBERED = re.compile(r"[0-9]+")


def guess_records(documents: Sequence[Any]) -> tuple[Steps, bool]:
    """The steps of `[records]`, empty where a message is one record; and whether an object may stand for its list."""
    whole: list[Any] = list(documents)
    path: Steps = ()
    objects = sum(isinstance(one, dict) for one in whole)
    lists = [one for one in whole if isinstance(one, list)]
    single = bool(objects and lists)
    if any(_is_list_of_objects(one) for one in lists):
        whole = [one for document in whole for one in (document if isinstance(document, list) else [document])]
        path = (Each.ELEMENT,)
    for _ in range(_DEEPEST):
        found = Counter(branch for document in whole for branch in set(_branches(document)))
        if not found:
            break
        branch, count = min(found.items(), key=lambda one: (-one[1], len(one[0]), str(one[0])))
        if 2 * count < len(whole):
            break
        path += branch
        whole = [record for document in whole for record, _, _ in records_at(document, branch)]
    return path, single and path == (Each.ELEMENT,)


def _branches(document: Any) -> Iterator[Steps]:
    """Places in one document that hold what looks like records, each with most of the document's numbers."""
    if not isinstance(document, dict):
        return
    total = _numbers(document)
    waiting: list[tuple[Steps, Any]] = [((), document)]
    while waiting:
        steps, value = waiting.pop()
        if isinstance(value, list):
            if _is_list_of_objects(value) and 2 * sum(map(_numbers, value)) >= total:
                yield (*steps, Each.ELEMENT)
        elif isinstance(value, dict):
            keyed = _keyed(value)
            if keyed is not None:
                yield (*steps, *keyed)
            elif len(steps) < _DEEPEST:
                waiting.extend(((*steps, key), value[key]) for key in value if not _ABOUT_RADIO.fullmatch(key) and key)


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _keyed(value: Mapping[str, Any]) -> Steps | None:
    """The branch of an object whose keys name devices."""
    if not value:
        return None
    if all(_is_list_of_objects(one) for one in value.values()):
        return (Each.MEMBER, Each.ELEMENT) if len(value) > 1 or _NUMBERED.search(next(iter(value))) else None
    if len(value) < 2 or not all(isinstance(one, dict) and _numbers(one) for one in value.values()):
        return None
    patterns = {_NUMBERED.sub("#", key) for key in value}
    letters = re.sub(r"[^a-z]", "", next(iter(patterns)).lower())
    devices = len(patterns) == 1 and "#" in next(iter(patterns)) and letters not in _PARTS
    return (Each.MEMBER,) if devices else None


def _numbers(value: Any) -> int:
    """How many numbers a document holds, those in lists of objects too."""
    count, waiting = 0, [value]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            waiting.extend(at.values())
        elif isinstance(at, list):
            waiting.extend(at)
        elif leaf_kind(at) in ("number", "numeric_text"):
            count += 1
    return count


def records_at(document: Any, path: Steps) -> Iterator[RecordAt]:
    """The records of a document; an object in place of the first list is one."""
    waiting: list[tuple[Any, int, Any, Any, str]] = [(document, 0, None, None, "")]
    while waiting:
        at, depth, inner, outer, key = waiting.pop()
        if depth == len(path):
            yield at, outer, key
            continue
        step = path[depth]
        below: list[tuple[Any, str]] = []
        if step is Each.ELEMENT:
            below = [(one, key) for one in (at if isinstance(at, list) else [at] if isinstance(at, dict) else [])]
        elif step is Each.MEMBER:
            below = [(at[name], name) for name in at] if isinstance(at, dict) else []
        elif isinstance(step, str) and isinstance(at, dict) and step in at:
            below = [(at[step], key)]
        branch = isinstance(step, Each)
        waiting.extend(
            (one, depth + 1, one if branch else inner, inner if branch else outer, name)
            for one, name in reversed(below)
        )


def records_text(path: Steps) -> str:
    """The path as `[records]` has it."""
    out = ""
    for step in path:
        if isinstance(step, Each):
            out += step.value
        else:
            out += ("." if out else "") + quoted(str(step))
    return out


def scalars_beside(document: Any, path: Steps) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Leaves of a message that lie in none of its records."""
    first = next((k for k, step in enumerate(path) if isinstance(step, Each)), len(path))
    prefix = path[:first]
    for steps, value in leaves(document):
        if steps[: len(prefix)] != prefix:
            yield steps, value
