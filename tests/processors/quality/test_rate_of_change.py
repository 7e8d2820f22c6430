import numpy as np

from processors.flags import Why
from processors.quality.rate_of_change import rate_of_change

NAN = float("nan")


def test_a_change_is_weighed_by_the_time_it_took() -> None:
    value, before = np.array([10.0, 10.0, 0.0]), np.array([4.0, 4.0, 6.0])

    flag, why = rate_of_change(value, before, np.array([6.0, 3.0, 1.0]), 1.0, 5.0)

    assert flag.tolist() == [1, 3, 4]
    assert why.tolist() == [0, Why.RATE_OF_CHANGE, Why.RATE_OF_CHANGE]


def test_below_a_second_time_counts_to_the_nanosecond() -> None:
    since = np.array([0.5, 0.5 - 1e-9, 1e-9])

    assert rate_of_change(np.ones(3), np.zeros(3), since, 2.0, 1e6)[0].tolist() == [1, 3, 4]


def test_without_something_to_compare_with_it_is_unknown_and_without_a_value_missing() -> None:
    value, before, since = np.array([1.0, 1.0, NAN]), np.array([NAN, NAN, 1.0]), np.array([NAN, 1.0, 1.0])

    assert rate_of_change(value, before, since, 1.0, NAN)[0].tolist() == [2, 2, 9]


def test_a_threshold_of_zero_objects_to_any_change_and_no_threshold_to_none() -> None:
    value, before, since = np.array([1.0, 0.0]), np.zeros(2), np.ones(2)

    assert rate_of_change(value, before, since, 0.0, NAN)[0].tolist() == [3, 1]
    assert rate_of_change(value, before, since, NAN, NAN)[0].tolist() == [2, 2]
