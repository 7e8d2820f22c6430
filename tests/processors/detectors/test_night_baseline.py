"""What is usual, learned from hand-made nights: night 0 is the first weekday, and the scale's floor is 1 m3/h."""

from dataclasses import replace

import numpy as np
import pytest

from processors.columns import F64
from processors.detectors.night_baseline import BaselineRates, Expectation, NightBaseline

ONE = np.zeros(1, np.intp)
RATES = BaselineRates()


def _made(rates: BaselineRates = RATES) -> NightBaseline:
    baseline = NightBaseline(rates)
    baseline.grow(1)
    return baseline


def _feed(baseline: NightBaseline, flows: list[float], first: int = 0) -> list[Expectation]:
    told = []
    for night, flow in enumerate(flows, first):
        nights = np.array([night])
        seen = baseline.expect(ONE, nights, np.array([flow]))
        baseline.learn(ONE, nights, seen)
        told.append(seen)
    return told


def _residuals(told: list[Expectation]) -> F64:
    return np.array([float(seen.residual[0]) for seen in told])


WEEK = [40.0, 41.0, 40.0, 42.0, 50.0, 55.0, 43.0]


def test_the_first_week_defines_the_weekdays_and_the_next_ones_meet_it() -> None:
    told = _feed(_made(), WEEK * 4)

    assert _residuals(told).tolist() == [0.0] * 28
    assert [bool(seen.first[0]) for seen in told] == [True] * 7 + [False] * 21


def test_nights_are_judged_from_the_learned_number_on() -> None:
    told = _feed(_made(), WEEK * 3)

    assert [bool(seen.judged[0]) for seen in told] == [False] * 14 + [True] * 7


def test_the_level_follows_a_share_of_the_residual_and_falls_faster_than_it_rises() -> None:
    up, down = _made(), _made()
    _feed(up, [40.0] * 70)
    _feed(down, [40.0] * 70)

    assert _residuals(_feed(up, [41.0, 41.0], 70)).tolist() == pytest.approx([1.0, 0.875])
    assert _residuals(_feed(down, [39.0, 39.0], 70)).tolist() == pytest.approx([-1.0, -0.75])


def test_one_strange_night_teaches_no_more_than_its_clip() -> None:
    baseline = _made()
    _feed(baseline, [40.0] * 70)

    told = _feed(baseline, [1040.0, 40.0], 70)

    # the level moved by 0.125 * 2.5 scales of 1 m3/h
    assert _residuals(told).tolist() == pytest.approx([1000.0, -0.3125])


def test_a_drift_does_not_inflate_the_scale_and_neither_does_alternation() -> None:
    drift, swing = _made(), _made()
    _feed(drift, [40.0] * 70 + [40.0 + 0.5 * night for night in range(60)])
    _feed(swing, [40.0 + 6.0 * (night % 2) for night in range(100)])

    rises, swings = drift.snapshot(), swing.snapshot()
    assert rises["size"][0] > 2.0, "the level lags by 4 m3/h at last"
    assert rises["range"][0] < 0.5
    assert _feed(drift, [70.0], 130)[0].scale[0] == 1.0
    assert swings["range"][0] > 1.3 * swings["size"][0] > 1.3
    assert _feed(swing, [40.0], 100)[0].scale[0] == swings["size"][0]


def test_a_residual_counts_for_less_while_its_weekday_is_hardly_known() -> None:
    told = _feed(_made(), WEEK * 10)

    # the offset of one night is as uncertain as the night: variance 2, against 1 + 0.3 / 1.7 once it forgets
    assert told[7].spread[0] == pytest.approx(np.sqrt(2 / (1 + 0.3 / 1.7)))
    assert told[14].spread[0] == pytest.approx(np.sqrt(1.5 / (1 + 0.3 / 1.7)))
    assert told[-1].spread[0] == told[-1].scale[0] == 1.0


def test_the_scale_never_falls_below_its_floor() -> None:
    baseline = _made(replace(RATES, floor=2.5))

    assert _feed(baseline, [40.0] * 60)[-1].scale[0] == 2.5


def test_growth_is_learned_after_an_event_only() -> None:
    watched, other = _made(), _made()
    for baseline, watch in ((watched, True), (other, False)):
        _feed(baseline, [40.0] * 70)
        baseline.rebase(ONE, np.array([70]), np.array([45.0]), np.array([watch]))
    ramp = [45.0 + 0.5 * night for night in range(1, 15)]

    assert _residuals(_feed(watched, ramp, 71))[-1] < 0.5 * _residuals(_feed(other, ramp, 71))[-1]


def test_a_level_that_was_moved_is_what_the_next_night_is_compared_with() -> None:
    baseline = _made()
    _feed(baseline, WEEK * 10)
    baseline.rebase(ONE, np.array([70]), np.array([52.0]), np.array([True]))

    # 12 more than usual on any weekday
    assert _residuals(_feed(baseline, [flow + 12.0 for flow in WEEK[1:]], 71)).tolist() == pytest.approx([0.0] * 6)


def test_a_weekday_that_was_never_seen_defines_its_offset_and_is_no_evidence() -> None:
    baseline = _made()
    for week in range(4):  # no Sunday so far
        _feed(baseline, WEEK[:6], 7 * week)

    told = _feed(baseline, [WEEK[6]], 27)[0]

    assert (bool(told.first[0]), bool(told.judged[0]), float(told.residual[0])) == (True, False, 0.0)
    _feed(baseline, WEEK[:6], 28)
    assert _residuals(_feed(baseline, [WEEK[6] + 9.0], 34)).tolist() == pytest.approx([9.0])


def test_a_short_gap_is_bridged_and_a_long_one_starts_anew() -> None:
    short, long = _made(), _made()
    _feed(short, [40.0] * 30)
    _feed(long, [40.0] * 30)

    after, anew = _feed(short, [47.0], 29 + 28)[0], _feed(long, [47.0], 29 + 29)[0]

    assert (bool(after.judged[0]), float(after.residual[0])) == (True, 7.0)
    assert (bool(anew.judged[0]), bool(anew.anew[0]), float(anew.residual[0])) == (False, True, 0.0)


def test_growth_goes_on_through_a_gap_and_fades_by_the_nights_that_passed() -> None:
    # the same growth, once with three nights in between and once with one
    far, near = _made(), _made()
    for baseline in (far, near):
        _feed(baseline, [40.0] * 70)
        baseline.rebase(ONE, np.array([70]), np.array([45.0]), np.array([True]))
        _feed(baseline, [46.0], 71)
    growth = float(far.snapshot()["growth"][0])
    level = float(far.snapshot()["level"][0])

    seen = far.expect(ONE, np.array([74]), np.array([50.0]))

    assert growth > 0
    assert seen.level[0] == pytest.approx(level + 3 * growth)
    assert far.snapshot()["growth"][0] == pytest.approx(growth * 0.93**3)
    assert near.expect(ONE, np.array([72]), np.array([50.0])).level[0] == pytest.approx(level + growth)
