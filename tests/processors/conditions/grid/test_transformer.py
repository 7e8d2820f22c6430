import numpy as np

from processors.conditions.grid.transformer import UNKNOWN_LEVEL, levels, loading

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
