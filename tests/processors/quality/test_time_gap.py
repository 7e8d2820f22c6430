import numpy as np

from processors.flags import Why
from processors.quality.time_gap import time_gap

NAN = float("nan")
THERE = np.zeros(4, np.bool_)


def test_the_reading_after_a_gap_is_flagged_and_a_gap_as_long_as_allowed_is_none() -> None:
    flag, why = time_gap(np.array([7200.0, 7200.5, 86400.0, 86400.5]), THERE, 7200.0, 86400.0)

    assert flag.tolist() == [1, 3, 3, 4]
    assert why.tolist() == [0] + [Why.TIME_GAP] * 3


def test_a_first_reading_follows_nothing() -> None:
    assert time_gap(np.array([NAN]), THERE[:1], 1.0, NAN)[0].tolist() == [2]


def test_a_null_after_a_gap_is_missing_and_says_so() -> None:
    flag, why = time_gap(np.array([1.0, 9.0, NAN, 9.0]), np.array([True, True, True, False]), 5.0, NAN)

    assert flag.tolist() == [9, 9, 9, 3]
    assert why.tolist() == [2, Why.MISSING_VALUE | Why.TIME_GAP, 2, Why.TIME_GAP]


def test_without_a_threshold_it_is_unknown() -> None:
    assert time_gap(np.ones(4), THERE, NAN, NAN)[0].tolist() == [2, 2, 2, 2]
