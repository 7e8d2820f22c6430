import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.columns import F64
from processors.detectors.two_sided_cusum import TwoSidedCusum

ONE = np.zeros(1, np.intp)


def _feed(cusum: TwoSidedCusum, values: list[float]) -> list[tuple[int, float, int]]:
    """(side, mean, since) of each value, of scale 1; evidence is never reset."""
    told = []
    for at, value in enumerate(values):
        crossed = cusum.add(ONE, np.array([value]), np.ones(1), np.array([at]), np.zeros((1, 2)))
        told.append((int(crossed.side[0]), float(crossed.mean[0]), int(crossed.since[0])))
    return told


def _made(allowance: float = 0.5, limit: float = 4.0, most_down: float = np.inf) -> TwoSidedCusum:
    cusum = TwoSidedCusum(allowance, limit, most_down)
    cusum.grow(1)
    return cusum


def test_the_sum_by_hand_crosses_at_the_third_value_of_a_step_of_two() -> None:
    # 1.5, 3.0, 4.5: above 4
    assert _feed(_made(), [0.0, 0.0, 2.0, 2.0, 2.0]) == [(0, 0.0, 0)] * 4 + [(1, 2.0, 2)]


def test_a_step_down_crosses_on_the_other_side_with_its_own_mean() -> None:
    assert _feed(_made(), [0.0, -2.0, -2.0, -2.0])[-1] == (-1, -2.0, 1)


def test_values_within_the_allowance_never_add_up() -> None:
    assert {side for side, _, _ in _feed(_made(), [0.5, -0.5] * 50 + [0.5] * 50)} == {0}


def test_a_limit_that_is_only_reached_is_not_crossed() -> None:
    assert _feed(_made(), [4.5])[0][0] == 0
    assert _feed(_made(), [4.6])[0][0] == 1


def test_the_quiet_before_a_step_is_kept_out_of_its_mean() -> None:
    # 0.4 of evidence at 1, then a value that brings more than that: the run begins there
    assert _feed(_made(), [0.0, 0.9, 8.0]) == [(0, 0.0, 0), (0, 0.0, 0), (1, 8.0, 2)]


def test_what_a_value_brings_below_can_be_limited() -> None:
    assert [side for side, _, _ in _feed(_made(most_down=3.0), [-50.0, -50.0])] == [0, -1]
    assert [side for side, _, _ in _feed(_made(most_down=3.0), [50.0])] == [1]


def test_scales_count_and_the_base_is_that_of_the_first_value_of_the_run() -> None:
    cusum = _made()
    cusum.add(ONE, np.array([6.0]), np.array([2.0]), np.array([10]), np.array([[40.0, 39.0]]))
    crossed = cusum.add(ONE, np.array([6.0]), np.array([2.0]), np.array([11]), np.array([[41.0, 40.0]]))

    assert (crossed.side[0], crossed.mean[0], crossed.since[0], crossed.base[0]) == (1, 6.0, 10, 40.0)


def test_the_base_is_that_from_before_all_evidence_also_where_a_run_begins_anew() -> None:
    cusum = _made()
    told = [
        cusum.add(ONE, np.array([value]), np.ones(1), np.array([at]), np.array([[40.0 + at, 30.0 + at]]))
        for at, value in enumerate([0.0, -0.9, -8.0])
    ]

    assert (told[-1].side[0], told[-1].since[0], told[-1].base[0]) == (-1, 2, 31.0)


def test_a_reset_forgets_the_evidence_of_that_series_only() -> None:
    cusum = _made()
    cusum.grow(2)
    both = np.arange(2)
    for _ in range(2):
        cusum.add(both, np.full(2, 2.0), np.ones(2), np.zeros(2, np.int64), np.zeros((2, 2)))
    cusum.reset(both[:1])

    assert cusum.add(both, np.full(2, 2.0), np.ones(2), np.zeros(2, np.int64), np.zeros((2, 2))).side.tolist() == [0, 1]


@given(st.lists(st.floats(-6, 6), max_size=60), st.floats(0, 2), st.floats(0.5, 6))
def test_it_agrees_with_the_recurrence(values: list[float], allowance: float, limit: float) -> None:
    up = down = 0.0
    told = _feed(_made(allowance, limit), values)
    for value, (side, _, _) in zip(values, told, strict=True):
        up, down = max(0.0, up + (value - allowance)), max(0.0, down + (-value - allowance))
        assert side == (1 if up > limit else -1 if down > limit else 0)


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=40), st.data())
def test_a_snapshot_anywhere_changes_nothing(values: list[float], data: st.DataObject) -> None:
    whole, first, second = _made(), _made(), _made()
    cut = data.draw(st.integers(0, len(values)))
    expected = _feed(whole, values)
    _feed(first, values[:cut])
    second.restore(first.snapshot())
    _feed(first, [9.0])  # the snapshot is a copy
    shifted = [
        second.add(ONE, np.array([value]), np.ones(1), np.array([at]), np.zeros((1, 2)))
        for at, value in enumerate(values[cut:], cut)
    ]

    assert [(int(c.side[0]), float(c.mean[0]), int(c.since[0])) for c in shifted] == expected[cut:]


def test_no_series_is_no_work() -> None:
    empty: F64 = np.empty(0)
    crossed = TwoSidedCusum(0.5, 4.0).add(np.empty(0, np.intp), empty, empty, np.empty(0, np.int64), np.empty((0, 2)))

    assert len(crossed.side) == 0
    assert len(TwoSidedCusum(0.5, 4.0)) == 0


def test_growing_keeps_what_there_is() -> None:
    cusum = _made()
    _feed(cusum, [2.0, 2.0])
    cusum.grow(3)
    cusum.grow(1)

    assert len(cusum) == 3
    assert cusum.snapshot()["sum"][:, 0].tolist() == pytest.approx([3.0, 0.0, 0.0])
