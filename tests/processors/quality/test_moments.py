import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.quality.moments import Moments, Stretches


def test_each_series_has_the_stretch_that_was_open_and_those_that_begin() -> None:
    new = np.array([False, True, False, True, False, True, True])
    head = np.array([True, False, False, True, False, False, True])

    at = Stretches.where(new, head)

    #     series 0: 0 open, 1    series 1: 2 open, 3, 4    series 2: 5 open, 6
    assert at.of.tolist() == [0, 1, 1, 3, 3, 4, 6]
    assert [at.first.tolist(), at.last.tolist(), at.count] == [[0, 2, 5], [1, 4, 6], 7]
    assert at.begun.tolist() == [1, 3, 5, 6]


def test_no_readings_make_no_stretches() -> None:
    assert Stretches.where(np.empty(0, np.bool_), np.empty(0, np.bool_)).count == 0


def test_an_empty_stretch_has_no_mean() -> None:
    sums = Moments.empty(2)
    sums.add(np.array([1, 1]), np.array([3.0, 5.0]))

    np.testing.assert_array_equal(sums.mean(), [np.nan, 4.0])
    assert sums.squares().tolist() == [0.0, 2.0]


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-1e6, 1e6)), min_size=1, max_size=30), st.integers(0, 30))
def test_mean_and_squares_are_those_of_the_values_and_cuts_do_not_show(
    listed: list[tuple[int, float]], cut: int
) -> None:
    stretch, value = np.array([s for s, _ in listed]), np.array([v for _, v in listed])
    sums, split = Moments.empty(3), Moments.empty(3)

    sums.add(stretch, value)
    split.add(stretch[:cut], value[:cut])
    split.add(stretch[cut:], value[cut:])

    for s in set(stretch.tolist()):
        held = value[stretch == s]
        np.testing.assert_allclose(sums.mean()[s], held.mean(), rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(sums.squares()[s], held.var() * len(held), rtol=1e-6, atol=1e-3)
    for name in ("count", "origin", "total", "square"):
        assert getattr(sums, name).tolist() == getattr(split, name).tolist()
