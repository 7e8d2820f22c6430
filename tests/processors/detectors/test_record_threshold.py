"""
threshold 4, share 0.5, half-life 1 day, quiet 0.25 days:

day     0    0.1   0.5   1.0    2.0   2.1
|z|     8    20    9     4.5    5     9
record  -    8     ~15   10.7   5.4   5.4       beyond half of it and beyond 4: raised, but for 0.1 and 2.1 (quiet)
"""

import numpy as np
import pytest

from processors.detectors.level import DAY
from processors.detectors.record_threshold import RecordThreshold
from tests.processors.detectors.support import ROW


def _run(*steps: tuple[float, float], ready: bool = True, kind: int = 0) -> list[bool]:
    """Raised, for pairs of (day, z)."""
    threshold = RecordThreshold(4.0, 0.5, 1.0, 0.25, 30.0)
    threshold.grow(1)
    raised, last = [], 0.0
    for day, z in steps:
        evidence = np.zeros((3, 1))
        evidence[kind] = z
        ts = np.array([round(day * DAY)], np.int64)
        _, found = threshold.meet(ROW, ts, np.array([day - last]), evidence, np.array([ready]))
        raised.append(bool(found[0]))
        last = day
    return raised


@pytest.mark.parametrize(("z", "raised"), [(4.0, False), (4.1, True), (-4.1, True), (0.0, False)])
def test_what_is_beyond_the_threshold_is_raised_whichever_its_sign(z: float, raised: bool) -> None:
    assert _run((0.0, z)) == [raised]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_each_kind_of_evidence_suffices(kind: int) -> None:
    assert _run((0.0, 5.0), kind=kind) == [True]


def test_a_record_is_forgotten_by_half_lives() -> None:
    # a record of 20 has halved to 10 after a day, and half of that must be exceeded
    assert _run((0.0, 20.0), (1.0, 4.9)) == [True, False]
    assert _run((0.0, 20.0), (1.0, 5.1)) == [True, True]


def test_after_something_was_raised_it_is_quiet_for_a_while() -> None:
    assert _run((0.0, 8.0), (0.1, 9.0), (0.249, 9.0), (0.25, 9.0)) == [True, False, False, True]


def test_what_happens_while_it_is_quiet_counts_for_the_record() -> None:
    assert _run((0.0, 8.0), (0.1, 20.0), (0.5, 6.5)) == [True, False, False]


def test_before_it_is_ready_nothing_is_raised() -> None:
    assert _run((0.0, 8.0), ready=False) == [False]


def test_one_enormous_reading_makes_no_series_deaf_for_years() -> None:
    assert _run((0.0, 1e300), (3.0, 5.0)) == [True, True]


def test_the_score_is_the_strongest_evidence() -> None:
    threshold = RecordThreshold(4.0, 0.5, 1.0, 0.25, 30.0)
    threshold.grow(2)
    evidence = np.array([[1.0, -1e9], [-3.0, 0.0], [2.0, 0.0]])
    score, raised = threshold.meet(np.arange(2), np.zeros(2, np.int64), np.zeros(2), evidence, np.array([True, True]))
    assert score.tolist() == [3.0, 30.0]
    assert raised.tolist() == [False, True]
