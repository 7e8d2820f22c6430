import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.windows.sketch import ALPHA, SLOTS, Sketches, collapse, keys_of, merge, slots_needed

Values = NDArray[np.float64]

values = st.lists(
    st.one_of(
        st.floats(-1e6, 1e6),
        st.floats(-1e-6, 1e-6),
        st.sampled_from([0.0, -0.0, 1e-9, 1e300, -1e300, 230.0]),
    ),
    max_size=400,
).map(lambda listed: np.array(listed, np.float64))


def sketch(value: Values) -> Sketches:
    """One sketch of unsorted values, by the plainest way: every value an entry of its own."""
    key = np.sort(keys_of(value))
    raw = Sketches(np.zeros(1, np.int32), np.zeros(len(key), np.intp), key, np.ones(len(key), np.int64))
    return merge(1, [(raw, np.zeros(1, np.intp))])


def entries(made: Sketches) -> tuple[list[int], list[int], list[int], list[int]]:
    return made.level.tolist(), made.row.tolist(), made.key.tolist(), made.count.tolist()


def error(level: int) -> float:
    return float(np.tanh(np.log((1 + ALPHA) / (1 - ALPHA)) * 2**level / 2))


def test_keys_grow_with_the_value_and_share_zero() -> None:
    key = keys_of(np.array([-1e300, -2.0, -1.0, -1e-12, 0.0, -0.0, 1e-9, 1.0, 1.01, 2.0, 1e300]))

    assert key[3:7].tolist() == [0, 0, 0, 0]
    assert (np.diff(key) >= 0).all()
    assert key[2] == -key[7]
    assert key[0] == -key[10]


def test_collapsing_halves_magnitudes_upwards() -> None:
    key = np.array([-5, -4, -1, 0, 1, 2, 3, 4, 5], np.int32)

    assert collapse(key, 1).tolist() == [-3, -2, -1, 0, 1, 1, 2, 2, 3]
    assert collapse(collapse(key, 1), 1).tolist() == collapse(key, 2).tolist()
    assert collapse(key, np.where(key > 0, 2, 0).astype(np.int32)).tolist() == [-5, -4, -1, 0, 1, 1, 1, 1, 2]


@given(values, st.floats(0, 1))
def test_a_quantile_is_within_the_error_of_the_values_around_its_rank(value: Values, share: float) -> None:
    made = sketch(value)

    (got,) = made.quantiles(np.array([len(value)]), [share])

    if not len(value):
        assert np.isnan(got).all()
        return
    ordered = np.sort(value)
    rank = share * (len(value) - 1)
    low = int(np.floor(rank))
    pair = ordered[[low, min(low + 1, len(value) - 1)]]
    reach = np.abs(pair) * error(int(made.level[0])) * (1 + 1e-9) + 1e-9
    part = rank - low
    assert pair[0] - reach[0] + (pair[1] - reach[1] - pair[0] + reach[0]) * part <= got[0] + 1e-12 * abs(got[0]) + 1e-9
    assert got[0] - 1e-12 * abs(got[0]) - 1e-9 <= pair[0] + reach[0] + (pair[1] + reach[1] - pair[0] - reach[0]) * part


@given(values, st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_a_sketch_depends_on_the_set_of_values_only(value: Values, seed: int, pieces: int) -> None:
    whole = sketch(value)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(value)
    parts = [sketch(piece) for piece in np.array_split(shuffled, pieces)]
    zero = np.zeros(1, np.intp)

    at_once = merge(1, [(part, zero) for part in parts])
    one_by_one = parts[0]
    for part in parts[1:]:
        one_by_one = merge(1, [(part, zero), (one_by_one, zero)])

    assert entries(at_once) == entries(one_by_one) == entries(whole)
    assert whole.count.sum() == len(value)
    assert (slots_needed(whole)[1] <= SLOTS).all()


@pytest.mark.parametrize(
    ("what", "low", "high", "count", "most"),
    [("road speed", 5, 110, 8640, ALPHA), ("voltage", 207, 253, 86_400, ALPHA), ("power", 0.01, 10, 1440, 2 * ALPHA)],
)
def test_realistic_days_stay_at_a_small_error(
    rng: np.random.Generator, what: str, low: float, high: float, count: int, most: float
) -> None:
    made = sketch(np.exp(rng.uniform(np.log(low), np.log(high), count)))

    assert error(int(made.level[0])) <= most * (1 + 1e-9), what


def test_a_day_of_equal_values_is_one_entry_of_86400() -> None:
    made = sketch(np.full(86_400, 230.0))

    assert made.count.tolist() == [86_400]
    np.testing.assert_allclose(made.quantiles(np.array([86_400]), [0.5])[0], 230.0, rtol=ALPHA)


def test_a_wide_spread_loses_resolution_everywhere_alike() -> None:
    value = np.concatenate([-np.logspace(-8, 8, 500), np.logspace(-8, 8, 500)])
    made = sketch(value)
    level = int(made.level[0])

    assert 1 < level < 8
    low, high = made.quantiles(np.array([1000]), [0.1, 0.9])
    for got, want in ((low[0], np.sort(value)[99]), (high[0], np.sort(value)[899])):
        np.testing.assert_allclose(got, want, rtol=2 * error(level))


def test_rows_are_merged_side_by_side() -> None:
    parts = [sketch(np.array([1.0, 2.0])), sketch(np.array([2.0])), sketch(np.array([-3.0])), Sketches.empty(1)]
    together = Sketches.concat(parts)

    made = merge(3, [(together, np.array([2, 2, 0, 0]))])

    assert made.row.tolist() == [0, 2, 2]
    assert made.count.tolist() == [1, 1, 2]
    assert made.key.tolist() == keys_of(np.array([-3.0, 1.0, 2.0])).tolist()
    assert entries(made.take(np.array([False, True, True])))[1:] == ([1, 1], made.key[1:].tolist(), [1, 2])


def test_nothing_merges_to_nothing() -> None:
    assert len(merge(0, [(Sketches.empty(), np.empty(0, np.intp))]).level) == 0
    assert len(Sketches.concat([Sketches.empty(), Sketches.empty(2)]).level) == 2


@settings(max_examples=30)
@given(st.lists(values, max_size=6))
def test_quantiles_of_a_row_do_not_depend_on_its_neighbours(groups: list[Values]) -> None:
    alone = [sketch(group) for group in groups]
    together = Sketches.concat([*alone, Sketches.empty()])
    count = np.array([len(group) for group in groups], np.int64)

    got = together.quantiles(count, [0.95])[0]

    for k, one in enumerate(alone):
        np.testing.assert_array_equal(got[k], one.quantiles(count[k : k + 1], [0.95])[0][0])
