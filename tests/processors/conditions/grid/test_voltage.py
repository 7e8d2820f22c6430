import numpy as np
import pytest

from processors.conditions.grid.voltage import (
    GB_HIGH,
    GB_LOW,
    GB_SPREAD,
    VoltageClass,
    deviation,
    spread,
    voltage_class,
)

NAN = float("nan")


def test_deviation_is_in_percent_of_nominal() -> None:
    np.testing.assert_allclose(deviation(np.array([198.0, 220.0, 235.4]), 220.0), [-10.0, 0.0, 7.0])


def test_limits_by_class() -> None:
    of = [VoltageClass.SINGLE, VoltageClass.MEDIUM, VoltageClass.HIGH, VoltageClass.NONE]

    np.testing.assert_array_equal(GB_LOW[of], [-10.0, -7.0, -np.inf, NAN])
    np.testing.assert_array_equal(GB_HIGH[of], [7.0, 7.0, np.inf, NAN])
    np.testing.assert_array_equal(GB_SPREAD[of], [np.inf, np.inf, 10.0, NAN])


def test_a_spread_is_the_sum_of_both_sides() -> None:
    day = deviation(np.array([[36.4, 33.0], [37.1, 33.6]]), 35.0)

    np.testing.assert_allclose(spread(day, least=2), [1.4 / 0.35 + 2.0 / 0.35, 10.0])


def test_deviations_on_one_side_count_by_the_larger() -> None:
    assert spread(np.array([[3.0, 8.0], [-9.0, -2.0]]), least=1).tolist() == [8.0, 9.0]


def test_a_spread_wants_enough_values() -> None:
    got = spread(np.array([[3.0, NAN], [NAN, NAN], [0.0, 0.0]]), least=2)

    np.testing.assert_array_equal(got, [NAN, NAN, 0.0])
    np.testing.assert_array_equal(spread(np.empty((2, 0)), least=1), [NAN, NAN])
    with pytest.raises(ValueError, match="least"):
        spread(np.zeros(3), least=0)


def test_classes_follow_the_nominal_voltage() -> None:
    kv = np.array([500.0, 35.0, 34.99, 34.9, 20.0, 0.38, 0.22, 0.22, 0.23, 0.38, NAN, 0.0, 10.0])
    single = np.array([False] * 7 + [True, True, True, True, False, True])

    assert voltage_class(kv, single).tolist() == [1, 1, 1, 0, 2, 2, 2, 3, 3, 0, 0, 0, 0]


def test_missing_and_unknown_stay_nan_and_zero_volts_is_a_value() -> None:
    got = deviation(np.array([NAN, 220.0, 220.0, 0.0]), np.array([220.0, NAN, 0.0, 220.0]))

    np.testing.assert_array_equal(got, [NAN, NAN, NAN, -100.0])
