from itertools import cycle, islice

import numpy as np
import pytest

from processors.flags import Why
from processors.quality.attenuated_signal import attenuated_signal
from processors.quality.limits import QualityLimits
from tests.processors.quality.support import NAN, Sent, checks, judge

LIMITS = {"attenuated_suspect": 1.0, "attenuated_fail": 0.3, "attenuated_period": 40.0}


def _signal(*swings: float) -> list[Sent]:
    """A reading a second that swings by so much to both sides of 100, ten seconds each."""
    return [
        Sent(0, float(at), 100 + swing * side, flag=2)
        for at, (swing, side) in enumerate(
            zip((s for swing in swings for s in [swing] * 10), islice(cycle([1, -1]), 10 * len(swings)), strict=True)
        )
    ]


def test_readings_after_a_window_that_moved_too_little_are_flagged() -> None:
    found = judge(checks(1, **LIMITS), _signal(2, 2, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1))

    # the deviation of the four parts before: 2, 2, 1.66, 1.46, 1.06, 0.5, 0.44, 0.36, 0.26, 0.1
    assert [j.flag for j in found[::10]] == [2, 1, 1, 1, 1, 1, 3, 3, 3, 4, 4]
    assert [j.flag for j in found[9::10]] == [j.flag for j in found[::10]]
    assert found[60].why == Why.ATTENUATED_SIGNAL


def test_the_range_may_be_judged_instead() -> None:
    found = judge(checks(1, **LIMITS, attenuated_range=True), _signal(2, 0.5, 0.49, 0.1, 0.1, 0.1, 0.1, 0.1))

    assert [j.flag for j in found[::10]] == [2, 1, 1, 1, 1, 1, 3, 4]


def test_parts_older_than_the_window_are_forgotten() -> None:
    sent = _signal(5, 0.1)
    later = [Sent(0, at, 100.0, flag=2) for at in (55.0, 100.0)]

    assert [j.flag for j in judge(checks(1, **LIMITS), [*sent, *later])][20:] == [4, 2]


def test_a_window_of_few_values_says_nothing() -> None:
    sent = [Sent(0, at, 100.0, flag=2) for at in (0, 1, 10, 20)]

    assert [j.flag for j in judge(checks(1, **LIMITS), sent)] == [2, 2, 2, 4]
    assert [j.flag for j in judge(checks(1, **LIMITS, attenuated_count=4.0), sent)] == [2, 2, 2, 2]


def test_missing_values_and_infinite_ones_do_not_move_it() -> None:
    sent = [Sent(0, at, value) for at, value in enumerate([100.0, NAN, 100.0, float("inf"), 100.0, 100.0])]

    assert [j.flag for j in judge(checks(1, **LIMITS), [*sent, Sent(0, 10, 100.0)])][-1:] == [4]


def test_little_movement_around_a_large_value_is_seen() -> None:
    sent = [Sent(0, at, 1e9 + 0.01 * (at % 2)) for at in range(10)]
    limits = {"attenuated_suspect": 0.0051, "attenuated_fail": 0.0049, "attenuated_period": 40.0}

    assert [j.flag for j in judge(checks(1, **limits), [*sent, Sent(0, 10, 1e9)])][-1:] == [3]


def test_another_period_begins_anew() -> None:
    made = checks(1, **LIMITS)
    judge(made, _signal(0.1, 0.1))
    limits = LIMITS | {"attenuated_period": 80.0}
    again = checks(1, **limits)
    again.restore(made.snapshot())
    again.configure(np.array([0]), QualityLimits.of(1, **limits))

    assert [j.flag for j in judge(again, [Sent(0, at, 100.0, flag=2) for at in (20, 21, 22, 40)])] == [2, 2, 2, 4]


@pytest.mark.parametrize("spread", [0.5, NAN])
def test_missing_is_missing_and_no_threshold_is_unknown(spread: float) -> None:
    columns = np.full(2, spread), np.array([9, 9]), np.array([False, True])

    assert attenuated_signal(*columns, NAN, NAN, 3)[0].tolist() == [2, 9]
    assert attenuated_signal(*columns, 1.0, NAN, 3)[0].tolist() == [2 if np.isnan(spread) else 3, 9]
