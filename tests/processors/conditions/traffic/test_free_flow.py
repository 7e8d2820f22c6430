import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.conditions.traffic.free_flow import FreeFlow
from tests.processors.conditions.traffic.support import in_pieces

F64 = NDArray[np.float64]
DAY = 86_400 * 10**9
NAN = float("nan")


def learn(model: FreeFlow, speed: list[float], prior: float = NAN, start: list[int] | None = None) -> list[float]:
    """The free flow of segment 0 after each of `speed`."""
    if not len(model):
        model.grow(1)
    n = len(speed)
    at = np.arange(n) if start is None else np.array(start)
    free: list[float] = model.learn(np.zeros(n, np.int32), at, np.array(speed), np.full(n, prior)).tolist()
    return free


def test_the_85th_percentile_of_one_to_a_hundred_is_85() -> None:
    model = FreeFlow(half_life=DAY, least=1)

    # bins are [v, v + 1), so 85 of the hundred fill the bins up to the end of that of 84.5
    assert learn(model, [v - 0.5 for v in range(1, 101)])[-1] == pytest.approx(85.0)


def test_the_prior_stands_until_enough_windows_have_come() -> None:
    model = FreeFlow(half_life=DAY, least=3)

    assert learn(model, [50.0] * 4, prior=80.0) == pytest.approx([80.0, 80.0, 50.85, 50.85])


def test_without_prior_and_windows_free_flow_is_not_known() -> None:
    model = FreeFlow(half_life=DAY, least=1)
    model.grow(2)

    assert np.isnan(model.learn(np.array([0]), np.array([0]), np.array([NAN]), np.array([NAN]))).all()
    assert np.isnan(model.estimate(np.array([0, 1]), np.array([NAN, NAN]))).all()
    assert model.learn(np.array([1]), np.array([0]), np.array([NAN]), np.array([60.0])).tolist() == [60.0]


def test_missing_is_not_learned_and_zero_is() -> None:
    model = FreeFlow(half_life=DAY, least=2, share=0.5)

    assert learn(model, [NAN, NAN, NAN, -1.0], prior=70.0) == [70.0] * 4
    assert learn(model, [0.0, 0.0], prior=70.0) == pytest.approx([70.0, 0.5])


def test_what_is_faster_than_the_last_bin_counts_in_it() -> None:
    model = FreeFlow(half_life=DAY, least=1, bins=64)

    assert learn(model, [300.0, math.inf])[-1] == pytest.approx(63.85)


def test_the_fastest_four_hours_are_averaged() -> None:
    # 15-min windows: 16 of them are four hours
    model = FreeFlow(half_life=DAY, least=1, share=None, fastest=16)

    free = learn(model, [30.5] * 50 + [50.5] * 8 + [60.5] * 8)

    assert free[0] == pytest.approx(30.5)  # fewer than 16: the mean of all
    assert free[57] == pytest.approx((8 * 30.5 + 8 * 50.5) / 16)
    assert free[-1] == pytest.approx((8 * 50.5 + 8 * 60.5) / 16)


def test_the_past_fades_so_that_a_new_limit_is_learned() -> None:
    model = FreeFlow(half_life=DAY, least=1)
    days = [day * DAY + hour for day in range(12) for hour in range(24)]

    free = learn(model, [80.0 if t < 6 * DAY else 50.0 for t in days], start=days)

    assert free[6 * 24 - 1] == pytest.approx(80.85)
    assert 50 <= free[-1] < 51


def test_a_segment_that_was_silent_for_long_falls_back_to_its_prior() -> None:
    model = FreeFlow(half_life=DAY, least=5)
    learn(model, [80.0] * 20)

    assert learn(model, [70.0], prior=60.0, start=[40 * DAY]) == [60.0]


def test_segments_learn_beside_each_other_and_new_ones_know_nothing() -> None:
    model = FreeFlow(half_life=DAY, least=1)
    model.grow(2)
    model.learn(np.array([1, 0]), np.array([0, 0]), np.array([30.0, 70.0]), np.full(2, NAN))
    model.grow(3)

    np.testing.assert_allclose(model.estimate(np.arange(3), np.full(3, NAN)), [70.85, 30.85, NAN])


def test_arguments_that_make_no_sense_are_refused() -> None:
    for share, fastest in ((None, None), (0.85, 4), (0.0, None), (1.1, None), (None, 0)):
        with pytest.raises(ValueError, match=r"share|fastest"):
            FreeFlow(half_life=DAY, least=1, share=share, fastest=fastest)
    small, large = FreeFlow(half_life=DAY, least=1, bins=8), FreeFlow(half_life=DAY, least=1, bins=16)
    small.grow(1)
    with pytest.raises(ValueError, match="8 bins"):
        large.restore(small.snapshot())


speeds = st.lists(st.one_of(st.floats(0, 140), st.sampled_from([0.0, 1.0, 50.0])), min_size=1, max_size=120)


@given(speeds, st.sampled_from([0.05, 0.5, 0.85, 1.0]))
def test_a_quantile_is_within_a_bin_of_the_sample_at_its_rank(listed: list[float], share: float) -> None:
    model = FreeFlow(half_life=DAY, least=1, share=share, width=2.0, bins=80)

    free = learn(model, listed)

    for upto in range(1, len(listed) + 1):
        ordered = sorted(listed[:upto])
        sample = next(v for rank, v in enumerate(ordered, 1) if rank >= share * upto)
        assert abs(free[upto - 1] - sample) <= 2.0


@given(speeds, st.integers(1, 40))
def test_the_mean_of_the_fastest_is_within_half_a_bin_of_theirs(listed: list[float], fastest: int) -> None:
    model = FreeFlow(half_life=DAY, least=1, share=None, fastest=fastest, bins=160)

    free = learn(model, listed)

    for upto in range(1, len(listed) + 1):
        assert abs(free[upto - 1] - np.mean(sorted(listed[:upto])[-fastest:])) <= 0.5 + 1e-9


rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2 * DAY), st.one_of(st.floats(0, 150), st.just(NAN))), max_size=60
)


@settings(max_examples=60)
@given(rows, st.lists(st.integers(0, 60), max_size=4), st.booleans())
def test_neither_batches_nor_snapshots_show(
    listed: list[tuple[int, int, float]], cuts: list[int], by_quantile: bool
) -> None:
    segment = np.array([row[0] for row in listed], np.int32)
    start = np.cumsum(np.array([row[1] for row in listed], np.int64))
    speed = np.array([row[2] for row in listed], np.float64)
    prior = np.full(len(listed), 60.0)

    def make() -> FreeFlow:
        return (
            FreeFlow(half_life=3 * DAY, least=2)
            if by_quantile
            else FreeFlow(half_life=3 * DAY, least=2, share=None, fastest=3)
        )

    def call(model: FreeFlow, part: list[NDArray[Any]]) -> F64:
        return model.learn(*part)

    columns: list[NDArray[Any]] = [segment, start, speed, prior]
    (whole,) = in_pieces(make, 4, call, columns, [])
    np.testing.assert_array_equal(np.concatenate(in_pieces(make, 4, call, columns, cuts)), whole)
    one_by_one = in_pieces(make, 4, call, columns, list(range(len(listed))))
    np.testing.assert_array_equal(np.concatenate(one_by_one), whole)
