import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.windows.order import by_series_and_time, exact_quantiles, pair_keys, sort_within

pairs = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 65_535, 65_536, 200_000]), st.integers(-(2**62), 2**62) | st.integers(0, 20)),
    max_size=60,
    unique=True,
)


@given(pairs)
def test_readings_are_sorted_by_series_and_time(listed: list[tuple[int, int]]) -> None:
    series = np.array([one for one, _ in listed], np.int32)
    ts = np.array([at for _, at in listed], np.int64)

    order = by_series_and_time(series, ts)

    assert [(int(series[k]), int(ts[k])) for k in order] == sorted(listed)


@given(pairs)
def test_a_key_of_a_pair_sorts_as_the_pair_does(listed: list[tuple[int, int]]) -> None:
    ordered = sorted(listed)
    ts = np.array([at for _, at in ordered], np.int64)

    keys = pair_keys(np.array([one for one, _ in ordered], np.int32), ts)

    assert (np.diff(keys) > 0).all()


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40), max_size=12))
def test_each_group_is_sorted_by_itself(groups: list[list[float]]) -> None:
    flat = np.array([one for group in groups for one in group], np.float64)
    size = np.array([len(group) for group in groups], np.int64)

    ordered = sort_within(flat, size)

    assert ordered.tolist() == [one for group in groups for one in sorted(group)]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95, 1.0])
def test_quantiles_are_those_of_numpy(rng: np.random.Generator, share: float) -> None:
    groups = [np.sort(rng.normal(0, 10, n)) for n in (1, 2, 3, 10, 59, 1000)]
    size = np.array([len(group) for group in groups])

    got = exact_quantiles(np.concatenate(groups), np.cumsum(size) - size, size, share)

    np.testing.assert_allclose(got, [np.quantile(group, share) for group in groups], rtol=1e-14)
