"""
steps 20, 25, 50, deadband 2        26 -> level 2, held 2;   24 -> 1, 2;   19 -> 0, 1;   17 -> 0, 0
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.signals import Signals, step_levels

STEPS = np.array([20.0, 25.0, 50.0])
NAN = float("nan")


def _pairs(value: list[float], steps: NDArray[np.float64], deadband: float = 0.0, **how: bool) -> list[tuple[int, int]]:
    level, held = step_levels(np.array(value, np.float64), steps, deadband, **how)
    assert level.dtype == held.dtype == np.uint8
    assert level.shape == held.shape == (len(value),)
    return list(zip(level.tolist(), held.tolist(), strict=True))


def test_a_step_is_reached_at_its_value() -> None:
    assert _pairs([19.9, 20, 24.9, 25, 49.9, 50, 1000], STEPS) == [
        (0, 0), (1, 1), (1, 1), (2, 2), (2, 2), (3, 3), (3, 3),
    ]  # fmt: skip


def test_a_level_is_held_down_to_the_deadband_inclusive() -> None:
    assert _pairs([26, 24, 23, 22.9, 19, 18, 17.9], STEPS, 2) == [
        (2, 2),
        (1, 2),
        (1, 2),
        (1, 1),
        (0, 1),
        (0, 1),
        (0, 0),
    ]


def test_falling_steps_are_reached_from_above() -> None:
    oxygen = np.array([19.5, 18.0])

    assert _pairs([21, 20, 19.6, 19.5, 18.2, 18], oxygen, 0.3, falling=True) == [
        (0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 2),
    ]  # fmt: skip


def test_a_missing_value_is_no_judgement_and_zero_is_one() -> None:
    assert _pairs([NAN, 0.0], np.array([0.0, 1.0]), 0.5) == [(0, 0), (1, 1)]


def test_a_step_that_is_missing_leaves_the_others_their_levels() -> None:
    assert _pairs([21, 30, 60], np.array([20.0, NAN, 50.0])) == [(1, 1), (1, 1), (3, 3)]
    assert _pairs([60], np.array([NAN, NAN])) == [(0, 0)]


def test_steps_and_deadband_may_differ_by_value() -> None:
    steps = np.array([[20.0, 25.0], [10.0, 40.0], [NAN, 5.0]])
    level, held = step_levels(np.array([19.0, 39.0, 4.0]), steps, np.array([1.0, 0.5, 1.0]))

    assert level.tolist() == [0, 1, 0]
    assert held.tolist() == [1, 1, 2]


@pytest.mark.parametrize("value", [[], [1.0], [NAN]])
def test_no_values_and_no_steps_are_no_trouble(value: list[float]) -> None:
    assert _pairs(value, np.empty(0)) == [(0, 0)] * len(value)
    assert _pairs(value, np.array([2.0])) == [(0, 0)] * len(value)


def test_infinite_values_reach_all_or_nothing() -> None:
    assert _pairs([np.inf, -np.inf], STEPS, 2) == [(3, 3), (0, 0)]


@given(
    st.lists(st.floats(-100, 100) | st.just(NAN), max_size=20),
    st.lists(st.integers(-50, 50), max_size=5, unique=True).map(sorted),
    st.floats(0, 20),
    st.booleans(),
)
def test_levels_are_those_of_a_plain_loop_and_never_above_what_is_held(
    value: list[float], steps: list[int], deadband: float, falling: bool
) -> None:
    edges = steps[::-1] if falling else steps

    def level(v: float, slack: float) -> int:
        at = 0
        for number, edge in enumerate(edges, 1):
            if (v <= edge + slack) if falling else (v >= edge - slack):
                at = number
        return at

    pairs = _pairs(value, np.array(edges, np.float64), deadband, falling=falling)
    assert pairs == [(level(v, 0), level(v, deadband)) for v in value]
    assert all(low <= high for low, high in pairs)


def test_signals_are_columns() -> None:
    signals = Signals.of(key=[1], ts=[2], level=[3], held=[3], value=[4])

    assert {name: str(column.dtype) for name, column in signals.arrays().items()} == Signals.DTYPES
    assert len(Signals.concat([signals, Signals.empty(), signals])) == 2
