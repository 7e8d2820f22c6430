"""Our checks against those of ioos_qc on the same series: where they are equal, and how they differ elsewhere.

What ioos_qc said is kept in ioos_traces.json; ioos_traces.py asks it again where it is installed.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from processors.quality.gross_range import gross_range
from processors.quality.verdict import worst
from tests.processors.quality.ioos_traces import flags_of, trace
from tests.processors.quality.support import Sent, checks, judge

Numbers = NDArray[Any]


def _ours(value: Numbers, at: Numbers, **limits: Any) -> list[int]:
    sent = [Sent(0, a, v, flag=2) for a, v in zip(at.tolist(), value.tolist(), strict=True)]
    return [judged.flag for judged in judge(checks(1, **limits), sent)]


# ---- gross range: the same ----


def test_gross_range_is_the_same() -> None:
    value, _, theirs, _ = trace("gross-range")

    assert gross_range(value, -8.0, 12.0, -4.0, 6.0)[0].tolist() == theirs
    assert {1, 3, 4, 9} == set(theirs)


def test_gross_range_without_limits_is_unknown_here_and_an_error_there() -> None:
    assert gross_range(np.array([1.0]), -np.inf, np.inf, -np.inf, np.inf)[0].tolist() == [2]
    assert trace("gross-range-without-limits").error in ("ValueError", "TypeError")


# ---- rate of change: the same from one reading with a value to the next, at whole seconds ----


def test_rate_of_change_is_the_same_but_where_nothing_can_be_compared() -> None:
    value, at, theirs, _ = trace("rate")
    ours = _ours(value, at, rate_suspect=1 / 60, rate_fail=5 / 60)

    alone = np.isnan(np.append(np.nan, value[:-1])) & ~np.isnan(value)
    assert {ours[k] for k in np.flatnonzero(alone)} == {2}  # there: good
    assert {theirs[k] for k in np.flatnonzero(alone)} == {1}
    assert [f for f, a in zip(ours, alone, strict=True) if not a] == [
        f for f, a in zip(theirs, alone, strict=True) if not a
    ]
    assert {1, 3, 4, 9} <= set(ours)


def test_time_is_cut_to_whole_seconds_there_and_less_than_one_counts_as_one() -> None:
    value, at, theirs, _ = trace("rate-below-a-second")

    # 3 in half a second are 6 a second
    assert (value.tolist(), at.tolist()) == ([0.0, 3.0, 3.0, 4.5], [0.0, 0.5, 1.0, 2.5])
    assert theirs == [1, 1, 1, 1]
    assert _ours(value, at, rate_suspect=4.0) == [2, 3, 1, 1]
    # 1.5 in one and a half are 1 a second
    assert flags_of("rate-cut-to-seconds")[3] == 3
    assert _ours(value, at, rate_suspect=1.2)[3] == 1


# ---- spike: the same by both methods; a pass gives no flag here ----


@pytest.mark.parametrize("method", ["average", "differential"])
def test_spikes_are_the_same(method: str) -> None:
    value, at, theirs, _ = trace(f"spike-{method}")
    ours = _ours(value, at, spike_suspect=2.0, spike_fail=8.0, spike_differential=method == "differential")

    # a verdict made later makes nothing good: what passes stays unknown unless another check has made it good
    assert ours == [2 if flag == 1 else flag for flag in theirs]
    assert {2, 3, 4, 9} == set(ours)


def test_a_spike_threshold_of_zero_is_none_in_both_but_not_in_the_rule_itself() -> None:
    value, at, theirs, _ = trace("spike-zero")

    assert (value.tolist(), theirs) == ([0.0, 5.0, 0.0], [2, 1, 2])
    assert _ours(value, at, spike_suspect=0.0, spike_fail=8.0) == [2, 2, 2]


# ---- flat line: the same at regular times, where a run of equal values is one for both ----


def test_flat_lines_of_equal_values_are_the_same() -> None:
    value, at, theirs, _ = trace("flat-equal")

    assert _ours(value, at, flat_suspect=300.0, flat_fail=900.0) == theirs
    assert {1, 3, 4} == set(theirs)


def test_a_tolerance_of_zero_never_flags_there_and_means_equal_here() -> None:
    value, at, theirs, _ = trace("flat-default-tolerance")

    assert set(theirs) == set(flags_of("flat-tolerance-zero")) == {1}
    assert _ours(value, at, flat_suspect=120.0, flat_fail=240.0) == [1, 1, 3, 3, 4, 4]


def test_a_range_of_just_the_tolerance_is_flat_here_only() -> None:
    value, at, theirs, _ = trace("flat-range-of-the-tolerance")

    assert np.ptp(value) == 0.5
    assert set(theirs) == {1}
    assert _ours(value, at, flat_suspect=120.0, flat_fail=240.0, flat_tolerance=0.5) == [1, 1, 3, 3, 4]


def test_with_a_tolerance_what_is_flat_here_is_flat_there_too() -> None:
    value, at, said, _ = trace("flat-tolerance")
    theirs = np.array(said)
    ours = np.array(_ours(value, at, flat_suspect=300.0, flat_fail=900.0, flat_tolerance=0.8 - 1e-9))

    assert (ours <= theirs).all()
    assert (ours > 1).sum() > 0.6 * (theirs > 1).sum()
    assert (ours < theirs).any()


def test_missing_values_are_not_in_the_range_of_either() -> None:
    value, at, theirs, _ = trace("flat-holes")

    assert np.isnan(value).any()
    assert _ours(value, at, flat_suspect=300.0, flat_fail=900.0) == theirs


def test_times_count_here_and_readings_by_the_median_interval_there() -> None:
    value, at, theirs, _ = trace("flat-pause")

    # there, five intervals of 60 s; here, the time that has passed, or what came after the gap
    assert theirs == [1, 1, 1, 1, 1, 3, 3]
    assert _ours(value, at, flat_suspect=300.0) == [1, 1, 1, 3, 3, 3, 3]
    assert _ours(value, at, flat_suspect=180.0, gap_suspect=3600.0) == [1, 1, 1, 3, 1, 1, 3]


# ---- attenuated signal: the same window, judged when a quarter of it has closed ----


@pytest.mark.parametrize("kind", ["std", "range"])
def test_a_quarter_is_judged_by_the_window_of_the_reading_before_it(kind: str) -> None:
    limits = {"std": (0.6, 0.2), "range": (2.0, 0.5)}[kind]
    value, at, theirs, _ = trace(f"attenuated-{kind}")
    ours = _ours(
        value, at, attenuated_suspect=limits[0], attenuated_fail=limits[1],
        attenuated_period=1200.0, attenuated_count=3.0, attenuated_range=kind == "range",
    )  # fmt: skip

    quarters = np.arange(5, len(value), 5)
    compared = [(ours[k], theirs[k - 1]) for k in quarters if not np.isnan(value[[k - 1, k]]).any()]
    if kind == "range":  # there, one missing value leaves the range of its window unknown
        whole = [k for k in quarters if not np.isnan(value[max(k - 20, 0) : k + 1]).any()]
        holes = [k for k in quarters if np.isnan(value[max(k - 20, 0) : k]).any()]
        assert {theirs[k - 1] for k in holes} <= {2, 9}
        assert {ours[k] for k in holes} >= {1, 3}
        compared = [(ours[k], theirs[k - 1]) for k in whole]
    assert [one for one, _ in compared] == [other for _, other in compared]
    assert {1, 3} <= {one for one, _ in compared}
    # and it holds until the next quarter
    for k in quarters[:-1]:
        assert len({ours[j] for j in range(k, k + 5)} - {9}) <= 1


def test_a_window_of_one_reading_fails_there_and_is_unknown_here() -> None:
    value, at, theirs, _ = trace("attenuated-two")

    assert theirs[0] == 4
    assert _ours(value, at, attenuated_suspect=0.5, attenuated_fail=0.1, attenuated_period=240.0) == [2, 2]


# ---- time gap: the same, but for the first reading ----


def test_the_reading_after_a_gap_is_flagged_in_both() -> None:
    value, at, theirs, _ = trace("gap")

    assert theirs == [1, 1, 1, 4, 4]
    assert _ours(value, at, gap_fail=7200.0) == [2, 1, 1, 4, 4]


def test_the_worst_flag_stands_as_there() -> None:
    flags = np.array([9, 2, 1, 3, 4], np.uint8)
    one, other = np.repeat(flags, 5), np.tile(flags, 5)

    assert worst(one, other).tolist() == flags_of("compare")
