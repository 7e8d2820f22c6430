import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.drain_level import DrainLevel, RiseRate, drain_level, filling_degree
from tests.processors.conditions.pipeline.support import HOUR, MINUTE, Arrays, in_pieces, same

NAN = float("nan")


def test_filling_degree_is_level_over_diameter() -> None:
    found = filling_degree(np.array([0.0, 0.3, 0.9, NAN, 0.3]), np.array([0.6, 0.6, 0.6, 0.6, NAN]))

    assert found.tolist()[:3] == [0.0, 0.5, 1.5]
    assert np.isnan(found[3:]).all()
    assert np.isnan(filling_degree(np.array([0.3]), 0.0)).all()


def test_a_pipe_surcharges_above_its_crown_and_threatens_the_street_within_the_margin() -> None:
    state = drain_level(np.array([0.0, 0.6, 0.61, 2.49, 2.5, 3.2, NAN]), 0.6, 3.0, 0.5)

    assert state.tolist() == [0, 0, 2, 2, 3, 3, -1]
    assert state.dtype.name == "int8"


def test_a_pipe_is_high_from_a_degree_on_that_each_may_have_for_itself() -> None:
    assert drain_level(np.array([0.47, 0.48, 0.6, 0.61]), 0.6, 3.0, 0.5, 0.8).tolist() == [0, 1, 1, 2]
    assert drain_level(np.array([0.5, 0.5]), 0.6, 3.0, 0.5, np.array([0.8, 0.9])).tolist() == [1, 0]


def test_a_shallow_pipe_may_threaten_before_it_surcharges() -> None:
    assert drain_level(np.array([0.5]), 0.6, 0.9, 0.5).tolist() == [DrainLevel.OVERFLOW_RISK]


def test_a_well_without_a_pipe_is_judged_by_the_street_and_a_pipe_without_a_street_by_its_crown() -> None:
    level = np.array([0.3, 0.7, 2.6, NAN])

    assert drain_level(level, NAN, 3.0, 0.5, 0.8).tolist() == [0, 0, 3, -1]
    assert drain_level(level, 0.6, NAN, 0.5, 0.8).tolist() == [0, 2, 2, -1]


def test_a_drain_of_which_nothing_is_known_is_not_taken_for_calm() -> None:
    assert drain_level(np.array([0.3, 0.7, 2.6]), NAN, NAN, 0.5, 0.8).tolist() == [-1, -1, -1]
    assert drain_level(np.array([0.3, 2.6]), 0.0, NAN, 0.5).tolist() == [-1, -1]


def _rise(minutes: list[float], levels: list[float]) -> list[float]:
    rule = RiseRate(over=10 * MINUTE, longest=20 * MINUTE, parts=5)
    rule.grow(1)
    ts = np.array([int(m * MINUTE) for m in minutes])
    rate: list[float] = rule.update(np.zeros(len(ts), np.int32), ts, np.array(levels)).round(9).tolist()
    return rate


def test_a_level_that_rises_a_centimetre_a_minute_rises_60_cm_an_hour() -> None:
    rate = _rise(list(range(20)), [0.01 * m for m in range(20)])

    assert np.isnan(rate[:11]).all()
    assert rate[11:] == [0.6] * 9


def test_the_rate_hardly_depends_on_how_often_readings_come() -> None:
    for step in (0.25, 1, 5, 10):
        minutes = [step * k for k in range(int(60 / step))]
        assert _rise(minutes, [0.02 * m for m in minutes])[-1] == 1.2


def test_a_falling_level_has_a_negative_rate() -> None:
    assert _rise([0, 10, 20], [1.0, 1.0, 0.5])[2] == -3.0


def test_missing_late_and_too_old_levels_give_no_rate() -> None:
    assert np.isnan(_rise([0, 12], [0.0, NAN])).all()
    assert np.isnan(_rise([0, 21], [0.0, 0.5])).all()
    rate = _rise([0, 12, 11, 24], [0.0, 0.2, 9.0, 0.4])
    assert np.isnan(rate[2])
    assert (rate[1], rate[3]) == (1.0, 1.0)


def test_a_bucket_cut_in_two_by_a_batch_keeps_what_is_before_it() -> None:
    ts, level = np.arange(120) * MINUTE // 2, np.arange(120) ** 2 / 1000
    drain = np.zeros(120, np.int32)
    whole, single = (RiseRate(over=10 * MINUTE, longest=20 * MINUTE, parts=5) for _ in range(2))
    whole.grow(1)
    single.grow(1)

    one_by_one = [single.update(drain[k : k + 1], ts[k : k + 1], level[k : k + 1])[0] for k in range(120)]

    same((whole.update(drain, ts, level),), (np.array(one_by_one),))
    assert not np.isnan(one_by_one[24:]).any()


ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400), st.floats(0, 5) | st.just(NAN)), max_size=60).map(
    lambda rows: sorted(rows, key=lambda row: row[1] // 20)
)  # nearly in order: some rows are late


def _plain(rows: list[tuple[int, int, float]], parts: int) -> list[float]:
    bucket = 60 * 10 // parts
    seen: dict[int, list[tuple[int, float]]] = {}
    out = []
    for who, tens, level in rows:
        ts = tens * 10
        mine = seen.setdefault(who, [])
        if np.isnan(level) or (mine and ts <= mine[-1][0]):
            out.append(NAN)
            continue
        ends: dict[int, tuple[int, float]] = {t // bucket: (t, v) for t, v in mine if t // bucket < ts // bucket}
        old = [end for end in list(ends.values())[-(parts + 1) :] if ts - end[0] >= 600]
        rate = NAN
        if old and ts - old[-1][0] <= 1500:
            rate = (level - old[-1][1]) / ((ts - old[-1][0]) / 3600)
        out.append(rate)
        mine.append((ts, level))
    return out


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 60), max_size=4), st.integers(1, 5))
def test_rates_are_those_of_a_plain_loop_however_the_readings_are_split(
    rows: list[tuple[int, int, float]], cuts: list[int], parts: int
) -> None:
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * 10 * (MINUTE // 60) for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
    )

    def make() -> RiseRate:
        rule = RiseRate(over=10 * MINUTE, longest=25 * MINUTE, parts=parts)
        rule.grow(3)
        return rule

    def feed(rule: RiseRate, part: Arrays) -> Arrays:
        return (rule.update(part[0], part[1], part[2]),)

    whole = feed(make(), columns)

    same(whole, in_pieces(make(), make, feed, columns, cuts))
    np.testing.assert_allclose(whole[0], _plain(rows, parts))


def test_a_unit_is_metres_an_hour() -> None:
    rule = RiseRate(over=HOUR, longest=2 * HOUR)
    rule.grow(1)

    assert rule.update(np.zeros(2, np.int32), np.array([0, HOUR]), np.array([0.0, 1.0])).tolist()[1] == 1.0
