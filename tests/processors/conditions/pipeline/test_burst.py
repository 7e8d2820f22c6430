"""
flow      40 ________|~~~~ 60        base of 4 values, 10 s apart; a step is more than 5 spreads, 5 m3/h and 20 kPa
pressure 300 ~~~~~~~~~~|__ 250
"""

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.burst import Burst, Bursts
from tests.processors.conditions.pipeline.support import Arrays, S, in_pieces, same

NAN = float("nan")


def _judge(flow: list[float], pressure: list[float], ts: list[int] | None = None, *, trend: bool = False) -> Bursts:
    rule = Burst(size=4, within=20 * S, hold=3, longest_gap=60 * S, trend=trend)
    rule.grow(1)
    at = np.array(range(0, 10 * len(flow), 10) if ts is None else ts) * S
    return rule.update(np.zeros(len(flow), np.int32), at, np.array(flow), np.array(pressure), 5.0, 5.0, 20.0)


CALM_FLOW, CALM_PRESSURE = [40.0, 41.0, 39.0, 40.0], [300.0, 301.0, 299.0, 300.0]


def test_a_rise_of_flow_with_a_fall_of_pressure_is_a_burst() -> None:
    found = _judge([*CALM_FLOW, 40.0, 60.0], [*CALM_PRESSURE, 300.0, 250.0])

    assert found.level.tolist() == [-1, -1, -1, -1, 0, 1]
    assert (found.flow_rise[5], found.pressure_fall[5]) == (20.0, 50.0)
    assert np.isnan(found.flow_rise[:4]).all()


@pytest.mark.parametrize(
    ("flow", "pressure"),
    [
        ([60.0], [300.0]),  # a large customer
        ([40.0], [250.0]),  # a valve, or a pump that stopped
        ([20.0], [350.0]),  # the other way round
        ([60.0], [350.0]),  # a pump that started
        ([44.0], [285.0]),  # both too small
    ],
)
def test_one_without_the_other_is_none(flow: list[float], pressure: list[float]) -> None:
    assert _judge([*CALM_FLOW, *flow], [*CALM_PRESSURE, *pressure]).level.tolist()[4:] == [0]


def test_the_pressure_may_follow_the_flow_within_the_time() -> None:
    after = [*CALM_FLOW, 60.0, 40.0, 40.0, 40.0]

    assert _judge(after, [*CALM_PRESSURE, 300.0, 300.0, 250.0, 300.0]).level.tolist()[4:] == [0, 0, 1, 0]
    assert _judge(after, [*CALM_PRESSURE, 300.0, 300.0, 300.0, 250.0]).level.tolist()[4:] == [0, 0, 0, 0]


def test_what_varies_much_must_step_more() -> None:
    wild = [30.0, 50.0, 36.0, 44.0]  # median 40, spread 1.4826 * 7 = 10.4

    assert _judge([*wild, 90.0], [*CALM_PRESSURE, 250.0]).level.tolist()[4:] == [0]
    assert _judge([*wild, 92.0], [*CALM_PRESSURE, 250.0]).level.tolist()[4:] == [1]


def test_a_level_that_stays_becomes_the_base() -> None:
    found = _judge([*CALM_FLOW, *[60.0] * 12], [*CALM_PRESSURE, *[250.0] * 12])

    assert (
        found.level.tolist()[4:] == [1] * 7 + [0] * 5
    )  # thrice held out, two more in steps while they go into the base, 20 s
    assert found.flow_rise[-1] == 0.0


def test_without_pressure_no_burst_is_not_claimed() -> None:
    found = _judge([*CALM_FLOW, *[40.0] * 5, 60.0, 40.0], [*CALM_PRESSURE, 300.0, *[NAN] * 5, 250.0])

    assert found.level.tolist()[4:] == [0, 0, 0, -1, -1, -1, 1]
    assert np.isnan(found.pressure_fall[5:10]).all()


def test_missing_is_not_zero() -> None:
    assert _judge([*CALM_FLOW, 40.0, NAN], [*CALM_PRESSURE, 300.0, 300.0]).level.tolist()[4:] == [0, 0]  # 10 s ago
    assert np.isnan(_judge([*CALM_FLOW, NAN], [*CALM_PRESSURE, 300.0]).flow_rise).all()
    assert _judge([NAN] * 6, [NAN] * 6).level.tolist() == [-1] * 6


def test_after_a_gap_the_base_is_learnt_anew() -> None:
    ts = [0, 10, 20, 30, 91, 101, 111, 121, 131]
    found = _judge([*CALM_FLOW, *[60.0] * 5], [*CALM_PRESSURE, *[250.0] * 5], ts)

    assert found.level.tolist() == [-1] * 8 + [0]


