import numpy as np

from processors.flags import Flag, Why
from processors.quality.verdict import above, is_set, verdict, worst

NAN = float("nan")


def test_the_worst_flag_stands_by_precedence() -> None:
    order = [Flag.MISSING, Flag.UNKNOWN, Flag.GOOD, Flag.SUSPECT, Flag.FAIL]
    for k, one in enumerate(order):
        for j, other in enumerate(order):
            found = worst(np.array([one], np.uint8), np.array([other], np.uint8))
            assert found.tolist() == [order[max(k, j)]]
            assert found.dtype == np.uint8


def test_a_limit_is_a_finite_number() -> None:
    assert np.asarray(is_set(np.array([NAN, np.inf, 0.0, NAN]), np.array([NAN, NAN, NAN, -1.0]))).tolist() == [
        False, False, True, True
    ]  # fmt: skip


def test_what_is_not_known_is_unknown_whatever_it_objects_to() -> None:
    yes, no = np.ones(3, np.bool_), np.zeros(3, np.bool_)
    known, missing = np.array([True, False, False]), np.array([False, False, True])

    assert [c.tolist() for c in verdict(known, yes, no, missing, Why.SPIKE)] == [[3, 2, 9], [Why.SPIKE, 0, 2]]
    assert verdict(known, no, yes, missing, Why.SPIKE)[0].tolist() == [4, 2, 9]


def test_a_score_at_the_limit_is_good_and_none_is_unknown() -> None:
    score, there = np.array([1.0, 1.1, 2.0, 2.1, NAN]), np.zeros(5, np.bool_)

    flag, why = above(score, 1.0, 2.0, there, Why.SPIKE)

    assert [flag.tolist(), flag.dtype.name, why.dtype.name] == [[1, 3, 3, 4, 2], "uint8", "uint32"]
    assert above(score, NAN, 2.0, there, Why.SPIKE)[0].tolist() == [1, 1, 1, 4, 2]
    assert above(score, NAN, np.full(5, NAN), there, Why.SPIKE)[0].tolist() == [2, 2, 2, 2, 2]
