from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.quality.data_reception import Reception, silent
from processors.quality.previous import NEVER, Previous
from tests.processors.quality.support import NAN, S, usual_interval


def _learn(batches: list[list[tuple[int, float]]], series: int = 2) -> Reception:
    previous, reception = Previous(), Reception()
    previous.grow(series)
    reception.grow(series)
    for batch in batches:
        of = np.array([s for s, _ in batch], np.int32)
        ts = np.array([round(at * S) for _, at in batch], np.int64)
        ordered = previous.link(np.arange(len(batch)), of, ts, np.zeros(len(batch)))
        reception.update(ordered)
        previous.advance(ordered, np.ones(len(ordered), np.uint8), np.zeros(len(ordered), np.uint32))
    return reception


def test_a_series_is_silent_after_its_own_usual_interval_times_the_factor() -> None:
    newest, usual = np.array([0, 0, 0]), np.array([10.0, 60.0, NAN])

    assert silent(30 * S, newest, usual, 3.0, NAN).tolist() == [False, False, False]
    assert silent(30 * S + 1, newest, usual, 3.0, NAN).tolist() == [True, False, False]
    assert silent(181 * S, newest, usual, 3.0, NAN).tolist() == [True, True, False]


def test_a_given_time_goes_before_the_factor() -> None:
    newest, usual, within = np.array([0, 0]), np.array([10.0, NAN]), np.array([600.0, 20.0])

    assert silent(31 * S, newest, usual, 3.0, within).tolist() == [False, True]


def test_what_was_never_heard_or_is_not_asked_is_not_silent() -> None:
    assert silent(10**18, np.array([NEVER, 0]), np.array([1.0, NAN]), 3.0, NAN).tolist() == [False, False]
    assert silent(10**18, np.array([0]), np.array([1.0]), NAN, NAN).tolist() == [False]


def test_a_reading_from_the_future_is_not_silence() -> None:
    assert silent(0, np.array([50 * S]), np.array([1.0]), 3.0, NAN).tolist() == [False]


def test_silence_counts_from_when_it_was_listened_to() -> None:
    newest = np.array([0])

    assert silent(100 * S, newest, np.array([10.0]), 3.0, NAN, live_since=80 * S).tolist() == [False]
    assert silent(111 * S, newest, np.array([10.0]), 3.0, NAN, live_since=80 * S).tolist() == [True]


def test_the_usual_interval_is_known_after_five_and_a_gap_does_not_show() -> None:
    assert np.isnan(_learn([[(0, at) for at in range(5)]]).usual()).all()

    usual = _learn([[(0, at) for at in (0, 10, 20, 30, 5000, 5010)]]).usual()

    np.testing.assert_array_equal(usual, [10.0, NAN])


def test_a_new_interval_is_learned() -> None:
    times = [*range(0, 600, 10), *range(600, 3000, 60)]

    assert _learn([[(0, at) for at in times]]).usual()[0] == 60.0


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(1, 20)), max_size=120), st.lists(st.integers(0, 120), max_size=4)
)
def test_the_usual_interval_is_the_median_of_medians_however_batches_fall(
    steps: list[tuple[int, int]], ends: list[int]
) -> None:
    times: dict[int, list[float]] = {0: [], 1: []}
    listed = list[tuple[int, float]]()
    for series, step in steps:
        times[series].append((times[series][-1] if times[series] else 0) + step)
        listed.append((series, times[series][-1]))
    bounds = [0, *sorted(min(end, len(listed)) for end in ends), len(listed)]

    found = _learn([listed[begin:end] for begin, end in pairwise(bounds)]).usual()

    np.testing.assert_array_equal(found, [usual_interval(times[0]), usual_interval(times[1])])


def test_changes_are_told_once() -> None:
    reception = _learn([], series=3)

    first = reception.changed(np.array([True, False, True]))
    second = reception.changed(np.array([True, True, False]))

    assert [first[0].tolist(), first[1].tolist()] == [[0, 2], []]
    assert [second[0].tolist(), second[1].tolist()] == [[1], [2]]


def test_a_long_run_keeps_the_last_five_medians(rng: np.random.Generator) -> None:
    for n in (26, 31, 32, 60, 151):
        times = np.cumsum(rng.integers(1, 1000, n)).astype(float).tolist()
        cut = int(rng.integers(0, n))

        found = _learn([[(0, at) for at in times[:cut]], [(0, at) for at in times[cut:]]]).usual()

        assert found[0] == usual_interval(times)
