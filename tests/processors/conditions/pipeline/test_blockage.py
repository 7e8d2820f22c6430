"""
level  ______/~~~~\\______/~~~~~~~~~      usual by hour of day; high in dry weather: backed up
rain   ......||||.................
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.blockage import Blockage, BlockageLimits, Blockages
from tests.processors.conditions.pipeline.support import HOUR, Arrays, in_pieces, same

NAN = float("nan")
LIMITS = BlockageLimits(wet=0.2, times=4.0, least_excess=0.1, enough_rain=5.0, least_response=0.05)


def _rule(n: int = 1, gain: float = 0.02, least_count: int = 3) -> Blockage:
    rule = Blockage(dry_for=6 * HOUR, response_time=2 * HOUR, longest_gap=2 * HOUR, gain=gain, least_count=least_count)
    rule.grow(n)
    return rule


def _judge(
    level: list[float], rain: list[float], hours: list[int] | None = None, rule: Blockage | None = None
) -> Blockages:
    at = np.array(range(len(level)) if hours is None else hours)
    return (rule or _rule()).update(
        np.zeros(len(level), np.int32), at * HOUR, np.array(level), np.array(rain), (at % 24).astype(np.int32), LIMITS
    )


def _usual(days: int) -> list[float]:
    """20 cm at night, 40 cm from 6 h on."""
    return [0.2 if hour < 6 else 0.4 for hour in range(24)] * days


def test_a_level_is_judged_against_what_is_usual_at_its_hour() -> None:
    found = _judge([*_usual(4), 0.4, *[0.2] * 5, 0.4, 0.55], [0.0] * 104)

    assert found.backed_up[:72].max() == -1
    assert found.backed_up.tolist()[78:] == [0] * 18 + [1] + [0] * 6 + [1]
    np.testing.assert_allclose(found.usual[96:], [0.2] * 6 + [0.4] * 2, atol=1e-6)
    np.testing.assert_allclose(found.excess[[96, 103]], [0.2, 0.15], atol=1e-6)


def test_an_hour_is_learnt_before_it_is_judged() -> None:
    found = _judge(_usual(4), [0.0] * 96)

    # the first six hours teach nothing, for it may have rained before
    assert found.backed_up.tolist() == [-1] * 78 + [0] * 18
    assert np.isnan(found.usual[:72]).all()


def test_a_level_that_is_high_because_it_rains_is_not_backed_up() -> None:
    found = _judge([*_usual(4), *[1.5] * 8], [*[0.0] * 96, 3.0, 3.0, *[0.0] * 6])

    assert found.backed_up.tolist()[96:] == [-1] * 7 + [1]
    np.testing.assert_allclose(found.excess[96], 1.3, atol=1e-6)


def test_rain_that_is_not_known_is_not_dry() -> None:
    rain = [*[0.0] * 96, NAN, *[0.0] * 7]

    assert _judge([*_usual(4), *[1.5] * 8], rain).backed_up.tolist()[96:] == [-1] * 6 + [1] * 2


def test_a_missing_level_is_neither_backed_up_nor_zero() -> None:
    found = _judge([*_usual(4), NAN, 0.2], [0.0] * 98)

    assert found.backed_up.tolist()[96:] == [-1, 0]
    assert np.isnan(found.excess[96])


def test_after_a_gap_it_may_have_rained() -> None:
    hours = [*range(96), *range(120, 128)]

    assert _judge([*_usual(4), *[1.5] * 8], [0.0] * 104, hours).backed_up.tolist()[96:] == [-1] * 6 + [1] * 2


def test_a_blockage_is_learnt_slowly_and_a_new_usual_level_in_the_end() -> None:
    found = _judge([*_usual(4), *[0.9] * 24 * 60], [0.0] * 24 * 64, rule=_rule(gain=0.1))
    noon = found.backed_up[12::24]

    assert noon[4:7].tolist() == [1, 1, 1]
    assert noon[-1] == 0


def test_enough_rain_without_a_rise_is_no_response() -> None:
    rain = [0.0] * 8 + [3.0, 3.0] + [0.0] * 4

    stuck = _judge([0.3] * 14, rain)
    alive = _judge([0.3] * 9 + [0.34, 0.36] + [0.3] * 3, rain)

    assert stuck.no_response.tolist() == [-1] * 11 + [1] * 3
    assert alive.no_response.tolist() == [-1] * 10 + [0] * 4


def test_a_response_that_comes_late_takes_the_verdict_back() -> None:
    rain = [0.0] * 8 + [6.0] + [0.0] * 6

    assert _judge([0.3] * 12 + [0.5] * 3, rain).no_response.tolist() == [-1] * 10 + [1] * 2 + [0] * 3


def test_a_little_rain_proves_nothing() -> None:
    assert _judge([0.3] * 20, [0.0] * 8 + [2.0, 2.0] + [0.0] * 10).no_response.max() == -1


def test_rain_of_two_showers_far_apart_does_not_add_up() -> None:
    rain = [0.0] * 8 + [3.0] + [0.0] * 8 + [3.0] + [0.0] * 4

    assert _judge([0.3] * 22, rain).no_response.max() == -1


def test_a_shower_is_judged_after_it_is_dry_again_where_water_takes_that_long() -> None:
    rule = Blockage(dry_for=HOUR, response_time=4 * HOUR, longest_gap=2 * HOUR, gain=0.1, least_count=3)
    rule.grow(1)

    found = _judge([0.3] * 10, [0.0, 0.0, 6.0] + [0.0] * 7, rule=rule)

    assert found.no_response.tolist() == [-1] * 6 + [1] * 4


def test_a_wild_level_teaches_no_more_than_the_limit() -> None:
    found = _judge([*_usual(4), 9.0, *_usual(2)[1:]], [0.0] * 144)

    np.testing.assert_allclose(found.usual[[96, 120]], [0.2, 0.2 + 0.02 * 0.1], atol=1e-6)


def test_the_verdict_stands_until_a_rain_tells_otherwise() -> None:
    rain = [0.0] * 8 + [6.0] + [0.0] * 30 + [6.0] + [0.0] * 3

    found = _judge([0.3] * 39 + [0.3, 0.9, 0.9, 0.9], rain)

    assert found.no_response.tolist()[10:] == [1] * 30 + [0] * 3


def test_a_peak_that_may_have_passed_unseen_is_no_silence() -> None:
    rain = [0.0] * 8 + [6.0] + [0.0] * 6

    assert _judge([0.3] * 8 + [NAN] * 4 + [0.3] * 3, rain).no_response.max() == -1
    assert _judge([NAN] * 8 + [0.3] * 7, rain).no_response.max() == -1  # nothing to rise from
    assert _judge([0.3] * 8 + [NAN] + [0.3] * 6, rain).no_response.tolist()[10:] == [1] * 5


def test_a_late_row_is_not_judged() -> None:
    found = _judge([*_usual(4), 9.0, 0.2], [0.0] * 98, [*range(96), 5, 96])

    assert found.backed_up.tolist()[96:] == [-1, 0]
    np.testing.assert_allclose(found.usual[97], 0.2, atol=1e-6)


def _plain(rows: list[tuple[int, int, float, float]]) -> list[tuple[int, int]]:
    """gain=0.25, least_count=2, in hours; float32 as stored."""
    state: dict[int, dict[str, float]] = {}
    learnt: dict[tuple[int, int], tuple[float, float, int]] = {}
    out = []
    for who, ts, level, rain in rows:
        s = state.setdefault(who, {
            "last": -99, "wet_at": -99, "level": NAN, "level_at": -99, "raining": 0, "verdict": -1,
            "depth": 0, "enough_at": -99, "before": NAN, "peak": NAN, "blind": 0,
        })  # fmt: skip
        if ts <= s["last"]:
            out.append((-1, -1))
            continue
        gap, wet, previous = ts - s["last"] > 2, rain >= 0.2, s["last"]
        s["last"] = ts
        if gap or wet or np.isnan(rain):
            s["wet_at"] = ts
        dry = ts - s["wet_at"] >= 6
        if s["raining"] and dry and not (s["enough_at"] >= 0 and previous - s["enough_at"] < 2):
            s["raining"] = 0
        begins = wet and not s["raining"]
        if begins:
            before = s["level"] if ts - s["level_at"] <= 2 else NAN
            s.update(raining=1, depth=0, enough_at=-99, before=before, peak=NAN, blind=0)
        elif gap:
            s["blind"] = 1
        if not np.isnan(level):
            s["level"], s["level_at"] = level, ts
            s["peak"] = np.fmax(s["peak"], level)
        if ts - s["level_at"] > 2:
            s["blind"] = 1
        s["depth"] += 0 if np.isnan(rain) else rain
        if s["raining"] and s["enough_at"] < 0 and s["depth"] >= 5:
            s["enough_at"] = ts
        if s["raining"] and s["enough_at"] >= 0:
            rise = s["peak"] - s["before"]
            if rise >= 0.05:
                s["verdict"] = 0
            elif not s["blind"] and not np.isnan(rise) and ts - s["enough_at"] >= 2:
                s["verdict"] = 1
        usual, spread, count = learnt.get((who, ts % 24), (NAN, 0.0, 0))
        backed_up = -1
        if dry and not np.isnan(level):
            excess, limit = level - usual, max(4 * spread, 0.1)
            if count >= 2:
                backed_up = int(excess > limit)
                excess = min(max(excess, -limit), limit)
            gain = 0.25 if count >= 2 else 1 / (count + 1)
            excess = excess if count else 0.0
            usual = usual + gain * excess if count else level
            spread = spread + gain * (abs(excess) - spread)
            learnt[who, ts % 24] = (float(np.float32(usual)), float(np.float32(spread)), min(count + 1, 2))
        out.append((backed_up, int(s["verdict"])))
    return out


ROWS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from([1, 1, 1, 1, 2, 6, 23, 24, 0, -1]),
        st.sampled_from([0.2, 0.2, 0.3, 0.9, NAN]),
        st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 8.0, NAN]),
    ),
    max_size=150,
)


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 150), max_size=4), st.booleans())
def test_verdicts_are_those_of_a_plain_loop_however_the_rows_are_split(
    steps: list[tuple[int, int, float, float]], cuts: list[int], quiet: bool
) -> None:
    clock, rows = [0, 0], []
    for who, step, level, rain in steps:
        clock[who] = max(clock[who] + (min(step, 1) if quiet else step), 0)
        rows.append((who, clock[who], level, 0.0 if quiet and np.isnan(rain) else rain))
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * HOUR for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
        np.array([r[3] for r in rows], np.float64),
        np.array([r[1] % 24 for r in rows], np.int32),
    )

    def make() -> Blockage:
        return _rule(2, gain=0.25, least_count=2)

    def feed(rule: Blockage, part: Arrays) -> Arrays:
        return tuple(rule.update(part[0], part[1], part[2], part[3], part[4], LIMITS))

    whole = feed(make(), columns)

    same(whole, in_pieces(make(), make, feed, columns, cuts))
    assert list(zip(whole[0].tolist(), whole[1].tolist(), strict=True)) == _plain(rows)
