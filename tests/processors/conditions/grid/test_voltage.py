import numpy as np
import pytest

from processors.conditions.grid.limits import excess
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


def test_the_single_phase_limits_are_198_and_235_4_volts() -> None:
    off = deviation(np.array([197.9, 198.0, 220.0, 235.4, 235.5]), 220.0).round(9)

    beyond = excess(off, GB_LOW[VoltageClass.SINGLE], GB_HIGH[VoltageClass.SINGLE])

    assert np.sign(beyond).tolist() == [-1, 0, 0, 0, 1]


def test_the_three_phase_limits_are_7_percent_either_way() -> None:
    off = deviation(np.array([9.29, 9.3, 10.7, 10.71]), 10.0).round(9)

    beyond = excess(off, GB_LOW[VoltageClass.MEDIUM], GB_HIGH[VoltageClass.MEDIUM])

    np.testing.assert_allclose(beyond, [-0.1, 0.0, 0.0, 0.1], atol=1e-9)


def test_from_35_kv_on_the_sum_of_both_deviations_counts() -> None:
    day = deviation(np.array([[36.4, 33.0], [37.1, 33.6]]), 35.0)

    total = spread(day, least=2)

    np.testing.assert_allclose(total, [1.4 / 0.35 + 2.0 / 0.35, 10.0])
    assert excess(total.round(9), -np.inf, GB_SPREAD[VoltageClass.HIGH]).tolist() == [0.0, 0.0]
    assert excess(spread(np.array([6.0, -4.5]), 2), -np.inf, GB_SPREAD[VoltageClass.HIGH]) == 0.5


def test_deviations_on_one_side_count_by_the_larger() -> None:
    assert spread(np.array([[3.0, 8.0], [-9.0, -2.0]]), least=1).tolist() == [8.0, 9.0]


def test_a_spread_wants_enough_values() -> None:
    got = spread(np.array([[3.0, NAN], [NAN, NAN], [0.0, 0.0]]), least=2)

    np.testing.assert_array_equal(got, [NAN, NAN, 0.0])
    np.testing.assert_array_equal(spread(np.empty((2, 0)), least=1), [NAN, NAN])
    with pytest.raises(ValueError, match="least"):
        spread(np.zeros(3), least=0)


def test_classes_follow_the_nominal_voltage() -> None:
    kv = np.array([500.0, 35.0, 34.9, 20.0, 0.38, 0.22, 0.22, 0.38, NAN, 0.0, 10.0])
    single = np.array([False, False, False, False, False, True, False, True, True, False, True])

    assert voltage_class(kv, single).tolist() == [1, 1, 0, 2, 2, 3, 2, 0, 0, 0, 0]


def test_without_a_class_there_is_no_verdict() -> None:
    beyond = excess(np.array([0.0]), GB_LOW[VoltageClass.NONE], GB_HIGH[VoltageClass.NONE])

    assert np.isnan(beyond).all()


def test_missing_and_unknown_stay_nan_and_zero_volts_is_a_value() -> None:
    got = deviation(np.array([NAN, 220.0, 220.0, 0.0]), np.array([220.0, NAN, 0.0, 220.0]))

    np.testing.assert_array_equal(got, [NAN, NAN, NAN, -100.0])
