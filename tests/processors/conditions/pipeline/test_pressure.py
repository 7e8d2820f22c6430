import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.conditions.pipeline.pressure import PressureTransients, Transients
from tests.processors.conditions.pipeline.support import Arrays, S, in_pieces, same

NAN = float("nan")


def _one(values: list[float], times: list[float], amplitude: float = 50.0, rate: float = 10.0) -> Transients:
    watch = PressureTransients(within=5 * S, depth=8)
    watch.grow(1)
    ts = np.array([int(t * S) for t in times], np.int64)
    return watch.update(np.zeros(len(values), np.int32), ts, np.array(values), amplitude, rate)


def test_a_fall_of_60_kpa_in_2_s_is_a_transient() -> None:
    found = _one([300.0, 300.0, 270.0, 240.0], [0, 1, 2, 3])

    assert found.level.tolist() == [-1, 0, 0, 1]
    assert found.change.tolist()[1:] == [0.0, -30.0, -60.0]
    assert found.rate.tolist()[3] == -30.0


def test_a_large_change_that_takes_long_is_none() -> None:
    assert _one([300.0, 280.0, 260.0, 240.0], [0, 2, 4, 6]).level.tolist() == [-1, 0, 0, 0]
    assert _one([300.0, 240.0], [0, 5]).level.tolist() == [-1, 1]
    assert _one([300.0, 240.0], [0, 5], rate=12.1).level.tolist() == [-1, 0]


def test_a_fast_change_that_is_small_is_none() -> None:
    found = _one([300.0, 280.0], [0, 0.1])

    assert found.level.tolist() == [-1, 0]
    assert found.change.tolist()[1] == -20.0
    assert np.isnan(found.rate).all()


def test_after_a_gap_there_is_nothing_to_compare_with() -> None:
    found = _one([300.0, NAN, 100.0], [0, 1, 5.5])

    assert found.level.tolist() == [-1, -1, -1]
    assert np.isnan(found.change).all()


def test_a_late_reading_is_not_judged() -> None:
    assert _one([300.0, 300.0, 100.0, 300.0], [0, 2, 1, 3]).level.tolist() == [-1, 0, -1, 0]


def test_limits_may_differ_from_row_to_row() -> None:
    watch = PressureTransients(within=5 * S, depth=4)
    watch.grow(2)
    series, ts = np.array([0, 1, 0, 1], np.int32), np.array([0, 0, 1, 1]) * S

    found = watch.update(series, ts, np.array([0.0, 0.0, 60.0, 60.0]), np.array([50.0, 70.0, 50.0, 70.0]), 10.0)

    assert found.level.tolist() == [-1, -1, 1, 0]


def _plain(rows: list[tuple[int, int, float]], depth: int) -> list[tuple[int, float, float]]:
    seen: dict[int, list[tuple[int, float]]] = {}
    out = []
    for who, ts, value in rows:
        mine = seen.setdefault(who, [])
        if np.isnan(value) or (mine and ts <= mine[-1][0]):
            out.append((-1, NAN, NAN))
            continue
        pairs = [(value - v, (value - v) / (ts - t)) for t, v in reversed(mine[-depth:]) if ts - t <= 5]
        change = max((p[0] for p in pairs), key=abs, default=NAN)
        rate = max((p[1] for p in pairs if abs(p[0]) >= 50), key=abs, default=NAN)
        out.append((-1 if not pairs else int(abs(rate) >= 20), change, rate))
        mine.append((ts, value))
    return out


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40), st.sampled_from([0.0, 20.0, 55.0, 120.0, NAN])), max_size=40
)


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 40), max_size=4), st.integers(1, 4))
def test_transients_are_those_of_a_plain_loop_however_the_readings_are_split(
    rows: list[tuple[int, int, float]], cuts: list[int], depth: int
) -> None:
    columns = (
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] * S for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
    )

    def make() -> PressureTransients:
        watch = PressureTransients(within=5 * S, depth=depth)
        watch.grow(3)
        return watch

    def feed(watch: PressureTransients, part: Arrays) -> Arrays:
        return tuple(watch.update(part[0], part[1], part[2], 50.0, 20.0))

    whole = feed(make(), columns)

    same(whole, in_pieces(make(), make, feed, columns, cuts))
    expected = _plain(rows, depth)
    assert whole[0].tolist() == [row[0] for row in expected]
    np.testing.assert_allclose(whole[1], [row[1] for row in expected])
    np.testing.assert_allclose(whole[2], [row[2] for row in expected])


def test_a_snapshot_with_another_depth_is_refused() -> None:
    watch = PressureTransients(within=S, depth=4)
    with pytest.raises(ValueError, match="does not fit"):
        PressureTransients(within=S, depth=5).restore(watch.snapshot())
