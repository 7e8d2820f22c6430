"""
flow  ____________/~~~~~~~~~~~\\______      a leak begins, and is repaired
sum   ____________/|                        over the limit: RISE until the old level is back for two days
"""

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.night_flow_change import Change, NightFlowChange, NightFlowChanges
from tests.processors.conditions.pipeline.support import HOUR, Arrays, in_pieces, same

NAN = float("nan")
DAY = 24 * HOUR
USUAL = [10.0, 10.4, 9.6, 10.2, 9.8] * 2


def _judge(flows: list[float], days: list[int] | None = None, cap: float = 100.0, **shape: int) -> NightFlowChanges:
    rule = NightFlowChange(**shape)
    rule.grow(1)
    at = np.array(range(len(flows)) if days is None else days) * DAY
    return rule.update(np.zeros(len(flows), np.int32), at, np.array(flows), 0.5, 4.0, 0.5, cap, 2.0)


def test_a_steady_flow_is_learnt_and_then_calm() -> None:
    found = _judge([*USUAL, *USUAL], least_days=5)

    assert found.change.tolist() == [-1] * 5 + [0] * 15
    assert np.isnan(found.excess[:5]).all()


def test_the_sums_are_those_of_a_hand_worked_case() -> None:
    found = _judge([10.0] * 5 + [11.0, 11.0, 11.0, 8.0], least_days=5)

    # scale is the floor of 0.5, so z = 2, 2, 2, -4; drift 0.5
    assert found.high.tolist()[5:] == [1.5, 3.0, 4.5, 4.5]
    assert found.low.tolist()[5:] == [0.0, 0.0, 0.0, 0.0]
    assert found.change.tolist()[5:] == [0, 0, Change.RISE, Change.RISE]
    assert found.onset.tolist()[5:] == [0, 0, 5 * DAY, 5 * DAY]
    assert found.excess.tolist()[5:] == [1.0, 1.0, 1.0, -2.0]


def test_a_fall_is_found_as_a_rise_is() -> None:
    assert _judge([10.0] * 5 + [7.0]).change.tolist()[5:] == [Change.FALL]


def test_a_repaired_leak_ends_the_alarm_and_the_old_baseline_stands() -> None:
    found = _judge([*USUAL, 16.0, 16.0, 16.0, 10.0, 10.0, 16.0])

    assert found.change.tolist()[10:] == [1, 1, 1, 1, 0, 1]
    assert found.excess.tolist()[15] == pytest.approx(6.0, abs=0.2)


def test_a_leak_that_stays_becomes_the_baseline_and_the_next_one_is_seen() -> None:
    found = _judge([*USUAL, *[16.0] * 12, 20.0], rebase_days=6)

    assert found.change.tolist()[10:] == [1] * 5 + [0] * 7 + [1]
    assert found.excess.tolist()[22] == 4.0


def test_a_new_level_may_still_rise_while_it_becomes_the_baseline() -> None:
    found = _judge([*USUAL, *(16.0 + k for k in range(6)), 21.0], rebase_days=6)

    assert found.change.tolist()[15:] == [0, 0]


def test_one_wild_night_is_no_change_where_it_is_cut_off() -> None:
    assert _judge([*USUAL, 60.0, 10.0], cap=4.0).change.tolist()[10:] == [0, 0]
    assert _judge([*USUAL, 60.0, 60.0], cap=4.0).change.tolist()[10:] == [0, 1]


def test_missing_nights_and_nights_that_come_late_are_unknown_and_change_nothing() -> None:
    whole = _judge([*USUAL, 11.0, NAN, 11.0], [*range(11), 11, 12])
    late = _judge([*USUAL, 11.0, 50.0, 11.0], [*range(11), 3, 12])

    assert whole.change.tolist()[11] == late.change.tolist()[11] == Change.UNKNOWN
    assert whole.high.tolist()[12] == late.high.tolist()[12] > whole.high.tolist()[10] > 0


def test_after_a_long_silence_the_area_is_learnt_anew() -> None:
    found = _judge([10.0] * 6 + [30.0] * 6, [*range(6), *range(40, 46)], forget=30 * DAY)

    assert found.change.tolist() == [-1] * 5 + [0] + [-1] * 5 + [0]


