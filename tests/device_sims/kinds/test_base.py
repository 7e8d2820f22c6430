"""Values on the wire's scale."""

import json

import numpy as np

from device_sims.kinds.base import quantise, whole


def test_quantised_values_are_those_that_their_text_reads_back_as(rng: np.random.Generator) -> None:
    for decimals in (0, 1, 2, 3):
        values = quantise(rng.normal(0.0, 500.0, 2000), decimals)
        assert [json.loads(f"{value:.{decimals}f}") for value in values] == values


def test_missing_is_none_and_there_is_no_minus_zero() -> None:
    assert quantise(np.array([np.nan, 1.26]), 1) == [None, 1.3]
    assert str(quantise(np.array([-0.004]), 2)) == "[0.0]"
    assert whole(np.array([2.4, 2.6])) == [2, 3]
