import numpy as np

from processors.columns import F64
from processors.flags import Why
from processors.quality.spike import spike

NAN = float("nan")


def _columns(*rows: tuple[float, float, float]) -> tuple[F64, F64, F64]:
    before, middle, after = np.array(rows).T
    return before, middle, after


def test_the_average_method_measures_from_the_middle_of_the_neighbours() -> None:
    columns = _columns((1.0, 4.0, 1.0), (1.0, 4.1, 1.0), (1.0, -8.0, 3.0), (0.0, 5.0, 10.0))

    flag, why = spike(*columns, 3.0, 9.0)

    assert flag.tolist() == [1, 3, 4, 1]
    assert why.tolist() == [0, Why.SPIKE, Why.SPIKE, 0]


def test_the_differential_method_takes_the_smaller_step_and_lets_slopes_be() -> None:
    columns = _columns((0.0, 9.0, 5.0), (0.0, 9.0, 6.1), (0.0, 9.0, 20.0), (0.0, 9.0, 9.0))

    assert spike(*columns, 3.0, 9.0, differential=True)[0].tolist() == [3, 1, 1, 1]
    assert spike(*columns, 3.0, 9.0, np.array([True, False, True, False]))[0].tolist() == [3, 3, 1, 3]


def test_a_neighbour_that_is_not_there_leaves_it_unknown_by_both_methods() -> None:
    columns = _columns((NAN, 9.0, 0.0), (0.0, 9.0, NAN), (0.0, NAN, 0.0))

    for differential in (False, True):
        assert spike(*columns, 3.0, 9.0, differential)[0].tolist() == [2, 2, 9]


def test_no_threshold_is_unknown_and_zero_is_a_threshold() -> None:
    columns = _columns((0.0, 0.0, 0.0), (0.0, 0.1, 0.0))

    assert spike(*columns, NAN, NAN)[0].tolist() == [2, 2]
    assert spike(*columns, 0.0, NAN)[0].tolist() == [1, 3]
