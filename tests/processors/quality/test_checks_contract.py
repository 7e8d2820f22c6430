"""What every check keeps to, whatever it looks for: one suite for all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.columns import F64, U8, U32
from processors.flags import Flag, Why
from processors.quality.attenuated_signal import attenuated_signal
from processors.quality.climatology import climatology
from processors.quality.cross_quantity import flow_through_closed_valve, power_without_its_parts, speed_without_flow
from processors.quality.flat_line import flat_line
from processors.quality.gross_range import gross_range
from processors.quality.neighbour import neighbour
from processors.quality.rate_of_change import rate_of_change
from processors.quality.spike import spike
from processors.quality.time_gap import time_gap
from tests.processors.quality.support import NAN, Sent, checks, judge

Check = Callable[[F64], tuple[U8, U32]]


def _like(value: F64, held: float) -> F64:
    return np.full(value.shape, held)


CHECKS: dict[str, tuple[Why, Check]] = {
    "gross_range": (Why.GROSS_RANGE, lambda x: gross_range(x, -100.0, 100.0, -5.0, 5.0)),
    "rate_of_change": (Why.RATE_OF_CHANGE, lambda x: rate_of_change(x, _like(x, 0.0), _like(x, 1.0), 5.0, 50.0)),
    "spike": (Why.SPIKE, lambda x: spike(_like(x, 0.0), x, _like(x, 0.0), 5.0, 50.0)),
    "spike, differential": (Why.SPIKE, lambda x: spike(_like(x, 0.0), x, _like(x, 0.0), 5.0, 50.0, True)),
    "time_gap": (Why.TIME_GAP, lambda x: time_gap(np.abs(np.nan_to_num(x)), np.isnan(x), 5.0, 50.0)),
    "flat_line": (
        Why.FLAT_LINE,
        lambda x: flat_line(np.abs(x), _like(x, 9).astype(np.int64), np.isnan(x), 5.0, 50.0, 3),
    ),
    "attenuated_signal": (
        Why.ATTENUATED_SIGNAL,
        lambda x: attenuated_signal(10 - np.abs(x), _like(x, 9).astype(np.int64), np.isnan(x), 5.0, -40.0, 3),
    ),
    "climatology": (
        Why.CLIMATOLOGY,
        lambda x: climatology(x, _like(x, 0.0), _like(x, 1.0), _like(x, 9.0), 5.0, 50.0, 0.0, 4.0),
    ),
    "neighbour": (
        Why.NEIGHBOUR,
        lambda x: _neighbours(x),  # noqa: PLW0108 - defined below
    ),
    "speed_without_flow": (Why.CROSS_QUANTITY, lambda x: speed_without_flow(x, _like(x, 0.0), 0.0, 5.0)),
    "flow_through_closed_valve": (
        Why.CROSS_QUANTITY,
        lambda x: flow_through_closed_valve(x, _like(x, 0.0), 0.0, 5.0),
    ),
    "power_without_its_parts": (
        Why.CROSS_QUANTITY,
        lambda x: power_without_its_parts(x, *(np.zeros((len(x), 3)),) * 3, 0.5, 2.0, 10.0),
    ),
}  # fmt: skip
"""Each check as a function of values alone: 0 is good, 9 is objected to, and no value changes what others get."""


def _neighbours(value: F64) -> tuple[U8, U32]:
    """Each value among four peers of its own that are 0."""
    n = len(value)
    group = np.tile(np.arange(n, dtype=np.int32), 5)
    flag, why = neighbour(np.concatenate([value, np.zeros(4 * n)]), group, 5.0, 50.0, 1.0, 4)
    return flag[:n], why[:n]


every_check = pytest.mark.parametrize(("bit", "check"), CHECKS.values(), ids=CHECKS.keys())
values = st.lists(st.sampled_from([0.0, -0.0, 1.0, -3.0, 9.0, -9.0, 99.0, -99.0, NAN]), max_size=20)


@every_check
def test_zero_is_good_nine_is_objected_to_and_nan_is_missing(bit: Why, check: Check) -> None:
    flag, why = check(np.array([0.0, 9.0, NAN]))

    assert [flag.tolist(), why.tolist()] == [[Flag.GOOD, Flag.SUSPECT, Flag.MISSING], [0, bit, Why.MISSING_VALUE]]


@every_check
def test_no_values_give_no_flags(bit: Why, check: Check) -> None:
    flag, why = check(np.empty(0))

    assert [flag.shape, why.shape, flag.dtype.name, why.dtype.name] == [(0,), (0,), "uint8", "uint32"]


@every_check
@given(values, st.integers(0, 20))
def test_flags_are_of_the_same_length_and_those_of_the_parts(
    bit: Why, check: Check, listed: list[float], cut: int
) -> None:
    value = np.array(listed, np.float64)
    before = value.copy()

    flag, why = check(value)

    assert len(flag) == len(why) == len(value)
    assert set(flag.tolist()) <= {int(f) for f in Flag}
    np.testing.assert_array_equal(flag == Flag.MISSING, np.isnan(value))
    np.testing.assert_array_equal((why & bit) != 0, (flag == Flag.SUSPECT) | (flag == Flag.FAIL))
    parts = [check(value[:cut]), check(value[cut:])]
    np.testing.assert_array_equal(flag, np.concatenate([part[0] for part in parts]))
    np.testing.assert_array_equal(why, np.concatenate([part[1] for part in parts]))
    np.testing.assert_array_equal(value, before)


# ---- the same of checks with state, through QualityChecks ----

LIMITS: dict[str, dict[str, Any]] = {
    "rate_of_change": {"rate_suspect": 1.0, "rate_fail": 5.0},
    "spike": {"spike_suspect": 1.0, "spike_fail": 5.0},
    "spike, differential": {"spike_suspect": 1.0, "spike_fail": 5.0, "spike_differential": True},
    "flat_line": {"flat_suspect": 2.0, "flat_fail": 4.0, "flat_tolerance": 1.0, "flat_count": 2.0},
    "time_gap": {"gap_suspect": 1.5, "gap_fail": 5.0},
    "attenuated_signal": {"attenuated_suspect": 2.0, "attenuated_fail": 1.0, "attenuated_period": 8.0},
    "climatology": {"climatology_suspect": 2.0, "climatology_floor": 0.5, "climatology_weeks": 1.0},
}
every_limit = pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS.keys())


def _sent(listed: list[tuple[int, float]]) -> list[Sent]:
    at, out = 0.0, []
    for step, value in listed:
        at += step
        out.append(Sent(0, at, value, flag=2, hour=int(at // 2) % 3))
    return out


readings = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 2, 9, 0, -2]), st.sampled_from([0.0, 0.5, 1.0, 4.0, 20.0, NAN])), max_size=25
)


@every_limit
def test_one_reading_has_nothing_to_be_compared_with(limits: dict[str, Any]) -> None:
    found = judge(checks(1, **limits), [Sent(0, 0, 0.0, flag=2)])

    assert [(j.flag, j.why) for j in found] in ([(Flag.UNKNOWN, 0)], [(Flag.GOOD, 0)])


@every_limit
def test_an_empty_batch_changes_nothing(limits: dict[str, Any]) -> None:
    made = checks(2, **limits)
    before = made.snapshot()

    assert judge(made, []) == []
    for name, column in made.snapshot().items():
        np.testing.assert_array_equal(column, before[name])


@every_limit
@settings(max_examples=30, deadline=None)
@given(readings, st.lists(st.integers(0, 25), max_size=6))
def test_any_split_of_a_batch_gives_the_flags_of_the_whole(
    limits: dict[str, Any], listed: list[tuple[int, float]], cuts: list[int]
) -> None:
    sent = _sent(listed)

    found = judge(checks(1, **limits), sent, [min(cut, len(sent)) for cut in cuts])

    assert found == judge(checks(1, **limits), sent)
    assert [j.flag == Flag.MISSING for j in found] == [np.isnan(s.value) for s in sent]


@every_limit
def test_what_can_not_be_compared_stays_unknown_and_is_neither_good_nor_zero(limits: dict[str, Any]) -> None:
    alone = judge(checks(1, **limits), [Sent(0, 0, 5.0, flag=2), Sent(0, 1, NAN), Sent(0, 2, 5.0, flag=2)])

    assert alone[1].flag == Flag.MISSING
    if "flat_suspect" not in limits and "gap_suspect" not in limits:  # these need no other value
        assert [alone[0].flag, alone[2].flag] == [Flag.UNKNOWN, Flag.UNKNOWN]
