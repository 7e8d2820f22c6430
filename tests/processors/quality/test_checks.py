import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.flags import Flag, Why
from processors.quality.checks import QualityChecks
from processors.quality.limits import QualityLimits
from tests.processors.quality.support import NAN, T0, Judged, Plain, S, Sent, checks, columns, judge

EVERYTHING: dict[str, Any] = {
    "rate_suspect": 1.0, "rate_fail": 4.0, "spike_suspect": 3.0, "spike_fail": 6.0,
    "flat_suspect": 4.0, "flat_fail": 8.0, "flat_tolerance": 0.5, "flat_count": 2.0,
    "gap_suspect": 5.0, "gap_fail": 12.0,
    "attenuated_suspect": 1.5, "attenuated_fail": 0.25, "attenuated_period": 8.0, "attenuated_count": 2.0,
    "climatology_suspect": 2.0, "climatology_fail": 6.0, "climatology_weeks": 1.0, "climatology_floor": 0.5,
}  # fmt: skip

values = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 9.0, NAN]), st.integers(-8, 8).map(float))


@st.composite
def arrivals(draw: st.DrawFn, most: int = 30) -> list[Sent]:
    """Readings of three series: mostly in order, some late, some twice, some after a gap."""
    now = {0: 0.0, 1: 0.0, 2: 0.0}
    out = []
    for _ in range(draw(st.integers(0, most))):
        series = draw(st.integers(0, 2))
        step = draw(st.sampled_from([1.0, 1.0, 1.0, 0.5, 2.0, 7.0, 20.0, -1.0, -3.0, 0.0]))
        at = now[series] + step
        now[series] = max(at, now[series])
        hour = int(at // 3) % 4  # weeks of twelve seconds
        out.append(Sent(series, at, draw(values), draw(st.sampled_from([1, 1, 1, 2, 3, 4])), hour))
    return out


cuts = st.lists(st.integers(0, 30), max_size=5)


@settings(max_examples=150, deadline=None)
@given(arrivals(), cuts, st.booleans())
def test_all_checks_together_give_what_each_gives_reading_by_reading(
    sent: list[Sent], ends: list[int], by_range: bool
) -> None:
    limits = EVERYTHING | {"attenuated_range": by_range, "spike_differential": by_range}

    found = judge(checks(3, **limits), sent, [min(end, len(sent)) for end in ends])

    assert found == Plain(**limits).judge(sent)


@settings(max_examples=60, deadline=None)
@given(arrivals(), cuts, st.integers(0, 30))
def test_batches_and_snapshots_do_not_show(sent: list[Sent], ends: list[int], at: int) -> None:
    at = min(at, len(sent))
    whole = checks(3, **EVERYTHING, silent_factor=3.0)
    judge(whole, sent)
    split = checks(3, **EVERYTHING, silent_factor=3.0)
    judge(split, sent[:at], [min(end, at) for end in ends])
    again = QualityChecks()
    again.restore(split.snapshot())
    again.configure(np.arange(3), QualityLimits.of(3, **EVERYTHING, silent_factor=3.0))
    judge_rest = columns(sent[at:])
    again.judge(*judge_rest)

    # flags that were waiting for a rewrite differ by when it came, nothing else does
    one, other = whole.snapshot(), again.snapshot()
    assert one.keys() == other.keys()
    for name, column in one.items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)


def test_series_with_nothing_configured_get_back_what_came() -> None:
    made = QualityChecks()
    made.grow(2)
    series, ts, value, flag, why, hour = columns([Sent(0, 0, 1.0), Sent(1, 0, NAN), Sent(0, 1, 1e9, 2)])

    out = made.judge(series, ts, value, flag, why, hour)

    assert [out[0].tolist(), out[1].tolist(), len(out[2])] == [[1, 9, 2], [0, 2, 0], 0]


def test_series_beside_those_that_ask_are_left_alone() -> None:
    made = QualityChecks()
    made.grow(3)
    made.configure(np.array([1]), QualityLimits.of(1, rate_suspect=1.0))
    sent = [Sent(s, at, at * 100) for at in (0.0, 1.0) for s in (0, 1, 2)]

    assert [j.flag for j in judge(made, sent)] == [1, 1, 1, 1, 3, 1]


def test_the_worst_flag_stands_and_all_reasons_are_kept() -> None:
    made = checks(1, rate_suspect=1.0, gap_suspect=5.0, gap_fail=9.0)

    found = judge(made, [Sent(0, 0, 0.0), Sent(0, 10, 100.0)])

    assert found == [Judged(1, 0), Judged(Flag.FAIL, Why.RATE_OF_CHANGE | Why.TIME_GAP)]


def test_a_good_verdict_makes_an_unlimited_reading_good_but_a_passed_spike_does_not() -> None:
    sent = [Sent(0, at, 1.0, 2) for at in (0.0, 1.0, 2.0, 3.0)]

    assert [j.flag for j in judge(checks(1, rate_suspect=1.0), sent)] == [2, 1, 1, 1]
    assert [j.flag for j in judge(checks(1, spike_suspect=1.0), sent)] == [2, 2, 2, 2]


def test_a_spike_found_in_the_next_batch_is_a_rewrite_that_keeps_earlier_reasons() -> None:
    made = checks(1, spike_suspect=2.0, gap_suspect=5.0)
    judge(made, [Sent(0, 0, 1.0), Sent(0, 10, 9.0)])

    flag, why, rewrites = made.judge(*columns([Sent(0, 11, 1.0)]))

    assert [flag.tolist(), why.tolist()] == [[1], [0]]
    assert [column.tolist() for column in rewrites.arrays().values()] == [
        [0], [T0 + 10 * S], [3], [Why.SPIKE | Why.TIME_GAP]
    ]  # fmt: skip


