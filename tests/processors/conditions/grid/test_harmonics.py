import numpy as np

from processors.conditions.grid.harmonics import GB_EVEN, GB_KV, GB_ODD, GB_THD, limit_by_voltage, thd
from processors.conditions.grid.limits import excess

NAN = float("nan")


def test_distortion_is_the_root_of_the_sum_of_squares() -> None:
    np.testing.assert_allclose(thd(np.array([6.9, 9.2, 0.0]), 230.0), 5.0)


def test_harmonics_in_percent_have_a_fundamental_of_100() -> None:
    assert thd(np.array([[3.0, 4.0], [0.0, 0.0]]), 100.0).tolist() == [5.0, 0.0]


def test_a_missing_order_makes_no_low_figure() -> None:
    assert np.isnan(thd(np.array([3.0, NAN]), 100.0))


def test_without_a_fundamental_there_is_no_distortion() -> None:
    got = thd(np.array([[1.0], [1.0], [1.0]]), np.array([0.0, NAN, 10.0]))

    np.testing.assert_array_equal(got, [NAN, NAN, 10.0])


def test_limits_by_voltage_level() -> None:
    kv = np.array([0.38, 6.0, 10.0, 35.0, 66.0, 110.0])

    assert limit_by_voltage(kv).tolist() == [5.0, 4.0, 4.0, 3.0, 3.0, 2.0]
    assert limit_by_voltage(kv, GB_KV, GB_ODD).tolist() == [4.0, 3.2, 3.2, 2.4, 2.4, 1.6]
    assert limit_by_voltage(kv, GB_KV, GB_EVEN).tolist() == [2.0, 1.6, 1.6, 1.2, 1.2, 0.8]
    assert [len(column) for column in (GB_KV, GB_THD, GB_ODD, GB_EVEN)] == [6, 6, 6, 6]


def test_a_voltage_that_the_table_lacks_has_no_limit() -> None:
    limit = limit_by_voltage(np.array([0.22, 20.0, 220.0, NAN, 0.0, 10.005]))

    np.testing.assert_array_equal(limit, [NAN, NAN, NAN, NAN, NAN, 4.0])
    assert np.isnan(excess(np.array([1.0]), -np.inf, limit[:1])).all()


def test_the_operator_may_bring_his_own_table() -> None:
    assert limit_by_voltage(np.array([20.0]), np.array([20.0]), np.array([4.5])).tolist() == [4.5]
