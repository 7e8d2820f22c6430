"""Batches for tests of parts with state: the same rows in one call, or cut into several with a snapshot between."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Out = TypeVar("Out")


class Stateful(Protocol):
    """What a part with state has."""

    def grow(self, n: int) -> None: ...
    def snapshot(self) -> dict[str, Array]: ...
    def restore(self, state: dict[str, Array]) -> None: ...


Part = TypeVar("Part", bound=Stateful)


def in_pieces(
    make: Callable[[], Part], n: int, call: Callable[[Part, list[Array]], Out], rows: Sequence[Array], cuts: list[int]
) -> list[Out]:
    """What a part gives for `rows` cut at `cuts`, moved by a snapshot into a fresh part at each cut."""
    edges = [0, *sorted(min(cut, len(rows[0])) for cut in cuts), len(rows[0])]
    part = make()
    part.grow(n)
    made = []
    for begin, end in pairwise(edges):
        made.append(call(part, [column[begin:end] for column in rows]))
        state = part.snapshot()
        before = {name: column.copy() for name, column in state.items()}
        part = make()
        part.grow(n + 3)  # what is held makes way
        part.restore(state)
        for name, column in part.snapshot().items():
            np.testing.assert_array_equal(column, before[name])
    return made
