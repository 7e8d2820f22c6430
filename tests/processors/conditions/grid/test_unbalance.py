from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.grid.unbalance import from_line_voltages, from_phasors, symmetrical_components

NAN = float("nan")
TRACE = Path(__file__).with_name("pandapower_unbalance.csv")
TURN = complex(np.exp(2j * np.pi / 3))


@pytest.fixture(scope="module")
def trace() -> NDArray[np.void]:
    return np.genfromtxt(TRACE, delimiter=",", names=True)


def polar(trace: NDArray[np.void], phase: str) -> NDArray[np.complex128]:
    return np.asarray(trace[f"{phase}_v"] * np.exp(1j * np.radians(trace[f"{phase}_deg"])))


def test_line_voltages_agree_with_a_power_flow_that_is_not_ours(trace: NDArray[np.void]) -> None:
    got = from_line_voltages(trace["ab_v"], trace["bc_v"], trace["ca_v"])

    assert len(trace) == 48
    np.testing.assert_allclose(got, trace["unbalance_percent"], rtol=1e-5, atol=1e-6)


def test_phasors_agree_with_a_power_flow_that_is_not_ours(trace: NDArray[np.void]) -> None:
    got = from_phasors(polar(trace, "a"), polar(trace, "b"), polar(trace, "c"))

    np.testing.assert_allclose(got, trace["unbalance_percent"], rtol=1e-5, atol=1e-6)


def test_one_side_shorter_by_5_percent_is_worked_by_hand() -> None:
    lines = np.array([1.0]), np.array([1.0]), np.array([0.95])
    p, q, s = 1.0, 1.0, 0.9025
    big_l = (p * p + q * q + s * s) / (p + q + s) ** 2
    r = np.sqrt(3 - 6 * big_l)

    np.testing.assert_allclose(from_line_voltages(*lines), np.sqrt((1 - r) / (1 + r)) * 100, rtol=1e-9)
    np.testing.assert_allclose(from_line_voltages(*lines), 3.363, rtol=1e-3)


def test_balance_is_zero_to_the_last_digit_and_its_neighbourhood_is_smooth() -> None:
    assert from_line_voltages(np.array([381.3]), np.array([381.3]), np.array([381.3])).tolist() == [0.0]
    tiny = from_line_voltages(np.array([1.0 + 1e-9]), np.array([1.0]), np.array([1.0]))
    np.testing.assert_allclose(tiny, 2 / 3 * 1e-7, rtol=1e-5)


def test_phase_magnitudes_alone_do_not_tell_the_unbalance() -> None:
    even = from_phasors(np.array([1.0 + 0j]), np.array([TURN**2]), np.array([TURN]))
    shifted = from_phasors(np.array([1.0 + 0j]), np.array([TURN**2 * np.exp(0.2j)]), np.array([TURN]))

    np.testing.assert_allclose(even, 0.0, atol=1e-12)
    assert shifted[0] > 6.0


def test_a_moved_neutral_changes_phase_magnitudes_but_no_unbalance() -> None:
    a, b, c = np.array([[1.0 + 0.3], [TURN**2 + 0.3], [TURN + 0.3]], np.complex128)

    assert np.ptp(np.abs(np.array([a, b, c]))) > 0.3
    np.testing.assert_allclose(from_phasors(a, b, c), 0.0, atol=1e-12)
    np.testing.assert_allclose(symmetrical_components(a, b, c)[0], 0.3)


def test_a_reversed_rotation_has_no_positive_sequence() -> None:
    one = np.array([1.0 + 0j])

    zero, positive, negative = symmetrical_components(one, one * TURN, one * TURN**2)

    np.testing.assert_allclose(np.abs([zero, positive, negative]), [[0], [0], [1]], atol=1e-12)
    assert from_phasors(one, one * TURN, one * TURN**2)[0] > 1e6


def test_missing_dead_and_impossible_have_no_unbalance() -> None:
    ab, bc, ca = np.array([[NAN, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 2.5], [1.0, 1.0, 2.0]]).T

    np.testing.assert_array_equal(from_line_voltages(ab, bc, ca).round(9), [NAN, NAN, NAN, 100.0])
    dead = np.array([0j, complex(NAN, 0)])
    assert np.isnan(from_phasors(dead, dead, dead)).all()


def test_a_lost_phase_is_one_half() -> None:
    np.testing.assert_allclose(from_phasors(np.array([1.0 + 0j]), np.array([TURN**2]), np.array([0j])), 50.0)


@given(
    st.floats(0.8, 1.2),
    st.floats(0.8, 1.2),
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
    st.floats(-2, 2),
    st.floats(-2, 2),
)
def test_both_ways_agree_wherever_the_neutral_lies(
    b_size: float, c_size: float, b_turn: float, c_turn: float, re: float, im: float
) -> None:
    a, b, c = np.array([1.0 + 0j]), np.array([b_size * TURN**2 * np.exp(1j * b_turn)]), np.array([c_size * TURN])
    c = c * np.exp(1j * c_turn)
    neutral = complex(re, im)

    lines = from_line_voltages(np.abs(a - b), np.abs(b - c), np.abs(c - a))

    np.testing.assert_allclose(lines, from_phasors(a + neutral, b + neutral, c + neutral), atol=1e-6)