def test_a_late_row_is_not_judged() -> None:
    found = _judge([*CALM_FLOW, 60.0, 40.0], [*CALM_PRESSURE, 250.0, 300.0], [0, 10, 20, 30, 25, 40])

    assert found.level.tolist()[4:] == [-1, 0]


def test_with_a_trend_a_burst_shows_on_the_mornings_rise_too() -> None:
    flow = [40.0 + 6 * k for k in range(8)]
    pressure = [300.0 - 25 * k for k in range(8)]

    without, found = (_judge([*flow, 110.0], [*pressure, 60.0], trend=trend) for trend in (False, True))

    assert without.level.tolist()[4:] == [0] * 5  # the rise has widened the spread
    assert found.level.tolist()[4:] == [0] * 4 + [1]
    assert found.flow_rise[4:].tolist() == pytest.approx([0.0] * 4 + [22.0])
    assert found.pressure_fall[4:].tolist() == pytest.approx([0.0] * 4 + [40.0])


def test_areas_do_not_mix_and_may_have_their_own_limits() -> None:
    rule = Burst(size=4, within=20 * S, hold=3, longest_gap=60 * S, trend=False)
    rule.grow(2)
    dma, ts = np.tile(np.array([0, 1], np.int32), 5), np.repeat(np.arange(5), 2) * 10 * S
    flow, pressure = np.repeat([40.0] * 4 + [60.0], 2), np.repeat([300.0] * 4 + [250.0], 2)

    found = rule.update(dma, ts, flow, pressure, 5.0, np.tile([5.0, 25.0], 5), 20.0)

    assert found.level.tolist()[8:] == [1, 0]


def test_too_few_values_are_no_base() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        Burst(size=3, within=S, hold=1, longest_gap=S, trend=False)


def _plain(rows: list[tuple[int, int, float, float]]) -> list[int]:
    """size=4, within=20, hold=2, longest_gap=60, trend off, times=5, least 5 and 20."""
    state: dict[tuple[int, int], dict[str, float]] = {}
    bases: dict[tuple[int, int], list[float]] = {}
    last: dict[int, int] = {}
    out = []
    for who, ts, *values in rows:
        if ts <= last.get(who, -1):
            out.append(-1)
            continue
        last[who] = ts
        for channel, (value, sign, least) in enumerate(zip(values, (1, -1), (5.0, 20.0), strict=True)):
            s = state.setdefault((who, channel), {"seen": -999, "held": 0, "stepped": -999, "judged": -999})
            if np.isnan(value):
                continue
            if ts - s["seen"] > 60:
                bases[who, channel], s["held"] = [], 0
            s["seen"] = ts
            base, step = bases[who, channel], False
            if len(base) == 4:
                s["judged"] = ts
                middle = statistics.median(base)
                spread = 1.4826 * statistics.median(abs(x - middle) for x in base)
                step = sign * (value - middle) > max(5 * spread, least)
            if step:
                s["stepped"], s["held"] = ts, s["held"] + 1
            else:
                s["held"] = 0
            if not step or s["held"] > 2:
                bases[who, channel] = [*base, value][-4:]
        both = [state[who, channel] for channel in (0, 1)]
        burst, known = (all(ts - s[name] <= 20 for s in both) for name in ("stepped", "judged"))
        out.append(1 if burst else 0 if known else -1)
    return out


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([10, 10, 10, 10, 10, 10, 20, 0, 70]),
        st.sampled_from([40.0, 40.0, 41.0, 39.5, 60.0, 60.0, NAN]),
        st.sampled_from([300.0, 300.0, 301.0, 299.0, 250.0, 250.0, NAN]),
    ),
    max_size=100,
)


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 100), max_size=4), st.booleans())
def test_bursts_are_those_of_a_plain_loop_however_the_means_are_split(
    steps: list[tuple[int, int, float, float]], cuts: list[int], trend: bool
) -> None:
    clock, rows = [0, 0], []
    for who, step, flow, pressure in steps:
        clock[who] += step
        rows.append((who, clock[who], flow, pressure))
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * S for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
        np.array([r[3] for r in rows], np.float64),
    )

    def make() -> Burst:
        rule = Burst(size=4, within=20 * S, hold=2, longest_gap=60 * S, trend=trend)
        rule.grow(2)
        return rule

    def feed(rule: Burst, part: Arrays) -> Arrays:
        return tuple(rule.update(part[0], part[1], part[2], part[3], 5.0, 5.0, 20.0))

    whole = feed(make(), columns)

    same(whole, in_pieces(make(), make, feed, columns, cuts))
    if not trend:
        assert whole[0].tolist() == _plain(rows)
