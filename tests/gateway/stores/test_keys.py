"""Rows that share a key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stores.keys import last_of_each, prints, repeated

KEYS = st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3)), max_size=40)


def columns(keys: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    array = np.array(keys, np.int64).reshape(-1, 2)
    return array[:, 0].astype(np.int32), np.ascontiguousarray(array[:, 1])


@given(KEYS)
def test_of_each_key_the_last_row_stays(keys: list[tuple[int, int]]) -> None:
    number, ts = columns(keys)
    keep = last_of_each(number, ts)
    kept = list(range(len(keys))) if keep is None else np.flatnonzero(keep).tolist()
    assert kept == sorted({key: row for row, key in enumerate(keys)}.values())


@given(KEYS)
def test_rows_whose_key_is_not_alone_are_found(keys: list[tuple[int, int]]) -> None:
    found = repeated(prints(*columns(keys)))
    expected = [keys.count(key) > 1 for key in keys]
    assert (found.tolist() if found is not None else [False] * len(keys)) == expected


def test_keys_that_differ_have_prints_that_differ(rng: np.random.Generator) -> None:
    number = np.repeat(np.arange(1000, dtype=np.int32), 100)
    ts = 1_700_000_000_000_000_000 + np.tile(np.arange(100), 1000) * 10_000_000_000
    assert len(np.unique(prints(number, ts))) == 100_000


def test_rows_whose_prints_meet_by_chance_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.stores.keys.prints", lambda number, ts: np.zeros(3, np.uint64))
    keep = last_of_each(np.array([1, 2, 1], np.int32), np.array([5, 5, 5], np.int64))
    assert keep is not None
    assert keep.tolist() == [False, True, True]