def test_a_late_reading_gets_no_check_that_needs_order_and_leaves_no_trace() -> None:
    limits = {"rate_suspect": 1.0, "spike_suspect": 2.0, "flat_suspect": 2.0, "gap_suspect": 1.0}
    sent = [Sent(0, 0, 1.0), Sent(0, 1, 2.0), Sent(0, 2, 3.0)]
    late = [Sent(0, 1, 99.0), Sent(0, 0.5, -99.0), Sent(0, 2, 7.0)]

    found = judge(checks(1, **limits), [*sent[:2], *late[:2], sent[2], late[2]])

    assert found == [Judged(1, 0)] * 6


def test_a_value_that_gross_range_failed_is_no_neighbour() -> None:
    sent = [Sent(0, 0, 1.0), Sent(0, 1, 9999.0, 4), Sent(0, 2, 1.0), Sent(0, 3, 1.0)]

    found = judge(checks(1, rate_suspect=1.0, spike_suspect=1.0), sent)

    assert found == [Judged(1, 0), Judged(4, Why.GROSS_RANGE), Judged(1, 0), Judged(1, 0)]


def test_missing_stays_missing_whatever_is_checked() -> None:
    found = judge(checks(3, **EVERYTHING), [Sent(0, at, NAN) for at in (0.0, 1.0, 30.0)])

    assert [j.flag for j in found] == [9, 9, 9]
    assert [j.why for j in found] == [Why.MISSING_VALUE, Why.MISSING_VALUE, Why.MISSING_VALUE | Why.TIME_GAP]


def test_zero_is_a_value_like_any_other() -> None:
    sent = [Sent(0, at, 0.0) for at in range(9)]

    assert judge(checks(1, flat_suspect=4.0), sent)[4:] == [Judged(3, Why.FLAT_LINE)] * 5


def test_infinite_values_raise_no_warning_and_are_not_good_by_chance() -> None:
    sent = [Sent(0, float(k), v) for k, v in enumerate([1.0, math.inf, math.inf, -math.inf, 1e308, -1e308, 1.0])]

    found = judge(checks(1, **EVERYTHING), sent)

    assert [bool(j.why & Why.RATE_OF_CHANGE) for j in found] == [False, True, False, True, True, True, True]


def test_a_climatology_without_the_hour_is_an_error() -> None:
    with pytest.raises(ValueError, match="hour_of_week"):
        checks(1, climatology_suspect=2.0).judge(*columns([Sent(0, 0, 1.0)])[:5])


def test_silence_is_told_once_and_its_end_as_well() -> None:
    made = checks(2, silent_within=60.0)
    judge(made, [Sent(0, 0, 1.0)])
    made.tick(T0, live=True)

    assert made.tick(T0 + 60 * S, live=True).silent.tolist() == []
    assert made.tick(T0 + 61 * S, live=True).silent.tolist() == [0]
    assert made.tick(T0 + 99 * S, live=True).silent.tolist() == []
    judge(made, [Sent(0, 100, 1.0)])
    change = made.tick(T0 + 101 * S, live=True)
    assert [change.silent.tolist(), change.back.tolist()] == [[], [0]]


def test_silence_counts_from_when_it_became_live() -> None:
    made = checks(1, silent_within=60.0)
    judge(made, [Sent(0, 0, 1.0)])

    assert made.tick(T0 + 7200 * S, live=False).silent.tolist() == []
    assert made.tick(T0 + 7200 * S, live=True).silent.tolist() == []
    assert made.tick(T0 + 7261 * S, live=True).silent.tolist() == [0]


def test_a_flat_line_that_was_not_followed_for_a_while_begins_anew() -> None:
    made = checks(1, flat_suspect=3.0)
    judge(made, [Sent(0, at, 5.0) for at in range(3)])
    made.configure(np.array([0]), QualityLimits.of(1, rate_suspect=1.0))
    judge(made, [Sent(0, 3, 6.0)])
    made.configure(np.array([0]), QualityLimits.of(1, flat_suspect=3.0))

    found = judge(made, [Sent(0, at, 5.0) for at in range(4, 9)])

    assert [j.flag for j in found] == [1, 1, 1, 3, 3]


def test_a_series_that_was_not_followed_for_a_while_has_nothing_before_it() -> None:
    made = checks(1, gap_suspect=3.0)
    judge(made, [Sent(0, 0, 5.0)])
    made.configure(np.array([0]), QualityLimits.none(1))
    judge(made, [Sent(0, 1, 5.0), Sent(0, 2, 5.0)])
    made.configure(np.array([0]), QualityLimits.of(1, gap_suspect=1.5))

    assert [j.flag for j in judge(made, [Sent(0, 4, 5.0), Sent(0, 6, 5.0)])] == [1, 3]


def test_series_may_join_while_it_runs() -> None:
    made = checks(1, rate_suspect=1.0)
    judge(made, [Sent(0, 0, 1.0)])
    made.grow(2)
    made.configure(np.array([1]), QualityLimits.of(1, rate_suspect=1.0))

    found = judge(made, [Sent(1, 0, 1.0), Sent(0, 1, 9.0), Sent(1, 1, 9.0)])

    assert [j.flag for j in found] == [1, 3, 3]
