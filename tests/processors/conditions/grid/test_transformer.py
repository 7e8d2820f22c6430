import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.transformer import UNKNOWN_LEVEL, levels, loading, top_oil_after, top_oil_steady

NAN = float("nan")


def test_loading_is_load_over_rating() -> None:
    assert loading(np.array([315.0, 630.0, 0.0]), 630.0).tolist() == [0.5, 1.0, 0.0]


def test_a_missing_load_or_rating_gives_no_loading() -> None:
    got = loading(np.array([NAN, 1.0, 1.0, 0.0]), np.array([630.0, NAN, 0.0, 630.0]))

    np.testing.assert_array_equal(got, [NAN, NAN, NAN, 0.0])


def test_a_value_on_a_threshold_has_reached_its_level() -> None:
    assert levels(np.array([0.79, 0.8, 1.0, 1.29, 1.3]), np.array([0.8, 1.0, 1.3])).tolist() == [0, 1, 2, 2, 3]


def test_levels_have_no_memory() -> None:
    up_and_down = np.array([84.9, 85.0, 84.9])

    assert levels(up_and_down, np.array([85.0])).tolist() == [0, 1, 0]


def test_each_transformer_may_have_its_own_thresholds() -> None:
    thresholds = np.array([[85.0, 95.0], [60.0, NAN], [NAN, NAN]])

    assert levels(np.array([90.0, 90.0, 90.0]), thresholds).tolist() == [1, 1, UNKNOWN_LEVEL]


def test_a_missing_temperature_is_no_low_one() -> None:
    assert levels(np.array([NAN, -20.0]), np.array([85.0])).tolist() == [UNKNOWN_LEVEL, 0]


def test_at_rated_load_the_oil_rises_by_the_rated_rise() -> None:
    got = top_oil_steady(
        np.array([1.0, 1.5, NAN, 1.0]),
        np.array([20.0, 20.0, 20.0, NAN]),
        rated_rise=55.0,
        loss_ratio=5.0,
        oil_exponent=0.8,
    )

    np.testing.assert_allclose(got, [75.0, 20 + 55 * (12.25 / 6) ** 0.8, NAN, NAN])


def test_without_load_the_iron_still_warms_the_oil() -> None:
    got = top_oil_steady(np.zeros(1), np.zeros(1), rated_rise=55.0, loss_ratio=5.0, oil_exponent=1.0)

    np.testing.assert_allclose(got, 55.0 / 6)


def test_after_one_time_constant_63_percent_of_the_way_is_done() -> None:
    cold, steady = np.array([20.0]), np.array([120.0])

    np.testing.assert_allclose(top_oil_after(cold, steady, 180 * 60.0, time_constant_min=180.0), 83.2121, atol=1e-4)
    np.testing.assert_allclose(
        top_oil_after(cold, steady, 75 * 60.0, time_constant_min=150.0, k11=0.5), 83.2121, atol=1e-4
    )


def test_an_unknown_start_is_the_steady_state_and_an_unknown_load_gives_nothing() -> None:
    got = top_oil_after(np.array([NAN, 50.0]), np.array([75.0, NAN]), 60.0, time_constant_min=180.0)

    np.testing.assert_array_equal(got, [75.0, NAN])


@given(st.floats(-20, 120), st.floats(-20, 150), st.floats(0, 1e5), st.floats(0, 1e5))
def test_two_parts_of_a_time_give_what_the_whole_gives(oil: float, steady: float, first: float, second: float) -> None:
    start, end = np.array([oil]), np.array([steady])

    parts = top_oil_after(top_oil_after(start, end, first, time_constant_min=180), end, second, time_constant_min=180)

    np.testing.assert_allclose(parts, top_oil_after(start, end, first + second, time_constant_min=180), atol=1e-9)


@pytest.mark.parametrize("minutes", [1, 5])
def test_small_steps_follow_the_difference_equation_of_the_guide(minutes: int) -> None:
    """d(oil) = dt / (k11 tau) * (steady - oil), to second order in dt."""
    oil, steady, step = 40.0, 90.0, minutes / 180
    for _ in range(60 // minutes):
        oil += step * (steady - oil)

    got = top_oil_after(np.array([40.0]), np.array([steady]), 3600.0, time_constant_min=180.0)

    np.testing.assert_allclose(got, oil, rtol=0.005 * minutes)
