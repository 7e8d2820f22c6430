import numpy as np

from processors.conditions.grid.frequency import LARGE_SYSTEM_HZ, SMALL_SYSTEM_HZ, deviation, frequency_excess

NAN = float("nan")


def test_a_large_system_keeps_within_0_2_hz() -> None:
    beyond = frequency_excess(np.array([49.7, 49.81, 50.0, 50.19, 50.3]), LARGE_SYSTEM_HZ)

    np.testing.assert_allclose(beyond, [-0.1, 0.0, 0.0, 0.0, 0.1], atol=1e-9)


def test_a_small_system_keeps_within_half_a_hertz() -> None:
    assert frequency_excess(np.array([49.5, 50.5, 50.75]), SMALL_SYSTEM_HZ).tolist() == [0.0, 0.0, 0.25]


def test_missing_stays_missing_and_zero_is_a_value() -> None:
    np.testing.assert_array_equal(deviation(np.array([NAN, 0.0])), [NAN, -50.0])
    np.testing.assert_array_equal(frequency_excess(np.array([NAN, 0.0]), 0.5), [NAN, -49.5])


def test_limit_and_nominal_may_differ_from_meter_to_meter() -> None:
    got = frequency_excess(np.array([60.25, 50.25]), np.array([0.5, 0.125]), np.array([60.0, 50.0]))

    assert got.tolist() == [0.0, 0.125]
