import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from processors.detectors.night_minimum import night_minimum, tank_balance

NAN = float("nan")


def test_the_minimum_is_that_of_the_moving_mean_and_not_of_a_single_sample() -> None:
    night = np.array([20.0, 2.0, 20.0, 10.0, 8.0, 9.0, 9.0, 30.0])

    assert night_minimum(night, 4).tolist() == 9.0
    assert night_minimum(night, 1).tolist() == 2.0


def test_a_mean_is_made_of_samples_that_are_all_there() -> None:
    night = np.array([[5.0, 5.0, NAN, 1.0, 7.0, 7.0], [5.0, NAN, 5.0, NAN, 7.0, NAN]])

    assert night_minimum(night, 2, most_missing=1)[0] == 4.0
    assert np.isnan(night_minimum(night, 2, most_missing=3)[1]), "no two in a row"


def test_a_night_with_more_missing_than_allowed_is_missing_and_not_zero() -> None:
    night = np.array([5.0, 5.0, 5.0, NAN, NAN, 5.0])

    assert np.isnan(night_minimum(night, 2, most_missing=1))
    assert night_minimum(night, 2, most_missing=2) == 5.0
    assert np.isnan(night_minimum(np.full(6, NAN), 2, most_missing=6))


def test_a_flow_of_zero_is_a_flow() -> None:
    assert night_minimum(np.zeros(6), 4).tolist() == 0.0


def test_an_infinite_sample_counts_as_missing() -> None:
    assert night_minimum(np.array([1.0, 1.0, -np.inf, 3.0]), 2, most_missing=1) == 1.0


@pytest.mark.parametrize("width", [0, 7])
def test_a_mean_longer_than_the_night_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="give 1 to 6"):
        night_minimum(np.zeros(6), width)


@given(
    arrays(np.float64, (3, 12), elements=st.one_of(st.just(NAN), st.floats(-1e3, 1e3))),
    st.integers(1, 12), st.integers(0, 12),
)  # fmt: skip
def test_it_agrees_with_one_window_after_the_other(nights: np.ndarray, width: int, most: int) -> None:
    for night, told in zip(nights, night_minimum(nights, width, most), strict=True):
        means = [night[k : k + width].mean() for k in range(13 - width)]
        there = [mean for mean in means if not np.isnan(mean)]
        if np.isnan(night).sum() > most or not there:
            assert np.isnan(told)
        else:
            assert told == pytest.approx(min(there), abs=1e-9)


def test_a_tank_that_fills_delivers_less_than_flows_in_and_one_that_empties_delivers_its_volume() -> None:
    # 200 m2: 0.1 m in a quarter of an hour is 80 m3/h
    level = np.array([2.0, 2.1, 2.2, 2.1, 2.0, 1.9])
    inflow = np.array([100.0, 100.0, 100.0, 0.0, 0.0, 0.0])

    told = tank_balance(inflow, level, 200.0, 0.25)

    assert np.isnan(told[[0, -1]]).all(), "one neighbour only"
    assert told[1:-1].tolist() == pytest.approx([20.0, 100.0, 80.0, 80.0])


def test_a_missing_level_is_missing_in_both_neighbours() -> None:
    level = np.array([2.0, 2.0, NAN, 2.0, 2.0, 2.0])

    assert np.isnan(tank_balance(np.full(6, 10.0), level, 200.0, 0.25)).tolist() == [
        True, True, False, True, False, True,
    ]  # fmt: skip
    assert np.isnan(tank_balance(np.array([1.0, NAN, 1.0]), np.ones(3), 200.0, 0.25)).all()
