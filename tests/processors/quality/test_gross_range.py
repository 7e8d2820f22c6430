import numpy as np

from processors.flags import Flag, Why
from processors.quality.gross_range import gross_range

INF = float("inf")


def test_each_side_of_both_spans_gets_its_flag_and_the_ends_belong_inside() -> None:
    value = np.array([-0.1, 0.0, 4.9, 5.0, 80.0, 80.1, 120.0, 120.1])

    flag, why = gross_range(value, 0.0, 120.0, 5.0, 80.0)

    assert flag.tolist() == [4, 3, 3, 1, 1, 3, 3, 4]
    assert why.tolist() == [1, 1, 1, 0, 0, 1, 1, 1]
    assert [flag.dtype.name, why.dtype.name] == ["uint8", "uint32"]


def test_nan_is_missing_and_nothing_else_objects() -> None:
    flag, why = gross_range(np.array([np.nan, 1.0]), 0.0, 2.0, 0.0, 2.0)

    assert flag.tolist() == [Flag.MISSING, Flag.GOOD]
    assert why.tolist() == [Why.MISSING_VALUE, Why.NONE]


def test_limits_broadcast_over_records_by_quantity() -> None:
    value = np.array([[10.0, 230.0], [200.0, 260.0], [np.nan, 0.0]])

    flag, why = gross_range(
        value, np.array([0.0, 0.0]), np.array([150.0, 500.0]), np.array([0.0, 207.0]), np.array([120.0, 253.0])
    )

    assert flag.tolist() == [[1, 1], [4, 3], [9, 3]]
    assert why.tolist() == [[0, 0], [1, 1], [2, 1]]


def test_limits_may_differ_from_value_to_value() -> None:
    flag, _ = gross_range(np.array([5.0, 5.0]), np.array([0.0, 6.0]), np.array([9.0, 9.0]), -INF, INF)

    assert flag.tolist() == [1, 4]


def test_infinities_are_outside_any_limit() -> None:
    flag, _ = gross_range(np.array([INF, -INF]), 0.0, 100.0, -INF, INF)

    assert flag.tolist() == [4, 4]


def test_without_any_limit_nothing_was_evaluated() -> None:
    limits = np.array([-INF, -INF, 0.0])

    flag, why = gross_range(np.array([7.0, np.nan, 7.0]), limits, INF, -INF, INF)

    assert flag.tolist() == [Flag.UNKNOWN, Flag.MISSING, Flag.GOOD]
    assert why.tolist() == [0, 2, 0]


def test_one_limit_is_enough_to_be_evaluated() -> None:
    assert gross_range(np.array([7.0]), -INF, INF, -INF, 8.0)[0].tolist() == [Flag.GOOD]


def test_no_values_give_no_flags() -> None:
    flag, why = gross_range(np.empty((0, 3)), 0.0, 1.0, 0.0, 1.0)

    assert flag.shape == why.shape == (0, 3)
