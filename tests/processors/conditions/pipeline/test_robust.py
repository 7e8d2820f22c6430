import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.pipeline.robust import MAD_TO_SIGMA, median, median_and_spread


def test_one_wild_value_moves_neither() -> None:
    middle, spread = median_and_spread(np.array([[1.0, 2.0, 3.0, 4.0, 900.0]]), np.array([5]))

    assert (middle.tolist(), spread.tolist()) == ([3.0], [1.4826])


def test_nothing_has_no_middle() -> None:
    assert np.isnan(median(np.full((1, 3), np.nan), np.array([0]))).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=7))
def test_places_that_are_not_used_do_not_count(values: list[float]) -> None:
    room = np.full(7, np.nan)
    room[7 - len(values) :] = values

    middle, spread = median_and_spread(room[None], np.array([len(values)]))

    expected = statistics.median(values)
    np.testing.assert_allclose(middle, [expected])
    np.testing.assert_allclose(spread, [MAD_TO_SIGMA * statistics.median(abs(v - expected) for v in values)])
