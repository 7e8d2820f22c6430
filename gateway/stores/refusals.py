"""Find the lines that a database refuses, by halving: k bad ones among n cost about 2 k log2(n / k) requests."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["RefusedLine", "TooManyRefusals", "bisect"]


class RefusedLine(NamedTuple):
    """A line that is refused by itself, with the database's words."""

    line: int
    detail: str


class TooManyRefusals(Exception):
    """The bound on requests is reached: this is no matter of a few bad points."""


def bisect(
    lines: NDArray[np.int64],
    attempt: Callable[[NDArray[np.int64]], str | None],
    max_requests: int,
    known: str | None = None,
) -> list[RefusedLine]:
    """Send `lines`, then halves of what is refused, down to single lines; in the end all others are stored.

    Args:
        lines: what to send, by number.
        attempt: sends the lines of the given numbers; None: all stored; else why some were refused.
        max_requests: how often `attempt` may be called.
        known: why `lines` as a whole were refused, where they have been sent already.

    Raises:
        TooManyRefusals: after `max_requests` requests.
    """
    waiting = [lines] if len(lines) else []
    refused: list[RefusedLine] = []
    while waiting:
        part = waiting.pop()
        detail, known = known, None
        if detail is None:
            if max_requests <= 0:
                raise TooManyRefusals(f"{len(refused)} lines are refused and {len(part)} more are in doubt.")
            max_requests -= 1
            detail = attempt(part)
        if detail is None:
            continue
        if len(part) == 1:
            refused.append(RefusedLine(int(part[0]), detail))
        else:
            half = len(part) // 2
            waiting += [part[half:], part[:half]]
    return refused