def test_a_long_silence_ends_an_alarm() -> None:
    found = _judge([10.0] * 5 + [30.0] + [30.0] * 6, [*range(6), *range(40, 46)], forget=30 * DAY)

    assert found.change.tolist()[5:] == [1, -1, -1, -1, -1, -1, 0]
    assert (found.high[11], found.low[11]) == (0.0, 0.0)


def test_areas_do_not_mix() -> None:
    rule = NightFlowChange(least_days=1)
    rule.grow(2)
    dma, day = np.array([0, 1, 0, 1], np.int32), np.array([0, 0, 1, 1]) * DAY

    found = rule.update(dma, day, np.array([5.0, 50.0, 5.0, 55.0]), 0.5, 4.0, 1.0, 9.0, 1.0)

    assert found.change.tolist() == [-1, -1, 0, 1]


def test_a_baseline_of_nothing_is_refused() -> None:
    for shape in ({"least_days": 0}, {"days": 3, "least_days": 4}, {"rebase_days": 0}, {"calm_days": 0}):
        with pytest.raises(ValueError, match="least_days"):
            NightFlowChange(**shape)


def _plain(rows: list[tuple[int, int, float]]) -> list[int]:
    """days=6, least_days=3, calm_days=2, rebase_days=4, forget=20 days."""
    state: dict[int, dict[str, list[float]]] = {}
    out = []
    for who, day, flow in rows:
        s = state.setdefault(who, {"base": [], "next": [], "sum": [0.0, 0.0], "alarm": [0], "calm": [0], "seen": [-99]})
        if np.isnan(flow) or day <= s["seen"][0]:
            out.append(-1)
            continue
        if day - s["seen"][0] > 20:
            s.update(base=[], next=[], sum=[0.0, 0.0], alarm=[0], calm=[0])
        s["seen"] = [day]
        if len(s["base"]) < 3:
            s["base"].append(flow)
            out.append(-1)
            continue
        middle = statistics.median(s["base"])
        scale = max(1.4826 * statistics.median(abs(x - middle) for x in s["base"]), 0.5)
        z = (flow - middle) / scale
        if not s["alarm"][0]:
            cut = min(max(z, -3.0), 3.0)
            s["sum"] = [max(0.0, s["sum"][0] + cut - 0.5), max(0.0, s["sum"][1] - cut - 0.5)]
            s["alarm"] = [1 if s["sum"][0] > 4 else 2 if s["sum"][1] > 4 else 0]
            s["next"], s["calm"] = [], [0]
            if not s["alarm"][0]:
                s["base"] = [*s["base"], flow][-6:]
        if s["alarm"][0]:
            s["next"].append(flow)
            s["calm"] = [s["calm"][0] + 1 if abs(z) <= 2 else 0]
            if s["calm"][0] >= 2:
                s.update(alarm=[0], sum=[0.0, 0.0])
            elif len(s["next"]) >= 4:
                s.update(alarm=[0], sum=[0.0, 0.0], base=s["next"][-6:])
        out.append(int(s["alarm"][0]))
    return out


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([1, 1, 1, 1, 1, 1, 2, 0, -1, 25]),
        st.sampled_from([10.0, 10.25, 9.5, 10.5, 12.0, 12.0, 7.0, NAN]),
    ),
    max_size=120,
)


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 120), max_size=4))
def test_changes_are_those_of_a_plain_loop_however_the_days_are_split(
    steps: list[tuple[int, int, float]], cuts: list[int]
) -> None:
    clock, rows = [0, 0], []
    for who, step, flow in steps:
        clock[who] += step
        rows.append((who, clock[who], flow))
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * DAY for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
    )

    def make() -> NightFlowChange:
        rule = NightFlowChange(days=6, least_days=3, calm_days=2, rebase_days=4, forget=20 * DAY)
        rule.grow(2)
        return rule

    def feed(rule: NightFlowChange, part: Arrays) -> Arrays:
        return tuple(rule.update(part[0], part[1], part[2], 0.5, 4.0, 0.5, 3.0, 2.0))

    whole = feed(make(), columns)

    same(whole, in_pieces(make(), make, feed, columns, cuts))
    assert whole[0].tolist() == _plain(rows)
