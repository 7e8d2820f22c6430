import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.limits import excess

INF = float("inf")


def test_the_ends_of_the_span_belong_inside() -> None:
    value = np.array([-7.5, -7.0, 0.0, 7.0, 7.5])

    assert excess(value, -7.0, 7.0).tolist() == [-0.5, 0.0, 0.0, 0.0, 0.5]


def test_missing_is_not_within() -> None:
    assert np.isnan(excess(np.array([np.nan]), -1.0, 1.0)).all()


def test_no_rule_is_not_within_either() -> None:
    got = excess(np.array([0.0, 0.0, 0.0]), np.array([np.nan, -1.0, -1.0]), np.array([1.0, np.nan, 1.0]))

    np.testing.assert_array_equal(got, [np.nan, np.nan, 0.0])


def test_a_side_may_be_open() -> None:
    assert excess(np.array([-1e9, 1e9]), -INF, 5.0).tolist() == [0.0, 1e9 - 5.0]
    assert excess(np.array([3.0]), -INF, INF).tolist() == [0.0]


def test_limits_broadcast_over_meters_by_windows() -> None:
    value = np.array([[8.0, 12.0], [8.0, 12.0]])

    assert excess(value, -INF, np.array([[7.0], [10.0]])).tolist() == [[1.0, 5.0], [0.0, 2.0]]


@given(st.floats(-1e6, 1e6), st.floats(-100, 0), st.floats(0, 100))
def test_taking_the_excess_away_leads_to_the_span(value: float, low: float, high: float) -> None:
    beyond = float(excess(np.array([value]), low, high)[0])

    assert low - 1e-9 <= value - beyond <= high + 1e-9
    assert (beyond == 0.0) == (low <= value <= high)
