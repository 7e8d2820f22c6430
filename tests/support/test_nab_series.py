"""Simulated series are what they are said to be."""

import numpy as np
import pytest

from tests.support.nab_series import KINDS, simulate


@pytest.mark.parametrize("kind", KINDS)
def test_windows_lie_around_the_onsets_and_take_a_tenth_of_the_rows(kind: str, rng: np.random.Generator) -> None:
    made = simulate(kind, rng)

    assert (np.diff(made.ts) > 0).all()
    assert np.isfinite(made.value).all()
    assert len(made.onsets) == len(made.windows) == KINDS[kind].anomalies
    inside = np.zeros(len(made.ts), np.bool_)
    for onset, (start, end) in zip(made.onsets, made.windows, strict=True):
        assert start < made.ts[onset] < end
        inside |= (made.ts >= start) & (made.ts <= end)
    assert inside.mean() == pytest.approx(0.1, abs=0.01)


def test_the_same_numbers_give_the_same_series() -> None:
    one, other = (simulate("bursts, 1 h", np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one.value, other.value)
