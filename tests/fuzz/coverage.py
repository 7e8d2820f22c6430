"""Which ways through our packages an input takes, and the fewest small inputs that together take them all.

By `sys.settrace`, which every Python has, so that a corpus can be kept small without a fuzzer installed.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.limits import Target

__all__ = ["fewest", "ways"]

Way = tuple[str, int, int]
"""File, a line, and the line after it."""
_ROOT = Path(__file__).parents[2]
_WATCHED = tuple(str(_ROOT / package) + "/" for package in ("gateway", "processors"))


def ways(target: Target, data: bytes) -> frozenset[Way]:
    """The steps from line to line that a run takes."""
    taken: set[Way] = set()

    def tracer(frame: FrameType, event: str, _: Any) -> Any:
        if event != "call" or not frame.f_code.co_filename.startswith(_WATCHED):
            return None
        file, last = frame.f_code.co_filename, frame.f_code.co_firstlineno

        def lines(inner: FrameType, what: str, _: Any) -> Any:
            nonlocal last
            if what == "line":
                taken.add((file, last, inner.f_lineno))
                last = inner.f_lineno
            return lines

        return lines

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        target(data)
    finally:
        sys.settrace(before)
    return frozenset(taken)


def fewest(
    target: Target, inputs: Iterable[bytes], most_bytes: int, tell: Callable[[int, int], None] = lambda *_: None
) -> list[bytes]:
    """Of the inputs those that take a way that no smaller one takes, up to `most_bytes` in all; the smallest first.

    An input that fails is left out: it belongs into a report, and once mended back into the corpus by its own name.
    """
    ordered = sorted(set(inputs), key=lambda data: (len(data), data))
    found: list[tuple[bytes, frozenset[Way]]] = []
    for number, data in enumerate(ordered, 1):
        try:
            found.append((data, ways(target, data)))
        except Exception:  # noqa: BLE001 - whatever a target raises
            continue
        tell(number, len(ordered))
    known: set[Way] = set()
    kept: list[bytes] = []
    for data, taken in found:
        if taken - known:
            known |= taken
            kept.append(data)
    return _within(kept, dict(found), most_bytes)


def _within(kept: list[bytes], found: dict[bytes, frozenset[Way]], most_bytes: int) -> list[bytes]:
    """The most telling a byte, until the room is used."""
    if sum(map(len, kept)) <= most_bytes:
        return kept
    known: set[Way] = set()
    chosen: list[bytes] = []
    left, room = list(kept), most_bytes
    while left:
        best = max(left, key=lambda data: len(found[data] - known) / (len(data) + 16))
        left.remove(best)
        if not found[best] - known:
            break
        if len(best) <= room:
            chosen.append(best)
            known |= found[best]
            room -= len(best)
    return sorted(chosen, key=lambda data: (len(data), data))
