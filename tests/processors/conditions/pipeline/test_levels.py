import numpy as np

from processors.conditions.pipeline.levels import reached

NAN = float("nan")


def test_a_limit_is_reached_at_its_value() -> None:
    assert reached(np.array([19.9, 20.0, 25.0, 50.0, 99.0]), rising=[20.0, 25.0, 50.0]).tolist() == [0, 1, 2, 3, 3]
    assert reached(np.array([19.6, 19.5, 18.0, 3.0]), falling=[19.5, 18.0]).tolist() == [0, 1, 2, 2]


def test_missing_is_neither_calm_nor_alarming() -> None:
    assert reached(np.array([NAN, 0.0]), rising=[1.0], falling=[-1.0]).tolist() == [-1, 0]


def test_without_a_limit_nothing_was_evaluated() -> None:
    assert reached(np.array([7.0, NAN])).tolist() == [-1, -1]
    assert reached(np.array([7.0, 7.0]), rising=[[NAN, NAN], [NAN, 5.0]]).tolist() == [-1, 2]


def test_a_step_that_is_not_used_keeps_the_numbers_of_the_others() -> None:
    assert reached(np.array([30.0, 60.0]), rising=[20.0, NAN, 50.0]).tolist() == [1, 3]


def test_limits_may_differ_from_value_to_value() -> None:
    steps = np.array([[20.0, 50.0], [30.0, 60.0]])

    assert reached(np.array([55.0, 30.0, 10.0]), rising=steps[[0, 1, 1]]).tolist() == [2, 1, 0]


def test_no_values_give_no_levels() -> None:
    assert reached(np.empty((0, 2)), rising=[1.0]).shape == (0, 2)
