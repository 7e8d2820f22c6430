"""
series 4 7 4 4 9  ->  rounds 0 1 4 | 2 | 3
"""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.detectors.rounds import rounds


def _rounds(series: list[int]) -> list[list[int]]:
    return [rows.tolist() for rows in rounds(np.array(series, np.int32))]


def test_a_round_has_each_series_once() -> None:
    assert _rounds([4, 7, 4, 4, 9]) == [[0, 1, 4], [2], [3]]


def test_a_batch_of_different_series_is_one_round() -> None:
    assert _rounds([3, 1, 2]) == [[0, 1, 2]]


def test_an_empty_batch_has_none() -> None:
    assert _rounds([]) == []


def test_a_large_round_comes_in_parts() -> None:
    parts = _rounds(list(range(20_000)))
    assert len(parts) > 1
    assert [row for part in parts for row in part] == list(range(20_000))


@given(st.lists(st.integers(0, 6), max_size=60))
def test_each_row_comes_once_and_those_of_a_series_in_order(series: list[int]) -> None:
    found = _rounds(series)

    assert sorted(row for part in found for row in part) == list(range(len(series)))
    assert len(found) == max(Counter(series).values(), default=0)
    for part in found:
        assert len({series[row] for row in part}) == len(part)
    for each in set(series):
        mine = [row for part in found for row in part if series[row] == each]
        assert mine == sorted(mine)
