import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.conditions.grid.probability import probability_value

NAN = float("nan")


def test_a_day_of_144_values_leaves_out_the_7_largest() -> None:
    day = np.arange(1.0, 145.0)[::-1]

    assert probability_value(day, 0.95, least=144) == 137.0


def test_fewer_than_twenty_values_leave_none_out() -> None:
    assert probability_value(np.arange(1.0, 20.0), 0.95, least=1) == 19.0


def test_missing_values_are_left_out_before_counting() -> None:
    value = np.r_[np.arange(1.0, 21.0), [NAN] * 20]

    assert probability_value(value, 0.95, least=20) == 19.0


def test_too_few_values_make_no_figure() -> None:
    got = probability_value(np.array([[1.0, NAN], [1.0, 2.0], [NAN, NAN]]), 0.95, least=2)

    np.testing.assert_array_equal(got, [NAN, 2.0, NAN])
    np.testing.assert_array_equal(probability_value(np.empty((2, 0)), 0.95, least=1), [NAN, NAN])


@pytest.mark.parametrize(("share", "least"), [(0.0, 1), (1.01, 1), (0.95, 0)])
def test_arguments_out_of_range_are_refused(share: float, least: int) -> None:
    with pytest.raises(ValueError, match="share"):
        probability_value(np.zeros(3), share, least)


@given(
    st.lists(st.one_of(st.floats(0, 10), st.just(NAN)), min_size=1, max_size=120),
    st.integers(1, 99).map(lambda percent: percent / 100),
)
def test_it_is_what_sorting_by_hand_gives(listed: list[float], share: float) -> None:
    got = float(probability_value(np.array(listed), share, least=1))

    known = sorted((v for v in listed if not math.isnan(v)), reverse=True)
    left_out = len(known) * round((1 - share) * 100) // 100
    assert got == known[left_out] if known else math.isnan(got)
