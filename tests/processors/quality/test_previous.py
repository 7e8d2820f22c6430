from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.quality.previous import NEVER, Ordered, Previous

Listed = list[tuple[int, int, float]]
S = 1_000_000_000


def _link(previous: Previous, listed: Listed) -> Ordered:
    series, ts, value = (
        np.array([row[k] for row in listed], dtype) for k, dtype in enumerate(("int32", "int64", "float64"))
    )
    return previous.link(np.arange(len(listed)), series, ts, value)


def _advance(previous: Previous, ordered: Ordered) -> None:
    previous.advance(ordered, np.ones(len(ordered), np.uint8), np.zeros(len(ordered), np.uint32))


def _previous(n: int) -> Previous:
    made = Previous()
    made.grow(n)
    return made


def test_each_reading_is_linked_to_the_one_before_it_in_its_series() -> None:
    ordered = _link(_previous(2), [(1, 0, 10.0), (0, 5 * S, 1.0), (1, S // 2, 20.0), (1, S, 30.0)])

    assert ordered.row.tolist() == [1, 0, 2, 3]
    assert ordered.head.tolist() == [True, True, False, False]
    np.testing.assert_array_equal(ordered.since, [np.nan, np.nan, 0.5, 0.5])
    np.testing.assert_array_equal(ordered.before, [np.nan, np.nan, 10.0, 20.0])
    np.testing.assert_array_equal(ordered.before_that, [np.nan, np.nan, np.nan, 10.0])
    assert [ordered.begin.tolist(), ordered.end.tolist()] == [[0, 1], [0, 3]]


def test_what_came_before_is_remembered_from_batch_to_batch() -> None:
    previous = _previous(1)
    _advance(previous, _link(previous, [(0, S, 1.0), (0, 2 * S, 2.0)]))
    _advance(previous, _link(previous, [(0, 3 * S, 3.0)]))

    ordered = _link(previous, [(0, 5 * S, 9.0)])

    assert [ordered.since.tolist(), ordered.before.tolist(), ordered.before_that.tolist()] == [[2.0], [3.0], [2.0]]
    assert previous.newest.tolist() == [3 * S]


def test_a_reading_that_is_not_newer_is_late_and_known_by_what_came_before_it() -> None:
    previous = _previous(2)
    _advance(previous, _link(previous, [(0, 10 * S, 1.0)]))

    ordered = _link(previous, [(0, 9 * S, 5.0), (0, 10 * S, 5.0), (1, 0, 7.0), (0, 12 * S, 2.0), (0, 11 * S, 5.0)])

    assert ordered.row.tolist() == [3, 2]
    assert [ordered.late_row.tolist(), ordered.late_series.tolist()] == [[0, 1, 4], [0, 0, 0]]
    assert ordered.late_after.tolist() == [-1, -1, 0]
    assert [ordered.since.tolist()[0], ordered.before.tolist()[0]] == [2.0, 1.0]


def test_nothing_in_order_leaves_the_state_alone() -> None:
    previous = _previous(1)
    _advance(previous, _link(previous, [(0, 10, 1.0)]))
    before = previous.snapshot()
    _advance(previous, _link(previous, [(0, 9, 2.0)]))
    _advance(previous, _link(previous, []))

    for name, column in previous.snapshot().items():
        np.testing.assert_array_equal(column, before[name])


def test_some_series_can_be_taken_alone() -> None:
    ordered = _link(_previous(3), [(0, 5, 0.0), (1, 5, 1.0), (2, 5, 2.0), (1, 4, 3.0), (2, 3, 4.0)])

    part = ordered.of(np.array([False, True, True]))

    assert [part.row.tolist(), part.late_row.tolist(), part.late_after.tolist()] == [[1, 2], [3, 4], [0, 1]]
    assert ordered.of(np.ones(3, np.bool_)) is ordered
    assert part.of(np.array([True, False, False])).late_after.tolist() == []


@pytest.mark.parametrize("apart", [1, 2**40, 2**61])
def test_late_readings_are_found_however_far_apart_times_are(apart: int) -> None:
    listed = [(series, at * apart, 0.0) for at in (1, 3, 2) for series in range(300)]

    ordered = _link(_previous(300), listed)

    assert ordered.late_row.tolist() == list(range(600, 900))
    assert ordered.row.tolist() == [k for series in range(300) for k in (series, 300 + series)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 9).map(float)), max_size=40), st.data())
def test_batches_do_not_show(listed: Listed, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(listed)))
    split, held = _previous(4), {s: [(NEVER, np.nan), (NEVER, np.nan)] for s in range(4)}
    wanted: dict[int, tuple[Any, ...]] = {}
    for k, (series, ts, value) in enumerate(listed):
        (last, before), (_, before_that) = held[series]
        if ts > last:
            wanted[k] = (ts - last) / S if last != NEVER else np.nan, before, before_that
            held[series] = [(ts, value), held[series][0]]

    for begin, end in ((0, cut), (cut, len(listed))):
        ordered = _link(split, listed[begin:end])
        _advance(split, ordered)
        want = [wanted.pop(begin + row) for row in ordered.row.tolist()]
        found = list(zip(ordered.since, ordered.before, ordered.before_that, strict=True))
        np.testing.assert_array_equal(np.array(found).reshape(-1, 3), np.array(want).reshape(-1, 3))
    assert wanted == {}
    assert split.newest.tolist() == [held[s][0][0] for s in range(4)]
