"""Thinned columns: few rows, and none of those missing that a person looks for."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gateway.api.thinning import thinned


def _table(values: list[np.ndarray], flags: list[np.ndarray] | None = None) -> pa.Table:
    lengths = [len(each) for each in values]
    columns = {
        "series": np.repeat(np.arange(len(values), dtype=np.int32), lengths),
        "ts": np.concatenate([np.arange(n, dtype=np.int64) * 10**9 for n in lengths]),
        "value": np.concatenate(values),
    }
    if flags is not None:
        columns["flag"] = np.concatenate(flags)
    return pa.table(columns)


def _of(table: pa.Table, series: int, column: str = "value") -> np.ndarray:
    found: np.ndarray = table[column].to_numpy()[table["series"].to_numpy() == series]
    return found


def test_a_short_table_stays_as_it_is() -> None:
    table = _table([np.arange(10.0), np.arange(5.0)])
    assert thinned(table, "value", "ts", 10) is table
    empty = _table([np.empty(0)])
    assert thinned(empty, "value", "ts", 10) is empty


def test_the_highest_and_the_lowest_stay_even_side_by_side(rng: np.random.Generator) -> None:
    """Of a bin with both a peak and a trough the downsampler keeps one."""
    for place in range(100, 9000, 389):
        values = rng.normal(0, 1, 10_000)
        values[place], values[place + 1] = 90.0, -90.0
        found = _of(thinned(_table([values]), "value", "ts", 200), 0)
        assert (found.max(), found.min()) == (90.0, -90.0)
        assert len(found) <= 202


@given(
    arrays.arrays(np.float64, st.integers(1, 500), elements=st.floats(-1e300, 1e300) | st.just(np.nan)),
    st.integers(1, 60), st.integers(0, 2**32),
)  # fmt: skip
def test_rows_are_true_in_order_few_and_flagged_ones_among_them(values: "np.ndarray", points: int, seed: int) -> None:
    flags = np.random.default_rng(seed).choice(np.array([1, 1, 1, 1, 1, 1, 3, 4, 9], np.uint8), len(values))
    table = _table([values, np.arange(700.0)], [flags, np.full(700, 1, np.uint8)])
    found = thinned(table, "value", "ts", points)

    for series, original in ((0, values), (1, np.arange(700.0))):
        times = _of(found, series, "ts")
        assert np.all(np.diff(times) > 0)
        np.testing.assert_array_equal(_of(found, series), original[times // 10**9])
        assert len(times) <= 2 * max(points, 4) + 4 or len(original) <= points
        known = original[np.isfinite(original)]
        if len(known):
            mine = _of(found, series)
            assert (np.nanmax(mine), np.nanmin(mine)) == (known.max(), known.min())
    bad = np.flatnonzero(flags >= 3)
    if len(bad) <= points:
        assert set(bad) <= set((_of(found, 0, "ts") // 10**9).tolist())


@pytest.mark.parametrize("points", [1, 50])
def test_a_series_without_a_value_is_drawn_by_its_flags(points: int) -> None:
    table = _table([np.full(300, np.nan)], [np.full(300, 9, np.uint8)])
    assert len(thinned(table, "value", "ts", points)) == points
