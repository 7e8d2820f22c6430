"""What a gauge may say between two means, and what not."""

import numpy as np
import pytest

from processors.conditions.pipeline.gauge_jump import gauge_jumped

NAN = np.nan


@pytest.mark.parametrize(
    ("before", "after", "net", "jumped"),
    [
        ((2.0,), (2.1,), 40.0, False),  # 100 m2: 40 m3/h came, and were taken
        ((2.0,), (2.16,), 40.0, False),  # 64 of 40: meters, surface and gauge may be wrong by so much
        ((2.0,), (2.3,), 40.0, True),  # 120 of 40
        ((2.0,), (2.3,), NAN, False),  # nobody knows what came
        ((2.3,), (2.0,), 40.0, False),  # they gave 120: somebody uses it
        ((2.5,), (2.0,), 40.0, False), ((2.6,), (2.0,), 40.0, True),  # 2 m/h, and more
        ((2.0,), (2.6,), NAN, True),
        ((2.0, 3.0), (2.4, 2.6), 0.0, False),  # from one tank into the other
        ((2.0, 3.0), (2.4, 3.0), 0.0, True), ((2.0, 3.0), (2.0, 3.6), 500.0, True),
        ((2.0,), (2.1,), -40.0, True),  # all of it flows out
    ],
)  # fmt: skip
def test_a_jump_is_what_is_too_fast_or_more_than_came(
    before: tuple[float, ...], after: tuple[float, ...], net: float, jumped: bool
) -> None:
    n = len(before)
    hours, surface = np.full(n, 0.25), np.full(n, 100.0)
    assert gauge_jumped(np.array(before), np.array(after), hours, surface, net, 2.0) is jumped


def test_a_gauge_that_was_silent_had_more_time() -> None:
    levels, surface = (np.array([2.0]), np.array([3.0])), np.array([100.0])
    assert gauge_jumped(*levels, np.array([0.25]), surface, NAN, 2.0)
    assert not gauge_jumped(*levels, np.array([0.5]), surface, NAN, 2.0)
