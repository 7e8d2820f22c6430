from typing import Any

import numpy as np
import pytest

from processors.flags import Why
from processors.quality.climatology import climatology
from tests.processors.quality.support import NAN, Judged, Sent, checks, judge

HOUR = 3600.0
WEEK = 168 * HOUR
LIMITS: dict[str, Any] = {"climatology_suspect": 3.0, "climatology_fail": 6.0, "climatology_floor": 1.0}


def _weeks(first: int, last: int, value: float = 10.0, night: float = 2.0) -> list[Sent]:
    """Weeks of two hours: noon, with a reading around `value` every ten minutes, and an hour of night after it."""
    return [
        Sent(0, week * WEEK + hour * HOUR + k * 600, mean + (-1) ** k, hour=hour)
        for week in range(first, last)
        for hour, mean in ((12, value), (13, night))
        for k in range(6)
    ]


def _noon(week: int, value: float) -> Sent:
    return Sent(0, week * WEEK + 12 * HOUR, value, hour=12)


def test_an_hour_is_judged_by_what_it_was_in_the_weeks_before() -> None:
    for value, flag in ((10.0, 1), (12.9, 1), (13.1, 3), (6.9, 3), (16.1, 4)):
        found = judge(checks(1, **LIMITS), [*_weeks(0, 4), _noon(4, value)])
        assert found[-1] == Judged(flag, 0 if flag == 1 else Why.CLIMATOLOGY)


def test_what_is_usual_at_noon_is_not_at_night() -> None:
    sent = [*_weeks(0, 4), Sent(0, 4 * WEEK, 10.0, hour=13), Sent(0, 4 * WEEK + 1, 10.0, hour=12)]

    assert [j.flag for j in judge(checks(1, **LIMITS), sent)[-2:]] == [4, 1]


def test_before_enough_weeks_nothing_is_judged() -> None:
    unlimited = _noon(3, 99.0)._replace(flag=2)

    assert judge(checks(1, **LIMITS), [*_weeks(0, 3), unlimited])[-1] == Judged(2, 0)
    assert judge(checks(1, **LIMITS, climatology_weeks=3.0), [*_weeks(0, 3), unlimited])[-1].flag == 4


def test_an_hour_never_seen_is_not_judged() -> None:
    assert judge(checks(1, **LIMITS), [*_weeks(0, 6), Sent(0, 6 * WEEK, 99.0, hour=50)])[-1] == Judged(1, 0)


def test_weeks_that_come_in_one_batch_are_learned_one_by_one() -> None:
    sent = [*_weeks(0, 6), _noon(6, 99.0)]
    one_by_one = judge(checks(1, **LIMITS), sent, list(range(len(sent))))

    assert judge(checks(1, **LIMITS), sent) == one_by_one
    assert one_by_one[-1].flag == 4


def test_a_series_that_speaks_in_one_hour_of_the_week_only_learns_too() -> None:
    sent = [_noon(week, 10.0) for week in range(4)]

    assert judge(checks(1, **LIMITS), [*sent, _noon(4, 99.0)])[-1].flag == 4


def test_only_readings_without_objection_are_learned() -> None:
    bad = [s._replace(value=99.0, flag=3) for s in _weeks(0, 8)]
    mixed = sorted([*_weeks(0, 4), *(s._replace(at=s.at + 1) for s in bad[:48])], key=lambda s: s.at)

    assert judge(checks(1, **LIMITS), [*bad, _noon(8, 10.0)])[-1] == Judged(1, 0)
    assert judge(checks(1, **LIMITS), [*mixed, _noon(4, 10.0)])[-1].flag == 1


def test_one_bad_week_teaches_little_and_a_lasting_change_is_learned() -> None:
    made = checks(1, **LIMITS)
    judge(made, [*_weeks(0, 8), *_weeks(8, 9, value=60.0)])
    assert judge(made, [_noon(9, 60.0)])[-1].flag == 4

    judge(made, _weeks(10, 50, value=60.0))
    assert [j.flag for j in judge(made, [_noon(50, 60.0), _noon(51, 10.0)])] == [1, 3]


def test_a_late_reading_is_judged_and_not_learned() -> None:
    made = checks(1, **LIMITS)
    judge(made, _weeks(0, 5))
    before = made.snapshot()

    found = judge(made, [Sent(0, 4 * WEEK + 12 * HOUR, 99.0, hour=12), Sent(0, 4 * WEEK, 10.0, hour=12)])

    assert found == [Judged(4, Why.CLIMATOLOGY), Judged(1, 0)]
    for name, column in made.snapshot().items():
        np.testing.assert_array_equal(column, before[name])


def test_what_never_moved_may_differ_by_the_floor_and_by_rounding() -> None:
    sent = [_noon(week, 0.1) for week in range(4)]
    limits = LIMITS | {"climatology_floor": 0.0}

    assert judge(checks(1, **limits), [*sent, _noon(4, 0.1)])[-1].flag == 1
    assert judge(checks(1, **limits), [*sent, _noon(4, 0.2)])[-1].flag == 4


def test_a_week_of_zeros_is_known_and_a_week_of_nothing_is_not() -> None:
    zeros = [_noon(week, 0.0) for week in range(4)]
    nothing = [_noon(week, NAN) for week in range(4)]

    assert judge(checks(1, **LIMITS), [*zeros, _noon(4, 99.0)])[-1].flag == 4
    assert judge(checks(1, **LIMITS), [*nothing, _noon(4, 99.0)]) == [Judged(9, 2)] * 4 + [Judged(1, 0)]


def test_only_series_that_ask_are_learned() -> None:
    made = checks(2, **LIMITS)
    found = judge(made, [*_weeks(0, 4), *[s._replace(series=1) for s in _weeks(0, 2)], _noon(4, 99.0)])

    assert found[-1].flag == 4
    assert len(made.snapshot()["climatology.mean"]) == 2


@pytest.mark.parametrize("value", [10.0, NAN])
def test_without_a_threshold_it_is_unknown_and_without_a_value_missing(value: float) -> None:
    columns = (np.array([value]), np.array([10.0]), np.array([1.0]), np.array([9]))

    assert climatology(*columns, NAN, NAN, 0.0, 4.0)[0].tolist() == [9 if np.isnan(value) else 2]
