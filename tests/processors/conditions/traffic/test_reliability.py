import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from processors.conditions.traffic.reliability import reliability

NAN = float("nan")


def test_a_buffer_of_forty_percent_is_eight_minutes_on_twenty() -> None:
    # the example of OKI: average 20 min, index 0.4, so 28 min is the 95th percentile
    times = np.array([[18.0, 18.0, 18.0, 18.0, 28.0]])

    made = reliability(times, 16.0, share=1.0)

    np.testing.assert_allclose(made.buffer_index, [0.4])
    np.testing.assert_allclose(made.travel_time_index, [1.25])
    np.testing.assert_allclose(made.planning_time_index, [1.75])


def test_the_95th_percentile_runs_between_samples() -> None:
    made = reliability(np.arange(1.0, 101.0)[None, :], 10.0)

    np.testing.assert_allclose(made.planning_time_index, [9.505])


def test_missing_travel_times_are_left_out_and_a_segment_without_any_is_nan() -> None:
    made = reliability(np.array([[10.0, NAN, 20.0], [NAN, NAN, NAN], [0.0, -1.0, math.inf]]), 10.0)

    assert made.count.tolist() == [2, 0, 0]
    np.testing.assert_allclose(made.travel_time_index, [1.5, NAN, NAN])
    for index in (made.planning_time_index, made.buffer_index):
        assert np.isnan(index).tolist() == [False, True, True]


def test_fewer_samples_than_asked_for_tell_nothing() -> None:
    made = reliability(np.array([[10.0, 20.0, NAN], [10.0, 20.0, 30.0]]), 10.0, least=3)

    assert np.isnan(made.travel_time_index).tolist() == [True, False]
    assert made.count.tolist() == [2, 3]


def test_without_free_flow_only_the_buffer_index_is_known() -> None:
    made = reliability(np.array([[10.0, 10.0]] * 2), np.array([NAN, 0.0]))

    assert np.isnan(made.travel_time_index).all()
    assert np.isnan(made.planning_time_index).all()
    assert made.buffer_index.tolist() == [0.0, 0.0]


def test_no_samples_at_all_is_no_error() -> None:
    made = reliability(np.empty((2, 0)), 10.0)

    assert made.count.tolist() == [0, 0]
    assert np.isnan(made.buffer_index).all()


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=20),
        elements=st.one_of(st.floats(0.5, 1000), st.just(NAN)),
    )
)
def test_each_segment_is_as_numpy_has_it_alone(times: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    made = reliability(times, 7.0)

    for row, sample in enumerate(times):
        known = sample[~np.isnan(sample)]
        if not len(known):
            assert np.isnan(made.travel_time_index[row])
            continue
        late, mean = np.percentile(known, 95), known.mean()
        np.testing.assert_allclose(made.travel_time_index[row], mean / 7)
        np.testing.assert_allclose(made.planning_time_index[row], late / 7)
        np.testing.assert_allclose(made.buffer_index[row], (late - mean) / mean, atol=1e-9)
