"""Feeds a stateful rule in pieces, with a snapshot put into a new one at each cut."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

S = 1_000_000_000
MINUTE = 60 * S
HOUR = 3600 * S

Arrays = tuple[NDArray[Any], ...]
T = TypeVar("T", bound="Stateful")


class Stateful(Protocol):
    def snapshot(self) -> dict[str, NDArray[Any]]: ...
    def restore(self, state: Mapping[str, NDArray[Any]]) -> None: ...


def in_pieces(
    rule: T, make: Callable[[], T], feed: Callable[[T, Arrays], Arrays], rows: Arrays, cuts: Sequence[int]
) -> Arrays:
    """The results of all pieces, one after the other."""
    edges = [0, *sorted({cut % (len(rows[0]) + 1) for cut in cuts}), len(rows[0])]
    parts = []
    for begin, end in pairwise(edges):
        parts.append(feed(rule, tuple(column[begin:end] for column in rows)))
        state = rule.snapshot()
        rule = make()
        rule.restore(state)
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def same(one: Arrays, other: Arrays) -> None:
    """Equal in every bit that shows, NaN and all."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
