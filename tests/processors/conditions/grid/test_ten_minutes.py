import numpy as np
import pytest

from processors.conditions.grid.ten_minutes import ten_minute_value

NAN = float("nan")


def test_ten_equal_minutes_are_that_value() -> None:
    np.testing.assert_allclose(ten_minute_value(np.full((3, 10), 230.0), least=10), [230.0] * 3)


def test_it_is_the_root_of_the_mean_square() -> None:
    np.testing.assert_allclose(ten_minute_value(np.array([1.0, 7.0]), least=2), 5.0)


def test_missing_minutes_are_left_out_not_taken_for_zero() -> None:
    np.testing.assert_allclose(ten_minute_value(np.array([230.0, NAN, 230.0]), least=2), 230.0)


def test_too_few_minutes_make_no_value() -> None:
    got = ten_minute_value(np.array([[NAN, NAN], [5.0, NAN], [0.0, 0.0]]), least=2)

    np.testing.assert_array_equal(got, [NAN, NAN, 0.0])


def test_of_nothing_there_is_no_mean() -> None:
    with pytest.raises(ValueError, match="least"):
        ten_minute_value(np.zeros((1, 10)), least=0)
