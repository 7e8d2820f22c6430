"""Columns a series that grow, are copied and put back."""

from typing import ClassVar

import pytest

from processors.detectors.state import SeriesState


class _Pair(SeriesState):
    SPEC: ClassVar = {"one": ("float64", 0), "three": ("uint8", 3)}


def test_new_series_are_zero_and_old_ones_keep_what_they_have() -> None:
    state = _Pair()
    state.grow(2)
    state._table.columns["one"][:] = [4, 5]

    state.grow(1000)

    assert len(state) == 1000
    assert state._table.columns["one"][:4].tolist() == [4, 5, 0, 0]


def test_growing_to_less_loses_nothing() -> None:
    state = _Pair()
    state.grow(5)
    state.grow(3)
    assert len(state) == 5


def test_a_snapshot_is_a_copy_that_restores() -> None:
    state, other = _Pair(), _Pair()
    state.grow(2)
    state._table.columns["three"][1] = [7, 8, 9]
    kept = state.snapshot()
    state._table.columns["three"][1] = 0

    other.restore(kept)
    kept["three"][:] = 1

    assert len(other) == 2
    assert other.snapshot()["three"].tolist() == [[0, 0, 0], [7, 8, 9]]


def test_a_state_of_something_else_is_refused() -> None:
    kept = _Pair().snapshot()
    del kept["one"]
    with pytest.raises(ValueError, match="state of"):
        _Pair().restore(kept)


def test_bytes_a_series_are_those_of_its_columns() -> None:
    assert _Pair.bytes_per_series() == 8 + 3
