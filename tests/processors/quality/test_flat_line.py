import math
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.flags import Why
from processors.quality.flat_line import FlatLine, flat_line
from processors.quality.previous import Previous
from tests.processors.quality.support import NAN, Judged, Sent, checks, judge


def _line(*values: float, step: float = 60.0, **limits: float) -> list[int]:
    sent = [Sent(0, k * step, value) for k, value in enumerate(values)]
    return [judged.flag for judged in judge(checks(1, **limits), sent)]


def test_a_flat_line_shorter_than_the_time_is_good_and_one_as_long_is_not() -> None:
    assert _line(1, 5, 5, 5, 5, 6, flat_suspect=120.0, flat_fail=180.0) == [1, 1, 1, 3, 4, 1]


def test_the_reason_is_given() -> None:
    found = judge(checks(1, flat_suspect=2.0), [Sent(0, at, 7.0) for at in range(3)])

    assert found == [Judged(1, 0), Judged(1, 0), Judged(3, Why.FLAT_LINE)]


def test_two_equal_values_far_apart_are_no_flat_line() -> None:
    assert _line(5, 5, step=3600.0, flat_suspect=60.0) == [1, 1]
    assert _line(5, 5, step=3600.0, flat_suspect=60.0, flat_count=2.0) == [1, 3]


def test_a_gap_begins_anew_if_gaps_are_asked_for() -> None:
    sent = [Sent(0, at, 5.0) for at in (0, 60, 120, 4000, 4060, 4120)]

    assert [j.flag for j in judge(checks(1, flat_suspect=100.0, flat_fail=3000.0), sent)] == [1, 1, 3, 4, 4, 4]
    found = judge(checks(1, flat_suspect=100.0, flat_fail=3000.0, gap_suspect=600.0), sent)
    assert [bool(j.why & Why.FLAT_LINE) for j in found] == [False, False, True, False, False, True]


def test_within_the_tolerance_is_flat_and_the_range_counts_not_the_step() -> None:
    assert _line(5.0, 5.5, 5.0, 5.25, flat_suspect=120.0, flat_tolerance=0.5) == [1, 1, 3, 3]
    assert _line(5.0, 5.5, 5.0, 5.25, flat_suspect=120.0, flat_tolerance=0.25) == [1, 1, 1, 1]
    assert _line(1.0, 1.5, 2.0, 2.5, 3.0, 3.5, flat_suspect=120.0, flat_tolerance=0.5) == [1] * 6


def test_missing_values_neither_end_a_flat_line_nor_count() -> None:
    assert _line(NAN, 5, NAN, 5, NAN, 5, flat_suspect=240.0) == [9, 1, 9, 1, 9, 3]
    assert _line(5, NAN, NAN, 5, flat_suspect=60.0) == [1, 9, 9, 1]


def test_a_run_of_zeros_is_flat_and_a_run_of_nothing_is_missing() -> None:
    assert _line(0, 0, 0, flat_suspect=120.0) == [1, 1, 3]
    assert _line(NAN, NAN, NAN, flat_suspect=120.0) == [9, 9, 9]


def test_without_a_time_it_is_unknown() -> None:
    flag, why = flat_line(np.array([9.0, 9.0]), np.array([9, 9]), np.array([False, True]), NAN, NAN, 3)

    assert [flag.tolist(), why.tolist()] == [[2, 9], [0, Why.MISSING_VALUE]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 3.0, NAN]), min_size=1, max_size=200),
    st.sampled_from([0.0, 0.1, 0.5, 2.0]),
    st.lists(st.integers(0, 200), max_size=3),
)
def test_runs_are_as_long_as_taken_one_by_one(values: list[float], tolerance: float, ends: list[int]) -> None:
    want, run = [], list[tuple[int, float]]()
    for at, value in enumerate(values):
        held = [v for _, v in run]
        if not math.isnan(value):
            fits = not run or max(*held, value) - min(*held, value) <= tolerance
            run = [*run, (at, value)] if fits else [(at, value)]
            want.append((float(at - run[0][0]), len(run)))
        else:
            want.append((NAN, 0))

    previous, flat = Previous(), FlatLine()
    previous.grow(1)
    flat.grow(1)
    found = list[tuple[float, int]]()
    bounds = [0, *sorted(min(end, len(values)) for end in ends), len(values)]
    for begin, end in pairwise(bounds):
        n = end - begin
        ts, value_ = np.arange(begin, end) * 1_000_000_000, np.array(values[begin:end])
        ordered = previous.link(np.arange(n), np.zeros(n, np.int32), ts, value_)
        lasted, count = flat.update(ordered, tolerance, NAN)
        previous.advance(ordered, np.ones(n, np.uint8), np.zeros(n, np.uint32))
        found += zip(lasted.tolist(), count.tolist(), strict=True)
    pairs = zip(found, want, values, strict=True)
    assert [f for f, _, v in pairs if not math.isnan(v)] == [w for w in want if not math.isnan(w[0])]
